import { setTimeout as sleep } from 'node:timers/promises';
import { type ChoicesMade, MedsealClient, PatientDevice } from '@medseal/client';
import { type Caller, type Colleague, type Json, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

const PASSWORD = 'a password of the patient';

/** What every patient is asked: with the activation, at a later sign-in, or whenever they like. */
describe('choices', () => {
  let bed: TestBed;
  let admin: Caller;
  let author: Colleague;
  let doctor: Colleague;

  beforeAll(async () => {
    bed = await sharedBed();
    admin = await bed.administrator('city');
    [author, doctor] = [await doctorNamed('Dr. Sundar'), await doctorNamed('Dr. Anuradha')];
  });

  const doctorNamed = async (name: string): Promise<Colleague> => {
    const { body } = await admin.post('/doctors', { name, specialization: 'Heart' });
    return bed.colleague('city', 'doctor', { doctorId: body['id'] });
  };

  const activate = async (username: string, choices?: ChoicesMade, client = new MedsealClient(bed.url)) => {
    const { body } = await admin.post('/patients', { name: username });
    const activated = await PatientDevice.activate(client, {
      organization: 'city',
      activationCode: body['activationCode'] as string,
      username,
      password: PASSWORD,
      passphrase: 'a passphrase of the patient',
      choices,
    });
    const owner = new MedsealClient(bed.url);
    await owner.login('city', username, PASSWORD);
    return { owner, registrationNo: body['registrationNo'] as string, ...activated };
  };

  const until = async <Result>(look: () => Promise<Result | undefined>): Promise<Result> => {
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      await sleep(100);
    }
  };

  const active = (owner: MedsealClient, consentId: string) =>
    until(async () => ((await owner.consent(consentId)).status === 'active' ? true : undefined));
  const states = async (owner: MedsealClient) =>
    Object.fromEntries((await owner.choices()).items.map(({ choice, state }) => [choice, state]));
  const raw = (client: MedsealClient, body: unknown) =>
    client.http.request<Record<string, Json>>('POST', '/consents/choices', { body });

  test('given with the activation: the ward reads while it treats, research is allowed, nothing is asked again', async () => {
    const { owner, registrationNo, unmade } = await activate('given', {
      standingConsent: true,
      researchConsent: true,
      emergencyGrant: true,
    });
    expect(unmade).toBeUndefined();
    expect((await owner.me()).openChoices).toEqual([]);
    expect(await states(owner)).toEqual({
      researchConsent: 'given',
      standingConsent: 'given',
      emergencyGrant: 'given',
    });
    const consents = (await owner.consents()).items;
    expect(consents).toHaveLength(2);
    const consent = consents.find(({ grantee }) => grantee.kind === 'careTeam');
    const emergency = consents.find(({ grantee }) => grantee.kind === 'emergency');
    expect(emergency).toMatchObject({ grantee: { mspId: 'emergency' }, missing: [] });
    expect(emergency!.scopes).toHaveLength(2);
    expect(emergency!.agents).toHaveLength(3);
    await active(owner, emergency!.consentId);
    expect(consent).toMatchObject({ grantee: { kind: 'careTeam', mspId: 'CityMSP' }, missing: [] });
    expect(consent!.scopes).toHaveLength(1);
    await active(owner, consent!.consentId);

    const visit = { class: 'AMB', doctorId: doctor.subject, reason: 'Fever' };
    const period = { start: '2024-06-07T09:00:00Z' };
    const written = await author.caller.post('/records', {
      registrationNo,
      effectiveDate: '2024-06-07',
      disease: 'Fever',
      document: { problems: [{ text: 'Fever of the patient' }] },
    });
    const recordId = written.body['recordId'] as string;
    const open = () => doctor.caller.post(`/records/${recordId}/open?decrypt=true`, { purpose: 'TREATMENT' });
    expect((await open()).status).toBe(404);
    await admin.post(`/patients/${registrationNo}/encounters`, { ...visit, period });
    const read = await until(async () => {
      const answer = await open();
      return answer.status === 404 ? undefined : answer;
    });
    expect(read).toMatchObject({
      status: 200,
      body: {
        document: { problems: [{ text: 'Fever of the patient' }] },
        receipt: { basis: 'consent', consentId: consent!.consentId },
      },
    });
  });

  test('left open, asked at the sign-in, withheld, and made anew', async () => {
    const { owner, device } = await activate('later');
    expect((await owner.me()).openChoices).toEqual(['researchConsent', 'standingConsent', 'emergencyGrant']);
    expect((await author.caller.get('/auth/me')).body['openChoices']).toEqual([]);

    const withheld = { standingConsent: false, emergencyGrant: false };
    expect(await device.choose(owner, withheld)).toMatchObject({ status: 'committed' });
    expect((await owner.me()).openChoices).toEqual(['researchConsent']);
    await device.choose(owner, { researchConsent: false });
    expect((await owner.me()).openChoices).toEqual([]);
    expect(await states(owner)).toEqual({
      researchConsent: 'withheld',
      standingConsent: 'withheld',
      emergencyGrant: 'withheld',
    });
    expect((await owner.consents()).items).toEqual([]);

    await device.choose(owner, { researchConsent: true, standingConsent: { sensitive: true, years: 1 } });
    expect(await states(owner)).toMatchObject({ researchConsent: 'given', standingConsent: 'given' });
    const [consent] = (await owner.consents()).items;
    expect(consent!.scopes).toHaveLength(2);
    expect(Date.parse(consent!.expiresAt) - Date.now()).toBeLessThan(367 * 24 * 3_600_000);
    await active(owner, consent!.consentId);
    await device.revokeConsent(owner, consent!.consentId);
    expect(await states(owner)).toMatchObject({ researchConsent: 'given', standingConsent: 'revoked' });
    expect((await owner.me()).openChoices).toEqual([]);
  });

  test('a device that goes away between two choices finds the second one open, and what was half-done to resume', async () => {
    const { owner, device } = await activate('half');
    const sign = owner.sign;
    const after = (most: number): void => {
      let stages = 0;
      owner.sign = (id, signature) =>
        stages++ < most ? sign(id, signature) : Promise.reject(new Error('the device went away'));
    };
    after(2);
    const both = { researchConsent: false, standingConsent: true };
    await expect(device.choose(owner, both)).rejects.toThrow('went away');
    owner.sign = sign;
    expect((await owner.me()).openChoices).toEqual(['standingConsent', 'emergencyGrant']);
    after(2);
    await expect(device.choose(owner, { standingConsent: true })).rejects.toThrow('went away');
    owner.sign = sign;
    const [consent] = (await owner.consents()).items;
    expect(consent!.missing).toEqual(['share/LakesideMSP', 'share/MinistryMSP', 'terms/CityMSP']);
    expect(await owner.resumeConsent(consent!.consentId)).toHaveProperty('signing');
  });

  test('an activation counts even if the choices that come with it are not what the device made', async () => {
    const hostile = new MedsealClient(bed.url);
    const honest = hostile.activate;
    hostile.activate = (body) => honest({ ...body, researchConsent: true });
    const { owner, unmade } = await activate('kept', { researchConsent: false }, hostile);
    expect(unmade?.message).toMatch(/choice about research is another one/);
    expect((await owner.me()).openChoices).toEqual(['researchConsent', 'standingConsent', 'emergencyGrant']);
  });

  test('bad input names its field, and nothing is written', async () => {
    const { owner, device } = await activate('careless');
    const wish = (await device.makeConsent(owner, {
      grantee: { kind: 'person', id: doctor.subject, mspId: 'CityMSP' },
      scopes: ['general'],
      terms: {
        purpose: 'CAREMGT',
        recordTypes: ['OPConsultation'],
        dateRange: { from: '2020-01-01', to: '2030-12-31' },
        dataEraseAt: '2039-01-01T00:00:00.000Z',
      },
      expiresAt: '2038-01-01T00:00:00.000Z',
    }))!;
    for (const [body, field] of [
      [{}, 'standingConsent'],
      [{ standingConsent: true }, 'standingConsent'],
      [{ standingConsent: wish }, 'standingConsent.fields.grantee'],
      [
        { standingConsent: { ...wish, fields: { ...wish.fields, consentId: 'x' } } },
        'standingConsent.fields.consentId',
      ],
      [{ researchConsent: 'yes' }, 'researchConsent'],
      [{ emergencyGrant: wish }, 'emergencyGrant.fields.grantee'],
      [{ more: true }, 'more'],
    ] as const)
      await expect(raw(owner, body)).rejects.toMatchObject({ status: 400, body: { errors: [{ field }] } });
    expect(await states(owner)).toEqual({
      researchConsent: 'open',
      standingConsent: 'open',
      emergencyGrant: 'open',
    });
    expect((await author.caller.get('/consents/choices')).status).toBe(403);
  });
});
