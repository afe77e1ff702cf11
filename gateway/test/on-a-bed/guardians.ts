import { setTimeout as sleep } from 'node:timers/promises';
import { type ActAnswer, type ConsentWish, MedsealClient, PatientDevice } from '@medseal/client';
import { type Colleague, type Json, type Slug, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

const PASSWORD = 'a password of the patient';

/** A patient of City makes a patient of Lakeside her guardian. */
describe('a guardian', () => {
  let bed: TestBed;
  let author: Colleague;
  let owner: MedsealClient;
  let device: PatientDevice;
  let guardian: MedsealClient;
  let guardiansDevice: PatientDevice;
  let stranger: MedsealClient;
  let strangersDevice: PatientDevice;
  let recordId: string;
  let consentId: string;

  const patient = async (organization: Slug, username: string) => {
    const { body } = await (await bed.administrator(organization)).post('/patients', { name: username });
    const client = new MedsealClient(bed.url);
    const { device } = await PatientDevice.activate(client, {
      organization,
      activationCode: body['activationCode'] as string,
      username,
      password: PASSWORD,
      passphrase: 'a passphrase of the patient',
    });
    await client.login(organization, username, PASSWORD);
    return { client, device, registrationNo: body['registrationNo'] as string };
  };

  const code = async (call: Promise<unknown>): Promise<string> => {
    try {
      await call;
    } catch (error) {
      return (error as { code: string }).code;
    }
    return 'none';
  };
  const until = async <Result>(look: () => Promise<Result | undefined>): Promise<Result> => {
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      await sleep(100);
    }
  };
  /** Once the guardian's hospital was handed what it takes. */
  const read = (by: PatientDevice, client: MedsealClient) =>
    until(async () => {
      try {
        return await by.readAsGuardian(client, recordId, consentId);
      } catch (error) {
        if (!/_PENDING$/.test((error as { code?: string }).code ?? '')) throw error;
        return undefined;
      }
    });
  const wish = (): ConsentWish => ({
    grantee: { kind: 'guardian', id: guardiansDevice.ledgerId, mspId: 'LakesideMSP' },
    scopes: ['general'],
    terms: {
      purpose: 'PATRQT',
      recordTypes: ['OPConsultation'],
      dateRange: { from: '2020-01-01', to: '2030-12-31' },
      dataEraseAt: '2039-01-01T00:00:00.000Z',
    },
    expiresAt: '2038-01-01T00:00:00.000Z',
  });

  beforeAll(async () => {
    bed = await sharedBed();
    const admin = await bed.administrator('city');
    const made = await admin.post('/doctors', { name: 'Dr. Sundar', specialization: 'Ortho' });
    author = await bed.colleague('city', 'doctor', { doctorId: made.body['id'] });
    const own = await patient('city', 'geetha.guarded');
    ({ client: owner, device } = own);
    ({ client: guardian, device: guardiansDevice } = await patient('lakeside', 'mother'));
    ({ client: stranger, device: strangersDevice } = await patient('lakeside', 'stranger'));
    const written = await author.caller.post('/records', {
      registrationNo: own.registrationNo,
      effectiveDate: '2024-06-07',
      disease: 'Fever',
      document: { problems: [{ text: 'Fever of the patient' }] },
    });
    recordId = written.body['recordId'] as string;
    await author.caller.post(`/records/${recordId}/complete`, {});
  });

  test('has a key of their own device, then is consented to like a person, and reads with receipt and log', async () => {
    expect(await code(device.makeConsent(owner, wish()))).toBe('NOT_FOUND');
    expect(await guardian.guardianKey()).toMatchObject({ mspId: 'LakesideMSP', key: null });
    await guardiansDevice.registerReaderKey(guardian);
    await guardiansDevice.registerReaderKey(guardian);
    expect((await guardian.guardianKey()).key).toMatchObject({ epoch: 2 });

    consentId = (await device.grantConsent(owner, wish()))['consentId'] as string;
    await until(async () => ((await owner.consent(consentId)).status === 'active' ? true : undefined));
    expect((await guardian.consents()).items).toMatchObject([{ consentId, ledgerId: device.ledgerId }]);
    expect((await stranger.consents()).items).toEqual([]);
    expect(await guardiansDevice.outdatedConsents(guardian)).toEqual([]);

    const content = await read(guardiansDevice, guardian);
    expect(JSON.stringify(content.document)).toContain('Fever of the patient');
    const log = (await guardian.accessLogOf(device.ledgerId)).items;
    expect(log).toMatchObject([{ reader: guardiansDevice.ledgerId, basis: 'consent', consentId }]);
  });

  test('nobody else reads or sees the log by it, and the gateway cannot read in the guardian’s name', async () => {
    expect(await code(strangersDevice.readAsGuardian(stranger, recordId, consentId))).toBe('NOT_FOUND');
    expect(await code(stranger.accessLogOf(device.ledgerId))).toBe('NOT_FOUND');
    expect(await code(owner.accessLogOf(guardiansDevice.ledgerId))).toBe('NOT_FOUND');
    expect(await code(guardian.openRecordUnderConsent(recordId, consentId))).toBe('DEVICE_HOLDS_KEY');
    for (const path of ['/guardian/key', `/guardian/records/${recordId}/read`])
      expect((await author.caller.post(path, {})).status).toBe(403);
  });

  test('a device signs no question about another record or receipt', async () => {
    const sign = guardian.sign;
    const spoiling = (spoil: (answer: ActAnswer) => ActAnswer): void => {
      guardian.sign = async (id, signature) => spoil(await sign(id, signature));
    };
    const forged = '0'.repeat(64);
    spoiling((answer) => ('questions' in answer ? { ...answer, receiptId: forged } : answer));
    await expect(guardiansDevice.readAsGuardian(guardian, recordId, consentId)).rejects.toThrow(
      'another receipt',
    );
    spoiling((answer) => ('questions' in answer ? { ...answer, version: 2 } : answer));
    await expect(guardiansDevice.readAsGuardian(guardian, recordId, consentId)).rejects.toThrow(
      'another record',
    );
    guardian.sign = sign;
  });

  test('unsigned or foreign questions have no answer; bad input names its field', async () => {
    const raw = (path: string, body: unknown) =>
      guardian.http.request<Record<string, Json>>('POST', path, { body });
    const read = `/guardian/records/${recordId}`;
    const question = { mspId: 'CityMSP', proposal: 'AAAA', signature: 'AAAA' };
    const answers = { consentId, receiptId: '0'.repeat(64), version: 1, questions: [question] };
    await expect(raw(`${read}/answers`, answers)).rejects.toMatchObject({ status: 404 });
    for (const [path, body, field] of [
      ['/guardian/key', { publicKey: 'x', proof: 'ab'.repeat(64), epoch: 3 }, 'publicKey'],
      [`${read}/read`, { consentId: 'x' }, 'consentId'],
      [`${read}/answers`, { ...answers, questions: [] }, 'questions'],
      [`${read}/answers`, { ...answers, receiptId: 'x' }, 'receiptId'],
    ] as const)
      await expect(raw(path, body)).rejects.toMatchObject({ status: 400, body: { errors: [{ field }] } });
  });

  test('once revoked, the guardian reads no more and sees no log', async () => {
    await device.revokeConsent(owner, consentId);
    expect(await code(guardiansDevice.readAsGuardian(guardian, recordId, consentId))).toBe('CONSENT_REVOKED');
    expect(await code(guardian.accessLogOf(device.ledgerId))).toBe('NOT_FOUND');
  });
});
