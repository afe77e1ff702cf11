import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEMOGRAPHIC_GROUPS, privateKeys } from '@medseal/chaincode';
import { type Begun, Device } from '../device';
import { Caller, type Colleague, type Json, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

/** All blocks, as every member of the channel has them. */
const blocksOf = (bed: TestBed): Buffer => {
  const folder = join(bed.folder, 'network');
  const files = readdirSync(folder, { recursive: true }).map(String).sort();
  return Buffer.concat(
    files.filter((file) => /blocks-\d+\.dat$/.test(file)).map((file) => readFileSync(join(folder, file))),
  );
};

/** Private keys whose name needs nothing but a ledgerId, which is public. */
const computableKeys = (ledgerId: string): string[] => [
  privateKeys.scopes(ledgerId),
  ...DEMOGRAPHIC_GROUPS.map((group) => privateKeys.demographics(ledgerId, group)),
];

const document = {
  progressNotes: [{ text: 'Fever since three days', date: '2020-02-29' }],
  problems: [
    { text: 'Fever', code: { system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'R50.9', display: 'Fever' } },
  ],
  vitalSigns: [{ text: 'Body temperature', value: '38.90', unit: 'Cel', abnormal: true }],
  labData: [{ text: 'CRP', value: 1.5, unit: 'mg/dL' }],
};

describe('a visit over HTTP', () => {
  let bed: TestBed;
  let admin: Caller;
  let doctor: Colleague;
  let other: Colleague;
  let foreign: Colleague;
  let geetha: Record<string, Json>;
  let keylessRecord = '';
  let begun: Begun;
  let owner: Caller;
  const device = new Device();

  beforeAll(async () => {
    bed = await sharedBed();
    admin = await bed.administrator('city');
    const id = (await admin.post('/doctors', { name: 'Dr. Sundar', specialization: 'Ortho' })).body['id'];
    const otherId = (await admin.post('/doctors', { name: 'Dr. Anuradha', specialization: 'Eye' })).body[
      'id'
    ];
    doctor = await bed.colleague('city', 'doctor', { doctorId: id });
    other = await bed.colleague('city', 'doctor', { doctorId: otherId });
    const lakeside = await bed.administrator('lakeside');
    const foreignId = (
      await lakeside.post('/doctors', { name: 'Dr. Rajini', specialization: 'Cardiologist' })
    ).body['id'];
    foreign = await bed.colleague('lakeside', 'doctor', { doctorId: foreignId });
  }, 120_000);

  test('a patient is registered once for one key, with number, card and code', async () => {
    const body = {
      name: 'Geetha',
      birthDate: '1990-05-01',
      contactNo: '9002288889',
      doctorId: doctor.subject,
      guardian: { name: 'Mani', relationship: 'father' },
    };
    const made = await admin.post('/patients', body, { key: 'register-geetha' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      ...body,
      keyState: 'keyless',
      opdVisits: 0,
      admissions: 0,
      version: 1,
    });
    expect(made.body['registrationNo']).toMatch(/^101\d{10}$/);
    expect(made.body['activationCode']).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){5}$/);
    expect(made.body['ledger']).toMatchObject({
      validationCode: 'VALID',
      transactionId: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(made.headers.get('etag')).toBe('"1"');
    geetha = made.body;
    const again = await admin.post('/patients', body, { key: 'register-geetha' });
    expect([again.status, again.body]).toEqual([201, made.body]);
    const changed = await admin.post('/patients', { ...body, name: 'Gita' }, { key: 'register-geetha' });
    expect(changed.status).toBe(422);
    const list = await admin.get('/patients?q=gee');
    expect(list.body['items']).toHaveLength(1);
    expect(list.body['items'][0].activationCode).toBeUndefined();
    expect((await admin.get('/patients?q=zzz')).body['total']).toBe(0);
  });

  test('bad input names field and remedy', async () => {
    const bad = await admin.post('/patients', {
      name: '',
      birthDate: '2019-02-29',
      contactNo: '12',
      gender: 'x',
      guardian: { name: 'y' },
    });
    expect(bad.status).toBe(400);
    expect(bad.body['errors'].map(({ field }: { field: string }) => field).sort()).toEqual([
      'birthDate',
      'contactNo',
      'gender',
      'guardian.relationship',
      'name',
    ]);
    const none = await admin.post('/patients', { name: 'x', doctorId: 'ff' });
    expect(none.body).toMatchObject({ status: 400, errors: [{ field: 'doctorId' }] });
  });

  test('unknown, foreign and malformed numbers answer alike', async () => {
    const bodies = await Promise.all([
      foreign.caller.get(`/patients/${geetha['registrationNo']}`),
      admin.get('/patients/1010000000009'),
      admin.get('/patients/nonsense'),
      (await bed.colleague('city', 'verifier')).caller.get(`/patients/${geetha['registrationNo']}`),
    ]);
    for (const { status, body } of bodies) {
      expect(status).toBe(404);
      expect({ ...body, instance: '', requestId: '' }).toEqual({
        ...bodies[0]?.body,
        instance: '',
        requestId: '',
      });
    }
  });

  test('a change needs the current version and leaves the rest', async () => {
    const path = `/patients/${geetha['registrationNo']}`;
    const stale = await admin.call('PATCH', path, { body: { address: 'x' }, headers: { 'if-match': '"7"' } });
    expect(stale.status).toBe(412);
    const done = await admin.call('PATCH', path, {
      body: { address: '12 Temple Road', guardian: null },
      headers: { 'if-match': '"1"' },
    });
    expect(done.body).toMatchObject({ name: 'Geetha', address: '12 Temple Road', version: 2 });
    expect(done.body['guardian']).toBeUndefined();
    const read = await doctor.caller.get(path);
    expect(read.body).toMatchObject({ address: '12 Temple Road', contactNo: '9002288889' });
    expect(read.headers.get('etag')).toBe('"2"');
    expect((await admin.call('PATCH', path, { body: {} })).status).toBe(400);
  });

  test('visits and admissions are counted', async () => {
    const path = `/patients/${geetha['registrationNo']}`;
    const visit = {
      class: 'AMB',
      doctorId: doctor.subject,
      reason: 'fever',
      period: { start: '2020-02-29T09:00:00Z' },
    };
    const opened = await admin.post(`${path}/encounters`, visit, { key: 'visit-1' });
    expect(opened.status).toBe(201);
    expect(opened.body).toMatchObject({ class: 'AMB', status: 'in-progress', period: visit.period });
    expect((await admin.post(`${path}/encounters`, visit, { key: 'visit-1' })).body).toEqual(opened.body);
    await admin.post(`${path}/encounters`, { ...visit, class: 'IMP' });
    expect((await admin.get(path)).body).toMatchObject({ opdVisits: 1, admissions: 1 });
    expect((await admin.call('DELETE', path)).body).toMatchObject({ status: 409, code: 'ENCOUNTER_OPEN' });
    const closed = await admin.post(`${path}/encounters/${opened.body['id']}/close`, {
      end: '2020-02-29T10:00:00Z',
    });
    expect(closed.body).toMatchObject({ status: 'finished', period: { end: '2020-02-29T10:00:00Z' } });
    expect((await admin.post(`${path}/encounters/${opened.body['id']}/close`, {})).body['code']).toBe(
      'ENCOUNTER_CLOSED',
    );
    const list = await doctor.caller.get(`${path}/encounters`);
    expect(list.body['total']).toBe(2);
  });

  test('a keyless patient’s record is sealed, chained and opened by its author', async () => {
    const body = {
      registrationNo: geetha['registrationNo'],
      effectiveDate: '2020-02-29',
      disease: 'fever',
      document,
    };
    const written = await doctor.caller.post('/records', body, { key: 'record-1' });
    expect(written.status).toBe(201);
    expect(written.body).toMatchObject({
      version: 1,
      status: 'sealed',
      next: { step: 'chain', role: 'author' },
    });
    keylessRecord = written.body['recordId'];
    expect((await other.caller.post(`/records/${keylessRecord}/chain`, {})).status).toBe(403);
    for (const step of ['blind', 'sanitize', 'upload', 'attest']) {
      const refused = await doctor.caller.post(`/records/${keylessRecord}/${step}`, {});
      expect(refused.body).toMatchObject({
        status: 409,
        code: 'STEP_NOT_REQUIRED',
        detail: expect.stringContaining('(chain)'),
      });
    }
    const done = await doctor.caller.post(`/records/${keylessRecord}/complete`, {});
    expect([done.status, done.body]).toEqual([
      200,
      expect.objectContaining({ status: 'chained', next: null }),
    ]);
    expect((await doctor.caller.post(`/records/${keylessRecord}/complete`, {})).body).toMatchObject({
      status: 'chained',
      next: null,
    });
    expect((await doctor.caller.post(`/records/${keylessRecord}/chain`, {})).status).toBe(409);
    const opened = await doctor.caller.post(`/records/${keylessRecord}/open?decrypt=true`, {
      purpose: 'TREATMENT',
    });
    expect(opened.body).toMatchObject({
      receipt: { recordIds: [keylessRecord], basis: 'author' },
      document,
      bundle: { resourceType: 'Bundle', type: 'document' },
      titleLine: { date: '2020-02-29', disease: 'fever' },
      verified: { selector: true, titleLine: true, document: true },
    });
  });

  test('nobody else opens it, and learns nothing from the refusal', async () => {
    const absent = await other.caller.post(`/records/${'f'.repeat(32)}/open`, {});
    for (const caller of [other.caller, admin, foreign.caller]) {
      for (const query of ['', '?decrypt=true']) {
        const refused = await caller.post(`/records/${keylessRecord}/open${query}`, {});
        expect({ ...refused.body, instance: '', requestId: '' }).toEqual({
          ...absent.body,
          instance: '',
          requestId: '',
        });
      }
    }
    const entry = await other.caller.get(`/records/${keylessRecord}`);
    expect(entry.body).toMatchObject({ status: 'chained', disease: null, effectiveDate: null });
    expect((await doctor.caller.get(`/records/${keylessRecord}`)).body).toMatchObject({ disease: 'fever' });
    expect((await foreign.caller.get(`/records/${keylessRecord}`)).status).toBe(404);
  });

  test('the device activates the account; bad requests and signatures are named', async () => {
    const nobody = bed.nobody();
    const activationCode = geetha['activationCode'];
    expect(
      (await nobody.post('/auth/activate/begin', { organization: 'city', activationCode: 'AAAA' })).status,
    ).toBe(401);
    const first = await nobody.post('/auth/activate/begin', {
      organization: 'city',
      activationCode: activationCode.toLowerCase(),
    });
    expect(first.body).toMatchObject({
      ledgerId: geetha['ledgerId'],
      registrationNo: geetha['registrationNo'],
      channel: 'health',
      agents: ['CityMSP', 'LakesideMSP', 'MinistryMSP'].map((mspId) => ({ mspId, kind: 'agent' })),
      custodian: { mspId: 'CityMSP', kind: 'custodian' },
    });
    begun = first.body as Begun;
    const body = await device.activation('city', activationCode, begun, 'geetha');
    const wrongName = await nobody.post('/auth/activate', {
      ...body,
      csr: await device.request('u-somebody'),
    });
    expect(wrongName.body).toMatchObject({ status: 400, errors: [{ field: 'csr' }] });
    const wrongScope = await nobody.post('/auth/activate', {
      ...body,
      scopeKeys: body.scopeKeys.map((key, at) => (at === 0 ? { ...key, scopeId: 'a'.repeat(32) } : key)),
    });
    expect(wrongScope.body).toMatchObject({ status: 400, errors: [{ field: 'scopeKeys' }] });
    const answer = await nobody.post('/auth/activate', body);
    expect(answer.status).toBe(202);
    const { signing } = answer.body as { signing: { id: string; bytes: string; stage: string } };
    expect(signing.stage).toBe('proposal');
    const forged = await nobody.post(`/transactions/${signing.id}/sign`, {
      signature: new Device().sign(signing.bytes),
    });
    expect(forged.body).toMatchObject({ status: 400, code: 'SIGNATURE_INVALID' });
    expect(
      (
        await nobody.post('/auth/login', {
          organization: 'city',
          username: 'geetha',
          password: body.password,
        })
      ).status,
    ).toBe(401);

    // Pending acts survive a restart of the gateway; stale bytes come back fresh.
    await bed.restartGateway();
    [admin, doctor.caller, other.caller, foreign.caller] = [
      admin,
      doctor.caller,
      other.caller,
      foreign.caller,
    ].map(({ token, user }) => new Caller(bed.url, token, user)) as [Caller, Caller, Caller, Caller];
    await bed.advance(6 * 60_000);
    const url = bed.nobody();
    const stale = await url.post(`/transactions/${signing.id}/sign`, {
      signature: device.sign(signing.bytes),
    });
    expect(stale.body).toMatchObject({
      status: 409,
      code: 'PROPOSAL_STALE',
      signing: { id: signing.id, stage: 'proposal' },
    });
    const sign = (signature: string) => url.post(`/transactions/${signing.id}/sign`, { signature });
    const endorsed = await sign(device.sign(stale.body['signing'].bytes));
    const last = device.sign(endorsed.body['signing'].bytes);
    const done = await sign(last);
    expect(done.body).toMatchObject({
      ledger: { validationCode: 'VALID' },
      user: { username: 'geetha', subject: geetha['ledgerId'] },
    });
    // A lost answer is given again for the last signature, and for no earlier one.
    expect((await sign(device.sign(signing.bytes))).body).toMatchObject({ code: 'SIGNATURE_INVALID' });
    const repeated = await sign(last);
    expect(repeated.body).toEqual(done.body);
    owner = await bed.signIn('city', 'geetha', body.password);
    expect((await owner.get('/auth/keyring')).body).toEqual({
      ...body.wrapped,
      scopes: { ...begun.scopes, epoch: 1, epochs: { general: 1, sensitive: 1 } },
    });
    expect((await url.post('/auth/activate/begin', { organization: 'city', activationCode })).status).toBe(
      401,
    );
  }, 120_000);

  test('the owner opens the record of before the activation by the slot added then', async () => {
    const opened = await owner.post(`/records/${keylessRecord}/open`, {});
    expect(opened.status).toBe(200);
    expect(opened.body['receipt']).toBeNull();
    const content = await device.open(opened.body, begun.scopes);
    expect(content).toMatchObject({ titleLine: { disease: 'fever' }, selector: { scope: 'general' } });
    const [listed] = (await owner.get('/records')).body['items'].slice(-1);
    expect(listed).toMatchObject({ recordId: keylessRecord, disease: 'fever', effectiveDate: '2020-02-29' });
    const byAuthor = await doctor.caller.post(`/records/${keylessRecord}/open?decrypt=true`, {});
    expect(byAuthor.body['bundle']).toEqual(content['document']);
    expect((await owner.post(`/records/${keylessRecord}/open?decrypt=true`, {})).body).toMatchObject({
      status: 409,
      code: 'KEY_NOT_HELD',
    });
    expect((await owner.get(`/patients/${geetha['registrationNo']}`)).body).toMatchObject({
      name: 'Geetha',
      keyState: 'active',
    });
    expect((await owner.get('/records')).body['total']).toBe(1);
  });

  test('written decimals keep their digits; a Bundle comes back as it was sent', async () => {
    const bundle = `{"resourceType":"Bundle","type":"document","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Composition","title":"x"}},{"fullUrl":"urn:uuid:2","resource":{"resourceType":"Observation","valueQuantity":{"value":1.50,"unit":"mg"}}}]}`;
    const sent = await doctor.caller.post(
      '/records',
      `{"registrationNo":"${geetha['registrationNo']}","effectiveDate":"2020-03-01","disease":"cold","scope":"sensitive","document":${bundle}}`,
    );
    expect(sent.status).toBe(201);
    const recordId = sent.body['recordId'];
    await doctor.caller.post(`/records/${recordId}/complete`, {});
    const response = await fetch(`${bed.url}/api/v1/records/${recordId}/open?decrypt=true`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${doctor.caller.token}`,
        'content-type': 'application/json',
        'idempotency-key': 'open-1',
      },
      body: '{}',
    });
    const text = await response.text();
    expect(text).toContain('"value":1.50');
    expect(JSON.parse(text).document).toEqual(JSON.parse(bundle));
    const opened = await owner.post(`/records/${recordId}/open`, {});
    expect(await device.open(opened.body, begun.scopes)).toMatchObject({ selector: { scope: 'sensitive' } });
  });

  test('an amendment is a new version; the old one stays', async () => {
    const amended = await doctor.caller.post(`/records/${keylessRecord}/amend`, {
      effectiveDate: '2020-03-02',
      disease: 'fever, better',
      document: { problems: [{ text: 'Fever' }] },
    });
    expect(amended.body).toMatchObject({ recordId: keylessRecord, version: 2, status: 'sealed' });
    expect(
      (await doctor.caller.post(`/records/${keylessRecord}/amend`, { effectiveDate: '2020-03-02' })).status,
    ).toBe(409);
    await doctor.caller.post(`/records/${keylessRecord}/complete`, {});
    const first = await doctor.caller.post(`/records/${keylessRecord}/open?decrypt=true&version=1`, {});
    expect(first.body['document']).toEqual(document);
    expect(
      (await doctor.caller.get(`/records/${keylessRecord}/versions`)).body['items'].map(
        (one: { status: string }) => one.status,
      ),
    ).toEqual(['chained', 'chained']);
    expect(
      (await other.caller.post(`/records/${keylessRecord}/amend`, { effectiveDate: '2020-03-02' })).status,
    ).toBe(403);
  });

  test('another hospital writes with the card and an open visit only', async () => {
    const rajini = foreign.caller;
    const path = `/patients/${geetha['registrationNo']}`;
    const record = {
      registrationNo: geetha['registrationNo'],
      effectiveDate: '2020-03-05',
      disease: 'arrhythmia',
      document,
    };
    expect((await rajini.post('/records', record)).status).toBe(404);
    const visit = {
      class: 'AMB',
      doctorId: foreign.subject,
      reason: 'heart',
      period: { start: '2020-03-05' },
    };
    expect((await rajini.post(`${path}/encounters`, visit)).status).toBe(404);
    const card = Buffer.from(geetha['card'].code, 'base64url').toString();
    const forged = Buffer.from(card.replace(/"salt":"../, '"salt":"00')).toString('base64url');
    expect((await rajini.post(`${path}/encounters`, { ...visit, card: forged })).status).toBe(404);
    const before = blocksOf(bed).length;
    const opened = await rajini.post(`${path}/encounters`, { ...visit, card: geetha['card'].code });
    expect(opened.status).toBe(201);

    // Until there is a record, whoever has every block and knows every ledgerId does not find the patient there.
    const { ledgerId } = geetha as { ledgerId: string };
    const told = (blocks: Buffer) => ({
      visit: blocks.includes('registry:openEncounter'),
      names: [ledgerId, geetha['registrationNo'], opened.body['id']].filter((id) => blocks.includes(id)),
      keys: computableKeys(ledgerId).filter((key) =>
        blocks.includes(createHash('sha256').update(key).digest()),
      ),
    });
    expect(told(blocksOf(bed).subarray(before))).toEqual({ visit: true, names: [], keys: [] });
    // The home hospital's registration shows that the search finds such keys.
    expect(told(blocksOf(bed)).keys).toEqual(computableKeys(ledgerId));

    const written = await rajini.post('/records', record);
    expect(written.status).toBe(201);
    expect(told(blocksOf(bed).subarray(before))).toEqual({ visit: true, names: [ledgerId], keys: [] });
    for (const scope of ['general', 'sensitive'] as const) {
      const prepared = await rajini.post('/records/prepare', {
        registrationNo: geetha['registrationNo'],
        effectiveDate: '2020-03-05',
        recordType: 'OPConsultation',
        scope,
      });
      expect(prepared.body['scopeId']).toBe(begun.scopes[scope]);
    }
    await rajini.post(`/records/${written.body['recordId']}/complete`, {});
    const answer = await owner.post(`/records/${written.body['recordId']}/open`, {});
    expect(await device.open(answer.body, begun.scopes)).toMatchObject({
      titleLine: { disease: 'arrhythmia' },
    });
    expect((await rajini.get(path)).status).toBe(404);
    await rajini.post(`${path}/encounters/${opened.body['id']}/close`, {});
    expect((await rajini.post('/records', record)).status).toBe(404);
  });

  test('a changed byte of an object is named by open', async () => {
    const objects = join(bed.folder, 'objects');
    const opened = await owner.post(`/records/${keylessRecord}/open`, {});
    const digest = opened.body['sealedDigest'] as string;
    const file = readdirSync(objects, { recursive: true })
      .map(String)
      .find((name) => name.endsWith(digest));
    const path = join(objects, file ?? '');
    const bytes = readFileSync(path);
    bytes[3] = (bytes[3] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const refused = await owner.post(`/records/${keylessRecord}/open`, {});
    expect(refused.body).toMatchObject({
      status: 409,
      code: 'OBJECT_ALTERED',
      detail: expect.stringContaining(digest),
    });
    bytes[3] = (bytes[3] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect((await owner.post(`/records/${keylessRecord}/open`, {})).status).toBe(200);
  });
});
