import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import {
  acceptShare,
  bytesToBigint,
  type CapsuleOnLedger,
  checkCapsule,
  checkGrant,
  checkReaderKey,
  combineForEmergency,
  concat,
  decodeHeader,
  emergencyReader,
  encapsulate,
  encodeHeader,
  encodeScalar,
  type Grant,
  grantedCapsules,
  GROUP_ORDER,
  headerDigest,
  invertScalar,
  makeEmergencyKey,
  mclEngine,
  newDataKey,
  newReceivingKeyPair,
  newScopeId,
  newSeed,
  nobleEngine,
  openAsOwner,
  openCapsule,
  openDataKeyAsReader,
  openReencrypted,
  openShare,
  openWithSharedElement,
  type PairingEngine,
  proveReaderKey,
  randomBytes,
  reencapsulate,
  reencrypt,
  type ScopeKeyPair,
  scopeKeyPair,
  type SealedRecord,
  type SealingContext,
  sealingContext,
  sealRecord,
  sha256Hex,
  shareFits,
  slotContext,
  toHex,
  utf8,
  wrapDataKey,
} from '../src/index.js';
import { weightsAtZero } from '../src/reencryption/shamir.js';
import { sealShare } from '../src/reencryption/share.js';
import { answersOf, type Consent, newAgents, newCapsule, newConsent, newReader } from './support/consent.js';
import { refusal } from './support/refusal.js';

/**
 * The negative tests of cryptography.md F.3 that concern capsules, grants, shares, keys and decoding, by their numbers, each
 * put to both engines, which have to say the same. Numbers 12, 14, 16, 17 and 18 have a part that only a ledger can refuse:
 * chaincode/test/consent.test.ts, hostile-client.test.ts and gateway/test/sites.test.ts.
 */

const RUNS = Number(process.env.MEDSEAL_REENCRYPTION_RUNS ?? '2');
jest.setTimeout(20_000 * Math.max(6, RUNS));

const INFINITY_G1 = concat(Uint8Array.of(0xc0), new Uint8Array(47));
const INFINITY_G2 = concat(Uint8Array.of(0xc0), new Uint8Array(95));
const OUTSIDE_G1 = concat(Uint8Array.of(0x80), new Uint8Array(47));
const NOTHING = new Uint8Array(0);
const noble = nobleEngine();

let engines: readonly [PairingEngine, PairingEngine];
let consent: Consent;
let record: CapsuleOnLedger & { kek: Uint8Array };
let foreign: CapsuleOnLedger;
let sealed: SealedRecord;

beforeAll(async () => {
  const mcl = await mclEngine();
  engines = [mcl, noble];
  consent = await newConsent(mcl);
  record = newCapsule(mcl, consent.scopeKey);
  foreign = newCapsule(mcl, consent.scopeKey, { recordId: 'r-2' });
  sealed = await sealRecord(mcl, {
    plaintext: utf8('{}'),
    record: RECORD,
    to: { owner: consent.scopeKey },
    recipients: [],
  });
});

const RECORD = { channel: 'health', recordId: 'r-1', version: 1, owner: 'l-1' };

/** What an engine says: a verdict, or the code of its refusal; `opened` where it gives something out. */
type Verdict = string | boolean | undefined;

const verdicts = async (ask: (engine: PairingEngine) => unknown): Promise<Verdict[]> => {
  const found: Verdict[] = [];
  for (const engine of engines) {
    let answer: unknown;
    const code = await refusal(async () => {
      answer = await ask(engine);
    });
    found.push(code ?? (typeof answer === 'boolean' ? answer : 'opened'));
  }
  return found;
};

const withAgent = (index: number, change: Partial<Grant['agents'][number]>): Grant => ({
  ...consent.grant,
  agents: consent.grant.agents.map((one, i) => (i === index - 1 ? { ...one, ...change } : one)),
});
const agentInput = (index: number) => ({
  grant: consent.grant,
  mspId: consent.agents[index - 1]!.mspId,
  agentSecretKey: consent.agents[index - 1]!.secretKey,
  sealedShare: consent.sealedShares[index - 1]!.sealed,
});
/** With a sealed share that would be refused too, were it looked at: no pairing is done with rk. */
const answer = (
  engine: PairingEngine,
  capsule: Uint8Array<ArrayBufferLike>,
  context = record.context,
  sealedShare: Uint8Array = NOTHING,
) => reencrypt(engine, { ...agentInput(1), sealedShare, capsule, context });
const shareOf = (of: Consent, index: number): Promise<Uint8Array> =>
  openShare({
    grant: of.grant,
    mspId: of.agents[index - 1]!.mspId,
    agentSecretKey: of.agents[index - 1]!.secretKey,
    sealedShare: of.sealedShares[index - 1]!.sealed,
  });
const check = (engine: PairingEngine, capsule: Uint8Array, change: Partial<SealingContext> = {}) =>
  checkCapsule(engine, capsule, consent.scopeKey.publicKey, sealingContext({ ...record.context, ...change }));
const times = (engine: PairingEngine, d: bigint, capsule = record.capsule) =>
  concat(
    engine.encodeG1(engine.multiplyG1(engine.decodeG1(capsule.subarray(0, 48), 'C1'), d)),
    capsule.subarray(48),
  );
const open = (engine: PairingEngine, answers: Awaited<ReturnType<typeof answersOf>>, change = {}) => {
  const { grant, reader } = consent;
  return openReencrypted(engine, {
    ...{ grant, readerSecretKey: reader.secretKey, answers, ...record },
    ...change,
  });
};
const holder = { mspId: 'CityMSP', certificateHash: sha256Hex('doctor') };
const atX = (x: bigint, flags: number, length = 48): Uint8Array => {
  const bytes = Buffer.from(x.toString(16).padStart(96, '0'), 'hex');
  bytes[0]! |= flags;
  return concat(bytes, new Uint8Array(length - 48));
};
const P = bls12_381.fields.Fp.ORDER;
const { Fp12 } = bls12_381.fields;
const ofOrder = (order: bigint): Uint8Array => {
  for (let start = 2n; ; start++) {
    const twelve = Array.from({ length: 12 }, (_, i) => start + BigInt(i));
    const element = Fp12.pow(Fp12.fromBigTwelve(twelve as never), (P ** 12n - 1n) / order);
    if (!Fp12.eql(element, Fp12.ONE)) return Fp12.toBytes(element);
  }
};

type Row = [number, string, Verdict, (engine: PairingEngine) => unknown];

const rows: Row[] = [
  [2, 'C1 at infinity', false, (e) => check(e, concat(INFINITY_G1, record.capsule.subarray(48)))],
  [2, 'a share at infinity', false, (e) => shareFits(e, consent.grant, 1, INFINITY_G2)],
  [2, 'a check value at infinity', 'BAD_GRANT', (e) => checkGrant(e, withAgent(1, { check: INFINITY_G1 }))],
  [
    2,
    'an owner key at infinity',
    'IDENTITY_ELEMENT',
    (e) => encapsulate(e, { ownerPublicKey: INFINITY_G1, context: utf8('c') }),
  ],
  [
    2,
    'a reader key at infinity',
    false,
    (e) => checkReaderKey(e, { ...consent.reader.key, publicKey: INFINITY_G2 }),
  ],
  [3, 'G1 C0 00..01', 'IDENTITY_ELEMENT', (e) => e.decodeG1(atX(1n, 0xc0))],
  [3, 'G1 E0 00..00', 'IDENTITY_ELEMENT', (e) => e.decodeG1(atX(0n, 0xe0))],
  [3, 'G1 of 47 bytes', 'BAD_LENGTH', (e) => e.decodeG1(new Uint8Array(47))],
  [3, 'G1 of 49 bytes', 'BAD_LENGTH', (e) => e.decodeG1(new Uint8Array(49))],
  [3, 'G1 of 96 bytes', 'BAD_LENGTH', (e) => e.decodeG1(bls12_381.G1.Point.BASE.toBytes(false))],
  [3, 'G1 with x = p', 'BAD_ENCODING', (e) => e.decodeG1(atX(P, 0x80))],
  [3, 'G1 outside the subgroup', 'NOT_IN_SUBGROUP', (e) => e.decodeG1(OUTSIDE_G1)],
  [3, 'G2 with x = p', 'BAD_ENCODING', (e) => e.decodeG2(atX(P, 0x80, 96))],
  [3, 'G2 C0 00..00', 'IDENTITY_ELEMENT', (e) => e.decodeG2(INFINITY_G2)],
  [3, 'GT zero', 'BAD_ENCODING', (e) => e.decodeGT(new Uint8Array(576))],
  // Orders 2, 11 and 10177: engine.test.ts.
  [3, 'GT of order 3', 'IDENTITY_ELEMENT', (e) => e.clearCofactor(e.decodeGT(ofOrder(3n)))],
  [12, 'a capsule copied to another record', 'BAD_CAPSULE', (e) => answer(e, foreign.capsule)],
  [12, 'the same, at registration', false, (e) => check(e, foreign.capsule)],
  [12, '[d]C1', 'BAD_CAPSULE', (e) => answer(e, times(e, 7n))],
  [
    12,
    '[d]C1 with [d]z',
    false,
    (e) =>
      check(
        e,
        concat(
          times(e, 7n).subarray(0, 112),
          encodeScalar((bytesToBigint(record.capsule.subarray(112)) * 7n) % GROUP_ORDER),
        ),
      ),
  ],
  [
    12,
    'a proof under another context',
    false,
    (e) => check(e, record.capsule, { sealedDigest: sha256Hex('x') }),
  ],
  [12, 'a proof under another epoch', false, (e) => check(e, record.capsule, { epoch: 2 })],
  [
    12,
    'a proof under another owner key',
    false,
    (e) =>
      checkCapsule(
        e,
        record.capsule,
        scopeKeyPair(e, consent.seed, consent.scopeKey.scopeId, 2).publicKey,
        sealingContext(record.context),
      ),
  ],
  [
    12,
    'a capsule of an old epoch at the agent of a grant',
    'WRONG_CONTEXT',
    (e) => answer(e, record.capsule, { ...record.context, epoch: 0 }),
  ],
  [
    13,
    "a mauled capsule registered as the reader's own record",
    'BAD_CAPSULE',
    (e) =>
      answer(
        e,
        times(e, 5n, foreign.capsule),
        { ...record.context, recordId: 'r-own' },
        agentInput(1).sealedShare,
      ),
  ],
  [
    14,
    'a reader key without proof',
    false,
    (e) => checkReaderKey(e, { ...consent.reader.key, proof: new Uint8Array(64) }),
  ],
  [
    14,
    'a proof for another certificate',
    false,
    (e) =>
      checkReaderKey(e, {
        ...proveReaderKey(e, consent.reader.secretKey, holder),
        certificateHash: sha256Hex('b'),
      }),
  ],
  [
    14,
    'a proof for another organisation',
    false,
    (e) =>
      checkReaderKey(e, { ...proveReaderKey(e, consent.reader.secretKey, holder), mspId: 'LakesideMSP' }),
  ],
  [
    14,
    'a grant to a key without proof',
    'BAD_KEY_PROOF',
    (e) =>
      newConsent(e, {
        reader: { ...consent.reader, key: { ...consent.reader.key, proof: new Uint8Array(64) } },
      }),
  ],
  [
    14,
    'a key of the request that is not the key of the grant',
    'WRONG_CONTEXT',
    async (e) =>
      open(e, await answersOf(e, consent, record, [1, 2]), { readerSecretKey: newReader('thief').secretKey }),
  ],
  [15, 'share index 0', 'BAD_ARGUMENT', (e) => shareFits(e, consent.grant, 0, INFINITY_G2)],
  [15, 'share index n + 1', 'BAD_ARGUMENT', (e) => shareFits(e, consent.grant, 4, INFINITY_G2)],
  [15, 'an agent twice', 'BAD_GRANT', (e) => checkGrant(e, withAgent(2, { mspId: 'Agent1MSP' }))],
  [
    15,
    'a third check value of another polynomial',
    'BAD_GRANT',
    (e) => checkGrant(e, withAgent(3, { check: consent.scopeKey.publicKey })),
  ],
  [
    15,
    'a third share that does not fit, which is the owner’s doing',
    'BAD_SHARE',
    async (e) => {
      const bad = await sealShare(consent.agents[2]!.publicKey, await shareOf(consent, 2), consent.grant, 3);
      const grant = withAgent(3, { shareDigest: sha256Hex(bad) });
      return acceptShare(e, { ...agentInput(3), grant, sealedShare: bad });
    },
  ],
  [
    15,
    'a wrong element among t',
    'BAD_ANSWER',
    async (e) => {
      const [one, two] = await answersOf(e, consent, record, [1, 2]);
      return open(e, [one!, { ...two!, answer: one!.answer }]);
    },
  ],
  [
    18,
    'a reader with t - 1 answers',
    'TOO_FEW_ANSWERS',
    async (e) => open(e, await answersOf(e, consent, record, [2])),
  ],
  [
    18,
    't agents without the reader',
    'OPEN_FAILED',
    async (e) => openPooled(e, consent, [1, 3], 1n, record, consent.scopeKey.publicKey),
  ],
  [
    18,
    'emergency shares and t agents without custodians',
    'OPEN_FAILED',
    async (e) => {
      const custodians = newAgents(3).map((one) => ({ ...one, mspId: `Custodian${one.mspId}` }));
      const { key } = await makeEmergencyKey(e, { channel: 'health', custodians, threshold: 2 });
      const reader = { ...newReceivingKeyPair(), key: emergencyReader(key) };
      const emergency = await newConsent(e, { reader, seed: consent.seed, scopeKey: consent.scopeKey });
      const answers = await answersOf(e, emergency, record, [1, 2], true);
      const { element } = combineForEmergency(e, { ...record, grant: emergency.grant, answers });
      return openWithSharedElement(
        e,
        e.clearCofactor(e.decodeGT(element)),
        record.capsule,
        consent.scopeKey.publicKey,
        sealingContext(record.context),
      );
    },
  ],
  [
    20,
    'a separator moved from one field of the context to the next',
    false,
    (e) => {
      const { scopeKey } = consent;
      const { capsule, context } = newCapsule(e, scopeKey, { recordId: 'a|b', owner: 'c' });
      const moved = { ...context, recordId: 'a', owner: 'b|c' };
      return checkCapsule(e, capsule, scopeKey.publicKey, sealingContext(moved));
    },
  ],
  [
    20,
    'a zero at the end of a field',
    'OPEN_FAILED',
    (e) => {
      const { scopeKey } = consent;
      const { capsule, context } = newCapsule(e, scopeKey, { recordId: 'a' });
      const longer = sealingContext({ ...context, recordId: 'a\0' });
      return openCapsule(e, scopeKey.secretKey, capsule, longer);
    },
  ],
  [
    20,
    'a zero at the end of the context',
    false,
    (e) =>
      checkCapsule(
        e,
        record.capsule,
        consent.scopeKey.publicKey,
        concat(sealingContext(record.context), Uint8Array.of(0)),
      ),
  ],
];

test.each(rows)('F.3 number %d, both engines: %s: %s', async (_number, _what, expected, ask) => {
  expect(await verdicts(ask)).toEqual([expected, expected]);
});

/** Agents pool their shares of a consent and divide by b: [1/a]G if they are t and b is the reader's. */
const openPooled = async (
  engine: PairingEngine,
  of: Consent,
  indices: readonly number[],
  b: bigint,
  { capsule, context }: CapsuleOnLedger,
  ownerPublicKey: Uint8Array,
): Promise<Uint8Array> => {
  const shares = await Promise.all(indices.map((index) => shareOf(of, index)));
  const pooled = engine.combineG2(
    shares.map((share) => engine.decodeG2(share)),
    weightsAtZero([...indices]),
  );
  const key = engine.multiplyG2(pooled, invertScalar(b));
  const shared = engine.pair(engine.decodeG1(capsule.subarray(0, 48)), key);
  return openWithSharedElement(engine, shared, capsule, ownerPublicKey, sealingContext(context));
};

test('F.3 number 16, both engines: no answer, check value, sealed share or grant holds an opened share', async () => {
  for (const engine of engines) {
    const made = await newConsent(engine);
    const capsule = newCapsule(engine, made.scopeKey);
    const answers = await answersOf(engine, made, capsule, [1, 2, 3], true);
    const seen = [
      ...answers.map(({ answer: bytes }) => bytes),
      ...made.sealedShares.map(({ sealed: bytes }) => bytes),
      ...made.grant.agents.map(({ check: bytes }) => bytes),
    ]
      .map(toHex)
      .join(' ');
    for (const index of [1, 2, 3]) {
      const share = toHex(await shareOf(made, index));
      expect([seen.includes(share.slice(0, 96)), `${seen} ${share}`.includes(share)]).toEqual([false, true]);
    }
  }
});

test('F.3 number 17, both engines: one polynomial in two grants shows in equal check values, and would be worth a key', async () => {
  const { scopeKey } = consent;
  for (const engine of engines) {
    const change = { random: randomBytes(32) };
    const [one, two] = [
      await newConsent(engine, { ...consent, change }),
      await newConsent(engine, { ...consent, change }),
    ];
    const checks = ({ grant }: Consent) => grant.agents.map(({ check: bytes }) => toHex(bytes));
    expect(checks(two)).toEqual(checks(one));

    // What a device that shares one f towards two readers gives to agent 1 with the first and agent 3 with the second.
    const inverse = invertScalar(bytesToBigint(scopeKey.secretKey));
    const f = (index: bigint) => (inverse + 424242n * index) % GROUP_ORDER;
    const parts = [1n, 3n].map((index) => {
      const { secretKey, publicKey } = newReader();
      const share = engine.multiplyG2(engine.decodeG2(publicKey), f(index));
      return engine.multiplyG2(share, invertScalar(bytesToBigint(secretKey)));
    });
    const key = engine.combineG2(parts, weightsAtZero([1, 3]));
    expect(engine.encodeG2(key)).toEqual(engine.encodeG2(engine.multiplyG2(engine.generatorG2, inverse)));
  }
});

test('F.3 number 19, both engines: a data key keeps its commitment when re-encapsulated, and another is refused', async () => {
  for (const engine of engines) {
    const { header, sealedDigest, dekCommitment } = sealed;
    const facts = { record: RECORD, sealedDigest, dekCommitment, headerDigest: sealed.headerDigest };
    const next = scopeKeyPair(engine, consent.seed, consent.scopeKey.scopeId, 2);
    const opener = { scopeKeys: [consent.scopeKey] };
    const moved = await reencapsulate(engine, { header, facts, opener, owner: next });
    expect(moved.dekCommitment).toBe(dekCommitment);
    const opening = { sealed: sealed.sealed, header: moved.header };
    const later = { ...facts, headerDigest: moved.headerDigest };
    expect(await openAsOwner(engine, { ...opening, facts: later, scopeKeys: [next] })).toEqual(utf8('{}'));

    const forged = await withOtherDataKey(engine, header, next);
    const told = { ...facts, headerDigest: headerDigest(forged) };
    const after = await newConsent(engine, { ...consent, scopeKey: next, change: { grantId: 'g-2' } });
    const [granted] = grantedCapsules({ header: forged, facts: told }, after.grant);
    const answers = await answersOf(engine, after, granted!, [1, 2]);
    const reading = {
      ...{ header: forged, facts: told, grant: after.grant, answers, capsule: granted!.capsule },
      readerSecretKey: after.reader.secretKey,
    };
    expect(await refusal(() => openDataKeyAsReader(engine, reading))).toBe('KEY_COMMITMENT_MISMATCH');
    const asOwner = { sealed: sealed.sealed, header: forged, facts: told, scopeKeys: [next] };
    expect(await refusal(() => openAsOwner(engine, asOwner))).toBe('KEY_COMMITMENT_MISMATCH');
  }
});

const withOtherDataKey = async (engine: PairingEngine, bytes: Uint8Array, owner: ScopeKeyPair) => {
  const header = decodeHeader(bytes);
  const context = sealingContext(slotContext(header, owner));
  const { capsule, kek } = encapsulate(engine, { ownerPublicKey: owner.publicKey, context });
  const slot = {
    ...{ scopeId: owner.scopeId, epoch: owner.epoch, capsule, recipients: [] },
    wrappedDataKey: await wrapDataKey(kek, newDataKey(), context),
  };
  return encodeHeader({ ...header, slots: [...header.slots, slot] });
};

test('F.3 number 21: what one engine encapsulated, granted and re-encrypted, the other opens, and back', async () => {
  for (const [maker, opener] of [engines, [...engines].reverse() as [PairingEngine, PairingEngine]]) {
    const made = await newConsent(maker);
    const { capsule, context, kek } = newCapsule(maker, made.scopeKey);
    expect(openCapsule(opener, made.scopeKey.secretKey, capsule, sealingContext(context))).toEqual(kek);
    const answers = await answersOf(opener, made, { capsule, context }, [1, 3]);
    const { grant, reader } = made;
    const input = { grant, readerSecretKey: reader.secretKey, capsule, context, answers };
    expect(openReencrypted(maker, input)).toEqual({ kek, culprits: [] });
    expect(openReencrypted(opener, input)).toEqual({ kek, culprits: [] });
  }
});

test('what t agents obtain with the reader: every capsule of that scope and epoch, whatever was consented to, and none of another', async () => {
  for (const engine of engines) {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom([1, 2], [1, 3], [2, 3]),
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.record({ recordId: fc.uuid(), version: fc.nat(99) }), {
          minLength: 1,
          maxLength: 3,
        }),
        async (indices, epoch, records) => {
          const seed = newSeed();
          const scopeKey = scopeKeyPair(engine, seed, newScopeId(), epoch);
          const made = await newConsent(engine, { seed, scopeKey });
          const b = bytesToBigint(made.reader.secretKey);
          const attempt = (capsule: CapsuleOnLedger, { publicKey }: ScopeKeyPair) =>
            openPooled(engine, made, indices, b, capsule, publicKey);
          for (const change of records) {
            const capsule = newCapsule(engine, scopeKey, change);
            expect(await attempt(capsule, scopeKey)).toEqual(capsule.kek);
          }
          for (const other of [
            scopeKeyPair(engine, seed, scopeKey.scopeId, epoch + 1),
            scopeKeyPair(engine, seed, newScopeId(), epoch),
            scopeKeyPair(engine, newSeed(), scopeKey.scopeId, epoch),
          ])
            expect(await refusal(() => attempt(newCapsule(engine, other, records[0]), other))).toBe(
              'OPEN_FAILED',
            );
        },
      ),
      { numRuns: RUNS },
    );
  }
});
