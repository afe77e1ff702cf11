import type { ReceiptEntry, RecordEntry } from '../src/model/entries';
import { Clinic, type Patient } from './support/clinic';
import {
  CITY,
  HealthNetwork,
  LAKESIDE,
  MINISTRY,
  newDigest,
  newId,
  type Person,
  refusalOf,
} from './support/health-network';

let ledger: HealthNetwork;
let clinic: Clinic;
let author: Person;
let colleague: Person;
let visiting: Person;
let patient: Patient;
let owner: Person;
let atHome: RecordEntry;
let atLakeside: RecordEntry;

beforeAll(async () => {
  ledger = await HealthNetwork.start();
  clinic = new Clinic(ledger);
  await clinic.found();
  author = await clinic.staff(CITY, 'doctor');
  colleague = await clinic.staff(CITY, 'verifier');
  visiting = await clinic.staff(LAKESIDE, 'doctor');
  patient = await clinic.registerPatient(CITY);
  atHome = await clinic.create(author, patient.ledgerId);
  const encounterId = await clinic.openEncounter(visiting, patient.ledgerId);
  atLakeside = await clinic.create(visiting, patient.ledgerId, { encounterId });
  owner = await clinic.activate(patient);
});

afterAll(async () => {
  await ledger?.stop();
});

const receipt = (by: Person, basis: string, recordIds: string[], businessId = newDigest()) =>
  ledger.submitWithId<ReceiptEntry>(by, 'access:receipt', [businessId, { basis, recordIds }]);
const receiptsOf = (by: Person, ledgerId = patient.ledgerId) =>
  ledger.list<ReceiptEntry>(by, 'access:listReceipts', [ledgerId]);

test('a receipt names its signer, its transaction and what was read', async () => {
  const businessId = newDigest();
  const { answer, transactionId } = await receipt(author, 'author', [atHome.recordId], businessId);
  expect(answer).toEqual({
    schema: 1,
    receiptId: transactionId,
    reader: author.subject,
    mspId: CITY,
    recordIds: [atHome.recordId],
    basis: 'author',
    consentId: null,
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
  });
  expect(await ledger.evaluate(owner, 'access:getReceipt', [transactionId])).toEqual(answer);
  expect(await refusalOf(receipt(author, 'author', [atHome.recordId], businessId))).toMatchObject({
    code: 'ALREADY_DONE',
    transactionId,
  });
});

test('basis author is for records the reader wrote, all of them', async () => {
  for (const [by, recordIds] of [
    [colleague, [atHome.recordId]],
    [visiting, [atHome.recordId]],
    [author, [atHome.recordId, atLakeside.recordId]],
  ] as const) {
    expect((await refusalOf(receipt(by, 'author', [...recordIds]))).code).toBe('NOT_ALLOWED');
  }
});

test("basis titleLine is for the writing hospital's and the home hospital's staff", async () => {
  const { answer } = await receipt(colleague, 'titleLine', [atHome.recordId, atLakeside.recordId]);
  expect(answer.recordIds).toEqual([atHome.recordId, atLakeside.recordId]);
  await receipt(visiting, 'titleLine', [atLakeside.recordId]);
  const auditor = await clinic.staff(MINISTRY, 'auditor');
  for (const [by, recordIds] of [
    [visiting, [atHome.recordId]],
    [visiting, [atLakeside.recordId, atHome.recordId]],
    [auditor, [atHome.recordId]],
  ] as const) {
    expect((await refusalOf(receipt(by, 'titleLine', [...recordIds]))).code).toBe('NOT_ALLOWED');
  }
});

test('a record that is not there, or none, is refused', async () => {
  expect((await refusalOf(receipt(author, 'author', [atHome.recordId, newId()]))).code).toBe(
    'RECORD_NOT_FOUND',
  );
  expect((await refusalOf(receipt(author, 'author', []))).code).toBe('BAD_ARGUMENT');
});

test('200 records fit into one receipt, listed once', async () => {
  const many = await clinic.registerPatient(CITY);
  const person = await ledger.person(CITY, 'patient', many.ledgerId);
  const created = await Promise.all(Array.from({ length: 200 }, () => clinic.create(author, many.ledgerId)));
  const recordIds = created.map(({ recordId }) => recordId);
  const { answer } = await receipt(author, 'author', recordIds);
  expect(await receiptsOf(person, many.ledgerId)).toEqual([answer]);
  // Pages that end among the records of one receipt.
  expect(await ledger.list(person, 'access:listReceipts', [many.ledgerId], 70)).toEqual([answer]);
  expect((await ledger.evaluate<string[]>(author, 'records:listByPatient', [many.ledgerId])).sort()).toEqual(
    recordIds.sort(),
  );
});

test('reads are listed for the owner and auditors, single ones for those concerned', async () => {
  const { answer } = await receipt(visiting, 'titleLine', [atLakeside.recordId]);
  const listed = await receiptsOf(owner);
  expect(listed).toContainEqual(answer);
  expect(new Set(listed.map(({ receiptId }) => receiptId)).size).toBe(listed.length);
  expect(await receiptsOf(await clinic.staff(LAKESIDE, 'auditor'))).toEqual(listed);

  const other = await clinic.activate(await clinic.registerPatient(CITY));
  expect((await refusalOf(receiptsOf(other))).code).toBe('NOT_ALLOWED');
  const get = (by: Person) => ledger.evaluate(by, 'access:getReceipt', [answer.receiptId]);
  for (const by of [visiting, owner, clinic.service(CITY)]) expect(await get(by)).toEqual(answer);
  for (const by of [author, clinic.admin(LAKESIDE), other])
    expect((await refusalOf(get(by))).code).toBe('NOT_ALLOWED');
  expect(await ledger.evaluate(author, 'access:getReceipt', [newDigest()])).toBeNull();
});
