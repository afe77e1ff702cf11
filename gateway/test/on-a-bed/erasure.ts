import { execFile } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConsentWish, MedsealClient, PatientDevice } from '@medseal/client';
import { type Caller, type Colleague, type Json, ORGANIZATIONS, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

const COMMAND = resolve(__dirname, '../../dist/verify/command.js');
const MSP_IDS = ['CityMSP', 'LakesideMSP', 'MinistryMSP'];
const DAY_MS = 86_400_000;
const WITHOUT_LAKESIDE = ORGANIZATIONS.filter(({ slug }) => slug !== 'lakeside');

interface Registered {
  registrationNo: string;
  ledgerId: string;
  activationCode: string;
  card: { code: string };
}

/** A patient of City, treated there and at Lakeside, read under a consent by a doctor of Lakeside: then erased. */
describe('erasure', () => {
  let bed: TestBed;
  let city: Caller;
  let lakeside: Caller;
  let manager: Caller;
  let author: Colleague;
  let other: Colleague;

  beforeAll(async () => {
    bed = await sharedBed();
    await signIn();
    author = await doctor('city');
    other = await doctor('lakeside');
  }, 240_000);

  const signIn = async (): Promise<void> => {
    city = await bed.administrator('city');
    lakeside = await bed.administrator('lakeside');
    manager = await bed.administrator('ministry');
  };
  const again = async (): Promise<void> => {
    await signIn();
    author.caller = await bed.signIn('city', author.username, author.password);
    other.caller = await bed.signIn('lakeside', other.username, other.password);
  };
  const doctor = async (at: 'city' | 'lakeside'): Promise<Colleague> => {
    const { body } = await (
      await bed.administrator(at)
    ).post('/doctors', {
      name: `Dr. ${at}`,
      specialization: 'Heart',
    });
    return bed.colleague(at, 'doctor', { doctorId: body['id'] });
  };
  const register = async (name: string): Promise<Registered> => {
    const { status, body } = await city.post('/patients', { name, birthDate: '1990-05-01' });
    expect(status).toBe(201);
    return body as unknown as Registered;
  };
  const visit = (caller: Caller, by: Colleague, { registrationNo, card }: Registered, withCard: boolean) =>
    caller.post(`/patients/${registrationNo}/encounters`, {
      class: 'AMB',
      doctorId: by.subject,
      reason: 'Fever',
      period: { start: '2026-05-01T09:00:00Z' },
      ...(withCard ? { card: card.code } : {}),
    });
  const write = async ({ caller }: Colleague, registrationNo: string): Promise<string> => {
    const { status, body } = await caller.post('/records', {
      registrationNo,
      effectiveDate: '2026-05-01',
      disease: 'Fever',
      document: { problems: [{ text: 'Fever since three days' }] },
    });
    expect([status, body['code']]).toEqual([201, undefined]);
    await caller.post(`/records/${body['recordId']}/complete`, {});
    return body['recordId'] as string;
  };
  const until = async <Result>(look: () => Promise<Result | undefined>): Promise<Result> => {
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      await sleep(100);
    }
  };
  const erased = (ledgerId: string) =>
    until(async () => {
      const { body } = await bed.nobody().get(`/erasures/${ledgerId}`);
      return body['status'] === 'erased' ? body : undefined;
    });
  const erasureKey = (mspId: string, ledgerId: string): string =>
    join(bed.folder, 'gateway', mspId, 'keystore/erasure', ledgerId);
  const objects = (): string[] =>
    existsSync(join(bed.folder, 'objects'))
      ? readdirSync(join(bed.folder, 'objects'), { recursive: true })
          .map(String)
          .filter((name) => /[0-9a-f]{64}$/.test(name))
      : [];
  const report = async (caller: Caller, recordId: string) => {
    const { body } = await caller.get('/blockchain/report?limit=200');
    expect([body['chainValid'], body['firstInvalid']]).toEqual([true, null]);
    return (body['rows'] as Json[]).find((row) => row.recordId === recordId);
  };
  const verify = (statement: unknown) => bed.nobody().post('/verify', statement, { key: null });
  /** The command in a process of its own, on blocks that it exported before. */
  const offline = (...args: string[]) =>
    new Promise<{ status: number; answer: Record<string, Json> }>((done) => {
      const env = { ...process.env, MEDSEAL_TOKEN: author.caller.token };
      execFile(process.execPath, [COMMAND, ...args], { env }, (error, stdout) =>
        done({
          status: error === null ? 0 : Number(error.code),
          answer: JSON.parse(stdout || '{}') as Record<string, Json>,
        }),
      );
    });
  const active = async (name: string) => {
    const registered = await register(name);
    const client = new MedsealClient(bed.url);
    const { device } = await PatientDevice.activate(client, {
      organization: 'city',
      activationCode: registered.activationCode,
      username: name.toLowerCase(),
      password: 'a password of the patient',
      passphrase: 'a passphrase of the patient',
    });
    await client.login('city', name.toLowerCase(), 'a password of the patient');
    return { ...registered, client, device };
  };
  const wish = (dataEraseAt: string): ConsentWish => ({
    grantee: { kind: 'person', id: other.subject, mspId: 'LakesideMSP' },
    scopes: ['general'],
    terms: {
      purpose: 'CAREMGT',
      recordTypes: ['OPConsultation'],
      dateRange: { from: '2020-01-01', to: '2030-12-31' },
      dataEraseAt,
    },
    expiresAt: '2038-01-01T00:00:00.000Z',
  });
  /** Granted, active, and everything handed over that the reader needs. */
  const consented = async (
    { client, device }: { client: MedsealClient; device: PatientDevice },
    recordId: string,
    dataEraseAt = '2039-01-01T00:00:00.000Z',
  ) => {
    const body = await device.makeConsent(client, wish(dataEraseAt));
    await device.signConsent(client, body);
    const { consentId } = body.fields;
    const read = await until(async () => {
      const answer = await open(recordId, consentId);
      return answer.status === 200 ? answer.body : undefined;
    });
    return { consentId, read };
  };
  const open = (recordId: string, consentId: string) =>
    other.caller.post(`/records/${recordId}/open?decrypt=true&statement=true`, {
      purpose: 'TREATMENT',
      consentId,
    });

  describe('asked for by the home hospital', () => {
    let patient: Awaited<ReturnType<typeof active>>;
    let consentId: string;
    let read: Record<string, Json>;
    let records: string[];
    let certificate: Record<string, Json>;
    let before: string[];

    beforeAll(async () => {
      before = objects();
      patient = await active('Geetha');
      await visit(city, author, patient, false);
      expect((await visit(lakeside, other, patient, true)).status).toBe(201);
      records = [await write(author, patient.registrationNo), await write(other, patient.registrationNo)];
      ({ consentId, read } = await consented(patient, records[0]!));
    });

    test('is nobody else’s to ask for, and waits until the law lets go of the records', async () => {
      const path = `/patients/${patient.registrationNo}/erase`;
      expect((await lakeside.post(path, {})).status).toBe(404);
      expect((await author.caller.post(path, {})).status).toBe(403);
      expect((await city.get(path)).status).toBe(404);
      const stale = await city.post(path, {}, { headers: { 'if-match': '"99"' } });
      expect([stale.status, stale.body['code']]).toEqual([412, 'VERSION_CONFLICT']);

      expect((await city.call('PUT', '/parameters', { body: { retentionYears: 5 } })).status).toBe(403);
      const wrong = await manager.call('PUT', '/parameters', { body: { retentionYears: 0 } });
      expect([wrong.status, wrong.body['errors'][0].field]).toEqual([400, 'retentionYears']);
      const set = await manager.call('PUT', '/parameters', { body: { retentionYears: 5 } });
      expect([set.status, set.body['retentionYears']]).toEqual([200, 5]);
      const refused = await city.post(path, {});
      const year = new Date().getUTCFullYear() + 5;
      expect([refused.status, refused.body['code']]).toEqual([409, 'RETENTION_NOT_OVER']);
      expect(refused.body['detail']).toMatch(
        new RegExp(`for 5 years: ask again from ${year}-\\d\\d-\\d\\d on`),
      );
      await manager.call('PUT', '/parameters', { body: { retentionYears: null } });
      expect((await city.get('/parameters')).body).not.toHaveProperty('retentionYears');
      for (const mspId of ['CityMSP', 'LakesideMSP'])
        expect(existsSync(erasureKey(mspId, patient.ledgerId))).toBe(true);
      expect(objects().length).toBeGreaterThan(before.length);
    });

    test('is done everywhere, and certified with every organisation’s attestation', async () => {
      const path = `/patients/${patient.registrationNo}/erase`;
      const asked = await city.post(path, {}, { key: 'erase' });
      expect([200, 202]).toContain(asked.status);
      expect(asked.body).toMatchObject({ ledgerId: patient.ledgerId, requestedBy: 'hospital-admin' });
      certificate = await erased(patient.ledgerId);
      expect(certificate).toMatchObject({
        format: 'medseal/erasure/1',
        status: 'erased',
        ledgerId: patient.ledgerId,
        home: 'CityMSP',
        waitingFor: [],
        limit: expect.stringContaining('still opens it'),
      });
      expect(certificate['attestations'].map((one: Json) => one.organization)).toEqual(MSP_IDS);
      for (const { transactionId } of certificate['attestations']) {
        const { body } = await author.caller.get(`/blockchain/transactions/${transactionId}`);
        expect(body).toMatchObject({ function: 'registry:attestErasure', validationCode: 'VALID' });
      }
      // By the number for a day, and the same for the same key.
      expect((await city.get(path)).body).toEqual(certificate);
      const repeated = await city.post(path, {}, { key: 'erase' });
      expect([repeated.status, repeated.body['status']]).toEqual([200, 'erased']);
      for (const mspId of MSP_IDS) expect(existsSync(erasureKey(mspId, patient.ledgerId))).toBe(false);
      expect(objects()).toEqual(before);
    });

    test('leaves nobody anything to find, read or write', async () => {
      const { registrationNo } = patient;
      for (const caller of [city, lakeside, author.caller, other.caller])
        expect((await caller.get(`/patients/${registrationNo}`)).status).toBe(404);
      expect((await city.get('/patients?q=Geetha')).body['items']).toEqual([]);
      expect((await visit(city, author, patient, false)).status).toBe(404);
      const reopened = await visit(lakeside, other, patient, true);
      expect([404, 409]).toContain(reopened.status);
      const entry = {
        registrationNo,
        effectiveDate: '2026-05-02',
        disease: 'Fever',
        document: { problems: [{ text: 'Fever' }] },
      };
      for (const { caller } of [author, other])
        expect((await caller.post('/records', entry)).status).toBe(404);
      const refused = await open(records[0]!, consentId);
      expect(refused.status).toBeGreaterThanOrEqual(403);
      expect((await author.caller.post(`/records/${records[0]!}/open?decrypt=true`, {})).body['code']).toBe(
        'PATIENT_ERASED',
      );
      const signIn = await bed.nobody().post('/auth/login', {
        organization: 'city',
        username: 'geetha',
        password: 'a password of the patient',
      });
      expect(signIn.status).toBe(401);
    });

    test('leaves hashes that still verify, and rows that say erased', async () => {
      for (const [caller, recordId] of [
        [city, records[0]!],
        [lakeside, records[1]!],
        [author.caller, records[0]!],
      ] as const) {
        expect(await report(caller, recordId)).toMatchObject({
          erased: true,
          patient: null,
          disease: null,
          ehrDate: null,
          prevHashValid: true,
          objectsValid: true,
        });
      }
      const walked = await manager.get('/blockchain/verify');
      expect([walked.body['chainValid'], walked.body['invalidCount']]).toEqual([true, 0]);
    });

    test('is verified by anybody, offline too', async () => {
      const receipt = {
        format: 'medseal/receipt/1',
        channel: 'health',
        receiptId: read['receipt'].receiptId,
        reader: other.subject,
        organization: 'LakesideMSP',
        basis: 'consent',
        consentId,
        recordIds: [records[0]],
      };
      const { document } = read['statement'] as Record<string, Json>;
      const forged = { ...(read['statement'] as object), document: { ...document, type: 'collection' } };
      const [first, ...others] = certificate['attestations'] as Json[];
      const expected: [string, string, unknown][] = [
        ['valid', 'erasure', certificate],
        ['changed', 'erasure', { ...certificate, requestedBy: 'patient' }],
        ['changed', 'erasure', { ...certificate, limit: 'none' }],
        ['changed', 'erasure', { ...certificate, attestations: others }],
        [
          'changed',
          'erasure',
          { ...certificate, attestations: [{ ...first, at: certificate['requestedAt'] }, ...others] },
        ],
        ['unknown', 'erasure', { ...certificate, status: 'erasing' }],
        ['unknown', 'erasure', { ...certificate, ledgerId: 'ab'.repeat(16) }],
        ['erased', 'receipt', receipt],
        ['changed', 'receipt', { ...receipt, reader: author.subject }],
        ['erased', 'document', read['statement']],
        ['erased', 'document', forged],
      ];
      const folder = join(bed.folder, 'blocks');
      expect((await offline('--export', folder, '--url', bed.url)).status).toBe(0);
      for (const [verdict, kind, statement] of expected) {
        const answer = await verify(statement);
        expect([answer.status, answer.body['verdict'], answer.body['kind']]).toEqual([200, verdict, kind]);
      }
      for (const [verdict, , statement] of [expected[0]!, expected[1]!, expected[7]!, expected[9]!]) {
        const file = join(bed.folder, 'statement.json');
        writeFileSync(file, JSON.stringify(statement));
        const { answer } = await offline('--blocks', folder, file);
        expect([answer['verdict'], answer['firstInvalid']]).toEqual([verdict, null]);
      }
      const malformed = await verify({ ...certificate, attestations: [{ organization: 'CityMSP' }] });
      expect([malformed.status, malformed.body['errors'][0].field]).toEqual([400, 'attestations[0].at']);
    });
  });

  test('asked for by the owner’s device, which is told where the certificate will be', async () => {
    const patient = await active('Muthu');
    await visit(city, author, patient, false);
    await write(author, patient.registrationNo);
    const answer = await patient.device.requestErasure(patient.client, patient.registrationNo);
    expect(answer).toMatchObject({
      status: 'committed',
      ledgerId: patient.ledgerId,
      certificate: `/api/v1/erasures/${patient.ledgerId}`,
    });
    expect(await erased(patient.ledgerId)).toMatchObject({ requestedBy: 'patient' });
    expect(await bed.nobody().get(`/patients/${patient.registrationNo}/erase`)).toMatchObject({
      status: 401,
    });
  });

  test('goes on after the gateway was killed in the middle of it', async () => {
    const patient = await register('Ravi');
    await visit(city, author, patient, false);
    const recordId = await write(author, patient.registrationNo);
    const asking = city.post(`/patients/${patient.registrationNo}/erase`, {}).catch(() => undefined);
    await until(async () => (existsSync(erasureKey('CityMSP', patient.ledgerId)) ? undefined : true));
    await bed.stopGateway('SIGKILL');
    await asking;
    await bed.restartGateway('SIGTERM', { organizations: WITHOUT_LAKESIDE });
    const waiting = await until(async () => {
      const { body } = await bed.nobody().get(`/erasures/${patient.ledgerId}`);
      return body['waitingFor'].length < 2 ? body : undefined;
    });
    // Lakeside may have been as quick as the signal.
    if (waiting['status'] === 'erasing') expect(waiting['waitingFor']).toEqual(['LakesideMSP']);
    await bed.restartGateway('SIGTERM', { organizations: ORGANIZATIONS });
    await again();
    expect(await erased(patient.ledgerId)).toMatchObject({ status: 'erased', waitingFor: [] });
    expect(await report(author.caller, recordId)).toMatchObject({ erased: true });
  });

  test('of data under a consent: purged and attested when its day has come, while the consent goes on', async () => {
    const patient = await active('Selvi');
    await visit(city, author, patient, false);
    const recordId = await write(author, patient.registrationNo);
    const eraseAt = new Date(Date.now() + 2 * DAY_MS).toISOString();
    const { consentId } = await consented(patient, recordId, eraseAt);
    expect(await patient.client.consent(consentId)).toMatchObject({ status: 'active', dataErased: null });
    await bed.advance(2 * DAY_MS + 60_000);
    await again();
    await patient.client.login('city', 'selvi', 'a password of the patient');
    const said = await until(async () => {
      const consent = await patient.client.consent(consentId);
      return consent.dataErased === null ? undefined : consent;
    });
    expect(said).toMatchObject({ status: 'ended', dataErased: { organization: 'LakesideMSP' } });
    const refused = await open(recordId, consentId);
    expect(refused.status).toBeGreaterThanOrEqual(400);
    // What comes later is not kept either.
    await write(author, patient.registrationNo);
    expect((await open(recordId, consentId)).status).toBeGreaterThanOrEqual(400);
  });

  test('of somebody who was deleted before', async () => {
    const patient = await register('Kala');
    const removed = await city.call('DELETE', `/patients/${patient.registrationNo}`);
    expect(removed.body['status']).toBe('deleted');
    expect(existsSync(erasureKey('CityMSP', patient.ledgerId))).toBe(true);
    await city.post(`/patients/${patient.registrationNo}/erase`, {});
    expect(await erased(patient.ledgerId)).toMatchObject({ requestedBy: 'hospital-admin' });
    expect(existsSync(erasureKey('CityMSP', patient.ledgerId))).toBe(false);
  });

  test('nobody’s certificate is nobody’s', async () => {
    for (const id of ['ab'.repeat(16), 'x'])
      expect((await bed.nobody().get(`/erasures/${id}`)).status).toBe(404);
  });
});
