import {
  capsulePoint,
  CryptoError,
  decodeScalar,
  fromBase64,
  GROUP_ORDER,
  invertScalar,
  mclEngine,
  openReencrypted,
  openShare,
  recoverCapsule,
  scopeKeyPair,
  sealingContext,
  toHex,
} from '@medseal/crypto';
import { grantOf } from '../src/ledger/reencryption-checks';
import type { ConsentState, DepositedShares } from '../src/model/consent-entries';
import type { PatientEntry, RecordEntry, ScopeKey } from '../src/model/entries';
import { Clinic, createFields } from './support/clinic';
import { Consents, type MadeConsent, type Owner, type Reader, type SealedRecord } from './support/consents';
import {
  CHANNEL,
  CITY,
  HealthNetwork,
  LAKESIDE,
  MINISTRY,
  MSP_IDS,
  newDigest,
  newId,
  type Person,
  refusalOf,
  VALLEY,
} from './support/health-network';

const AGENTS = [LAKESIDE, MINISTRY, VALLEY];
/** More than any other element stands for: what the agents and the reader together make of a consent. */
type Element = Awaited<ReturnType<typeof collude>>;

let ledger: HealthNetwork;
let clinic: Clinic;
let consents: Consents;
let author: Person;
let doctor: Person;
let reader: Reader;
let owner: Owner;
/** Written before the next epoch, in the general scope and in the sensitive one. */
let old: SealedRecord;
let sensitive: SealedRecord;
let stranded: RecordEntry;
let former: MadeConsent;
let element: Element;
let next: ScopeKey;

beforeAll(async () => {
  ledger = await HealthNetwork.start([...MSP_IDS, VALLEY]);
  clinic = new Clinic(ledger);
  await clinic.found();
  consents = new Consents(ledger, clinic);
  await consents.registerAgents();
  [author, doctor] = await Promise.all([clinic.staff(LAKESIDE, 'doctor'), clinic.staff(CITY, 'doctor')]);
  reader = await consents.registerKey(doctor);
  owner = await consents.owner(LAKESIDE);
  old = await consents.record(author, owner);
  sensitive = await consents.record(author, owner, { scope: 1 });
  former = await consents.activate({ owner, reader, agents: AGENTS });
  element = await collude();
  next = await keyOf(0, 2);
});

afterAll(async () => {
  await ledger?.stop();
});

const code = async (call: Promise<unknown>) => (await refusalOf(call)).code;
const keyOf = async (scope: number, epoch: number): Promise<ScopeKey> => {
  const { seed, scopeIds } = owner.patient;
  const scopeId = scopeIds[scope]!;
  const { publicKey } = scopeKeyPair(await mclEngine(), seed, scopeId, epoch);
  return { scopeId, epoch, publicKey: toHex(publicKey) };
};
const advance = (key: unknown, by = owner.person) =>
  ledger.submit<PatientEntry>(by, 'registry:advanceScope', [key]);

/** Two agents and the reader put what they have together: [1/a]G, from shares that were deposited for the consent. */
const collude = async () => {
  const engine = await mclEngine();
  const { consent } = await ledger.evaluate<ConsentState>(owner.person, 'consent:getConsent', [
    former.argument.consentId,
  ]);
  const [scope] = consent.scopes;
  const grant = grantOf(CHANNEL, consent, scope!);
  const shares = await Promise.all(
    AGENTS.slice(0, 2).map(async (mspId) => {
      const deposited = JSON.parse(former.shares[mspId]!) as DepositedShares;
      const sealedShare = fromBase64(deposited.scopes[0]!.sealedShare);
      return engine.decodeG2(
        await openShare({ grant, mspId, agentSecretKey: consents.agentSecrets[mspId]!, sealedShare }),
      );
    }),
  );
  // Interpolated at zero from the indices 1 and 2.
  const combined = engine.combineG2(shares, [2n, GROUP_ORDER - 1n]);
  return engine.multiplyG2(combined, invertScalar(decodeScalar(reader.keys.secretKey)));
};

/** Whether the element opens a capsule of the record. */
const opens = async ({ entry }: SealedRecord, capsule: Uint8Array, key: ScopeKey): Promise<boolean> => {
  const engine = await mclEngine();
  const shared = engine.pair(engine.decodeG1(capsulePoint(capsule)), element);
  const context = sealingContext({
    channel: CHANNEL,
    recordId: entry.recordId,
    version: entry.version,
    owner: entry.ledgerId,
    scopeId: key.scopeId,
    epoch: key.epoch,
    sealedDigest: entry.sealed!.sealedDigest,
  });
  try {
    recoverCapsule(engine, shared, capsule, Buffer.from(key.publicKey, 'hex'), context);
    return true;
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
};

const addSlot = async (
  record: SealedRecord,
  key: ScopeKey,
  {
    by = owner.person,
    capsule,
    ...changed
  }: { by?: Person; capsule?: Uint8Array; recipients?: string[] } = {},
) => {
  const { entry } = record;
  const made = capsule ?? (await clinic.capsule(owner.patient, entry, entry.sealed!.sealedDigest, key));
  const { scopeId, epoch } = key;
  const slot = {
    recordId: entry.recordId,
    version: entry.version,
    scopeId,
    epoch,
    headerDigest: newDigest(),
    headerBytes: 567,
    recipients: entry.sealed!.recipients,
    ...changed,
  };
  const stored = await ledger.submit<RecordEntry>(by, 'records:addKeySlot', [newDigest(), slot], {
    transient: { capsule: made },
  });
  return { stored, capsule: made };
};

/** Opens a capsule of the record with two agents' answers, as its reader does. */
const read = async (given: MadeConsent, record: SealedRecord, key: ScopeKey): Promise<number> => {
  const engine = await mclEngine();
  const { consentId } = given.argument;
  const { receiptId } = await consents.receipt(doctor, consentId, [record.entry.recordId]);
  const answers = await Promise.all(
    AGENTS.slice(1).map(async (mspId) => {
      const answer = await consents.ask(doctor, mspId, { receiptId, record, terms: given.terms });
      return { mspId, answer: fromBase64(answer.element) };
    }),
  );
  const { consent } = await ledger.evaluate<ConsentState>(owner.person, 'consent:getConsent', [consentId]);
  const { entry, capsule } = record;
  return openReencrypted(engine, {
    grant: grantOf(CHANNEL, consent, key),
    readerSecretKey: reader.keys.secretKey,
    capsule,
    context: {
      channel: CHANNEL,
      recordId: entry.recordId,
      version: entry.version,
      owner: entry.ledgerId,
      scopeId: key.scopeId,
      epoch: key.epoch,
      sealedDigest: entry.sealed!.sealedDigest,
    },
    answers,
  }).kek.length;
};

describe('the next epoch of a scope', () => {
  test('is begun by its owner alone, with the next number and a key of its own', async () => {
    const current = await keyOf(0, 1);
    const other = await consents.owner(CITY);
    for (const [refused, key, by] of [
      ['VERSION_CONFLICT', { ...next, epoch: 1 }],
      ['VERSION_CONFLICT', { ...next, epoch: 3 }],
      ['BAD_ARGUMENT', { ...next, scopeId: newId() }],
      ['BAD_ARGUMENT', { ...next, publicKey: current.publicKey }],
      ['BAD_ARGUMENT', { ...next, publicKey: (await keyOf(1, 1)).publicKey }],
      ['BAD_ARGUMENT', { ...next, publicKey: `c0${'00'.repeat(47)}` }],
      ['BAD_ARGUMENT', { ...next, publicKey: 'ab'.repeat(48) }],
      ['BAD_ARGUMENT', { ...next, more: 1 }],
      ['BAD_ARGUMENT', next, other.person],
      ['NOT_ALLOWED', next, clinic.service(LAKESIDE)],
      ['NOT_ALLOWED', next, author],
    ] as const)
      expect([await code(advance(key, by)), key]).toEqual([refused, key]);
    const keyless = await clinic.registerPatient(CITY);
    const beforeKeys = await ledger.person(CITY, 'patient', keyless.ledgerId);
    expect(await code(advance(next, beforeKeys))).toBe('PATIENT_KEYLESS');

    // Prepared for the epoch that ends now.
    const passing = { scopeId: next.scopeId, epoch: 1 };
    const { recordId } = await clinic.write(author, owner.patient, passing);
    const { ledgerId } = owner.patient;
    stranded = await clinic.create(author, ledgerId, { ...passing, recordId, version: 2 });
    const sensitiveKey = await keyOf(1, 1);
    expect((await advance(next)).scopes).toEqual([next, sensitiveKey]);
    expect(await code(advance(next))).toBe('VERSION_CONFLICT');
  });

  test('is the one of new records and consents', async () => {
    expect(await code(consents.record(author, owner))).toBe('SCOPE_NOT_CURRENT');
    expect(await code(consents.activate({ owner, reader, agents: AGENTS }))).toBe('SCOPE_NOT_CURRENT');
    const { entry } = await consents.record(author, owner, { epoch: 2 });
    expect(entry).toMatchObject({ epoch: 2, ownerSlots: [{ scopeId: next.scopeId, epoch: 2 }] });
  });

  test('a version that was created for the epoch before is created anew by its author, and no other is', async () => {
    const { recordId, version, ledgerId } = stranded;
    expect(await code(clinic.seal(author, owner.patient, stranded))).toBe('SCOPE_NOT_CURRENT');
    const again = (by: Person, fields: object) =>
      ledger.submit<RecordEntry>(by, 'records:create', [newDigest(), createFields(ledgerId, fields)]);
    const { scopeId } = next;
    const anew = { recordId, version, scopeId, epoch: 2 };
    const colleague = await clinic.staff(LAKESIDE, 'doctor');
    expect(await code(again(colleague, anew))).toBe('NOT_ALLOWED');
    const created = await again(author, anew);
    expect(created).toMatchObject({ version: 2, epoch: 2, status: 'created' });
    expect(await code(again(author, anew))).toBe('VERSION_CONFLICT');
    // What the hospital keeps of the version is there already.
    const seal = clinic.sealOf(created);
    const businessId = await clinic.announceSeal(author, seal, newDigest(), []);
    const capsule = await clinic.capsule(owner.patient, created, seal.sealed.sealedDigest, created);
    const args = [businessId, created.hospital, seal];
    const sealed = await ledger.submit<RecordEntry>(author, 'records:seal', args, { transient: { capsule } });
    expect(sealed).toMatchObject({ status: 'sealed', ownerSlots: [{ scopeId, epoch: 2 }] });
  });
});

describe('a slot of the new epoch', () => {
  let again: SealedRecord;

  test('is added by the owner to a record of theirs, in the same scope, and loses nobody', async () => {
    const other = await consents.owner(LAKESIDE);
    const current = await keyOf(1, 1);
    const { capsule: copied } = old;
    for (const [refused, call] of [
      ['NOT_ALLOWED', () => addSlot(old, next, { by: other.person })],
      ['NOT_ALLOWED', () => addSlot(old, next, { by: author })],
      ['NOT_ALLOWED', () => addSlot(old, next, { by: clinic.service(CITY) })],
      ['BAD_ARGUMENT', () => addSlot(old, current)],
      ['BAD_ARGUMENT', () => addSlot(old, next, { recipients: [owner.patient.ledgerId] })],
      ['SCOPE_NOT_CURRENT', async () => addSlot(old, await keyOf(0, 3))],
      ['CAPSULE_INVALID', () => addSlot(old, next, { capsule: copied })],
    ] as const)
      expect(await code(call())).toBe(refused);
    const { stored, capsule } = await addSlot(old, next);
    const { scopeId } = next;
    expect(stored.ownerSlots).toEqual([
      { scopeId, epoch: 1 },
      { scopeId, epoch: 2 },
    ]);
    expect(stored.sealed).toMatchObject({ dekCommitment: old.entry.sealed!.dekCommitment });
    expect(await code(addSlot(old, next))).toBe('BAD_ARGUMENT');
    again = { ...old, entry: stored, capsule };
  });

  test('a new consent opens what was added and what is new; the former one neither', async () => {
    const fresh = await consents.record(author, owner, { epoch: 2 });
    const renewed = await consents.activate({ owner, reader, agents: AGENTS, epoch: 2 });
    for (const record of [again, fresh]) expect(await read(renewed, record, next)).toBe(32);
    expect(await read(former, old, await keyOf(0, 1))).toBe(32);

    const { consentId } = former.argument;
    expect(await code(consents.receipt(doctor, consentId, [fresh.entry.recordId]))).toBe('SCOPE_NOT_GRANTED');
    const { receiptId } = await consents.receipt(doctor, consentId, [again.entry.recordId]);
    const asked = consents.ask(doctor, MINISTRY, { receiptId, record: again, terms: former.terms });
    expect(await code(asked)).toBe('CAPSULE_INVALID');
  });

  test('two agents with the reader, who have the whole of the former epoch, open nothing of the new one', async () => {
    const first = await keyOf(0, 1);
    const fresh = await consents.record(author, owner, { epoch: 2 });
    expect(await opens(old, old.capsule, first)).toBe(true);
    expect(await opens(again, again.capsule, next)).toBe(false);
    expect(await opens(fresh, fresh.capsule, next)).toBe(false);
    expect(await opens(sensitive, sensitive.capsule, await keyOf(1, 1))).toBe(false);
  });
});
