import { randomUUID } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MedsealClient, PatientDevice, sealOnDevice } from '@medseal/client';
import { foldDecimals } from '../../src/records/document/decimals.js';
import { toDocumentBundle } from '../../src/records/document/fhir-document.js';
import { NO_SMALL_DISK, SmallDisk } from '../full-disk';
import { type Colleague, type Json, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

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
    bed = await sharedBed();
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
    await bed.restartGateway('SIGKILL');
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

  const full = 'storage that is full takes no half object, and the upload is repeated once there is room';
  if (NO_SMALL_DISK !== undefined) test.skip(`${full} (skipped: ${NO_SMALL_DISK})`, () => undefined);
  else
    test(full, async () => {
      const { recordId } = await write();
      const objects = join(bed.folder, 'objects');
      const disk = new SmallDisk();
      renameSync(objects, `${objects}.away`);
      symlinkSync(disk.folder, objects);
      try {
        expect(() => writeFileSync(join(disk.folder, 'filler'), Buffer.alloc(8 << 20))).toThrow('ENOSPC');
        expect(await step(sanitizer, recordId, 'complete')).toMatchObject({ status: 'sanitized' });
        expect(await step(doctor, recordId, 'upload')).toMatchObject({ status: 507, code: 'STORAGE_FULL' });
        expect((await view(recordId))['status']).toBe('sanitized');
        const left = readdirSync(disk.folder, { recursive: true, withFileTypes: true });
        expect(left.filter((one) => one.isFile()).map(({ name }) => name)).toEqual(['filler']);
      } finally {
        rmSync(objects);
        renameSync(`${objects}.away`, objects);
        disk.remove();
      }
      await step(doctor, recordId, 'upload');
      expect(await step(verifier, recordId, 'complete')).toMatchObject({ status: 'chained', next: null });
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

  describe('the sanitiser’s and the verifiers’ side', () => {
    /** All that City's sanitiser was sent. */
    const sent: string[] = [];
    let recordId: string;
    const at = (path = ''): string => `/records/${recordId}${path}`;
    const seen = async (path: string): Promise<Record<string, Json>> => {
      const { body } = await sanitizer.caller.get(path);
      sent.push(JSON.stringify(body));
      return body;
    };
    const waiting = async (by: Colleague, name: string): Promise<Json[]> =>
      (await by.caller.get(`/records?awaiting=${name}`)).body['items'].map((item: Json) => item.recordId);
    const post = async (by: Colleague, name: string, body: object = {}): Promise<Record<string, Json>> =>
      (await by.caller.post(at(`/${name}`), body)).body;
    const until = async (isSo: () => Promise<boolean>): Promise<void> => {
      while (!(await isSo())) await sleep(100);
    };
    /** The hospital's service takes the steps that need nobody's judgement. */
    const settled = async (status: string): Promise<Record<string, Json>> => {
      await until(async () => (await view(recordId))['status'] === status);
      return view(recordId);
    };
    const objectPath = (digest: string): string => join(bed.folder, 'objects', digest.slice(0, 2), digest);
    const chained = async (made: Record<string, Json>): Promise<Record<string, Json>> => {
      recordId = made['recordId'];
      await post(sanitizer, 'sanitize');
      await settled('uploaded');
      await post(verifier, 'attest');
      return settled('chained');
    };

    test('the named sanitiser alone is shown the document, and nothing personal in it', async () => {
      recordId = (await write())['recordId'];
      expect(await waiting(sanitizer, 'sanitize')).toContain(recordId);
      expect(await waiting(verifier, 'sanitize')).toEqual([]);
      for (const by of [verifier, doctor]) {
        expect((await by.caller.get(at('/sanitizing'))).body).toMatchObject({ code: 'NOT_ON_PANEL' });
        expect(await post(by, 'sanitize')).toMatchObject({ status: 403, code: 'NOT_ON_PANEL' });
      }
      const shown = await seen(at('/sanitizing'));
      expect(shown).toMatchObject({ round: 1, profile: 'minimal', fault: null, author: doctor.subject });
      expect(shown['document'].resourceType).toBe('Bundle');
      expect(shown['replaced']).toContainEqual(expect.objectContaining({ kind: 'personal' }));
      expect(shown['coverage'].contentShare).toBeGreaterThan(0);
      await Promise.all([at(), '/records', '/records?awaiting=sanitize'].map(seen));
      expect(await post(sanitizer, 'sanitize', { round: 2 })).toMatchObject({ code: 'ROUND_DIFFERS' });
    });

    test('sanitised, uploaded, attested and chained; each step done once, whoever repeats it', async () => {
      const { headers: before } = await doctor.caller.get(`/records/${recordId}`);
      expect(before.get('cache-control')).toBe('no-store');
      const [done, again] = await Promise.all([post(sanitizer, 'sanitize'), post(sanitizer, 'sanitize')]);
      expect(done).toMatchObject({ status: 'sanitized', next: { step: 'upload', role: 'author' } });
      expect(again).toMatchObject({ recordId, version: 1 });
      await settled('uploaded');
      const { headers: after } = await doctor.caller.get(`/records/${recordId}`);
      expect(after.get('etag')).not.toBe(before.get('etag'));
      await until(() => Promise.resolve(spooled(recordId).length === 0));
      expect(await waiting(verifier, 'attest')).toContain(recordId);
      expect(await post(doctor, 'attest')).toMatchObject({ status: 403, code: 'NOT_ON_PANEL' });
      const found = (await verifier.caller.get(at('/attesting'))).body;
      expect(found).toMatchObject({ findings: [], round: 1, threshold: 1, receipt: { basis: 'verifier' } });
      const opened = await verifier.caller.post(at('/open?decrypt=true'), { purpose: 'attesting' });
      expect(opened.body).toMatchObject({
        receipt: { basis: 'verifier' },
        document: { progressNotes: content.document.progressNotes },
        verified: { document: true },
      });
      expect(await post(verifier, 'complete')).toMatchObject({ recordId });
      await settled('chained');
      expect(await waiting(verifier, 'attest')).not.toContain(recordId);
      expect((await verifier.caller.post(at('/open'), {})).status).toBe(404);
      const read = (await doctor.caller.get(at('/sanitized'))).body;
      expect(read).toMatchObject({ profile: 'minimal', document: found['sanitized'], version: 1 });
      expect(read['receipt']).toMatchObject({ basis: 'sanitized' });
    });

    test('a package that was altered in the spool is refused, given back, and blinded anew', async () => {
      recordId = (await write())['recordId'];
      const { packageDigest } = (await view(recordId))['integrity'].blinded;
      const path = join(spool(), `${recordId}.${packageDigest}`);
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(path, bytes);
      const shown = await seen(at('/sanitizing'));
      expect(shown).toMatchObject({ fault: { code: 'BAD_PACKAGE' }, document: null, coverage: null });
      expect(await post(sanitizer, 'sanitize')).toMatchObject({ status: 422, code: 'BAD_PACKAGE' });
      expect((await view(recordId))['status']).toBe('blinded');
      const back = await post(sanitizer, 'sanitize', { return: 'BAD_PACKAGE', round: 1 });
      expect(back).toMatchObject({ status: 'sealed', next: { step: 'blind', role: 'author' } });
      expect(spooled(recordId)).toEqual([]);
      expect(await waiting(doctor, 'blind')).toContain(recordId);
      expect(await step(doctor, recordId, 'complete')).toMatchObject({ status: 'blinded' });
      expect(await seen(at('/sanitizing'))).toMatchObject({
        round: 2,
        fault: null,
        returned: { reasonCode: 'BAD_PACKAGE', by: sanitizer.subject },
      });
    });

    test('what the cloud does not give back is found by the verifier, who gives it back; it is taken out of the cloud', async () => {
      await post(sanitizer, 'complete');
      const { sanitized, uploaded } = (await settled('uploaded'))['integrity'];
      const original = readFileSync(objectPath(sanitized.signedFile.digest));
      rmSync(objectPath(sanitized.signedFile.digest));
      const missing = (await verifier.caller.get(at('/attesting'))).body;
      expect(missing['findings']).toMatchObject([{ code: 'OBJECT_MISSING' }]);
      writeFileSync(objectPath(sanitized.signedFile.digest), Buffer.alloc(original.length));
      expect(await post(verifier, 'attest')).toMatchObject({ status: 422, code: 'OBJECT_MISSING' });
      expect(await post(verifier, 'complete')).toMatchObject({ status: 422, code: 'OBJECT_MISSING' });
      // The chained record's sanitised document is the same, and stays.
      expect(await post(verifier, 'attest', { return: 'OBJECT_MISSING' })).toMatchObject({
        status: 'sealed',
      });
      expect(existsSync(objectPath(sanitized.object.digest))).toBe(true);
      for (const { digest } of [sanitized.signedFile, uploaded.sealedSignedFile])
        expect(existsSync(objectPath(digest))).toBe(false);
      expect(await waiting(doctor, 'blind')).toContain(recordId);
      expect((await chained(await step(doctor, recordId, 'complete')))['integrity'].round).toBe(3);
    });

    test('nothing personal is in what the sanitiser was sent, nor in what the cloud holds; no codes for profile minimal', () => {
      const markers = ['Geetha', 'Temple Road', '9002288889', patient['registrationNo'], 'fever since'];
      // What is looked through does hold documents.
      expect(sent.some((answer) => answer.includes('Composition'))).toBe(true);
      for (const answer of sent)
        expect(markers.filter((marker) => answer.includes(marker as string))).toEqual([]);
      const stored = readdirSync(join(bed.folder, 'objects'), { recursive: true, withFileTypes: true })
        .filter((file) => file.isFile())
        .map((file) => readFileSync(join(file.parentPath, file.name)));
      expect(stored.filter((bytes) => bytes.includes('Composition')).length).toBeGreaterThan(0);
      for (const bytes of stored)
        expect([...markers, 'R50.9', 'Fever'].filter((marker) => bytes.includes(marker as string))).toEqual(
          [],
        );
    });

    test('for research with the patient’s choice: any researcher, until the patient says no', async () => {
      const admin = await bed.administrator('city');
      const letter = (await admin.post('/patients', { name: 'Ottoline Marsh' })).body;
      const password = 'a password of the patient';
      const { device } = await PatientDevice.activate(new MedsealClient(bed.url), {
        organization: 'city',
        activationCode: letter['activationCode'] as string,
        username: 'ottoline',
        password,
        passphrase: 'a passphrase of the patient',
        choices: { researchConsent: true },
      });
      const owner = new MedsealClient(bed.url);
      await owner.login('city', 'ottoline', password);
      const note = { text: 'Ottoline Marsh has had fever since Monday.' };
      const body = {
        ...content,
        registrationNo: letter['registrationNo'],
        document: { ...content.document, progressNotes: [note] },
      };
      const minimal = recordId;
      const entry = await chained((await doctor.caller.post('/records', body)).body);
      expect(entry['integrity'].blinded.profile).toBe('research');
      const researcher = await bed.colleague('lakeside', 'researcher');
      const auditor = await bed.colleague('lakeside', 'auditor');
      const stranger = await bed.colleague('lakeside', 'verifier');
      const read = (by: Colleague, id = recordId) => by.caller.get(`/records/${id}/sanitized`);
      // Each hospital's gateway follows the ledger at its own pace.
      await until(async () => (await read(auditor)).status === 200);
      const text = JSON.stringify((await read(researcher)).body);
      expect(text).toContain('R50.9');
      expect(text).toContain('has had fever');
      expect(text).not.toContain('Ottoline');
      expect((await read(researcher, minimal)).status).toBe(404);
      expect((await read(auditor, minimal)).body).toMatchObject({ profile: 'minimal' });
      expect((await read(stranger)).status).toBe(404);
      const own = await owner.sanitizedRecord(recordId);
      expect(own).toMatchObject({ profile: 'research', receipt: null });
      await device.choose(owner, { researchConsent: false });
      expect((await read(researcher)).status).toBe(404);
      const log = (await owner.accessLog(letter['registrationNo'] as string)).items;
      expect(log.map(({ basis }) => basis).sort()).toEqual(['sanitized', 'sanitized', 'verifier']);
    });

    test('two patients of one sanitised document: it stays until both of them are erased', async () => {
      const admin = await bed.administrator('city');
      const labData = ['CRP', 'Iron', 'Zinc'].map((text) => ({ text, value: 2.5, unit: 'mg/dL' }));
      const made = async (name: string) => {
        const { registrationNo, ledgerId } = (await admin.post('/patients', { name })).body;
        const body = { ...content, registrationNo, document: { ...content.document, labData } };
        const { integrity } = await chained((await doctor.caller.post('/records', body)).body);
        const { object, signedFile } = integrity.sanitized;
        return { registrationNo, ledgerId, recordId, object: object.digest, signedFile: signedFile.digest };
      };
      const erased = async ({ registrationNo, ledgerId }: Record<string, Json>): Promise<void> => {
        expect([200, 202]).toContain((await admin.post(`/patients/${registrationNo}/erase`, {})).status);
        await until(async () => (await admin.get(`/erasures/${ledgerId}`)).body['status'] === 'erased');
      };
      const [one, other] = [await made('Maya'), await made('Usha')];
      expect(other.object).toBe(one.object);
      expect(other.signedFile).not.toBe(one.signedFile);
      await erased(one);
      expect([one.object, one.signedFile, other.signedFile].map((it) => existsSync(objectPath(it)))).toEqual([
        true,
        false,
        true,
      ]);
      expect((await doctor.caller.get(`/records/${other.recordId}/sanitized`)).status).toBe(200);
      await erased(other);
      expect([other.object, other.signedFile].map((it) => existsSync(objectPath(it)))).toEqual([
        false,
        false,
      ]);
    });

    test('as many verifiers as the parameters ask for, each of them once', async () => {
      const second = await bed.colleague('city', 'verifier');
      const ministry = await bed.administrator('ministry');
      await ministry.call('PUT', '/parameters', { body: { recordSteps: STEPS, attestThreshold: 2 } });
      recordId = (await write())['recordId'];
      await post(sanitizer, 'sanitize');
      await settled('uploaded');
      const first = await post(verifier, 'attest');
      expect(first).toMatchObject({ status: 'uploaded', next: { step: 'attest', role: 'verifier' } });
      expect(await waiting(verifier, 'attest')).not.toContain(recordId);
      expect(await waiting(second, 'attest')).toEqual([recordId]);
      const repeated = await post(verifier, 'attest');
      expect(repeated).toMatchObject({ status: 'uploaded' });
      expect(repeated['ledger']).toBeUndefined();
      expect(await post(second, 'attest')).toMatchObject({ status: 'attested' });
      expect((await settled('chained'))['integrity'].attestations).toHaveLength(2);
    });
  });
});
