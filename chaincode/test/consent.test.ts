import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  canonicalJson,
  fromBase64,
  mclEngine,
  newReaderKeyPair,
  openCapsule,
  openReencrypted,
  proveReaderKey,
  scopeKeyPair,
  sealingContext,
  toBase64,
  toHex,
} from '@medseal/crypto';
import { privateKeys } from '../src/ledger/keys';
import { grantOf } from '../src/ledger/reencryption-checks';
import type {
  ConsentEntry,
  ConsentPreview,
  ConsentState,
  DepositedShares,
  Grantee,
  ResearchChoiceEntry,
} from '../src/model/consent-entries';
import type { ReceiptEntry } from '../src/model/entries';
import { Clinic } from './support/clinic';
import {
  Consents,
  type MadeConsent,
  MINUTE,
  type Owner,
  type Reader,
  type SealedRecord,
} from './support/consents';
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
  sha256,
  VALLEY,
} from './support/health-network';

const AGENTS = [LAKESIDE, MINISTRY, VALLEY];

let ledger: HealthNetwork;
let clinic: Clinic;
let consents: Consents;
let author: Person;
let doctor: Person;
let colleague: Person;
let reader: Reader;
let owner: Owner;
let record: SealedRecord;
let made: MadeConsent;
let receipt: ReceiptEntry;

beforeAll(async () => {
  ledger = await HealthNetwork.start([...MSP_IDS, VALLEY]);
  clinic = new Clinic(ledger);
  await clinic.found();
  consents = new Consents(ledger, clinic);
  await consents.registerAgents();
  [author, doctor, colleague] = await Promise.all([
    clinic.staff(LAKESIDE, 'doctor'),
    clinic.staff(CITY, 'doctor'),
    clinic.staff(CITY, 'doctor'),
  ]);
  reader = await consents.registerKey(doctor);
  owner = await consents.owner(LAKESIDE);
  record = await consents.record(author, owner);
  made = await consents.activate({ owner, reader, agents: AGENTS });
  receipt = await consents.receipt(doctor, made.argument.consentId, [record.entry.recordId]);
});

afterAll(async () => {
  await ledger?.stop();
});

const code = async (call: Promise<unknown>) => (await refusalOf(call)).code;
const state = (by: Person, consentId = made.argument.consentId) =>
  ledger.evaluate<ConsentState>(by, 'consent:getConsent', [consentId]);
const asking = () => ({ receiptId: receipt.receiptId, record, terms: made.terms });

describe('a consent', () => {
  test('opens the record to its grantee with the answers of two agents, and of any two', async () => {
    const { consent, status, answers } = await state(owner.person);
    expect(status).toBe('active');
    expect(answers.map(({ mspId, answer }) => [mspId, answer])).toEqual(
      AGENTS.map((mspId) => [mspId, 'accepted']),
    );
    const elements = await Promise.all(
      AGENTS.map(async (mspId) => {
        const { element, index } = await consents.ask(doctor, mspId, asking());
        expect(index).toBe(AGENTS.indexOf(mspId) + 1);
        return { mspId, answer: fromBase64(element) };
      }),
    );
    const engine = await mclEngine();
    const { entry, capsule } = record;
    const context = {
      channel: CHANNEL,
      recordId: entry.recordId,
      version: entry.version,
      owner: entry.ledgerId,
      scopeId: entry.scopeId,
      epoch: entry.epoch,
      sealedDigest: entry.sealed!.sealedDigest,
    };
    const { secretKey } = scopeKeyPair(engine, owner.patient.seed, entry.scopeId, entry.epoch);
    const kek = openCapsule(engine, secretKey, capsule, sealingContext(context));
    for (const left of [0, 1, 2]) {
      const opened = openReencrypted(engine, {
        grant: grantOf(CHANNEL, consent, entry),
        readerSecretKey: reader.keys.secretKey,
        capsule,
        context,
        answers: elements.filter((_, at) => at !== left),
      });
      expect(opened).toEqual({ kek, culprits: [] });
    }
  });
});

describe('keys', () => {
  const register = (by: Person, { grantee, proof }: Reader, epoch = 1) =>
    ledger.submit(by, 'consent:registerKey', [grantee.publicKey, proof, epoch]);

  test('are registered with a proof, epoch by epoch', async () => {
    const { grantee, proof } = reader;
    expect(await ledger.evaluate(owner.person, 'consent:getConsentKey', [doctor.subject])).toEqual({
      schema: 1,
      subject: doctor.subject,
      mspId: CITY,
      publicKey: grantee.publicKey,
      proof,
      certificate: doctor.certificate,
      certificateHash: grantee.certificateHash,
      epoch: 1,
    });
    expect(await ledger.evaluate(owner.person, 'consent:getConsentKey', [colleague.subject])).toBeNull();
    for (const epoch of [1, 3])
      expect(await code(register(doctor, await consents.newKey(doctor), epoch))).toBe('VERSION_CONFLICT');
  });

  test('need a proof for this very certificate and organisation', async () => {
    const own = await consents.newKey(colleague);
    const engine = await mclEngine();
    const { certificateHash } = own.grantee;
    const elsewhere = proveReaderKey(engine, own.keys.secretKey, { mspId: LAKESIDE, certificateHash });
    const another = toHex(newReaderKeyPair(engine).publicKey);
    const generator = toHex(engine.encodeG2(engine.generatorG2));
    for (const wrong of [
      reader,
      { ...own, proof: reader.proof },
      { ...own, proof: toHex(elsewhere.proof) },
      { ...own, grantee: { ...own.grantee, publicKey: another } },
      { ...own, grantee: { ...own.grantee, publicKey: generator } },
      { ...own, grantee: { ...own.grantee, publicKey: `c0${'00'.repeat(95)}` } },
    ]) {
      expect(await code(register(colleague, wrong))).toBe('KEY_PROOF_INVALID');
    }
  });

  test('are of staff of hospitals who are on the ledger', async () => {
    const auditor = await clinic.staff(MINISTRY, 'auditor');
    for (const by of [auditor, clinic.service(CITY)])
      expect(await code(register(by, reader))).toBe('NOT_ALLOWED');
    // A patient may, as somebody's guardian, but with a key of their own.
    expect(await code(register(owner.person, reader))).toBe('KEY_PROOF_INVALID');
    expect(await code(register(clinic.admin(CITY), reader))).toBe('STAFF_NOT_FOUND');
  });

  test('of care teams are put by their hospital, named teams by its administrator', async () => {
    const admin = clinic.admin(CITY);
    const team = await consents.team(admin, 'named', [doctor.subject]);
    const stored = await ledger.evaluate(owner.person, 'consent:getCareTeam', [team.grantee.id]);
    expect(stored).toMatchObject({ mspId: CITY, kind: 'named', members: [doctor.subject], epoch: 1 });
    await consents.team(clinic.service(CITY), 'duty');
    await consents.team(clinic.service(CITY), 'treating');
    for (const [refused, by, kind, members, epoch] of [
      ['NOT_ALLOWED', clinic.service(CITY), 'named', [doctor.subject], 1],
      ['NOT_ALLOWED', doctor, 'duty', [], 1],
      ['STAFF_NOT_FOUND', admin, 'named', [author.subject], 1],
      ['VERSION_CONFLICT', admin, 'duty', [], 2],
    ] as const) {
      expect(await code(consents.team(by, kind, [...members], newId(), epoch))).toBe(refused);
    }
    const { id } = team.grantee;
    for (const [refused, by, kind, members] of [
      ['NOT_ALLOWED', clinic.admin(LAKESIDE), 'named', [author.subject]],
      ['BAD_ARGUMENT', admin, 'duty', []],
    ] as const) {
      expect(await code(consents.team(by, kind, [...members], id, 2))).toBe(refused);
    }
  });
});

describe('a grant', () => {
  const grant = (changed: object, by = owner.person, businessId = newDigest()) =>
    ledger.submit(by, 'consent:grant', [businessId, changed]);

  test('is listed with its status for owner and grantee, and shown to nobody else', async () => {
    const { consentId } = made.argument;
    const listed = await ledger.list<ConsentState>(owner.person, 'consent:listConsents', [
      owner.patient.ledgerId,
    ]);
    const to = await ledger.list<ConsentState>(doctor, 'consent:listConsentsTo', [doctor.subject]);
    for (const list of [listed, to])
      expect(list.map(({ consent }) => consent.consentId)).toContain(consentId);
    const other = await consents.owner(CITY);
    for (const by of [other.person, author, clinic.manager])
      expect(await code(state(by))).toBe('NOT_ALLOWED');
    expect(await code(ledger.list(other.person, 'consent:listConsents', [owner.patient.ledgerId]))).toBe(
      'NOT_ALLOWED',
    );
    expect(await code(ledger.list(colleague, 'consent:listConsentsTo', [doctor.subject]))).toBe(
      'NOT_ALLOWED',
    );
    for (const by of [doctor, colleague, clinic.service(VALLEY)])
      expect((await state(by)).consent.consentId).toBe(consentId);
    expect(await code(state(doctor, newId()))).toBe('CONSENT_NOT_FOUND');
  });

  test('that does not hold together is refused, and nothing is written', async () => {
    const { argument } = await consents.make({ owner, reader, agents: AGENTS });
    const scope = argument.scopes[0]!;
    const [first, second, third] = scope.points as [string, string, string];
    const points = (...changed: string[]) => ({ ...argument, scopes: [{ ...scope, points: changed }] });
    const grantee = (changed: Partial<Grantee>) => ({
      ...argument,
      grantee: { ...argument.grantee, ...changed },
    });
    const agent = (at: number, changed: object) => ({
      ...argument,
      agents: argument.agents.map((one, index) => (index === at ? { ...one, ...changed } : one)),
    });
    const other = await consents.make({ owner, reader, agents: AGENTS });
    const wrong: [string, object][] = [
      ['THRESHOLD_DIFFERS', { ...argument, threshold: 3 }],
      ['KEY_NOT_REGISTERED', grantee({ id: colleague.subject })],
      ['KEY_NOT_REGISTERED', grantee({ mspId: VALLEY })],
      ['KEY_NOT_REGISTERED', grantee({ epoch: 2 })],
      ['KEY_NOT_REGISTERED', grantee({ certificateHash: newDigest() })],
      ['KEY_NOT_REGISTERED', grantee({ publicKey: (await consents.newKey(doctor)).grantee.publicKey })],
      ['KEY_NOT_REGISTERED', grantee({ kind: 'careTeam' })],
      ['AGENT_NOT_ELIGIBLE', agent(0, { mspId: CITY })],
      ['AGENT_NOT_ELIGIBLE', agent(2, { mspId: 'ZetaMSP' })],
      ['AGENT_NOT_ELIGIBLE', agent(1, { publicKey: newDigest() })],
      ['SCOPE_NOT_CURRENT', { ...argument, scopes: [{ ...scope, epoch: 2 }] }],
      ['SCOPE_NOT_CURRENT', { ...argument, scopes: [{ ...scope, scopeId: newId() }] }],
      ['BAD_ARGUMENT', { ...argument, scopes: [{ ...scope, publicKey: first }] }],
      ['GRANT_INVALID', points(second, first, third)],
      ['GRANT_INVALID', points(first, second, other.argument.scopes[0]!.points[2]!)],
      ['GRANT_INVALID', points(first, second, 'c3'.repeat(48))],
      ['GRANT_INVALID', points(first, second, `c0${'00'.repeat(47)}`)],
      ['SHARE_POINT_USED', { ...argument, scopes: made.argument.scopes }],
      ['CONSENT_EXISTS', { ...argument, consentId: made.argument.consentId }],
      ['CONSENT_EXPIRED', { ...argument, expiresAt: consents.at(-1000) }],
      ['BAD_ARGUMENT', { ...argument, ledgerId: owner.patient.ledgerId }],
    ];
    for (const [refused, changed] of wrong)
      expect([await code(grant(changed)), changed]).toEqual([refused, changed]);
    expect(await code(state(owner.person, argument.consentId))).toBe('CONSENT_NOT_FOUND');

    const another = await consents.owner(CITY);
    expect(await code(grant(argument, another.person))).toBe('SCOPE_NOT_CURRENT');
    const keyless = await clinic.registerPatient(CITY);
    const beforeKeys = await ledger.person(CITY, 'patient', keyless.ledgerId);
    expect(await code(grant(argument, beforeKeys))).toBe('PATIENT_KEYLESS');
    for (const by of [doctor, clinic.service(LAKESIDE), clinic.admin(LAKESIDE)])
      expect(await code(grant(argument, by))).toBe('NOT_ALLOWED');
  });

  test('to a key that was replaced says so', async () => {
    const admin = clinic.admin(CITY);
    const team = await consents.team(admin, 'duty');
    const given = await consents.make({ owner, reader: team, agents: AGENTS });
    const { argument } = given;
    await consents.grant(owner, given);
    const epochs = async () => {
      const { consent, granteeEpoch } = await state(owner.person, argument.consentId);
      return [consent.grantee.epoch, granteeEpoch];
    };
    expect(await epochs()).toEqual([1, 1]);
    await consents.team(admin, 'duty', [], team.grantee.id, 2);
    expect(await epochs()).toEqual([1, 2]);
  });

  test('is made once, and answers a request once', async () => {
    const requestId = newId();
    const wish = { owner, reader, agents: AGENTS, requestId };
    const businessId = newDigest();
    const first = await consents.make(wish);
    const entry = await consents.grant(owner, first, businessId);
    expect(entry).toMatchObject({ ledgerId: owner.patient.ledgerId, revokedAt: null });
    expect(await code(consents.grant(owner, first, businessId))).toBe('ALREADY_DONE');
    expect(await code(consents.grant(owner, await consents.make(wish)))).toBe('REQUEST_ANSWERED');
    expect(await code(ledger.submit(owner.person, 'consent:deny', [requestId]))).toBe('REQUEST_ANSWERED');
    expect(await ledger.list(doctor, 'consent:getRequestAnswers', [requestId])).toMatchObject([
      { answer: 'granted', consentId: first.argument.consentId },
    ]);
    expect((await state(owner.person, first.argument.consentId)).status).toBe('granted');
  });
});

describe('shares', () => {
  let pending: MadeConsent;
  let consentId: string;

  beforeAll(async () => {
    pending = await consents.make({ owner, reader, agents: AGENTS });
    await consents.grant(owner, pending);
    consentId = pending.argument.consentId;
  });

  test('are deposited by the owner with each agent, only as the grant names them', async () => {
    expect(await code(consents.check(LAKESIDE, consentId))).toBe('SHARE_MISSING');
    const accepted = { answer: 'accepted', code: null } as const;
    expect(await code(consents.answer(LAKESIDE, consentId, accepted))).toBe('SHARE_MISSING');
    const stranger = await consents.owner(CITY);
    expect(await code(consents.deposit(stranger, pending, LAKESIDE))).toBe('NOT_ALLOWED');
    expect(await code(consents.deposit({ ...owner, person: doctor }, pending, LAKESIDE))).toBe('NOT_ALLOWED');
    expect(await code(consents.deposit(owner, pending, CITY, pending.shares[LAKESIDE]!))).toBe(
      'NOT_AN_AGENT',
    );
    for (const share of [pending.shares[VALLEY]!, made.shares[LAKESIDE]!])
      expect(await code(consents.deposit(owner, pending, LAKESIDE, share))).toBe('SHARE_INVALID');
    expect(await code(consents.deposit(owner, pending, LAKESIDE, '{}'))).toBe('BAD_ARGUMENT');
    await consents.deposit(owner, pending, LAKESIDE);
    expect(await code(consents.deposit(owner, pending, LAKESIDE))).toBe('PRIVATE_VALUE_EXISTS');
  });

  test('are checked and answered by the service of each agent; two answers make the consent active', async () => {
    for (const agent of [MINISTRY, VALLEY]) await consents.deposit(owner, pending, agent);
    expect(await consents.check(LAKESIDE, consentId)).toEqual({
      answer: 'accepted',
      code: null,
      blames: null,
    });
    const foreign = ledger.evaluate(clinic.service(CITY), 'consent:checkShare', [consentId], {
      at: LAKESIDE,
    });
    expect(await code(foreign)).toBe('WRONG_PEER');
    expect(await code(consents.check(CITY, consentId))).toBe('NOT_AN_AGENT');
    const [yes, no] = [
      { answer: 'accepted', code: null },
      { answer: 'complained', code: 'doesNotFit' },
    ] as const;
    expect(await code(consents.answer(CITY, consentId, yes))).toBe('NOT_AN_AGENT');
    expect(await code(consents.answer(LAKESIDE, consentId, { ...no, code: null }))).toBe('BAD_ARGUMENT');
    await consents.answer(LAKESIDE, consentId, yes);
    expect(await code(consents.answer(LAKESIDE, consentId, no))).toBe('NOT_ALLOWED');
    expect((await state(owner.person, consentId)).status).toBe('granted');
    const early = consents.receipt(doctor, consentId, [record.entry.recordId]);
    expect(await code(early)).toBe('CONSENT_NOT_ACTIVE');
    await consents.answer(MINISTRY, consentId, yes);
    expect((await state(owner.person, consentId)).status).toBe('active');
    await consents.answer(VALLEY, consentId, no);
    expect((await state(owner.person, consentId)).status).toBe('granted');
    await consents.answer(VALLEY, consentId, yes);
    expect((await state(owner.person, consentId)).status).toBe('active');
  });

  test.each([
    ['does not fit', 'doesNotFit'],
    ['does not open', 'doesNotOpen'],
  ])('that %s is complained of, and the complaint names the patient', async (_, complaint) => {
    const bad = await consents.make({ owner, reader, agents: AGENTS });
    const wrong = await wrongShare(bad, complaint === 'doesNotFit');
    await consents.grant(owner, wrong);
    for (const agent of AGENTS) await consents.deposit(owner, wrong, agent);
    const { consentId: wrongId } = wrong.argument;
    const verdict = await consents.check(VALLEY, wrongId);
    expect(verdict).toEqual({ answer: 'complained', code: complaint, blames: owner.patient.ledgerId });
    for (const agent of [LAKESIDE, MINISTRY])
      await consents.answer(agent, wrongId, await consents.check(agent, wrongId));
    expect((await state(owner.person, wrongId)).status).toBe('active');
    const { receiptId } = await consents.receipt(doctor, wrongId, [record.entry.recordId]);
    const answer = consents.ask(doctor, VALLEY, { receiptId, record, terms: wrong.terms });
    expect(await code(answer)).toBe('SHARE_INVALID');

    await consents.answer(VALLEY, wrongId, verdict);
    const { status, answers } = await state(owner.person, wrongId);
    expect(status).toBe('granted');
    expect(answers.find(({ mspId }) => mspId === VALLEY)).toMatchObject({ ...verdict, mspId: VALLEY });
    const afterwards = consents.ask(doctor, LAKESIDE, { receiptId, record, terms: wrong.terms });
    expect(await code(afterwards)).toBe('CONSENT_NOT_ACTIVE');
  });

  test('are not judged by a process without its key', async () => {
    const { agentKeyFile } = ledger.chaincode(VALLEY);
    const key = readFileSync(agentKeyFile);
    for (const [bytes, mode] of [
      [key, 0o640],
      [key.subarray(1), 0o600],
      [randomBytes(32), 0o600],
    ] as const) {
      writeFileSync(agentKeyFile, bytes);
      chmodSync(agentKeyFile, mode);
      expect(await code(consents.check(VALLEY, consentId))).toBe('AGENT_KEY_MISSING');
    }
    rmSync(agentKeyFile);
    expect(await code(consents.check(VALLEY, consentId))).toBe('AGENT_KEY_MISSING');
    writeFileSync(agentKeyFile, key, { mode: 0o600 });
    expect((await consents.check(VALLEY, consentId)).answer).toBe('accepted');
  });
});

/** The third share is of another polynomial of the same grant, or of bytes that open to nobody. */
const wrongShare = async (good: MadeConsent, opens: boolean): Promise<MadeConsent> => {
  const { consentId } = good.argument;
  const again = await consents.make({ owner, reader, agents: AGENTS, consentId });
  const third = JSON.parse(again.shares[VALLEY]!) as DepositedShares;
  if (!opens) third.scopes[0]!.sealedShare = toBase64(randomBytes(144));
  const digest = sha256(fromBase64(third.scopes[0]!.sealedShare));
  const [scope] = good.argument.scopes;
  const shareDigests = [...scope!.shareDigests.slice(0, 2), digest];
  return {
    ...good,
    argument: { ...good.argument, scopes: [{ ...scope!, shareDigests }] },
    shares: { ...good.shares, [VALLEY]: canonicalJson(third) },
  };
};

describe('a receipt under a consent', () => {
  const receipted = (
    by: Person,
    records: SealedRecord[],
    transient = {},
    consentId = made.argument.consentId,
  ) =>
    consents.receipt(
      by,
      consentId,
      records.map(({ entry }) => entry.recordId),
      transient,
    );

  test('says when and under which consent', () => {
    expect(receipt).toMatchObject({
      reader: doctor.subject,
      mspId: CITY,
      basis: 'consent',
      consentId: made.argument.consentId,
      recordIds: [record.entry.recordId],
      at: expect.stringMatching(/Z$/) as string,
    });
  });

  test("is the grantee's alone, for the owner's records in the scopes of the consent", async () => {
    expect(await code(receipted(colleague, [record]))).toBe('NOT_GRANTEE');
    expect(await code(receipted(author, [record]))).toBe('NOT_GRANTEE');
    expect(await code(receipted(doctor, [record], {}, newId()))).toBe('CONSENT_NOT_FOUND');
    const sensitive = await consents.record(author, owner, { scope: 1 });
    expect(await code(receipted(doctor, [record, sensitive]))).toBe('SCOPE_NOT_GRANTED');
    const another = await consents.record(author, await consents.owner(LAKESIDE));
    expect(await code(receipted(doctor, [record, another]))).toBe('NOT_ALLOWED');
    expect(await code(receipted(owner.person, [record]))).toBe('NOT_GRANTEE');
    expect(await code(receipted(clinic.service(CITY), [record]))).toBe('NOT_ALLOWED');
  });

  test("is a team's as long as its rule holds, and so is the answer", async () => {
    const admin = clinic.admin(CITY);
    const verifier = await clinic.staff(CITY, 'verifier');
    const [named, duty, treating] = await Promise.all([
      consents.team(admin, 'named', [verifier.subject]),
      consents.team(admin, 'duty'),
      consents.team(admin, 'treating'),
    ]);
    const [toNamed, toDuty, toTreating] = await Promise.all(
      [named, duty, treating].map((team) => consents.activate({ owner, reader: team, agents: AGENTS })),
    );
    const under = (by: Person, consent: MadeConsent | undefined, transient = {}) =>
      receipted(by, [record], transient, consent!.argument.consentId);
    const ask = (
      by: Person,
      { receiptId }: ReceiptEntry,
      consent: MadeConsent | undefined,
      encounter?: string,
    ) => consents.ask(by, LAKESIDE, { receiptId, record, terms: consent!.terms, encounter });

    expect(await code(under(doctor, toNamed))).toBe('NOT_GRANTEE');
    const ofMember = await under(verifier, toNamed);
    expect((await ask(verifier, ofMember, toNamed)).index).toBe(1);
    await consents.team(admin, 'named', [doctor.subject], named.grantee.id, 2);
    expect(await code(ask(verifier, ofMember, toNamed))).toBe('NOT_GRANTEE');

    expect(await code(under(verifier, toDuty))).toBe('NOT_GRANTEE');
    expect(await code(under(author, toDuty))).toBe('NOT_GRANTEE');
    expect((await ask(doctor, await under(doctor, toDuty), toDuty)).index).toBe(1);

    const encounter = await clinic.openEncounter(doctor, owner.patient.ledgerId);
    expect(await code(under(doctor, toTreating))).toBe('NOT_GRANTEE');
    expect(await code(under(doctor, toTreating, { encounter: newId() }))).toBe('ENCOUNTER_NOT_OPEN');
    const ofWard = await under(doctor, toTreating, { encounter });
    expect((await ask(doctor, ofWard, toTreating, encounter)).index).toBe(1);
    expect(await code(ask(doctor, ofWard, toTreating))).toBe('NOT_GRANTEE');
    await clinic.closeEncounter(doctor, owner.patient.ledgerId, encounter);
    expect(await code(ask(doctor, ofWard, toTreating, encounter))).toBe('ENCOUNTER_NOT_OPEN');
    expect(await code(under(doctor, toTreating, { encounter }))).toBe('ENCOUNTER_NOT_OPEN');
  });
});

describe('a hostile client', () => {
  const ask = (changed: Partial<Parameters<Consents['ask']>[2]>, by = doctor, agent = MINISTRY) =>
    consents.ask(by, agent, { ...asking(), ...changed });

  test('gains nothing by asking again: the answer is the same', async () => {
    const first = await ask({});
    expect(await ask({})).toEqual(first);
    const proven = await ask({ withProof: true });
    expect(fromBase64(proven.element)).toHaveLength(704);
    expect(fromBase64(proven.element).subarray(0, 576)).toEqual(fromBase64(first.element));
  });

  test('with a replayed, foreign or other receipt, or none, gets nothing', async () => {
    expect(await code(ask({ receiptId: newDigest() }))).toBe('RECEIPT_NOT_FOUND');
    expect(await code(ask({}, colleague))).toBe('RECEIPT_DIFFERS');
    const own = await ledger.submit<ReceiptEntry>(author, 'access:receipt', [
      newDigest(),
      { basis: 'author', recordIds: [record.entry.recordId] },
    ]);
    expect(await code(ask({ receiptId: own.receiptId }, author))).toBe('RECEIPT_DIFFERS');
    const other = await consents.record(author, owner);
    expect(await code(ask({ record: other }))).toBe('RECEIPT_DIFFERS');
    expect(await code(ask({}, owner.person))).toBe('RECEIPT_DIFFERS');
    expect(await code(ask({}, clinic.service(CITY)))).toBe('NOT_ALLOWED');
    expect(await code(ask({ age: 6 * MINUTE }))).toBe('PROPOSAL_STALE');
    expect(await code(ask({}, doctor, CITY))).toBe('NOT_AN_AGENT');
  });

  test('with a copied, mauled or misplaced capsule gets nothing', async () => {
    const { capsule, entry } = record;
    const other = await consents.record(author, owner);
    const engine = await mclEngine();
    const c1 = engine.decodeG1(capsule.slice(0, 48), 'C1');
    const mauled = Uint8Array.from(capsule);
    mauled.set(engine.encodeG1(engine.multiplyG1(c1, 7n)));
    const flipped = [48, 80, 112].map((at) => capsule.map((byte, index) => (index === at ? byte ^ 1 : byte)));
    const later = await clinic.capsule(owner.patient, entry, entry.sealed!.sealedDigest, {
      ...entry,
      epoch: 2,
    });
    for (const wrong of [other.capsule, mauled, ...flipped, later, capsule.subarray(1), new Uint8Array(144)])
      expect(await code(ask({ capsule: wrong }))).toBe('CAPSULE_INVALID');

    // The reader is a doctor who may write too: the copy does not become a record of their own.
    const encounterId = await clinic.openEncounter(doctor, owner.patient.ledgerId);
    const { scopeId, epoch } = entry;
    const created = await clinic.create(doctor, owner.patient.ledgerId, { scopeId, epoch, encounterId });
    const seal = clinic.sealOf(created);
    const businessId = await clinic.announceSeal(doctor, seal);
    for (const copy of [capsule, mauled]) {
      const registered = ledger.submit(doctor, 'records:seal', [businessId, CITY, seal], {
        transient: { capsule: copy },
      });
      expect(await code(registered)).toBe('CAPSULE_INVALID');
    }
  });

  test('with other terms or another selector gets nothing', async () => {
    const { terms } = made;
    for (const wrong of [
      { ...terms, recordTypes: ['OPConsultation', 'Prescription'] },
      { ...terms, dateRange: { ...terms.dateRange, to: '2027-12-31' } },
      { ...terms, dataEraseAt: '2099-01-01T00:00:00.000Z' },
      { ...terms, purpose: 'DSRCH' as const },
      { ...terms, salt: newDigest() },
    ]) {
      expect(await code(ask({ terms: wrong }))).toBe('TERMS_DIFFER');
    }
    const { selector } = record;
    for (const wrong of [
      { ...selector, date: '2026-05-02' },
      { ...selector, recordType: 'Prescription' },
      { ...selector, salt: newDigest() },
    ]) {
      expect(await code(ask({ selector: wrong }))).toBe('SELECTOR_DIFFERS');
    }
    const outside = [
      await consents.record(author, owner, { date: '2025-12-31' }),
      await consents.record(author, owner, { date: '2027-01-01' }),
      await consents.record(author, owner, { recordType: 'Prescription' }),
    ];
    const recordIds = outside.map(({ entry }) => entry.recordId);
    const { receiptId } = await consents.receipt(doctor, made.argument.consentId, recordIds);
    for (const one of outside) expect(await code(ask({ receiptId, record: one }))).toBe('NOT_IN_TERMS');
  });

  test('leaves one line and one count a refusal at the agent, without anything clinical', async () => {
    const { refusals, metrics } = ledger.chaincode(VALLEY);
    const count = async () => {
      const text = await (await fetch(`http://${metrics}/metrics`)).text();
      return Number(/refusals_total\{code="TERMS_DIFFER"\} (\d+)/.exec(text)?.[1] ?? 0);
    };
    const counted = await count();
    const before = refusals.length;
    await refusalOf(ask({}, colleague, VALLEY));
    await refusalOf(ask({ terms: { ...made.terms, salt: newDigest() } }, doctor, VALLEY));
    await until(() => refusals.length === before + 2);
    expect(await count()).toBe(counted + 1);
    const lines = refusals.slice(before).map((line) => JSON.parse(line) as Record<string, string>);
    expect(lines).toMatchObject([
      { code: 'RECEIPT_DIFFERS', reader: colleague.subject, mspId: CITY },
      { code: 'TERMS_DIFFER', reader: doctor.subject, mspId: CITY },
    ]);
    for (const line of lines) {
      expect(Object.keys(line).sort()).toEqual(
        ['code', 'level', 'mspId', 'reader', 'refused', 'transactionId'].sort(),
      );
    }
  });
});

describe('what the owner is shown beforehand', () => {
  const preview = (by: Person, kind: string, id: string) =>
    ledger.evaluate<ConsentPreview[]>(by, 'consent:preview', [owner.patient.ledgerId, { kind, id }]);
  const ruleOf = (previews: ConsentPreview[]) =>
    previews.find(({ recordId }) => recordId === record.entry.recordId);

  test('names the rule that opens a record to somebody, or why none does', async () => {
    expect(ruleOf(await preview(owner.person, 'person', doctor.subject))).toMatchObject({
      opens: true,
      rule: 'consent',
    });
    expect(ruleOf(await preview(owner.person, 'person', author.subject))).toMatchObject({
      opens: true,
      rule: 'author',
    });
    expect(ruleOf(await preview(owner.person, 'person', colleague.subject))).toMatchObject({
      opens: true,
      rule: 'consent',
      needsEncounter: false,
    });
    const ward = await clinic.staff(CITY, 'sanitizer');
    expect(ruleOf(await preview(owner.person, 'person', ward.subject))).toMatchObject({
      opens: true,
      needsEncounter: true,
    });
    const stranger = await clinic.staff(VALLEY, 'doctor');
    const none = { opens: false, rule: 'noConsent', consentId: null };
    expect(ruleOf(await preview(owner.person, 'person', stranger.subject))).toMatchObject(none);
    expect(ruleOf(await preview(owner.person, 'person', newId()))?.rule).toBe('notInGoodStanding');
    const auditor = await clinic.staff(VALLEY, 'auditor');
    expect(ruleOf(await preview(auditor, 'careTeam', newId()))).toMatchObject(none);
    // For the owner's console: no gateway holds the owner's key, and what decides is public.
    expect(ruleOf(await preview(clinic.service(LAKESIDE), 'person', stranger.subject))).toMatchObject(none);
    expect(await code(preview(doctor, 'person', doctor.subject))).toBe('NOT_ALLOWED');
    const other = await consents.owner(CITY);
    expect(await code(preview(other.person, 'person', doctor.subject))).toBe('NOT_ALLOWED');
  });
});

describe('the choice about research', () => {
  test("is the owner's, on the ledger either way, and made anew as often as they like", async () => {
    const choice = (of = owner) =>
      ledger.evaluate<ResearchChoiceEntry | null>(doctor, 'consent:getResearchChoice', [of.patient.ledgerId]);
    const choose = (by: Person, allowed: string) => ledger.submit(by, 'consent:chooseResearch', [allowed]);
    const another = await consents.owner(CITY);
    expect(await choice(another)).toBeNull();
    for (const allowed of [false, true, false]) {
      await choose(another.person, String(allowed));
      const { ledgerId } = another.patient;
      expect(await choice(another)).toMatchObject({ ledgerId, allowed, at: expect.any(String) });
    }
    const held = await ledger.withhold(another.person, 'consent:chooseResearch', ['true']);
    await choose(another.person, 'false');
    await expect(held()).rejects.toThrow(/commit status/);
    expect(await choice(another)).toMatchObject({ allowed: false });
    expect(await choice()).toBeNull();
    for (const [refused, by, allowed] of [
      ['BAD_ARGUMENT', another.person, 'yes'],
      ['NOT_ALLOWED', doctor, 'true'],
      ['NOT_ALLOWED', clinic.service(CITY), 'true'],
    ] as const)
      expect(await code(choose(by, allowed))).toBe(refused);
    const keyless = await clinic.registerPatient(CITY);
    const beforeKeys = await ledger.person(CITY, 'patient', keyless.ledgerId);
    expect(await code(choose(beforeKeys, 'true'))).toBe('PATIENT_KEYLESS');
  });
});

describe('the end of a consent', () => {
  const revoke = (by: Person, consentId: string) =>
    ledger.submit<ConsentEntry>(by, 'consent:revoke', [consentId]);
  const purge = (by: Person, consentId: string, at = by.mspId) =>
    ledger.submit(by, 'consent:purgeShare', [consentId], { endorsers: [at] });

  test("an opening that does not fit is complained of by the grantee's hospital", async () => {
    const { consentId } = made.argument;
    const complain = (by: Person, recordId = record.entry.recordId, version = 1) =>
      ledger.submit(by, 'consent:complainOpening', [consentId, recordId, version]);
    const entry = await complain(clinic.service(CITY));
    expect(entry).toMatchObject({ consentId, recordId: record.entry.recordId, version: 1, mspId: CITY });
    const listed = await ledger.list(owner.person, 'consent:listOpeningComplaints', [consentId]);
    expect(listed).toEqual([entry]);
    for (const by of [clinic.service(LAKESIDE), doctor]) expect(await code(complain(by))).toBe('NOT_ALLOWED');
    expect(await code(complain(clinic.service(CITY), newId()))).toBe('RECORD_NOT_FOUND');
    expect(await code(complain(clinic.service(CITY), record.entry.recordId, 2))).toBe('RECORD_NOT_FOUND');
  });

  test('a suspended reader gets nothing more', async () => {
    const leaving = await clinic.staff(CITY, 'doctor');
    const toLeaving = await consents.activate({
      owner,
      reader: await consents.registerKey(leaving),
      agents: AGENTS,
    });
    const { consentId } = toLeaving.argument;
    const { receiptId } = await consents.receipt(leaving, consentId, [record.entry.recordId]);
    const ask = () => consents.ask(leaving, VALLEY, { receiptId, record, terms: toLeaving.terms });
    expect((await ask()).index).toBe(3);
    await ledger.submit(clinic.admin(CITY), 'registry:setStaffStatus', [leaving.subject, 'suspended']);
    expect(await code(ask())).toBe('STAFF_SUSPENDED');
  });

  test('of a patient who was deleted serves nobody', async () => {
    const gone = await consents.owner(LAKESIDE);
    const last = await consents.record(author, gone);
    const toDoctor = await consents.activate({ owner: gone, reader, agents: AGENTS });
    const { consentId } = toDoctor.argument;
    const { receiptId } = await consents.receipt(doctor, consentId, [last.entry.recordId]);
    await clinic.deletePatient(gone.patient);
    const asked = consents.ask(doctor, LAKESIDE, { receiptId, record: last, terms: toDoctor.terms });
    expect(await code(asked)).toBe('PATIENT_DELETED');
    expect(await code(consents.receipt(doctor, consentId, [last.entry.recordId]))).toBe('PATIENT_DELETED');
  });

  test("from the revocation's commit no agent answers, and each purges its share", async () => {
    const { consentId } = made.argument;
    for (const by of [doctor, clinic.service(LAKESIDE)])
      expect(await code(revoke(by, consentId))).toBe('NOT_ALLOWED');
    expect(await code(revoke((await consents.owner(CITY)).person, consentId))).toBe('NOT_ALLOWED');
    expect(await code(purge(clinic.service(LAKESIDE), consentId))).toBe('CONSENT_NOT_ENDED');

    const before = ledger.network.now();
    const entry = await revoke(owner.person, consentId);
    expect(Math.abs(Date.parse(entry.revokedAt!) - before)).toBeLessThan(MINUTE);
    for (const agent of AGENTS)
      expect(await code(consents.ask(doctor, agent, asking()))).toBe('CONSENT_REVOKED');
    expect(await code(consents.receipt(doctor, consentId, [record.entry.recordId]))).toBe('CONSENT_REVOKED');
    expect(await code(revoke(owner.person, consentId))).toBe('CONSENT_REVOKED');
    expect(await code(consents.check(LAKESIDE, consentId))).toBe('CONSENT_REVOKED');
    expect((await state(owner.person)).status).toBe('revoked');

    expect(await code(purge(clinic.service(CITY), consentId, LAKESIDE))).toBe('WRONG_PEER');
    expect(await code(purge(owner.person, consentId))).toBe('NOT_ALLOWED');
    for (const agent of AGENTS) {
      await purge(clinic.service(agent), consentId);
      const key = privateKeys.share(consentId);
      expect(await ledger.evaluate(clinic.service(agent), 'registry:getPrivate', [[key]])).toEqual({
        [key]: null,
      });
    }
  });

  test('after its last minute, or a quarter of an hour after the receipt, no agent answers', async () => {
    const wish = { owner, reader, agents: AGENTS };
    const [short, long] = await Promise.all([
      consents.activate({ ...wish, lasts: 10 * MINUTE }),
      consents.activate({ ...wish, terms: { dataEraseAt: consents.at(10 * MINUTE) } }),
    ]);
    const [underShort, underLong] = await Promise.all(
      [short, long].map(({ argument }) =>
        consents.receipt(doctor, argument.consentId, [record.entry.recordId]),
      ),
    );
    const ask = (consent: MadeConsent, { receiptId }: ReceiptEntry) =>
      consents.ask(doctor, LAKESIDE, { receiptId, record, terms: consent.terms });
    for (const [consent, under] of [
      [short, underShort],
      [long, underLong],
    ] as const) {
      expect((await ask(consent, under!)).index).toBe(1);
    }
    ledger.advanceTime(11 * MINUTE);
    expect(await code(ask(short, underShort!))).toBe('CONSENT_EXPIRED');
    expect(await code(ask(long, underLong!))).toBe('TERMS_ENDED');
    expect((await state(owner.person, short.argument.consentId)).status).toBe('expired');
    expect(await code(consents.receipt(doctor, short.argument.consentId, [record.entry.recordId]))).toBe(
      'CONSENT_EXPIRED',
    );
    await purge(clinic.service(LAKESIDE), short.argument.consentId);
    ledger.advanceTime(5 * MINUTE);
    expect(await code(ask(long, underLong!))).toBe('RECEIPT_TOO_OLD');
  });
});

/** Waits for what another process writes. */
const until = async (isTrue: () => boolean): Promise<void> => {
  for (let tries = 0; !isTrue(); tries++) {
    if (tries === 400) throw new Error('waited in vain');
    await sleep(25);
  }
};
