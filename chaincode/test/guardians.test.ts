import { fromBase64, mclEngine, openReencrypted } from '@medseal/crypto';
import { grantOf } from '../src/ledger/reencryption-checks';
import type { ConsentState } from '../src/model/consent-entries';
import type { ReceiptEntry } from '../src/model/entries';
import { Clinic } from './support/clinic';
import { Consents, type MadeConsent, type Owner, type Reader, type SealedRecord } from './support/consents';
import {
  CHANNEL,
  CITY,
  HealthNetwork,
  LAKESIDE,
  MINISTRY,
  MSP_IDS,
  newDigest,
  type Person,
  refusalOf,
  VALLEY,
} from './support/health-network';

const AGENTS = [LAKESIDE, MINISTRY, VALLEY];

let ledger: HealthNetwork;
let clinic: Clinic;
let consents: Consents;
let author: Person;
let owner: Owner;
let guardian: Owner;
let key: Reader;
let record: SealedRecord;
let made: MadeConsent;

beforeAll(async () => {
  ledger = await HealthNetwork.start([...MSP_IDS, VALLEY]);
  clinic = new Clinic(ledger);
  await clinic.found();
  consents = new Consents(ledger, clinic);
  await consents.registerAgents();
  author = await clinic.staff(LAKESIDE, 'doctor');
  owner = await consents.owner(LAKESIDE);
  guardian = await consents.owner(CITY);
  record = await consents.record(author, owner);
  key = await keyOf(guardian.person);
  made = await consents.activate({ owner, reader: key, agents: AGENTS });
});

afterAll(async () => {
  await ledger?.stop();
});

const code = async (call: Promise<unknown>) => (await refusalOf(call)).code;
const keyOf = async (person: Person, epoch = 1): Promise<Reader> => {
  const reader = await consents.registerKey(person, epoch);
  return { ...reader, grantee: { ...reader.grantee, kind: 'guardian' } };
};
const receipts = (by: Person) =>
  ledger.list<ReceiptEntry>(by, 'access:listReceipts', [owner.patient.ledgerId]);
const listed = (by: Person, granteeId: string) =>
  ledger.list<ConsentState>(by, 'consent:listConsentsTo', [granteeId]);

test('a guardian reads what the consent covers, with a receipt, and sees it and the access log', async () => {
  const { consentId } = made.argument;
  const { receiptId } = await consents.receipt(guardian.person, consentId, [record.entry.recordId]);
  const answers = await Promise.all(
    AGENTS.slice(1).map(async (mspId) => {
      const asked = await consents.ask(guardian.person, mspId, { receiptId, record, terms: made.terms });
      return { mspId, answer: fromBase64(asked.element) };
    }),
  );
  const [state] = await listed(guardian.person, guardian.patient.ledgerId);
  expect(state).toMatchObject({ status: 'active', consent: { consentId, grantee: { kind: 'guardian' } } });
  const { entry, capsule } = record;
  const { kek } = openReencrypted(await mclEngine(), {
    grant: grantOf(CHANNEL, state!.consent, entry),
    readerSecretKey: key.keys.secretKey,
    capsule,
    context: {
      channel: CHANNEL,
      recordId: entry.recordId,
      version: entry.version,
      owner: entry.ledgerId,
      scopeId: entry.scopeId,
      epoch: entry.epoch,
      sealedDigest: entry.sealed!.sealedDigest,
    },
    answers,
  });
  expect(kek).toHaveLength(32);
  const reader = guardian.patient.ledgerId;
  for (const by of [guardian.person, owner.person])
    expect(await receipts(by)).toMatchObject([{ receiptId, reader, basis: 'consent', consentId }]);
});

test('nobody else does, and a guardian neither by another basis nor for another owner', async () => {
  const { consentId } = made.argument;
  const stranger = await consents.owner(CITY);
  const doctor = await clinic.staff(CITY, 'doctor');
  const { recordId } = record.entry;
  for (const by of [stranger.person, owner.person, doctor])
    expect(await code(consents.receipt(by, consentId, [recordId]))).toBe('NOT_GRANTEE');
  for (const basis of ['author', 'titleLine']) {
    const call = ledger.submit(guardian.person, 'access:receipt', [
      newDigest(),
      { basis, recordIds: [recordId] },
    ]);
    expect(await code(call)).toBe('NOT_ALLOWED');
  }
  const other = await consents.owner(LAKESIDE);
  const others = await consents.record(author, other);
  const foreign = consents.receipt(guardian.person, consentId, [others.entry.recordId]);
  expect(await code(foreign)).toBe('NOT_ALLOWED');
  expect(await code(receipts(stranger.person))).toBe('NOT_ALLOWED');
  expect(await code(listed(stranger.person, guardian.patient.ledgerId))).toBe('NOT_ALLOWED');
  const logOfOther = ledger.list(guardian.person, 'access:listReceipts', [other.patient.ledgerId]);
  expect(await code(logOfOther)).toBe('NOT_ALLOWED');
  const { receiptId } = await consents.receipt(guardian.person, consentId, [recordId]);
  const asking = { receiptId, record, terms: made.terms };
  expect(await code(consents.ask(stranger.person, MINISTRY, asking))).toBe('RECEIPT_DIFFERS');
});

test('is another patient with keys, under their own key; staff take no patient’s id', async () => {
  const grant = async (reader: Reader, by = owner) =>
    code(consents.activate({ owner: by, reader, agents: AGENTS }));
  const doctor = await clinic.staff(CITY, 'doctor');
  const doctorsKey = await consents.registerKey(doctor);
  const asGuardian = { ...doctorsKey, grantee: { ...doctorsKey.grantee, kind: 'guardian' as const } };
  expect(await grant(asGuardian)).toBe('NOT_A_GUARDIAN');
  const own = await consents.owner(CITY);
  expect(await grant(await keyOf(own.person), own)).toBe('NOT_A_GUARDIAN');

  const keyless = await clinic.registerPatient(CITY);
  const beforeKeys = await ledger.person(CITY, 'patient', keyless.ledgerId);
  expect(await code(consents.registerKey(beforeKeys))).toBe('PATIENT_KEYLESS');
  // An administrator who puts a patient's id on the staff gets no key for it.
  const { ledgerId: staffId } = own.patient;
  await clinic.putStaff({ staffId, mspId: CITY, role: 'auditor', status: 'active', version: 1 });
  const impostor = await ledger.person(CITY, 'auditor', staffId);
  expect(await code(consents.registerKey(impostor, 2))).toBe('NOT_ALLOWED');
  // A consent to a patient as to a member of staff opens nothing.
  const asPerson = { ...key, grantee: { ...key.grantee, kind: 'person' as const } };
  const wrong = await consents.activate({ owner, reader: asPerson, agents: AGENTS });
  const call = consents.receipt(guardian.person, wrong.argument.consentId, [record.entry.recordId]);
  expect(await code(call)).toBe('NOT_GRANTEE');
});

test('once revoked, a guardian reads no more, and sees no log', async () => {
  const { consentId } = made.argument;
  const { receiptId } = await consents.receipt(guardian.person, consentId, [record.entry.recordId]);
  await ledger.submit(owner.person, 'consent:revoke', [consentId]);
  const asking = { receiptId, record, terms: made.terms };
  expect(await code(consents.ask(guardian.person, MINISTRY, asking))).toBe('CONSENT_REVOKED');
  expect(await code(consents.receipt(guardian.person, consentId, [record.entry.recordId]))).toBe(
    'CONSENT_REVOKED',
  );
  expect(await code(receipts(guardian.person))).toBe('NOT_ALLOWED');
});
