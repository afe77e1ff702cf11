import { randomUUID } from 'node:crypto';
import {
  canonicalJson,
  commit,
  commitBytes,
  fromHex,
  mclEngine,
  newSalt,
  sealRecord,
  toBase64,
  toHex,
  utf8,
} from '@medseal/crypto';
import { type Begun, Device } from '../device';
import { Caller, type Colleague, type Json, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

const selector = { date: '2020-04-01', recordType: 'OPConsultation', scope: 'sensitive' };
const titleLine = { date: '2020-04-01', disease: 'migraine' };
const document = { resourceType: 'Bundle', type: 'document', note: 'sealed on a device', value: 1.25 };

/** What an author's device does with the answer of `POST /records/prepare`. */
async function seal(prepared: Record<string, Json>) {
  const salts = { selector: newSalt(), titleLine: newSalt(), document: newSalt() };
  const content = {
    document,
    documentSalt: toHex(salts.document),
    selector: { ...selector, salt: toHex(salts.selector) },
    titleLine: { ...titleLine, salt: toHex(salts.titleLine) },
  };
  const made = await sealRecord(await mclEngine(), {
    plaintext: utf8(canonicalJson(content, { decimals: true })),
    record: {
      channel: prepared['channel'],
      recordId: prepared['recordId'],
      version: prepared['version'],
      owner: prepared['ledgerId'],
    },
    to: prepared['ownerKey']
      ? {
          owner: {
            scopeId: prepared['scopeId'],
            epoch: prepared['epoch'],
            publicKey: fromHex(prepared['ownerKey']),
          },
        }
      : { custodian: { id: prepared['custodian'], publicKey: fromHex(prepared['custodianKey']) } },
    recipients: prepared['recipients'].map(
      ({ subject, publicKey }: { subject: string; publicKey: string }) => ({
        kind: 'author',
        id: subject,
        publicKey: fromHex(publicKey),
      }),
    ),
  });
  return {
    recordId: prepared['recordId'],
    sealed: toBase64(made.sealed),
    header: toBase64(made.header),
    commitments: {
      selector: commit(selector, salts.selector),
      titleLine: commit(titleLine, salts.titleLine),
      document: commitBytes(utf8(canonicalJson(document, { decimals: true })), salts.document),
    },
    selector: content.selector,
    titleLine: content.titleLine,
  };
}

describe('records sealed on the author’s device, and interrupted ones', () => {
  let bed: TestBed;
  let admin: Caller;
  let doctor: Colleague;
  let patient: Record<string, Json>;
  let foreignRecord = '';
  const device = new Device();

  const wanted = () => ({
    registrationNo: patient['registrationNo'],
    effectiveDate: selector.date,
    scope: 'sensitive',
    recordType: 'OPConsultation',
  });

  beforeAll(async () => {
    bed = await sharedBed();
    admin = await bed.administrator('city');
    const id = (await admin.post('/doctors', { name: 'Dr. Sundar', specialization: 'Ortho' })).body['id'];
    doctor = await bed.colleague('city', 'doctor', { doctorId: id });
    patient = (await admin.post('/patients', { name: 'Arul' })).body;
  }, 120_000);

  test('for a keyless patient: sealed to custodian and author', async () => {
    const prepared = await doctor.caller.post('/records/prepare', wanted());
    expect(prepared.status).toBe(201);
    expect(prepared.body).toMatchObject({
      version: 1,
      scopeId: '0'.repeat(32),
      epoch: 0,
      custodian: 'CityMSP',
      policyVersion: 1,
    });
    expect(prepared.body['ownerKey']).toBeUndefined();
    const body = await seal(prepared.body);
    const done = await doctor.caller.post('/records', body, { key: 'device-1' });
    expect(done.body).toMatchObject({ recordId: prepared.body['recordId'], status: 'sealed' });
    expect((await doctor.caller.post('/records', body)).body).toMatchObject({
      status: 409,
      code: 'RECORD_STATUS',
    });
    await doctor.caller.post(`/records/${prepared.body['recordId']}/complete`, {});
    const opened = await doctor.caller.post(`/records/${prepared.body['recordId']}/open?decrypt=true`, {});
    expect(opened.body).toMatchObject({
      document,
      verified: { document: true, selector: true, titleLine: true },
    });
    expect((await doctor.caller.get(`/records/${prepared.body['recordId']}`)).body).toMatchObject({
      sealedBy: 'device',
      disease: 'migraine',
    });
  });

  test('another hospital’s record of before the activation is kept by that hospital’s custodian', async () => {
    const lakeside = await bed.administrator('lakeside');
    const id = (await lakeside.post('/doctors', { name: 'Dr. Rajini', specialization: 'Cardiologist' })).body[
      'id'
    ];
    const rajini = await bed.colleague('lakeside', 'doctor', { doctorId: id });
    const visit = {
      class: 'IMP',
      doctorId: id,
      reason: 'heart',
      period: { start: '2020-03-05' },
      card: patient['card'],
    };
    const path = `/patients/${patient['registrationNo']}/encounters`;
    expect((await rajini.caller.post(path, visit)).status).toBe(201);
    const written = await rajini.caller.post('/records', {
      registrationNo: patient['registrationNo'],
      effectiveDate: '2020-03-05',
      disease: 'arrhythmia',
      scope: 'sensitive',
      document: { problems: [{ text: 'Arrhythmia' }] },
    });
    expect(written.body['status']).toBe('sealed');
    foreignRecord = written.body['recordId'];
    const opened = await rajini.caller.post(`/records/${foreignRecord}/open`, {});
    expect(opened.body).toMatchObject({ hospital: 'LakesideMSP', capsule: null });
  });

  test('after activation: sealed to the owner’s key of the scope asked for', async () => {
    const replaced = patient['activationCode'];
    const letter = await admin.post(`/patients/${patient['registrationNo']}/activation-code`, {});
    expect(letter.body['rootFingerprint']).toBe(patient['rootFingerprint']);
    const activationCode = letter.body['activationCode'];
    const nobody = bed.nobody();
    expect(
      (await nobody.post('/auth/activate/begin', { organization: 'city', activationCode: replaced })).status,
    ).toBe(401);
    const begun = (await nobody.post('/auth/activate/begin', { organization: 'city', activationCode }))
      .body as unknown as Begun;
    const activation = await device.activation('city', activationCode, begun, 'arul');
    const first = await nobody.post('/auth/activate', activation);
    // A second try with the same key finds its certificate; its act takes the place of the first.
    const second = await nobody.post('/auth/activate', activation);
    expect(second.body['certificate']).toBe(first.body['certificate']);
    expect(
      (
        await nobody.post(`/transactions/${first.body['signing'].id}/sign`, {
          signature: device.sign(first.body['signing'].bytes),
        })
      ).status,
    ).toBe(404);
    // Between endorsement and submission the hospital changes the patient's entry: the endorsed bytes lose.
    const path = `/transactions/${second.body['signing'].id}/sign`;
    const endorsed = await nobody.post(path, { signature: device.sign(second.body['signing'].bytes) });
    expect(endorsed.body).toMatchObject({ signing: { stage: 'transaction' } });
    await admin.call('PATCH', `/patients/${patient['registrationNo']}`, { body: { gender: 'male' } });
    const lost = await nobody.post(path, { signature: device.sign(endorsed.body['signing'].bytes) });
    expect(lost.body).toMatchObject({ status: 409, code: 'SIGN_AGAIN', signing: { stage: 'proposal' } });
    const done = await device.signAct(nobody, lost.body as never);
    expect(done.body).toMatchObject({ status: 'committed', ledger: { validationCode: 'VALID' } });
    expect((await admin.post(`/patients/${patient['registrationNo']}/activation-code`, {})).status).toBe(409);

    const owner = await bed.signIn('city', 'arul', activation.password);
    const fromLakeside = await owner.post(`/records/${foreignRecord}/open`, {});
    expect(fromLakeside.body['capsule']).not.toBeNull();
    expect(
      await device.open(fromLakeside.body, { ...begun.scopes, general: begun.scopes.sensitive }),
    ).toMatchObject({
      titleLine: { disease: 'arrhythmia' },
    });
    const prepared = await doctor.caller.post('/records/prepare', wanted());
    expect(prepared.body).toMatchObject({
      scopeId: begun.scopes.sensitive,
      epoch: 1,
      ownerKey: activation.scopeKeys[1]?.publicKey,
    });
    await doctor.caller.post('/records', await seal(prepared.body));
    const opened = await owner.post(`/records/${prepared.body['recordId']}/open`, {});
    expect(await device.open(opened.body, begun.scopes)).toMatchObject({ document, titleLine });
  });

  test('what does not fit together is refused by name', async () => {
    const prepared = (await doctor.caller.post('/records/prepare', wanted())).body;
    const other = (await doctor.caller.post('/records/prepare', wanted())).body;
    const body = await seal(prepared);
    const foreignBody = await seal(other);
    const cases: [string, object, string][] = [
      ['another record’s header', { header: foreignBody.header, sealed: foreignBody.sealed }, 'header'],
      ['other content', { sealed: foreignBody.sealed }, 'sealed'],
      ['another selector', { selector: { ...body.selector, date: '2020-04-02' } }, 'selector'],
      ['another title line', { titleLine: { ...body.titleLine, disease: 'x' } }, 'titleLine'],
      ['no header', { header: Buffer.from('{}').toString('base64') }, 'header'],
      ['no base64', { sealed: '%' }, 'sealed'],
      ['no commitments', { commitments: undefined }, 'commitments'],
      ['a short salt', { selector: { ...body.selector, salt: '00' } }, 'selector.salt'],
      ['a field of nobody', { extra: 1 }, 'extra'],
    ];
    for (const [title, change, field] of cases) {
      const refused = await doctor.caller.post('/records', { ...body, ...change });
      expect([title, refused.status, refused.body['errors']?.[0]?.field]).toEqual([title, 400, field]);
    }
    const withoutTitle = { ...body, titleLine: undefined };
    expect((await doctor.caller.post('/records', withoutTitle)).status).toBe(201);
    expect((await doctor.caller.get(`/records/${prepared['recordId']}`)).body['disease']).toBeNull();
  });

  test('a record whose writing was cut off at any moment is written once when the request is repeated', async () => {
    const input = {
      registrationNo: patient['registrationNo'],
      effectiveDate: '2020-05-01',
      disease: 'cold',
      document: { problems: [{ text: 'Cold' }] },
    };
    const before = (await doctor.caller.get('/records')).body['total'] as number;
    const moments = [20, 120, 300, 600];
    for (const ms of moments) {
      const key = randomUUID();
      const cut = doctor.caller.post('/records', input, { key }).catch(() => undefined);
      await new Promise((done) => setTimeout(done, ms));
      await bed.restartGateway('SIGKILL');
      await cut;
      doctor.caller = new Caller(bed.url, doctor.caller.token, doctor.caller.user);
      const again = await doctor.caller.post('/records', input, { key });
      expect([ms, again.status, again.body['status']]).toEqual([ms, 201, 'sealed']);
      const done = await doctor.caller.post(`/records/${again.body['recordId']}/complete`, {});
      expect(done.body['status']).toBe('chained');
      const opened = await doctor.caller.post(`/records/${again.body['recordId']}/open?decrypt=true`, {});
      expect(opened.body['document']).toEqual(input.document);
    }
    expect((await doctor.caller.get('/records')).body['total']).toBe(before + moments.length);

    const deviceMoments = [60, 200];
    for (const ms of deviceMoments) {
      const key = randomUUID();
      const body = await seal((await doctor.caller.post('/records/prepare', wanted())).body);
      const cut = doctor.caller.post('/records', body, { key }).catch(() => undefined);
      await new Promise((done) => setTimeout(done, ms));
      await bed.restartGateway('SIGKILL');
      await cut;
      doctor.caller = new Caller(bed.url, doctor.caller.token, doctor.caller.user);
      const again = await doctor.caller.post('/records', body, { key });
      expect([ms, again.status, again.body['status']]).toEqual([ms, 201, 'sealed']);
      expect(again.body['ledger']).toMatchObject({ validationCode: 'VALID' });
      const opened = await doctor.caller.post(`/records/${body.recordId}/open?decrypt=true`, {});
      expect(opened.body).toMatchObject({ document, verified: { document: true } });
    }
  }, 300_000);

  test('a patient without open visit and unfinished record can be deleted, once', async () => {
    admin = await bed.administrator('city');
    const siva = (await admin.post('/patients', { name: 'Siva' })).body;
    const path = `/patients/${siva['registrationNo']}`;
    const written = await doctor.caller.post('/records', {
      registrationNo: siva['registrationNo'],
      effectiveDate: '2020-05-01',
      disease: 'cold',
      document: { problems: [{ text: 'Cold' }] },
    });
    expect((await admin.call('DELETE', path)).body).toMatchObject({ status: 409, code: 'RECORD_UNFINISHED' });
    await doctor.caller.post(`/records/${written.body['recordId']}/complete`, {});
    const gone = await admin.call('DELETE', path);
    expect([gone.status, gone.body['status']]).toEqual([200, 'deleted']);
    expect((await admin.call('DELETE', path)).status).toBe(404);
    expect((await admin.get(path)).status).toBe(404);
    expect(
      (await doctor.caller.post('/records/prepare', { ...wanted(), registrationNo: siva['registrationNo'] }))
        .status,
    ).toBe(404);
  });

  test('the contract is described', async () => {
    const { status, body } = await bed.nobody().get('/api/openapi.json');
    expect(status).toBe(200);
    const paths = Object.keys(body['paths']);
    for (const path of [
      '/patients',
      '/patients/{registrationNo}/encounters',
      '/records/prepare',
      '/records/{id}/open',
      '/auth/activate',
      '/transactions/{id}/sign',
    ]) {
      expect(paths).toContain(`/api/v1${path}`);
    }
  });
});
