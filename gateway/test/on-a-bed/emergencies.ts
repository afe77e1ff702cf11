import { setTimeout as sleep } from 'node:timers/promises';
import { MedsealClient, PatientDevice } from '@medseal/client';
import { type Caller, type Colleague, type Json, type TestBed } from '../harness';
import { describeStaffDevices } from './staff-devices';
import { sharedBed } from './shared-bed';

const PASSWORD = 'a password of the patient';
const REASON = 'Found without a pulse beside the road.';
const HOUR = 3_600_000;

/** A patient of City is brought to Lakeside: the ministry, neither of the two, reviews. */
describe('emergency access', () => {
  let bed: TestBed;
  let admin: Caller;
  let author: Colleague;
  let doctor: Colleague;
  let auditor: Colleague;
  let owner: MedsealClient;
  let ownersDevice: PatientDevice;
  let registrationNo: string;
  let card: string;
  let recordId: string;
  let asked: Record<string, unknown>;

  const doctorOf = async (hospital: 'city' | 'lakeside', name: string): Promise<Colleague> => {
    const administrator = await bed.administrator(hospital);
    const { body } = await administrator.post('/doctors', { name, specialization: 'Heart' });
    return bed.colleague(hospital, 'doctor', { doctorId: body['id'] });
  };

  const activate = async (username: string, emergencyGrant: boolean) => {
    const { body } = await admin.post('/patients', { name: username });
    const client = new MedsealClient(bed.url);
    const { device, unmade } = await PatientDevice.activate(client, {
      organization: 'city',
      activationCode: body['activationCode'] as string,
      username,
      password: PASSWORD,
      passphrase: 'a passphrase of the patient',
      choices: { emergencyGrant },
    });
    if (unmade !== undefined) throw unmade;
    await client.login('city', username, PASSWORD);
    return {
      client,
      device,
      registrationNo: body['registrationNo'] as string,
      card: (body['card'] as { code: string }).code,
    };
  };

  const again = async (colleague: Colleague, organization: 'city' | 'lakeside' | 'ministry') => {
    colleague.caller = await bed.signIn(organization, colleague.username, colleague.password);
  };

  const read = (by: Caller, emergencyId: string, id = recordId, decrypt = true) =>
    by.post(`/records/${id}/open${decrypt ? '?decrypt=true' : ''}`, { purpose: 'BTG', emergencyId });

  const opened = async (): Promise<Record<string, Json>> => {
    const answer = await doctor.caller.post('/emergency-access', asked);
    expect(answer).toMatchObject({ status: 201, body: { status: 'open' } });
    return answer.body;
  };

  beforeAll(async () => {
    bed = await sharedBed();
    admin = await bed.administrator('city');
    author = await doctorOf('city', 'Dr. Sundar');
    doctor = await doctorOf('lakeside', 'Dr. Rajini');
    auditor = await bed.colleague('ministry', 'auditor');
    ({
      client: owner,
      device: ownersDevice,
      registrationNo,
      card,
    } = await activate('geetha.emergency', true));
    asked = { registrationNo, card, reasonCode: 'UNRESPONSIVE', reason: REASON };
    const written = await author.caller.post('/records', {
      registrationNo,
      effectiveDate: '2024-06-07',
      disease: 'Fever',
      document: { problems: [{ text: 'Allergic to penicillin' }] },
    });
    recordId = written.body['recordId'] as string;
    const isActive = async () => (await owner.consents()).items.every(({ status }) => status === 'active');
    while (!(await isActive())) await sleep(100);
  }, 240_000);

  test('the emergency key is there for everybody to check', async () => {
    const { body } = await bed.nobody().get('/organizations');
    expect(body['emergencyKey']).toMatchObject({
      threshold: 2,
      mspId: 'MinistryMSP',
      custodians: [{ mspId: 'CityMSP' }, { mspId: 'LakesideMSP' }, { mspId: 'MinistryMSP' }],
    });
  });

  test('another hospital’s patient needs the card, and an emergency grant', async () => {
    const post = (body: object, by: Caller = doctor.caller) => by.post('/emergency-access', body);
    expect((await post({ ...asked, card: undefined })).status).toBe(404);
    const other = await activate('muthu.emergency', false);
    expect((await post({ ...asked, card: other.card })).status).toBe(404);
    expect((await post({ ...asked, card: 'eyJ9' })).status).toBe(404);
    const without = { ...asked, registrationNo: other.registrationNo, card: other.card };
    expect(await post(without)).toMatchObject({ status: 409, body: { code: 'NO_EMERGENCY_GRANT' } });
    for (const [field, value] of [
      ['reasonCode', 'CURIOUS'],
      ['reason', ''],
      ['reason', 'two\nlines'],
      ['reason', 'x'.repeat(1_001)],
      ['hours', 0],
      ['hours', 121],
      ['registrationNo', '1010000000001'],
    ] as const) {
      const answer = await post({ ...asked, [field]: value });
      expect([field, answer.status, answer.body['errors'][0].field]).toEqual([field, 400, field]);
    }
    expect((await post(asked, admin)).status).toBe(403);
    expect((await post(asked, bed.nobody())).status).toBe(401);
    expect((await bed.nobody().get('/emergency-access/counts')).body).toEqual({ open: 0, overdue: 0 });
  });

  test('opened, told to patient and reviewer, and read by its doctor alone', async () => {
    const key = 'emergency-of-this-afternoon';
    const first = await doctor.caller.post('/emergency-access', asked, { key });
    const { emergencyId } = first.body as { emergencyId: string };
    expect(first).toMatchObject({
      status: 201,
      body: {
        status: 'open',
        reviewer: 'MinistryMSP',
        reader: doctor.subject,
        ledger: { validationCode: 'VALID' },
      },
    });
    expect(JSON.stringify(first.body)).not.toContain(REASON);
    expect((await doctor.caller.post('/emergency-access', asked, { key })).body['emergencyId']).toBe(
      emergencyId,
    );
    expect((await bed.nobody().get('/emergency-access/counts')).body).toEqual({ open: 1, overdue: 0 });

    expect((await owner.emergencies()).items).toMatchObject([
      { emergencyId, reader: doctor.subject, reasonCode: 'UNRESPONSIVE', mspId: 'LakesideMSP' },
    ]);
    expect((await auditor.caller.get('/emergency-access')).body['items']).toMatchObject([
      { emergencyId, reason: REASON, registrationNo: null },
    ]);
    const others = [
      await bed.colleague('city', 'auditor'),
      await bed.colleague('lakeside', 'auditor'),
      author,
    ];
    for (const { caller } of others) {
      expect((await caller.get('/emergency-access')).body['items']).toEqual([]);
      expect((await caller.get(`/emergency-access/${emergencyId}`)).status).toBe(404);
    }

    const listed = `/emergency-access/${emergencyId}/records`;
    const { body: list } = await doctor.caller.get(listed);
    expect(list['items']).toMatchObject([
      { recordId, version: 1, hospital: 'CityMSP', author: author.subject },
    ]);
    const { body: later } = await author.caller.post('/records', {
      ...{ registrationNo, effectiveDate: '2024-06-08', disease: 'Cough' },
      document: { problems: [{ text: 'A cough' }] },
    });
    const { body: newest } = await doctor.caller.get(`${listed}?limit=1`);
    expect(newest).toMatchObject({ items: [{ recordId: later['recordId'] }], total: 2 });
    expect(newest['items']).toHaveLength(1);
    const { body: rest } = await doctor.caller.get(`${listed}?limit=1&cursor=${newest['nextCursor']}`);
    expect(rest).toMatchObject({ items: [{ recordId }], nextCursor: null, total: 2 });
    expect((await doctor.caller.get(`${listed}?cursor=Zm9v`)).body).toMatchObject({
      code: 'INVALID_REQUEST',
    });
    const answer = await read(doctor.caller, emergencyId);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        document: { problems: [{ text: 'Allergic to penicillin' }] },
        receipt: { basis: 'emergency', emergencyId },
        verified: { document: true },
      },
    });
    const sealed = await read(doctor.caller, emergencyId, recordId, false);
    expect(sealed).toMatchObject({ status: 200, body: { emergencyKey: { threshold: 2 } } });
    expect(sealed.body['elements'].length).toBeGreaterThanOrEqual(2);
    expect(sealed.body['custodianAnswers'].length).toBeGreaterThanOrEqual(2);
    const log = await owner.accessLog(registrationNo);
    expect(log.items.filter(({ basis }) => basis === 'emergency')).toHaveLength(2);

    const colleague = await doctorOf('lakeside', 'Dr. Kamal');
    expect((await read(colleague.caller, emergencyId)).status).toBe(404);
    expect((await colleague.caller.get(`/emergency-access/${emergencyId}/records`)).status).toBe(404);
    expect((await read(doctor.caller, 'x')).status).toBe(400);
    expect((await read(doctor.caller, '0'.repeat(32))).status).toBe(404);
    expect((await read(doctor.caller, emergencyId, '0'.repeat(32))).status).toBe(404);
  });

  test('ends with the review, which only the reviewing organisation’s auditors make', async () => {
    const { emergencyId } = await opened();
    const close = (by: Caller, verdict = 'unjustified') =>
      by.post(`/emergency-access/${emergencyId}/close`, { verdict });
    const lakesides = await bed.colleague('lakeside', 'auditor');
    expect((await close(lakesides.caller)).status).toBe(404);
    expect((await close(doctor.caller)).status).toBe(403);
    expect(await close(auditor.caller, 'fine')).toMatchObject({ status: 400 });
    expect(await close(auditor.caller)).toMatchObject({
      status: 200,
      body: { status: 'closed', verdict: 'unjustified', closedBy: auditor.subject },
    });
    expect(await close(auditor.caller)).toMatchObject({ status: 409, body: { code: 'EMERGENCY_CLOSED' } });
    expect(await read(doctor.caller, emergencyId)).toMatchObject({
      status: 409,
      body: { code: 'EMERGENCY_CLOSED' },
    });
    // Unjustified: until the own administrator has acted, the doctor opens no other.
    expect(await doctor.caller.post('/emergency-access', asked)).toMatchObject({
      status: 403,
      body: { code: 'EMERGENCY_SUSPENDED' },
    });
    const lakeside = await bed.administrator('lakeside');
    for (const action of ['suspend', 'resume']) {
      const acted = await lakeside.call('PATCH', `/users/${doctor.username}`, { body: { action } });
      expect(acted.status).toBe(200);
    }
    await again(doctor, 'lakeside');
  });

  test('the owner ends all of them by revoking the grant', async () => {
    const other = await activate('balu', true);
    const isActive = async () =>
      (await other.client.consents()).items.every(({ status }) => status === 'active');
    while (!(await isActive())) await sleep(100);
    const theirs = { ...asked, registrationNo: other.registrationNo, card: other.card };
    const answer = await doctor.caller.post('/emergency-access', theirs);
    expect(answer.status).toBe(201);
    const [grant] = (await other.client.consents()).items;
    await other.device.revokeConsent(other.client, grant!.consentId);
    const { emergencyId } = answer.body as { emergencyId: string };
    expect((await doctor.caller.get(`/emergency-access/${emergencyId}/records`)).status).toBe(403);
    expect(await doctor.caller.post('/emergency-access', theirs)).toMatchObject({
      status: 409,
      body: { code: 'NO_EMERGENCY_GRANT' },
    });
  });

  describeStaffDevices(() => ({
    bed,
    client: owner,
    device: ownersDevice,
    registrationNo,
    card,
    recordId,
  }));

  test('ends with its window, and is overdue a week later', async () => {
    const { emergencyId } = await opened();
    await bed.advance(3 * HOUR + 60_000);
    await again(doctor, 'lakeside');
    expect(await read(doctor.caller, emergencyId)).toMatchObject({
      status: 403,
      body: { code: 'EMERGENCY_ENDED' },
    });
    expect((await doctor.caller.get(`/emergency-access/${emergencyId}`)).body).toMatchObject({
      status: 'ended',
      overdue: false,
    });
    await bed.advance(8 * 24 * HOUR);
    await again(auditor, 'ministry');
    expect((await auditor.caller.get(`/emergency-access/${emergencyId}`)).body).toMatchObject({
      status: 'overdue',
      overdue: true,
      reason: REASON,
    });
    const before = (await bed.nobody().get('/emergency-access/counts')).body as { overdue: number };
    await auditor.caller.post(`/emergency-access/${emergencyId}/close`, { verdict: 'justified' });
    expect((await bed.nobody().get('/emergency-access/counts')).body).toMatchObject({
      overdue: before.overdue - 1,
    });
  });
});
