import { setTimeout as sleep } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ActAnswer,
  MedsealClient,
  type PatientDevice,
  type RecordContent,
  StaffDevice,
} from '@medseal/client';
import {
  mclEngine,
  newSalt,
  readerKeyPair,
  receivingKeyPair,
  signingKeyPair,
  toHex,
  utf8,
} from '@medseal/crypto';
import { type Caller, type Json, type TestBed } from '../harness';
import { SecretSearch } from '../secret-search';

const PASSPHRASE = 'a passphrase of the doctor alone';
const CHEAP = { cost: { kdf: 'argon2id', memoryKiB: 64, passes: 1 } } as const;
const TERMS = {
  purpose: 'CAREMGT' as const,
  recordTypes: ['OPConsultation'],
  dateRange: { from: '2020-01-01', to: '2030-12-31' },
  dataEraseAt: '2039-01-01T00:00:00.000Z',
};
const EXPIRES = '2038-01-01T00:00:00.000Z';

/** A patient of City who has given an emergency grant, and a record of hers. */
export interface Treated {
  bed: TestBed;
  client: MedsealClient;
  device: PatientDevice;
  registrationNo: string;
  card: string;
  recordId: string;
}

const code = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

/** A doctor of Lakeside and an auditor of the ministry hold their keys on devices of their own. */
export const describeStaffDevices = (treated: () => Treated): void =>
  describe('staff with keys on devices of their own', () => {
    let lakeside: Caller;
    let doctor: MedsealClient;
    let device: StaffDevice;
    let doctorId: string;
    let password: string;
    let consentId: string;

    const newUser = (by: Caller, username: string, role: string, more: object = {}) =>
      by.post('/users', { username, role, displayName: username, keyHolder: 'device', ...more });
    const signedIn = async (organization: string, username: string, initialPassword: string) => {
      const client = new MedsealClient(treated().bed.url);
      await client.login(organization, username, initialPassword);
      return client;
    };
    const enrolled = (client: MedsealClient) =>
      StaffDevice.enrol(client, { passphrase: PASSPHRASE, password, wrap: CHEAP });
    /** Once the hospital was handed what a read takes. */
    const whenHandedOver = async <Result>(read: () => Promise<Result>): Promise<Result> => {
      for (;;) {
        try {
          return await read();
        } catch (error) {
          if (!/_PENDING$|CONSENT_NOT_ACTIVE/.test((error as { code?: string }).code ?? '')) throw error;
          await sleep(100);
        }
      }
    };
    const raw = (client: MedsealClient, method: string, path: string, body?: object) =>
      client.http.request<Record<string, Json>>(method, path, { body });

    beforeAll(async () => {
      lakeside = await treated().bed.administrator('lakeside');
      const { body } = await lakeside.post('/doctors', { name: 'Dr. Meena', specialization: 'Heart' });
      doctorId = body['id'] as string;
    });

    test('there are none unless the organisation’s policy allows them', async () => {
      expect((await lakeside.get('/settings')).body).toEqual({ staffKeys: 'gateway' });
      expect(await newUser(lakeside, 'meena', 'doctor', { doctorId })).toMatchObject({
        status: 409,
        body: { code: 'DEVICE_KEYS_NOT_ALLOWED' },
      });
      const put = (staffKeys: string) => lakeside.call('PUT', '/settings', { body: { staffKeys } });
      expect(await put('anywhere')).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'staffKeys' }] },
      });
      expect(await put('device-allowed')).toMatchObject({
        status: 200,
        body: { staffKeys: 'device-allowed' },
      });
      // Each organisation's own.
      const city = await treated().bed.administrator('city');
      expect((await city.get('/settings')).body).toEqual({ staffKeys: 'gateway' });
      expect(await newUser(lakeside, 'chief', 'hospital-admin')).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'keyHolder' }] },
      });
    });

    test('the device makes the keys at the first sign-in, and the user listing shows where they are', async () => {
      const made = await newUser(lakeside, 'meena', 'doctor', { doctorId });
      expect(made.status).toBe(201);
      password = made.body['initialPassword'] as string;
      doctor = await signedIn('lakeside', 'meena', password);
      expect(await doctor.staffKeys()).toMatchObject({ keyHolder: 'device', certificate: null });
      const asking = { ...TERMS, registrationNo: treated().registrationNo, expiresAt: EXPIRES };
      expect(await code(doctor.requestConsent(asking))).toBe('DEVICE_NOT_ENROLLED');
      expect(await code(StaffDevice.enrol(doctor, { passphrase: password, password }))).toBe(
        'DEVICE_REFUSED',
      );

      device = await enrolled(doctor);
      const keys = await doctor.staffKeys();
      expect(keys.receivingKey).toBe(toHex(receivingKeyPair(device['seed']).publicKey));
      expect(keys.readerKey).toMatch(/^[0-9a-f]{192}$/);
      expect(await code(enrolled(doctor))).toBe('DEVICE_ENROLLED');
      const listed = (await lakeside.get('/users?limit=200')).body['items'] as Json[];
      const holders = listed.map(({ username, keyHolder }: Json) => [username, keyHolder]);
      expect(holders).toContainEqual(['meena', 'device']);
      expect(holders).toContainEqual(['administrator', 'gateway']);

      await expect(StaffDevice.unlock(doctor, 'another passphrase')).rejects.toMatchObject({
        code: 'WRONG_PASSPHRASE',
      });
      device = await StaffDevice.unlock(doctor, PASSPHRASE);
      expect(device.subject).toBe(doctorId);
    });

    test('a doctor asks for a consent and reads under it, each act signed by the device', async () => {
      const { client: owner, device: ownersDevice, registrationNo, recordId } = treated();
      const asking = { ...TERMS, registrationNo, expiresAt: EXPIRES };
      const asked = await device.requestConsent(doctor, asking);
      expect(await code(doctor.requestConsent(asking))).toBe('KEYS_ON_DEVICE');
      expect(asked).toMatchObject({ status: 'requested', ledger: { validationCode: 'VALID' } });
      const addressed = async () => (await owner.consentRequests()).items;
      while (!(await addressed()).some(({ requestId }) => requestId === asked.requestId)) await sleep(100);
      const granted = await ownersDevice.grantConsent(owner, {
        requestId: asked.requestId,
        grantee: { kind: 'person', id: doctorId, mspId: 'LakesideMSP' },
        scopes: ['general'],
        terms: TERMS,
        expiresAt: EXPIRES,
      });
      consentId = granted['consentId'] as string;
      const before = (await owner.accessLog(registrationNo)).items.length;
      const content = await whenHandedOver(() => device.readUnderConsent(doctor, recordId, consentId));
      expect(JSON.stringify(content.document)).toContain('Allergic to penicillin');
      const log = (await owner.accessLog(registrationNo)).items;
      expect(log).toHaveLength(before + 1);
      expect(log[0]).toMatchObject({ reader: doctorId, basis: 'consent', consentId, recordIds: [recordId] });
    });

    test('a member of a care team reads with the team’s key, which a colleague’s sign-in hands to the device', async () => {
      const { bed, client: owner, device: ownersDevice, recordId } = treated();
      const duty = (await doctor.careTeams()).items.find(({ kind }) => kind === 'duty')!;
      const answer = await ownersDevice.grantConsent(owner, {
        grantee: { kind: 'careTeam', id: duty.teamId, mspId: 'LakesideMSP' },
        scopes: ['general'],
        terms: TERMS,
        expiresAt: EXPIRES,
      });
      const file = join(bed.site('lakeside').folder, 'LakesideMSP/administrator.json');
      const chief = JSON.parse(readFileSync(file, 'utf8')) as { username: string; password: string };
      await bed.signIn('lakeside', chief.username, chief.password);
      const toTeam = answer['consentId'] as string;
      const content = await whenHandedOver(() => device.readUnderConsent(doctor, recordId, toTeam));
      expect(JSON.stringify(content.document)).toContain('Allergic to penicillin');
    });

    test('a doctor opens an emergency case and reads under it; an auditor’s device closes it', async () => {
      const { bed, registrationNo, card, recordId } = treated();
      const input = {
        registrationNo,
        card,
        reasonCode: 'UNRESPONSIVE' as const,
        reason: 'No pulse.',
        hours: 2,
      };
      const opened = await device.openEmergency(doctor, input);
      expect(opened).toMatchObject({ status: 'open', reader: doctorId });
      const { emergencyId } = opened;
      const content = await device.readInEmergency(doctor, recordId, emergencyId);
      expect(JSON.stringify(content.document)).toContain('Allergic to penicillin');
      expect((await doctor.emergencies()).items.map((one) => one.emergencyId)).toEqual([emergencyId]);

      const ministry = await bed.administrator('ministry');
      await ministry.call('PUT', '/settings', { body: { staffKeys: 'device-allowed' } });
      const made = await newUser(ministry, 'reviewer', 'auditor');
      const auditor = await signedIn('ministry', 'reviewer', made.body['initialPassword'] as string);
      const auditorsDevice = await enrolled(auditor);
      expect(await code(auditorsDevice.closeEmergency(auditor, '0'.repeat(32), 'justified'))).toBe(
        'NOT_FOUND',
      );
      expect(await auditorsDevice.closeEmergency(auditor, emergencyId, 'justified')).toMatchObject({
        status: 'closed',
        ledger: { validationCode: 'VALID' },
      });
      expect(await code(device.readInEmergency(doctor, recordId, emergencyId))).toBe('EMERGENCY_CLOSED');
    });

    test('a doctor writes a record that only devices open', async () => {
      const made = await lakeside.post('/patients', { name: 'Kavitha' });
      const record = {
        document: { resourceType: 'Bundle', type: 'document', entry: [] },
        selector: { date: '2024-06-08', recordType: 'OPConsultation', scope: 'general' as const },
        titleLine: { date: '2024-06-08', disease: 'Murmur' },
      };
      const number = made.body['registrationNo'] as string;
      const written = await device.writeRecord(doctor, number, record);
      expect(written).toMatchObject({ status: 'chained', next: null });
      const content: RecordContent = await device.readOwn(doctor, written.recordId);
      expect(content.document).toEqual(record.document);
      const { items } = await doctor.records();
      expect(items[0]).toMatchObject({ recordId: written.recordId, sealedBy: 'device', disease: 'Murmur' });
    });

    test('what needs a key that is not at the gateway is refused by name, and nothing is written', async () => {
      const { recordId, registrationNo } = treated();
      const visit = { class: 'AMB', doctorId, reason: 'check', period: { start: '2024-06-07T09:00:00Z' } };
      const clear = {
        registrationNo: (await lakeside.post('/patients', { name: 'Kani' })).body['registrationNo'],
        effectiveDate: '2024-06-07',
        disease: 'Fever',
        document: { problems: [{ text: 'Fever' }] },
      };
      const receipts = async () => (await treated().client.accessLog(registrationNo)).items.length;
      const before = await receipts();
      for (const [path, body] of [
        [`/records/${recordId}/open?decrypt=true`, { purpose: 'TREATMENT', consentId }],
        [`/patients/${clear.registrationNo}/encounters`, visit],
        ['/records', clear],
      ] as const)
        expect([path, await code(raw(doctor, 'POST', path, body))]).toEqual([path, 'KEYS_ON_DEVICE']);
      expect(await receipts()).toBe(before);
      // Its own rows apart, the report shows no title line, which would need a receipt.
      const { rows } = await doctor.report();
      expect(rows.filter(({ disease }) => disease !== null).map(({ disease }) => disease)).toEqual([
        'Murmur',
      ]);
      expect(await code(raw(doctor, 'GET', '/settings'))).toBe('NOT_ALLOWED');
      expect(await code(raw(doctor, 'POST', '/staff-keys', { receivingKey: 'ab'.repeat(32) }))).toBe(
        'INVALID_REQUEST',
      );
    });

    test('a signature stays with its act: another request asks for its own', async () => {
      const { recordId } = treated();
      const body = { purpose: 'TREATMENT', consentId };
      const first = await raw(doctor, 'POST', `/records/${recordId}/open`, body);
      expect(first).toMatchObject({ status: 202, body: { signing: { stage: 'proposal' } } });
      const { id } = (first.body as ActAnswer).signing!;
      expect(await code(doctor.sign(id, Buffer.from(newSalt()).toString('base64')))).toBe(
        'SIGNATURE_INVALID',
      );
      const second = await raw(doctor, 'POST', `/records/${recordId}/open`, body);
      expect((second.body as ActAnswer).signing!.id).not.toBe(id);
    });

    test('the gateway has neither their keys nor their passphrase, in files, log or memory', async () => {
      const { bed } = treated();
      const seed = device['seed'];
      const { folder, pid, log } = bed.site('lakeside');
      const indexKey = join(folder, 'LakesideMSP/keystore/index.key');
      const search = new SecretSearch({
        passphrase: PASSPHRASE,
        seed: Buffer.from(seed),
        signing: Buffer.from(signingKeyPair(seed).secretKey),
        receiving: Buffer.from(receivingKeyPair(seed).secretKey),
        reader: Buffer.from(readerKeyPair(await mclEngine(), seed, 1).secretKey),
        // What the gateway does hold, to see that it would be found.
        indexKey: readFileSync(indexKey),
      });
      expect([...search.inMemoryOf(pid)]).toEqual(['indexKey']);
      expect([...search.inFilesAt(folder)]).toEqual([[indexKey, ['indexKey']]]);
      expect([...search.in(Buffer.from(utf8(log)))]).toEqual([]);
      expect(search.inFilesAt(join(bed.folder, 'proposals.jsonl'))).toEqual(new Map());
      // The search leaves no time to notice that the gateway has closed idle connections.
      await sleep(100);
    });

    test('a reset makes other keys: at the gateway, or on a device again', async () => {
      const patch = (body: object) => lakeside.call('PATCH', '/users/meena', { body });
      expect((await patch({ action: 'resume', keyHolder: 'gateway' })).status).toBe(400);
      const again = await patch({ action: 'reset' });
      expect(again).toMatchObject({ status: 200, body: { keyHolder: 'device' } });
      const client = await signedIn('lakeside', 'meena', again.body['newPassword'] as string);
      const next = await enrolled(client);
      const { recordId } = treated();
      await expect(next.readUnderConsent(client, recordId, consentId)).rejects.toThrow(/former key/);

      const back = await patch({ action: 'reset', keyHolder: 'gateway' });
      expect(back).toMatchObject({ status: 200, body: { keyHolder: 'gateway' } });
      const held = await signedIn('lakeside', 'meena', back.body['newPassword'] as string);
      expect(await code(enrolled(held))).toBe('KEYS_AT_GATEWAY');
      expect(await code(held.keyring())).toBe('NOT_FOUND');
      const request = { ...TERMS, registrationNo: treated().registrationNo, expiresAt: EXPIRES };
      expect(await held.requestConsent(request)).toMatchObject({ status: 'requested', ledger: {} });
    });
  });
