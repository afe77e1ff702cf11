import {
  type AgentAnswer,
  canonicalJson,
  fromBase64,
  type Grant,
  mclEngine,
  newReaderKeyPair,
  openReencrypted,
  type PairingEngine,
  randomBytes,
  type SealingContext,
} from '@medseal/crypto';
import { grantOf } from '../src/ledger/reencryption-checks';
import type { ConsentState } from '../src/model/consent-entries';
import type { ReceiptEntry, RecordEntry } from '../src/model/entries';
import { Clinic } from './support/clinic';
import { type Asking, Consents, type MadeConsent, MINUTE, type Owner } from './support/consents';
import type { Reader, SealedRecord } from './support/consents';
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
import { type Random, randomFrom } from './support/random';

/**
 * A doctor's valid certificate and key in the hands of somebody who talks to every peer directly, past any gateway, in
 * any order and with everything that was ever seen: what they gather opens what they were granted and nothing else.
 */

const AGENTS = [LAKESIDE, MINISTRY, VALLEY];
const EVERYWHERE = [CITY, ...AGENTS];
const SEED = Number(process.env['MEDSEAL_SEED'] ?? 20_260_502);
const QUESTIONS = Number(process.env['MEDSEAL_QUESTIONS'] ?? 120);
const READS = Number(process.env['MEDSEAL_READS'] ?? 12);

let ledger: HealthNetwork;
let clinic: Clinic;
let consents: Consents;
let engine: PairingEngine;
let author: Person;
let doctor: Person;
let colleague: Person;
let reader: Reader;
let owner: Owner;
const records = {} as Record<
  'granted' | 'unnamed' | 'earlier' | 'otherType' | 'sensitive' | 'own' | 'foreign',
  SealedRecord
>;
const made = {} as Record<'active' | 'second' | 'short' | 'revoked' | 'toColleague' | 'foreign', MadeConsent>;
const receipts = {} as Record<
  'fresh' | 'stale' | 'expired' | 'revoked' | 'colleagues' | 'asAuthor' | 'foreign',
  ReceiptEntry
>;

beforeAll(async () => {
  ledger = await HealthNetwork.start([...MSP_IDS, VALLEY]);
  clinic = new Clinic(ledger);
  await clinic.found();
  consents = new Consents(ledger, clinic);
  await consents.registerAgents();
  engine = await mclEngine();
  [author, doctor, colleague] = await Promise.all([
    clinic.staff(LAKESIDE, 'doctor'),
    clinic.staff(CITY, 'doctor'),
    clinic.staff(CITY, 'doctor'),
  ]);
  reader = await consents.registerKey(doctor);
  owner = await consents.owner(LAKESIDE);
  const other = await consents.owner(LAKESIDE);
  const write = (whose: Owner, wish = {}) => consents.record(author, whose, { ...wish, isChained: false });
  records.granted = await write(owner);
  records.unnamed = await write(owner, { date: '2026-06-01' });
  records.earlier = await write(owner, { date: '2024-01-01' });
  records.otherType = await write(owner, { recordType: 'Prescription' });
  records.sensitive = await write(owner, { scope: 1 });
  records.foreign = await write(other);
  records.own = await writeOwn();

  const everything = {
    ...{ owner, agents: AGENTS, scopes: [0, 1] },
    terms: {
      recordTypes: ['OPConsultation', 'Prescription'],
      dateRange: { from: '2020-01-01', to: '2030-12-31' },
    },
  };
  made.active = await consents.activate({ owner, reader, agents: AGENTS });
  made.second = await consents.activate({ owner, reader, agents: AGENTS });
  made.short = await consents.activate({ ...everything, reader, lasts: 10 * MINUTE });
  made.revoked = await consents.activate({ ...everything, reader });
  made.toColleague = await consents.activate({
    ...everything,
    reader: await consents.registerKey(colleague),
  });
  made.foreign = await consents.activate({ owner: other, reader, agents: AGENTS });

  const { granted, earlier, otherType, sensitive, own, foreign } = records;
  receipts.stale = await under(doctor, made.active, granted, earlier, otherType);
  ledger.advanceTime(4 * MINUTE);
  receipts.expired = await under(doctor, made.short, granted, earlier, otherType, sensitive);
  ledger.advanceTime(12 * MINUTE);
  receipts.fresh = await under(doctor, made.active, granted, earlier, otherType);
  receipts.revoked = await under(doctor, made.revoked, granted, earlier, otherType, sensitive);
  receipts.colleagues = await under(colleague, made.toColleague, granted, earlier, otherType, sensitive);
  receipts.foreign = await under(doctor, made.foreign, foreign);
  receipts.asAuthor = await ledger.submit<ReceiptEntry>(doctor, 'access:receipt', [
    newDigest(),
    { basis: 'author', recordIds: [own.entry.recordId] },
  ]);
  await ledger.submit(owner.person, 'consent:revoke', [made.revoked.argument.consentId]);
}, 120_000);

afterAll(async () => {
  await ledger?.stop();
});

const under = (by: Person, consent: MadeConsent, ...named: SealedRecord[]): Promise<ReceiptEntry> =>
  consents.receipt(
    by,
    consent.argument.consentId,
    named.map(({ entry }) => entry.recordId),
  );

/** [7]C1 in place of C1: another capsule with the same proof. */
const multiplied = (capsule: Uint8Array): Uint8Array => {
  const mauled = Uint8Array.from(capsule);
  mauled.set(engine.encodeG1(engine.multiplyG1(engine.decodeG1(capsule.slice(0, 48), 'C1'), 7n)));
  return mauled;
};

/** The hostile doctor writes too. Somebody else's capsule, or one made of it, is refused for the own record. */
const writeOwn = async (): Promise<SealedRecord> => {
  const { patient } = owner;
  const encounterId = await clinic.openEncounter(doctor, patient.ledgerId);
  const created = await clinic.create(doctor, patient.ledgerId, {
    ...{ scopeId: patient.scopeIds[0], epoch: 1, encounterId },
  });
  const seal = clinic.sealOf(created);
  const businessId = await clinic.announceSeal(doctor, seal);
  const register = (capsule: Uint8Array) =>
    ledger.submit<RecordEntry>(doctor, 'records:seal', [businessId, CITY, seal], { transient: { capsule } });
  for (const { capsule } of [records.granted, records.earlier])
    for (const copy of [capsule, multiplied(capsule)])
      expect((await refusalOf(register(copy))).code).toBe('CAPSULE_INVALID');
  const capsule = await clinic.capsule(patient, created, seal.sealed.sealedDigest, created);
  return { entry: await register(capsule), capsule, selector: records.granted.selector };
};

const contextOf = ({ entry }: SealedRecord): SealingContext => ({
  channel: CHANNEL,
  recordId: entry.recordId,
  version: entry.version,
  owner: entry.ledgerId,
  scopeId: entry.scopeId,
  epoch: entry.epoch,
  sealedDigest: entry.sealed!.sealedDigest,
});

const grantUnder = async ({ argument }: MadeConsent, { entry }: SealedRecord): Promise<Grant> => {
  const { consent } = await ledger.evaluate<ConsentState>(doctor, 'consent:getConsent', [argument.consentId]);
  return grantOf(CHANNEL, consent, entry);
};

/** The key-encrypting key, or the code of what is wrong with the answers. */
const open = async (
  consent: MadeConsent,
  record: SealedRecord,
  answers: AgentAnswer[],
  change: { grant?: Partial<Grant>; readerSecretKey?: Uint8Array } = {},
): Promise<Uint8Array | string> => {
  try {
    return openReencrypted(engine, {
      grant: { ...(await grantUnder(consent, record)), ...change.grant },
      readerSecretKey: change.readerSecretKey ?? reader.keys.secretKey,
      capsule: record.capsule,
      context: contextOf(record),
      answers,
    }).kek;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

const asking = (): Asking => ({
  receiptId: receipts.fresh.receiptId,
  record: records.granted,
  terms: made.active.terms,
});

const answersOf = async (agents: readonly string[], question: Asking): Promise<AgentAnswer[]> =>
  Promise.all(
    agents.map(async (mspId) => ({
      mspId,
      answer: fromBase64((await consents.askPeer(doctor, mspId, question)).element),
    })),
  );

test('what was granted opens, asked of the peers themselves: the questions below are good but for one thing', async () => {
  const { capsule } = records.granted;
  expect(capsule).toHaveLength(144);
  expect(
    await open(made.active, records.granted, await answersOf([LAKESIDE, VALLEY], asking())),
  ).toBeInstanceOf(Uint8Array);
});

test.each<[string, string, () => Partial<Asking>, Person?]>([
  ['without a receipt', 'RECEIPT_NOT_FOUND', () => ({ receiptId: newDigest() })],
  ['with a receipt for another record', 'RECEIPT_DIFFERS', () => ({ record: records.unnamed })],
  ['with a receipt as author', 'RECEIPT_DIFFERS', () => ({ ...receiptOf('asAuthor'), record: records.own })],
  ["with a colleague's receipt", 'RECEIPT_DIFFERS', () => receiptOf('colleagues', 'toColleague')],
  ['with a receipt of sixteen minutes ago', 'RECEIPT_TOO_OLD', () => receiptOf('stale')],
  ['the same, dated back', 'RECEIPT_TOO_OLD', () => ({ ...receiptOf('stale'), age: 30_000 })],
  ['under a consent that ran out', 'CONSENT_EXPIRED', () => receiptOf('expired', 'short')],
  ['under a revoked consent', 'CONSENT_REVOKED', () => receiptOf('revoked', 'revoked')],
  [
    'with a receipt under the consent of another owner',
    'RECEIPT_DIFFERS',
    () => receiptOf('foreign', 'foreign'),
  ],
  ["with another consent's terms", 'TERMS_DIFFER', () => ({ terms: made.revoked.terms })],
  ['for a record of another date', 'NOT_IN_TERMS', () => ({ record: records.earlier })],
  ['for a record of another type', 'NOT_IN_TERMS', () => ({ record: records.otherType })],
  [
    'for a record of another date under the selector of one in range',
    'SELECTOR_DIFFERS',
    () => ({ record: records.earlier, selector: records.granted.selector }),
  ],
  ["with another record's capsule", 'CAPSULE_INVALID', () => ({ capsule: records.earlier.capsule })],
  [
    "with another record's capsule, multiplied",
    'CAPSULE_INVALID',
    () => ({ capsule: multiplied(records.earlier.capsule) }),
  ],
  [
    'with its capsule multiplied',
    'CAPSULE_INVALID',
    () => ({ capsule: multiplied(records.granted.capsule) }),
  ],
  ['with random bytes', 'CAPSULE_INVALID', () => ({ capsule: randomBytes(144) })],
  ['with a proposal of six minutes ago', 'PROPOSAL_STALE', () => ({ age: 6 * MINUTE })],
])('%s no peer answers', async (_, expected, change) => {
  for (const peer of EVERYWHERE) {
    const { code } = await refusalOf(consents.askPeer(doctor, peer, { ...asking(), ...change() }));
    const isPastTheReceipt = !/^(RECEIPT|PROPOSAL)/.test(expected);
    expect([peer, code]).toEqual([peer, peer === CITY && isPastTheReceipt ? 'NOT_AN_AGENT' : expected]);
  }
});

/** A receipt with the terms that belong to its consent. */
const receiptOf = (name: keyof typeof receipts, consent: keyof typeof made = 'active'): Partial<Asking> => ({
  receiptId: receipts[name].receiptId,
  terms: made[consent].terms,
});

test("the reader's own organisation answers nothing, and is no agent of any of its doctor's consents", async () => {
  expect((await refusalOf(consents.askPeer(doctor, CITY, asking()))).code).toBe('NOT_AN_AGENT');
  for (const { argument } of Object.values(made))
    expect(argument.agents.map(({ mspId }) => mspId)).not.toContain(CITY);
});

test('submitted instead of evaluated, it writes nothing, and a block shows what only the reader can use', async () => {
  const { record, receiptId, terms } = asking();
  const submit = (endorsers: string[], receipt = receiptId) =>
    ledger.submit(doctor, 'consent:reencrypt', [receipt, record.entry.recordId, record.entry.version], {
      transient: {
        capsule: record.capsule,
        selector: canonicalJson(record.selector),
        terms: canonicalJson(terms),
      },
      endorsers,
    });
  // One agent is too few for the channel's policy (10), and several never say the same.
  await expect(submit([LAKESIDE])).rejects.toThrow('commit status 10');
  await expect(submit(AGENTS)).rejects.toThrow(/ProposalResponsePayloads do not match|failed to collect/);
  expect((await refusalOf(submit(EVERYWHERE))).code).toBe('NOT_AN_AGENT');
  expect((await refusalOf(submit([LAKESIDE], newDigest()))).code).toBe('RECEIPT_NOT_FOUND');

  // Whoever reads what agents said has the elements, not the key; nor does another key of their own help.
  const answers = await answersOf(AGENTS, asking());
  const { secretKey, publicKey } = newReaderKeyPair(engine);
  expect(await open(made.active, record, answers, { readerSecretKey: secretKey })).toBe('WRONG_CONTEXT');
  const { reader: named } = await grantUnder(made.active, record);
  const grant = { reader: { ...named, publicKey } };
  expect(await open(made.active, record, answers, { readerSecretKey: secretKey, grant })).toBe('BAD_ANSWER');
});

test('fewer than t answers open nothing, whatever is put beside them', async () => {
  const { granted, earlier } = records;
  const second = await under(doctor, made.second, granted);
  const [[fromLakeside], [fromMinistry]] = await Promise.all([
    answersOf([LAKESIDE], asking()),
    answersOf([MINISTRY], { receiptId: second.receiptId, record: granted, terms: made.second.terms }),
  ]);
  const one = fromLakeside!;
  expect(await open(made.active, granted, [one])).toBe('TOO_FEW_ANSWERS');
  for (const consent of [made.active, made.second]) {
    // The same answer twice, one of another consent, something of one's own making.
    for (const beside of [
      one.answer,
      fromMinistry!.answer,
      engine.encodeGT(engine.pair(engine.generatorG1, engine.decodeG2(reader.keys.publicKey, 'reader'))),
    ])
      expect(await open(consent, granted, [one, { mspId: MINISTRY, answer: beside }])).toBe('BAD_ANSWER');
  }
  const both = await answersOf([LAKESIDE, MINISTRY], asking());
  expect(await open(made.active, earlier, both)).toBe('BAD_ANSWER');
});

describe('bad input at a peer has a name and writes no block:', () => {
  const LOW_ORDER = `80${'00'.repeat(47)}`;
  const registering = async (capsule: Uint8Array): Promise<unknown> => {
    const { patient } = owner;
    const created = await clinic.create(author, patient.ledgerId, {
      ...{ scopeId: patient.scopeIds[0], epoch: 1 },
    });
    const seal = clinic.sealOf(created);
    const businessId = await clinic.announceSeal(author, seal);
    height = ledger.network.ledger.height;
    return ledger.submit(author, 'records:seal', [businessId, LAKESIDE, seal], { transient: { capsule } });
  };
  const granting = async (change: (points: string[]) => string[]): Promise<unknown> => {
    const { argument } = await consents.make({ owner, reader, agents: AGENTS });
    const [scope] = argument.scopes;
    const scopes = [{ ...scope!, points: change(scope!.points) }];
    return ledger.submit(owner.person, 'consent:grant', [newDigest(), { ...argument, scopes }]);
  };
  const depositing = async (shareOf: (other: MadeConsent) => string): Promise<unknown> => {
    const granted = await consents.make({ owner, reader, agents: AGENTS });
    await consents.grant(owner, granted);
    height = ledger.network.ledger.height;
    return consents.deposit(owner, granted, VALLEY, shareOf(made.active));
  };
  let height: number;

  test.each<[string, string, () => Promise<unknown>]>([
    ['a capsule of another context', 'CAPSULE_INVALID', () => registering(records.granted.capsule)],
    ['a truncated capsule', 'CAPSULE_INVALID', () => registering(records.granted.capsule.subarray(1))],
    ['a share for another grant', 'SHARE_INVALID', () => depositing(({ shares }) => shares[VALLEY]!)],
    ['a share that is none', 'BAD_ARGUMENT', () => depositing(() => 'x'.repeat(20_000))],
    [
      'a check value of low order',
      'GRANT_INVALID',
      () => granting((points) => [LOW_ORDER, ...points.slice(1)]),
    ],
    [
      'a reader key of low order',
      'KEY_PROOF_INVALID',
      () =>
        ledger.submit(colleague, 'consent:registerKey', [
          `${LOW_ORDER}${'00'.repeat(48)}`,
          '11'.repeat(64),
          2,
        ]),
    ],
  ])('%s: %s', async (_, expected, submitting) => {
    height = ledger.network.ledger.height;
    expect((await refusalOf(submitting())).code).toBe(expected);
    expect(ledger.network.ledger.height).toBe(height);
  });
});

/** What an attacker may put together from everything at hand. */
const question = (random: Random): { by: Person; peer: string; asked: Asking; isGood: boolean } => {
  const receipt = random.mostly('fresh', Object.keys(receipts) as (keyof typeof receipts)[]);
  const record = random.mostly('granted', Object.keys(records) as (keyof typeof records)[]);
  const terms = random.mostly('active', Object.keys(made) as (keyof typeof made)[]);
  const selector = random.mostly(record, Object.keys(records) as (keyof typeof records)[]);
  const capsuleOf = random.mostly(record, Object.keys(records) as (keyof typeof records)[]);
  const isMauled = random.next() < 0.1;
  const by = random.mostly(doctor, [colleague, author]);
  const peer = random.oneOf(EVERYWHERE);
  const { capsule } = records[capsuleOf];
  return {
    by,
    peer,
    asked: {
      receiptId: receipts[receipt].receiptId,
      record: records[record],
      terms: made[terms].terms,
      selector: records[selector].selector,
      capsule: isMauled ? multiplied(capsule) : capsule,
      withProof: random.next() < 0.1,
    },
    isGood:
      by === doctor &&
      peer !== CITY &&
      receipt === 'fresh' &&
      record === 'granted' &&
      terms === 'active' &&
      records[selector].selector === records.granted.selector &&
      capsuleOf === 'granted' &&
      !isMauled,
  };
};

test(`${QUESTIONS} questions at random bring one element an agent, which opens one record (seed ${SEED})`, async () => {
  const random = randomFrom(SEED);
  const gathered = new Map<string, Set<string>>();
  let good = 0;
  for (let asked = 0; asked < QUESTIONS; asked += 8) {
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const { by, peer, asked: asks, isGood } = question(random);
        const answer = consents.askPeer(by, peer, asks);
        if (!isGood) return refusalOf(answer);
        good++;
        const element = Buffer.from((await answer).element, 'base64').subarray(0, 576);
        gathered.set(peer, (gathered.get(peer) ?? new Set()).add(element.toString('base64')));
      }),
    );
  }
  expect(good).toBeGreaterThan(QUESTIONS / 20);
  expect([...gathered.keys()].sort()).toEqual(AGENTS);
  expect([...gathered.values()].map(({ size }) => size)).toEqual([1, 1, 1]);
  const answers = [...gathered].map(([mspId, [element]]) => ({ mspId, answer: fromBase64(element!) }));
  expect(await open(made.active, records.granted, answers)).toBeInstanceOf(Uint8Array);
  for (const record of [records.unnamed, records.earlier, records.otherType, records.own])
    expect(await open(made.active, record, answers)).toBe('BAD_ANSWER');
}, 600_000);

test(`${READS} reads at random leave exactly ${READS} receipts, whatever else was tried (seed ${SEED})`, async () => {
  const random = randomFrom(SEED + 1);
  const { granted, unnamed, foreign } = records;
  const listed = () =>
    ledger.list<ReceiptEntry>(owner.person, 'access:listReceipts', [owner.patient.ledgerId]);
  const before = new Set((await listed()).map(({ receiptId }) => receiptId));
  const read: string[][] = [];
  let known: Asking = asking();
  for (let tries = 0; read.length < READS; tries++) {
    const chosen = random.oneOf([[granted], [unnamed], [granted, unnamed]]);
    const act = tries < 4 ? tries : random.oneOf([0, 0, 1, 2, 3]);
    if (act === 0) {
      const receipt = await under(doctor, made.active, ...chosen);
      for (const record of chosen) {
        known = { receiptId: receipt.receiptId, record, terms: made.active.terms };
        const answers = await answersOf(random.oneOf([AGENTS.slice(1), AGENTS.slice(0, 2)]), known);
        expect(await open(made.active, record, answers)).toBeInstanceOf(Uint8Array);
      }
      read.push(receipt.recordIds);
    } else if (act === 1) {
      // Again, under a receipt that is there: the same bytes, which is no further read.
      const again = await answersOf([MINISTRY], known);
      expect(await answersOf([MINISTRY], known)).toEqual(again);
    } else if (act === 2) {
      expect((await refusalOf(under(colleague, made.active, ...chosen))).code).toBe('NOT_GRANTEE');
      expect((await refusalOf(under(doctor, made.active, granted, foreign))).code).toBe('NOT_ALLOWED');
    } else {
      const unread = { ...known, receiptId: newDigest() };
      expect((await refusalOf(consents.askPeer(doctor, VALLEY, unread))).code).toBe('RECEIPT_NOT_FOUND');
    }
  }
  const left = (await listed()).filter(({ receiptId }) => !before.has(receiptId));
  expect(left.map(({ recordIds }) => recordIds.join()).sort()).toEqual(read.map((ids) => ids.join()).sort());
  expect(new Set(left.map(({ reader: who }) => who))).toEqual(new Set([doctor.subject]));
}, 600_000);
