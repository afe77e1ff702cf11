import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sealOnDevice } from '@medseal/client';
import { foldDecimals } from '../src/records/document/decimals.js';
import { toDocumentBundle } from '../src/records/document/fhir-document.js';
import { type Colleague, type Json, TestBed } from './harness';

const STEPS = ['blind', 'sanitize', 'upload', 'attest', 'chain'];

const content = {
  effectiveDate: '2020-02-29',
  disease: 'fever',
  document: {
    progressNotes: [{ text: 'Geetha of 12 Temple Road has fever since three days', date: '2020-02-29' }],
    problems: [
      { text: 'Fever', code: { system: 'http://hl7.org/fhir/sid/icd-10', code: 'R50.9', display: 'Fever' } },
    ],
    labData: [{ text: 'CRP', value: 1.5, unit: 'mg/dL' }],
  },
};

describe('records with the five integrity steps', () => {
  let bed: TestBed;
  let doctor: Colleague;
  let sanitizer: Colleague;
  let verifier: Colleague;
  let patient: Record<string, Json>;

  const write = async (key: string = randomUUID()): Promise<Record<string, Json>> => {
    const body = { registrationNo: patient['registrationNo'], ...content };
    const made = await doctor.caller.post('/records', body, { key });
    expect(made.status).toBe(201);
    return made.body;
  };
  const view = async (recordId: string, by = doctor): Promise<Record<string, Json>> =>
    (await by.caller.get(`/records/${recordId}`)).body;

  const step = async (by: Colleague, recordId: string, name: string): Promise<Record<string, Json>> =>
    (await by.caller.post(`/records/${recordId}/${name}`, {})).body;
  const spool = (): string => join(bed.folder, 'gateway/CityMSP/spool');
  const spooled = (recordId: string): string[] =>
    readdirSync(spool()).filter((name) => name.startsWith(recordId));

  beforeAll(async () => {
    bed = await TestBed.start();
    const ministry = await bed.administrator('ministry');
    const set = await ministry.call('PUT', '/parameters', { body: { recordSteps: STEPS } });
    expect(set.body).toMatchObject({ recordSteps: STEPS, policyVersion: 2 });
    const admin = await bed.administrator('city');
    const doctorOf = async (name: string): Promise<Colleague> => {
      const { id } = (await admin.post('/doctors', { name, specialization: 'Ortho' })).body;
      return bed.colleague('city', 'doctor', { doctorId: id });
    };
    doctor = await doctorOf('Dr. Sundar');
    const body = { name: 'Geetha', contactNo: '9002288889', address: '12 Temple Road' };
    patient = (await admin.post('/patients', body)).body;
  }, 120_000);

  afterAll(async () => {
    await bed?.stop();
  });

  test('a hospital without the people for the steps is told whom it lacks, and nothing is begun', async () => {
    const body = { registrationNo: patient['registrationNo'], ...content };
    const alone = await doctor.caller.post('/records', body);
    expect(alone.body).toMatchObject({ status: 409, code: 'PANEL_INCOMPLETE' });
    sanitizer = await bed.colleague('city', 'sanitizer');
    const unverified = await doctor.caller.post('/records', body);
    expect(unverified.body['detail']).toContain('1 active verifier ');
    verifier = await bed.colleague('city', 'verifier');
    expect((await doctor.caller.get('/records')).body['total']).toBe(0);
  });

  test('writing a record names the panel, seals to the verifiers and blinds at once', async () => {
    const key = randomUUID();
    const made = await write(key);
    expect(made).toMatchObject({ status: 'blinded', next: { step: 'sanitize', role: 'sanitizer' } });
    expect(await write(key)).toEqual(made);
    const record = await view(made['recordId']);
    expect(record).toMatchObject({
      status: 'blinded',
      steps: STEPS,
      panel: { sanitizer: sanitizer.subject, verifiers: [verifier.subject], threshold: 1 },
      integrity: { round: 1, blinded: { profile: 'minimal', keyEpoch: 1 }, returned: null },
      stepsDone: [
        { step: 'create', by: doctor.subject },
        { step: 'seal', by: doctor.subject },
        { step: 'blind', by: doctor.subject, transactionId: made['ledger'].transactionId },
      ],
    });
    expect(record['integrity'].blinded.coverage.replacedSectors).toBeGreaterThan(0);
  });

  test('steps out of order are refused, one that is done is answered, and only the author takes the author’s', async () => {
    const { recordId } = await write();
    expect(await step(doctor, recordId, 'upload')).toMatchObject({ status: 409, code: 'RECORD_STATUS' });
    expect(await step(doctor, recordId, 'chain')).toMatchObject({ status: 409, code: 'RECORD_STATUS' });
    const again = await step(doctor, recordId, 'blind');
    expect(again).toMatchObject({ status: 'blinded', next: { step: 'sanitize', role: 'sanitizer' } });
    expect((await view(recordId))['integrity'].round).toBe(1);
    for (const name of ['blind', 'upload', 'chain'])
      expect(await step(verifier, recordId, name)).toMatchObject({ status: 403, code: 'NOT_ALLOWED' });
    const waiting = await doctor.caller.get('/records?status=blinded');
    expect(waiting.body['items'].map((one: Json) => one.recordId)).toContain(recordId);
  });

  test('a package that is gone from the spool is blinded anew, with other nonces', async () => {
    const { recordId } = await write();
    const before = await view(recordId);
    expect(spooled(recordId)).toHaveLength(2);
    rmSync(join(spool(), `${recordId}.${before['integrity'].blinded.packageDigest}`));
    const anew = await step(doctor, recordId, 'complete');
    expect(anew).toMatchObject({ status: 'blinded', next: { step: 'sanitize', role: 'sanitizer' } });
    const after = await view(recordId);
    expect(after['integrity'].round).toBe(2);
    expect(after['integrity'].blinded.tags.sealed).not.toBe(before['integrity'].blinded.tags.sealed);
    // What the first round left is gone.
    expect(spooled(recordId)).toHaveLength(2);
  });

  test('a record that its author sealed elsewhere is sealed to the verifiers too, and blinded with the author’s key', async () => {
    const selector = { date: '2020-04-01', recordType: 'OPConsultation', scope: 'general' as const };
    const prepared = await doctor.caller.post('/records/prepare', {
      registrationNo: patient['registrationNo'],
      scope: selector.scope,
      recordType: selector.recordType,
      effectiveDate: selector.date,
    });
    expect(prepared.body['recipients']).toMatchObject([
      { kind: 'author', subject: doctor.subject },
      { kind: 'verifier', subject: verifier.subject },
    ]);
    const { recordId, ledgerId } = prepared.body;
    const bundle = toDocumentBundle(content.document, {
      ledgerId,
      author: doctor.subject,
      hospital: 'CityMSP',
      date: selector.date,
      title: 'migraine',
      recordType: selector.recordType,
    });
    const record = {
      document: foldDecimals(bundle),
      selector,
      titleLine: { date: selector.date, disease: 'migraine' },
    };
    const [author] = prepared.body['recipients'];
    const alone = await sealOnDevice({ ...prepared.body, recipients: [author] } as never, record);
    const refused = await doctor.caller.post('/records', alone);
    expect(refused.body).toMatchObject({ status: 400, errors: [{ field: 'header' }] });
    const sealed = await sealOnDevice(prepared.body as never, record);
    expect((await doctor.caller.post('/records', sealed)).body).toMatchObject({
      status: 'sealed',
      next: { step: 'blind', role: 'author' },
    });
    expect(await step(doctor, recordId, 'complete')).toMatchObject({ status: 'blinded' });
  });

  test('storage that is down, and a gateway that is killed meanwhile, only delay the upload', async () => {
    const { recordId } = await write();
    const objects = join(bed.folder, 'objects');
    renameSync(objects, `${objects}.away`);
    writeFileSync(objects, 'no folder');
    try {
      const sanitized = await step(sanitizer, recordId, 'complete');
      expect(sanitized).toMatchObject({ status: 'sanitized', next: { step: 'upload', role: 'author' } });
      expect(await step(doctor, recordId, 'upload')).toMatchObject({
        status: 503,
        code: 'STORAGE_UNAVAILABLE',
      });
      expect(await step(verifier, recordId, 'attest')).toMatchObject({ status: 409, code: 'RECORD_STATUS' });
      await bed.stopGateway('SIGKILL');
    } finally {
      rmSync(objects);
      renameSync(`${objects}.away`, objects);
    }
    await bed.startGateway();
    for (const one of [doctor, sanitizer, verifier])
      one.caller = await bed.signIn('city', one.username, one.password);
    for (let left = 200; left > 0 && (await view(recordId))['status'] === 'sanitized'; left--)
      await sleep(100);
    expect(await step(doctor, recordId, 'upload')).toMatchObject({ status: 'uploaded' });
    expect(spooled(recordId)).toEqual([]);
    expect((await view(recordId))['integrity'].uploaded.by).toBe('');
    expect(await step(verifier, recordId, 'complete')).toMatchObject({ status: 'chained', next: null });
    expect(await step(doctor, recordId, 'chain')).toMatchObject({ status: 'chained', next: null });
    expect(await step(doctor, recordId, 'blind')).toMatchObject({ status: 409, code: 'RECORD_STATUS' });
    const done = (await view(recordId))['stepsDone'].map((one: Json) => one.step);
    expect(done).toEqual(['create', 'seal', ...STEPS]);
  });

  test('a sanitised file that is altered in the spool is not uploaded: the author begins anew', async () => {
    const { recordId } = await write();
    const objects = join(bed.folder, 'objects');
    renameSync(objects, `${objects}.away`);
    writeFileSync(objects, 'no folder');
    try {
      expect(await step(sanitizer, recordId, 'complete')).toMatchObject({ status: 'sanitized' });
      const { digest } = (await view(recordId))['integrity'].sanitized.signedFile;
      const path = join(spool(), `${recordId}.${digest}`);
      const bytes = readFileSync(path);
      bytes[0]! ^= 1;
      writeFileSync(path, bytes);
    } finally {
      rmSync(objects);
      renameSync(`${objects}.away`, objects);
    }
    expect(await step(doctor, recordId, 'upload')).toMatchObject({ status: 409, code: 'STEP_FILES_GONE' });
    expect(await step(doctor, recordId, 'complete')).toMatchObject({ status: 'blinded' });
    expect((await view(recordId))['integrity'].round).toBe(2);
    expect(await step(sanitizer, recordId, 'complete')).toMatchObject({ status: 'uploaded' });
  });

  describe('sanitised, attested and chained', () => {
    let recordId: string;
    const at = (path = ''): string => `/records/${recordId}${path}`;
    const waiting = async (by: Colleague, step: string): Promise<Json[]> =>
      (await by.caller.get(`/records?awaiting=${step}`)).body['items'];
    beforeAll(async () => {
      recordId = (await write())['recordId'];
    });

    test('the named sanitiser is shown the document without anything personal', async () => {
      expect((await waiting(sanitizer, 'sanitize')).map((item: Json) => item.recordId)).toContain(recordId);
      expect(await waiting(verifier, 'sanitize')).toEqual([]);
      expect((await verifier.caller.get(at('/sanitizing'))).body).toMatchObject({ code: 'NOT_ON_PANEL' });
      const { body } = await sanitizer.caller.get(at('/sanitizing'));
      expect(body).toMatchObject({ round: 1, profile: 'minimal', fault: null, author: doctor.subject });
      expect(body['document'].resourceType).toBe('Bundle');
      expect(body['replaced'].length).toBeGreaterThan(0);
    });

    test('goes through sanitiser and verifier to the chain', async () => {
      const done = await sanitizer.caller.post(at('/complete'), {});
      expect(done.body).toMatchObject({ status: 'uploaded', next: { step: 'attest', role: 'verifier' } });
      expect((await waiting(verifier, 'attest')).map((item: Json) => item.recordId)).toContain(recordId);
      const found = await verifier.caller.get(at('/attesting'));
      expect(found.body).toMatchObject({
        findings: [],
        round: 1,
        threshold: 1,
        receipt: { basis: 'verifier' },
      });
      const opened = await verifier.caller.post(at('/open?decrypt=true'), { purpose: 'attesting' });
      expect(opened.body).toMatchObject({ receipt: { basis: 'verifier' }, verified: { document: true } });
      const attested = await verifier.caller.post(at('/complete'), {});
      expect(attested.body).toMatchObject({ status: 'chained', next: null });
      const { body } = await doctor.caller.get(at('/sanitized'));
      expect(body).toMatchObject({ profile: 'minimal', document: found.body['sanitized'] });
    });
  });
});
