import { randomUUID } from 'node:crypto';
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
});
