import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ConsentRequestInput,
  type ConsentWish,
  type GrantBody,
  MedsealClient,
  PatientDevice,
} from '@medseal/client';
import { drawRegistrationNumber } from '../../src/patients/registration-number';
import { type Caller, type Colleague, type Json, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

/** A registration number with a hospital's first digits that nobody was given. */
const numberWith = (hospitalCode: string): string => drawRegistrationNumber(hospitalCode);

/** A patient of City, with a device of their own, decides what a doctor of Lakeside may read. */
describe('consents', () => {
  let bed: TestBed;
  let doctor: Colleague;
  let stranger: MedsealClient;
  let owner: MedsealClient;
  let device: PatientDevice;
  let strangersDevice: PatientDevice;
  let wish: ConsentWish;
  let registrationNo: string;
  let admin: Caller;

  const patient = async (admin: Caller, username: string) => {
    const { body } = await admin.post('/patients', { name: username });
    const registrationNo = body['registrationNo'] as string;
    const client = new MedsealClient(bed.url);
    const made = await PatientDevice.activate(client, {
      organization: 'city',
      activationCode: body['activationCode'] as string,
      username,
      password: 'a password of the patient',
      passphrase: 'a passphrase of the patient',
    });
    await client.login('city', username, 'a password of the patient');
    return { client, device: made.device, registrationNo };
  };

  beforeAll(async () => {
    bed = await sharedBed();
    const lakeside = await bed.administrator('lakeside');
    const doctorId = (await lakeside.post('/doctors', { name: 'Dr. Rajini', specialization: 'Heart' })).body[
      'id'
    ] as string;
    doctor = await bed.colleague('lakeside', 'doctor', { doctorId });
    admin = await bed.administrator('city');
    ({ client: owner, device, registrationNo } = await patient(admin, 'geetha'));
    ({ client: stranger, device: strangersDevice } = await patient(admin, 'muthu'));
    wish = {
      grantee: { kind: 'person', id: doctor.subject, mspId: 'LakesideMSP' },
      scopes: ['general'],
      terms: {
        purpose: 'CAREMGT',
        recordTypes: ['OPConsultation'],
        dateRange: { from: '2020-01-01', to: '2030-12-31' },
        dataEraseAt: '2039-01-01T00:00:00.000Z',
      },
      expiresAt: '2038-01-01T00:00:00.000Z',
    };
  }, 240_000);

  const code = async (call: Promise<unknown>): Promise<string> => {
    try {
      await call;
    } catch (error) {
      return (error as { code: string }).code;
    }
    return 'none';
  };
  const raw = (client: MedsealClient, path: string, body: unknown) =>
    client.http.request<Record<string, Json>>('POST', path, { body });

  describe('granted by the owner’s device', () => {
    let body: GrantBody;

    test('it is several transactions, all signed there; owner and grantee see it, nobody else', async () => {
      body = await device.makeConsent(owner, wish);
      expect(body.sealedShares.map(({ mspId }) => mspId)).toEqual(['CityMSP', 'MinistryMSP']);
      const answer = await device.signConsent(owner, body);
      const { consentId } = body.fields;
      expect(answer).toMatchObject({ consentId, status: 'committed', missing: [] });

      const [consent, ...others] = (await owner.consents()).items;
      expect(others).toEqual([]);
      expect(consent).toMatchObject({
        consentId,
        ledgerId: device.ledgerId,
        grantee: { id: doctor.subject },
        agents: [{ mspId: 'CityMSP' }, { mspId: 'MinistryMSP' }],
        missing: [],
      });
      const { body: seen } = await doctor.caller.get(`/consents/${consentId}`);
      expect(seen).toMatchObject({ consentId, ledgerId: device.ledgerId });
      expect(seen).not.toHaveProperty('missing');
      expect((await doctor.caller.get('/consents')).body['items']).toHaveLength(1);
      expect(await stranger.consents()).toMatchObject({ items: [], total: 0 });
      expect(await code(stranger.consent(consentId))).toBe('NOT_FOUND');
      expect((await admin.get(`/consents/${consentId}`)).status).toBe(404);
    });

    test('a stranger neither resumes nor revokes it, nor takes its id', async () => {
      const { consentId } = body.fields;
      expect(await code(stranger.resumeConsent(consentId))).toBe('NOT_FOUND');
      expect(await code(strangersDevice.revokeConsent(stranger, consentId))).toBe('NOT_FOUND');
      expect(await code(strangersDevice.signConsent(stranger, body))).toBe('CONSENT_EXISTS');
      expect(await owner.consent(consentId)).toMatchObject({ revokedAt: null });
    });

    test('it is revoked once, and then counts no more', async () => {
      const { consentId } = body.fields;
      expect(await device.revokeConsent(owner, consentId)).toMatchObject({ consentId, status: 'committed' });
      expect(await owner.consent(consentId)).toMatchObject({ status: 'revoked' });
      expect(await code(device.revokeConsent(owner, consentId))).toBe('CONSENT_REVOKED');
    });
  });

  test('a grant that stopped half-way is shown with what is missing, and goes on there', async () => {
    const body = await device.makeConsent(owner, wish);
    const { consentId } = body.fields;
    // The device goes away after the consent itself: what it would have signed next is lost.
    const sign = owner.sign;
    let stages = 0;
    owner.sign = (id, signature) =>
      stages++ < 2 ? sign(id, signature) : Promise.reject(new Error('the device went away'));
    await expect(device.signConsent(owner, body)).rejects.toThrow('went away');
    owner.sign = sign;
    await bed.restartGateway();
    const again = new MedsealClient(bed.url);
    await again.login('city', 'geetha', 'a password of the patient');
    owner = again;
    stranger = new MedsealClient(bed.url);
    await stranger.login('city', 'muthu', 'a password of the patient');
    doctor.caller = await bed.signIn('lakeside', doctor.username, doctor.password);

    const missing = ['share/CityMSP', 'share/MinistryMSP', 'terms/LakesideMSP'];
    expect(await owner.consent(consentId)).toMatchObject({ status: 'granted', missing });
    expect(await code(stranger.resumeConsent(consentId))).toBe('NOT_FOUND');
    expect(await owner.resumeConsent(consentId)).toMatchObject({ consentId, missing });
    const other = { ...body, fields: { ...body.fields, expiresAt: '2037-01-01T00:00:00.000Z' } };
    expect(await code(owner.grantConsent(other))).toBe('CONSENT_EXISTS');
    expect(await device.signConsent(owner, body)).toMatchObject({ consentId, missing: [] });
    expect(await owner.consent(consentId)).toMatchObject({ missing: [] });
    expect(await code(owner.resumeConsent(consentId))).toBe('NOT_FOUND');
    await device.revokeConsent(owner, consentId);
  });

  describe('asked for', () => {
    const ask = (input: Partial<ConsentRequestInput> = {}) =>
      doctor.caller.post('/consents/requests', {
        registrationNo,
        ...wish.terms,
        recordTypes: ['OPConsultation', 'Prescription'],
        expiresAt: wish.expiresAt,
        ...input,
      });
    /** What services do by themselves takes its time. */
    const until = async <Result>(look: () => Promise<Result | undefined>): Promise<Result> => {
      for (;;) {
        const found = await look();
        if (found !== undefined) return found;
        await sleep(250);
      }
    };
    const taken = (requestId: string) =>
      until(async () => (await owner.consentRequests()).items.find((one) => one.requestId === requestId));
    const open = (recordId: string, consentId: string, query = '') =>
      doctor.caller.post(`/records/${recordId}/open${query}`, { purpose: 'TREATMENT', consentId });
    let recordId: string;

    beforeAll(async () => {
      const city = await bed.administrator('city');
      const made = await city.post('/doctors', { name: 'Dr. Sundar', specialization: 'Ortho' });
      const author = await bed.colleague('city', 'doctor', { doctorId: made.body['id'] });
      await city.post(`/patients/${registrationNo}/encounters`, {
        class: 'AMB',
        doctorId: author.subject,
        reason: 'Fever',
        period: { start: '2024-06-07T09:00:00Z' },
      });
      const written = await author.caller.post('/records', {
        registrationNo,
        effectiveDate: '2024-06-07',
        disease: 'Fever',
        document: { problems: [{ text: 'Fever of the patient' }] },
        recordType: 'OPConsultation',
      });
      recordId = written.body['recordId'] as string;
      await author.caller.post(`/records/${recordId}/complete`, {});
    });

    test('narrowed, granted by the device, active, read by the doctor of the other hospital, revoked, refused', async () => {
      const asked = await ask();
      expect(asked).toMatchObject({ status: 202, body: { status: 'requested' } });
      const { requestId, from, recordTypes } = await taken(asked.body['requestId'] as string);
      expect(from).toMatchObject({ mspId: 'LakesideMSP', subject: doctor.subject, role: 'doctor' });
      expect(recordTypes).toEqual(['OPConsultation', 'Prescription']);
      expect(await stranger.consentRequests()).toMatchObject({ items: [] });
      expect(await code(strangersDevice.denyRequest(stranger, requestId))).toBe('NOT_FOUND');

      const body = await device.makeConsent(owner, { ...wish, requestId });
      const { consentId } = body.fields;
      await device.signConsent(owner, body);
      const active = await until(async () => {
        const now = await owner.consent(consentId);
        return now.status === 'active' ? now : undefined;
      });
      expect(active.agents.map(({ answer }) => answer)).toEqual(['accepted', 'accepted']);
      expect((await doctor.caller.get('/consents/requests')).body['items'][0]).toMatchObject({
        requestId,
        answer: 'granted',
        consentId,
      });
      // The agreed terms are for the owner's own device to read, and for the grantee's hospital.
      expect(await device.openOwnTerms(active)).toEqual(wish.terms);
      expect(active).toMatchObject({ ownTerms: expect.any(String), purging: [] });
      await expect(strangersDevice.openOwnTerms(active)).rejects.toMatchObject({ code: 'OPEN_FAILED' });
      const contents = await until(async () => {
        const { body: found } = await doctor.caller.get(`/consents/${consentId}/records`);
        return found['items'].length > 0 ? found : undefined;
      });
      expect(contents).toMatchObject({
        consentId,
        status: 'active',
        terms: wish.terms,
        items: [
          { recordId, version: 1, date: '2024-06-07', recordType: 'OPConsultation', hospital: 'CityMSP' },
        ],
        total: 1,
      });
      expect(JSON.stringify(contents)).not.toContain('Fever');
      const nobody = await bed.administrator('city');
      for (const path of [`/consents/${consentId}/records`, '/consents/x/records'])
        expect((await nobody.get(path)).status).toBe(404);

      const [preview] = (await owner.previewConsents({ kind: 'person', id: doctor.subject })).items;
      expect(preview).toMatchObject({ recordId, opens: true, rule: 'consent', consentId });

      const read = await until(async () => {
        const answer = await open(recordId, consentId, '?decrypt=true');
        return /PENDING$/.test(String(answer.body['code'])) ? undefined : answer;
      });
      expect(read).toMatchObject({
        status: 200,
        body: {
          document: { problems: [{ text: 'Fever of the patient' }] },
          receipt: { basis: 'consent', consentId, recordIds: [recordId] },
          verified: { document: true },
        },
      });
      const sealed = await open(recordId, consentId);
      expect(sealed.body['elements']).toHaveLength(2);
      expect(sealed.body).not.toHaveProperty('document');
      const log = (await owner.accessLog(registrationNo)).items;
      expect(log).toHaveLength(2);
      expect(log[0]).toMatchObject({
        reader: doctor.subject,
        basis: 'consent',
        consentId,
        recordIds: [recordId],
      });

      const other = await bed.colleague('lakeside', 'auditor');
      const foreign = await other.caller.post(`/records/${recordId}/open`, { consentId });
      expect(foreign.status).toBe(404);
      expect((await open('ab'.repeat(16), consentId)).status).toBe(404);
      expect((await open(recordId, 'x')).body['errors'][0].field).toBe('consentId');

      await device.revokeConsent(owner, consentId);
      expect(await open(recordId, consentId, '?decrypt=true')).toMatchObject({
        status: 403,
        body: { code: 'CONSENT_REVOKED' },
      });
      expect((await owner.accessLog(registrationNo)).items).toHaveLength(2);
      const after = await doctor.caller.get(`/consents/${consentId}/records`);
      expect(after.body).toMatchObject({ status: 'revoked', terms: null, patient: {}, items: [] });
      await until(async () => ((await owner.consent(consentId)).purging.length === 0 ? true : undefined));
    });

    test('denied once', async () => {
      const { requestId } = await taken((await ask()).body['requestId'] as string);
      expect(await device.denyRequest(owner, requestId)).toMatchObject({ requestId, status: 'committed' });
      expect(await code(device.denyRequest(owner, requestId))).toBe('REQUEST_ANSWERED');
    });

    test('alike for a number that nobody has, an unknown hospital’s and a known one; twenty times a day', async () => {
      const numbers = [registrationNo, numberWith('101'), numberWith('999'), numberWith('102')];
      const answers = [];
      for (const number of numbers) answers.push(await ask({ registrationNo: number }));
      for (const { status, body } of answers) {
        expect(status).toBe(202);
        expect(Object.keys(body).sort()).toEqual(['ledger', 'requestId', 'status']);
      }
      for (let count = 6; count < 20; count++) expect((await ask()).status).toBe(202);
      const refused = await ask();
      expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_CONSENT_REQUESTS' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    });

    test.each<[string, Partial<Record<keyof ConsentRequestInput, unknown>>, string]>([
      ['a number with a wrong digit', { registrationNo: '1010000000000' }, 'registrationNo'],
      ['an emergency', { purpose: 'BTG' }, 'purpose'],
      ['no type', { recordTypes: [] }, 'recordTypes'],
      ['a day that is none', { dateRange: { from: '2024-02-30', to: '2024-03-01' } }, 'dateRange.from'],
      ['days the wrong way round', { dateRange: { from: '2024-03-02', to: '2024-03-01' } }, 'dateRange.to'],
      ['no instant', { expiresAt: 'soon' }, 'expiresAt'],
    ])('refused: %s', async (_what, input, field) => {
      const answer = await ask(input as Partial<ConsentRequestInput>);
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ field }] } });
    });
  });

  test('a preview is for a member of staff or a team', async () => {
    expect(await code(owner.previewConsents({ kind: 'person', id: 'x' }))).toBe('INVALID_REQUEST');
  });

  describe('bad input names its field', () => {
    test.each<[string, (body: GrantBody) => unknown, string]>([
      ['an id', (body) => ({ ...body, fields: { ...body.fields, consentId: 'x' } }), 'fields.consentId'],
      [
        'an instant',
        (body) => ({ ...body, fields: { ...body.fields, expiresAt: 'soon' } }),
        'fields.expiresAt',
      ],
      ['a threshold', (body) => ({ ...body, fields: { ...body.fields, threshold: 1 } }), 'fields.threshold'],
      [
        'a request',
        (body) => ({ ...body, fields: { ...body.fields, requestId: 'ab'.repeat(16) } }),
        'fields.requestId',
      ],
      [
        'no share of an agent',
        (body) => ({ ...body, sealedShares: body.sealedShares.slice(1) }),
        'sealedShares',
      ],
      ['no terms', (body) => ({ ...body, sealedOpenings: [] }), 'sealedOpenings'],
      [
        'no terms for the grantee',
        (body) => ({
          ...body,
          sealedOpenings: body.sealedOpenings.map((one) => ({ ...one, mspId: 'CityMSP' })),
        }),
        'sealedOpenings',
      ],
      ['an unknown field', (body) => ({ ...body, more: 1 }), 'more'],
    ])('%s', async (_what, change, field) => {
      const body = await device.makeConsent(owner, wish);
      await expect(raw(owner, '/consents/grants', change(body))).rejects.toMatchObject({
        status: 400,
        body: { errors: [{ field }] },
      });
    });

    test('what only the ledger knows is refused by it, and nothing is left behind', async () => {
      const body = await device.makeConsent(owner, { ...wish, expiresAt: '2020-01-01T00:00:00.000Z' });
      expect(await code(device.signConsent(owner, body))).toBe('CONSENT_EXPIRED');
      expect(await code(owner.consent(body.fields.consentId))).toBe('NOT_FOUND');
    });
  });
});
