import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import {
  acceptShare,
  agentIndex,
  type AgentAnswer,
  ANSWER_BYTES,
  bytesToBigint,
  type CapsuleOnLedger,
  checkAnswer,
  checkGrant,
  checkReaderKey,
  concat,
  type Culprit,
  CryptoError,
  decodeGrant,
  encapsulate,
  encodeGrant,
  encodeScalar,
  type Grant,
  grantDigest,
  GROUP_ORDER,
  Hr,
  invertScalar,
  mclEngine,
  newReaderKeyPair,
  newReceivingKeyPair,
  newScopeId,
  newSeed,
  nobleEngine,
  openCapsule,
  openReencrypted,
  openShare,
  openTeamKey,
  openWithSharedElement,
  type PairingEngine,
  proveReaderKey,
  PROVEN_ANSWER_BYTES,
  randomBytes,
  readerKeyPair,
  readerKeyPairFrom,
  reencrypt,
  CheckedCapsule,
  reencryptWithShare,
  scopeKeyPair,
  sealTeamKey,
  SEALED_SHARE_BYTES,
  type SealingContext,
  sealingContext,
  sha256Hex,
  shareCheckId,
  shareFits,
  toHex,
  utf8,
} from '../src/index.js';
import {
  evaluatePolynomial,
  interpolationAtZero,
  subsets,
  weightsAtZero,
} from '../src/reencryption/shamir.js';
import { sealShare } from '../src/reencryption/share.js';
import { answersOf, type Consent, newAgents, newCapsule, newConsent, newReader } from './support/consent.js';
import { flipBit, refusal } from './support/refusal.js';

const NAMES = ['mcl', 'noble'] as const;
const RUNS = Number(process.env.MEDSEAL_REENCRYPTION_RUNS ?? '2');
jest.setTimeout(20_000 * Math.max(6, RUNS));
const noble = nobleEngine();
let mcl: PairingEngine;
const engineOf = (name: (typeof NAMES)[number]): PairingEngine => (name === 'mcl' ? mcl : noble);

const { Fp12 } = bls12_381.fields;
const INFINITY_G1 = concat(Uint8Array.of(0xc0), new Uint8Array(47));
const INFINITY_G2 = concat(Uint8Array.of(0xc0), new Uint8Array(95));
const OUTSIDE_G1 = concat(Uint8Array.of(0x80), new Uint8Array(47));

let consent: Consent;
let record: CapsuleOnLedger & { kek: Uint8Array };

beforeAll(async () => {
  mcl = await mclEngine();
  consent = await newConsent(mcl);
  record = newCapsule(mcl, consent.scopeKey);
});

/** Code and culprits of the refusal that an action ends in. */
const blame = async (action: () => unknown): Promise<[string, ...Culprit[]] | undefined> => {
  try {
    await action();
  } catch (error) {
    if (error instanceof CryptoError) return [error.code, ...error.culprits];
    throw error;
  }
  return undefined;
};

const agent = (index: number): Culprit => ({ role: 'agent', id: `Agent${index}MSP` });
const owner: Culprit = { role: 'owner', id: 'l-1' };
const writer: Culprit = { role: 'writer', id: 'r-1' };

const open = (
  engine: PairingEngine,
  answers: AgentAnswer[],
  change: Partial<Parameters<typeof openReencrypted>[1]> = {},
): { kek: Uint8Array; culprits: Culprit[] } =>
  openReencrypted(engine, {
    grant: consent.grant,
    readerSecretKey: consent.reader.secretKey,
    capsule: record.capsule,
    context: record.context,
    answers,
    ...change,
  });

const withAgent = (grant: Grant, index: number, change: Partial<Grant['agents'][number]>): Grant => ({
  ...grant,
  agents: grant.agents.map((one, i) => (i === index - 1 ? { ...one, ...change } : one)),
});

const replaced = (answers: AgentAnswer[], mspId: string, answer: Uint8Array): AgentAnswer[] =>
  answers.map((one) => (one.mspId === mspId ? { mspId, answer } : one));

describe('Shamir sharing', () => {
  it('gives f(0) back from any t values and whole-number weights', () => {
    const scalar = fc.bigInt({ min: 1n, max: GROUP_ORDER - 1n });
    const case_ = fc
      .tuple(
        fc.array(scalar, { minLength: 2, maxLength: 5 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 16 }), { minLength: 5, maxLength: 5 }),
      )
      .map(([coefficients, places]) => ({ coefficients, indices: places.slice(0, coefficients.length) }));
    fc.assert(
      fc.property(case_, ({ coefficients, indices }) => {
        const values = indices.map((x) => evaluatePolynomial(coefficients, x));
        const sum = (weights: bigint[]): bigint =>
          weights.reduce((total, weight, i) => total + weight * (values[i] ?? 0n), 0n);
        expect(((sum(weightsAtZero(indices)) % GROUP_ORDER) + GROUP_ORDER) % GROUP_ORDER).toBe(
          coefficients[0],
        );
        const { numerators, denominator } = interpolationAtZero(indices);
        const whole = ((sum(numerators) % GROUP_ORDER) + GROUP_ORDER) % GROUP_ORDER;
        expect((whole * invertScalar(denominator)) % GROUP_ORDER).toBe(coefficients[0]);
        expect(numerators.every((numerator) => numerator !== 0n)).toBe(true);
      }),
    );
  });

  it('has small weights', () => {
    expect(interpolationAtZero([1, 2])).toEqual({ numerators: [2n, -1n], denominator: 1n });
    expect(interpolationAtZero([1, 3])).toEqual({ numerators: [3n, -1n], denominator: 2n });
    expect(interpolationAtZero([5])).toEqual({ numerators: [1n], denominator: 1n });
  });

  it('refuses index 0, fractions and duplicates', async () => {
    for (const indices of [[0, 1], [1, 1], [1.5, 2], [-1, 2], [Number.NaN, 1], []])
      expect(await refusal(() => weightsAtZero(indices))).toBe('BAD_ARGUMENT');
  });

  it('lists every choice once', () => {
    expect([...subsets(['a', 'b', 'c'], 2)]).toEqual([
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'c'],
    ]);
    expect([...subsets([1, 2, 3, 4, 5, 6], 3)]).toHaveLength(20);
  });
});

describe('the two engines', () => {
  it('give the same bytes for reader keys, proofs, shares and answers', async () => {
    const seed = newSeed();
    const left = readerKeyPair(mcl, seed, 1);
    expect(readerKeyPair(noble, seed, 1)).toEqual(left);
    const holder = { mspId: 'CityMSP', certificateHash: sha256Hex('doctor') };
    expect(proveReaderKey(mcl, left.secretKey, holder)).toEqual(
      proveReaderKey(noble, left.secretKey, holder),
    );
    const random = randomBytes(32);
    const [one, two] = await Promise.all(
      [mcl, noble].map((engine) => newConsent(engine, { ...consent, change: { random } })),
    );
    if (one === undefined || two === undefined) throw new Error('no grant');
    expect(one.grant.agents.map(({ check }) => check)).toEqual(two.grant.agents.map(({ check }) => check));
    for (const { mspId } of consent.agents) {
      const share = await shareOf(one, mspId);
      expect(toHex(await shareOf(two, mspId))).toBe(toHex(share));
      const [byMcl, byNoble] = [mcl, noble].map((engine) =>
        reencryptWithShare(engine, share, CheckedCapsule.of(engine, one.grant, record), {
          mspId,
          withProof: true,
        }),
      );
      expect(byMcl).toEqual(byNoble);
    }
  });

  it('work on each other’s grants, shares and answers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), async (choices) => {
        const [device, writing, first, second, reading] = choices.map((choice) => (choice ? mcl : noble)) as [
          PairingEngine,
          PairingEngine,
          PairingEngine,
          PairingEngine,
          PairingEngine,
        ];
        const mixed = await newConsent(device);
        const { capsule, context, kek } = newCapsule(writing, mixed.scopeKey);
        const answers = [
          ...(await answersOf(first, mixed, { capsule, context }, [1])),
          ...(await answersOf(second, mixed, { capsule, context }, [3])),
        ];
        const { grant, reader } = mixed;
        const input = { grant, readerSecretKey: reader.secretKey, capsule, context, answers };
        expect(openReencrypted(reading, input)).toEqual({ kek, culprits: [] });
      }),
      { numRuns: RUNS },
    );
  });

  it('combine products of unchecked elements alike', () => {
    const element = (seed: bigint): Uint8Array =>
      Fp12.toBytes(Fp12.fromBigTwelve(Array.from({ length: 12 }, (_, i) => seed + BigInt(i)) as Twelve));
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 2n ** 380n }),
        fc.bigInt({ min: -1000n, max: -1n }),
        (seed, exponent) => {
          const [left, right] = [mcl, noble].map((engine) => {
            const elements = [seed, seed + 77n].map((start) => engine.decodeGT(element(start)));
            return toHex(engine.encodeGT(engine.clearProduct(elements, [exponent, 12345n])));
          });
          expect(left).toBe(right);
        },
      ),
      { numRuns: 3 },
    );
  });
});

describe.each(NAMES)('products of elements in %s', (name) => {
  it('need as many exponents, none of them zero', async () => {
    const engine = engineOf(name);
    const one = engine.decodeGT(engine.encodeGT(engine.pair(engine.generatorG1, engine.generatorG2)));
    expect(await refusal(() => engine.clearProduct([one], [0n]))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => engine.clearProduct([one], [1n, 2n]))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => engine.clearProduct([], []))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => engine.clearProduct([one, one], [1n, -1n]))).toBe('IDENTITY_ELEMENT');
  });
});

describe.each(NAMES)('reader keys in %s', (name) => {
  const holder = { mspId: 'CityMSP', certificateHash: sha256Hex('doctor') };

  it('are registered with a proof bound to organisation and certificate', () => {
    const engine = engineOf(name);
    const { secretKey, publicKey } = newReaderKeyPair(engine);
    const key = proveReaderKey(engine, secretKey, holder);
    expect(key.publicKey).toEqual(publicKey);
    expect(checkReaderKey(engine, key)).toBe(true);
    const others = [
      { ...key, mspId: 'LakesideMSP' },
      { ...key, mspId: '' },
      { ...key, certificateHash: sha256Hex('another') },
      { ...key, certificateHash: 'zz' },
      { ...key, proof: new Uint8Array(64) },
      { ...key, proof: key.proof.subarray(1) },
      { ...key, proof: new Uint8Array(0) },
      { ...key, publicKey: newReaderKeyPair(engine).publicKey },
      { ...key, proof: newReader().key.proof },
    ];
    for (const other of others) expect(checkReaderKey(engine, other)).toBe(false);
  });

  it('are not a known point, nor malformed', () => {
    const engine = engineOf(name);
    const generator = engine.encodeG2(engine.generatorG2);
    const ofOne = proveReaderKey(noble, encodeScalar(1n), holder);
    const ofMinusOne = proveReaderKey(noble, encodeScalar(GROUP_ORDER - 1n), holder);
    expect(ofOne.publicKey).toEqual(generator);
    expect(ofMinusOne.publicKey).toEqual(flipBit(generator, 0, 5));
    const key = proveReaderKey(noble, encodeScalar(2n), holder);
    expect(checkReaderKey(engine, key)).toBe(true);
    for (const other of [ofOne, ofMinusOne]) expect(checkReaderKey(engine, other)).toBe(false);
    for (const publicKey of [INFINITY_G2, new Uint8Array(96), key.publicKey.subarray(1), OUTSIDE_G1])
      expect(checkReaderKey(engine, { ...key, publicKey })).toBe(false);
  });

  it('refuse a proof with any bit flipped, with e = 0 or a scalar beyond the order', () => {
    const engine = engineOf(name);
    const key = newReader().key;
    for (let offset = 0; offset < 64; offset += 9)
      expect(checkReaderKey(engine, { ...key, proof: flipBit(key.proof, offset, offset % 8) })).toBe(false);
    const z = bytesToBigint(key.proof.subarray(32)) + GROUP_ORDER;
    if (z < 2n ** 256n) {
      const proof = concat(key.proof.subarray(0, 32), Buffer.from(z.toString(16).padStart(64, '0'), 'hex'));
      expect(checkReaderKey(engine, { ...key, proof })).toBe(false);
    }
    expect(
      checkReaderKey(engine, { ...key, proof: concat(new Uint8Array(32), key.proof.subarray(32)) }),
    ).toBe(false);
  });

  it('of a care team are sealed to each member, and are the team’s or refused', async () => {
    const engine = engineOf(name);
    const { secretKey, publicKey } = newReaderKeyPair(engine);
    const team = { teamId: 'team-1', publicKey };
    const [member, stranger] = [newReceivingKeyPair(), newReceivingKeyPair()];
    const sealed = await sealTeamKey(member.publicKey, secretKey, team);
    expect(await openTeamKey(engine, member.secretKey, sealed, team)).toEqual({ secretKey, publicKey });
    const open = (change: Partial<typeof team>, key = member): Promise<unknown> =>
      openTeamKey(engine, key.secretKey, sealed, { ...team, ...change });
    expect(await refusal(() => open({}, stranger))).toBe('OPEN_FAILED');
    expect(await refusal(() => open({ teamId: 'team-2' }))).toBe('OPEN_FAILED');
    expect(await refusal(() => open({ publicKey: newReaderKeyPair(engine).publicKey }))).toBe('OPEN_FAILED');
    const other = await sealTeamKey(member.publicKey, encodeScalar(5n), team);
    expect(await refusal(() => openTeamKey(engine, member.secretKey, other, team))).toBe('WRONG_CONTEXT');
    expect(await refusal(() => sealTeamKey(member.publicKey, randomBytes(31), team))).toBe('BAD_LENGTH');
  });

  it('come from a seed or a stored secret', async () => {
    const engine = engineOf(name);
    const seed = newSeed();
    const pair = readerKeyPair(engine, seed, 1);
    expect(readerKeyPair(engine, seed, 2)).not.toEqual(pair);
    expect(await refusal(() => readerKeyPair(engine, seed, -1))).toBe('BAD_ARGUMENT');
    expect(readerKeyPairFrom(engine, pair.secretKey)).toEqual(pair);
    expect(await refusal(() => readerKeyPairFrom(engine, new Uint8Array(32)))).toBe('BAD_SCALAR');
    expect(await refusal(() => readerKeyPairFrom(engine, randomBytes(31)))).toBe('BAD_LENGTH');
  });
});

describe.each(NAMES)('grants in %s', (name) => {
  it('have consistent public values, a share for each agent that fits, and one encoding', async () => {
    const engine = engineOf(name);
    const made = await newConsent(engine, { threshold: 3, agents: newAgents(4) });
    checkGrant(engine, made.grant);
    expect(decodeGrant(encodeGrant(made.grant))).toEqual(made.grant);
    for (const [i, { mspId, secretKey: agentSecretKey }] of made.agents.entries()) {
      const sealedShare = made.sealedShares[i]?.sealed ?? new Uint8Array(0);
      expect(sealedShare.length).toBe(SEALED_SHARE_BYTES);
      await acceptShare(engine, { grant: made.grant, mspId, agentSecretKey, sealedShare });
    }
  });

  it('have another polynomial every time', async () => {
    const other = await newConsent(engineOf(name), consent);
    const ids = new Set(
      [...consent.grant.agents, ...other.grant.agents].map(({ check }) => shareCheckId(check)),
    );
    expect(ids.size).toBe(6);
  });

  it.each<[string, (grant: Grant) => Grant]>([
    ['a third check off the polynomial', (grant) => withAgent(grant, 3, { check: newScopeKey().publicKey })],
    [
      'the first check off the polynomial',
      (grant) => withAgent(grant, 1, { check: newScopeKey().publicKey }),
    ],
    ['two checks exchanged', (grant) => ({ ...grant, agents: [...grant.agents].reverse() })],
    ['a check at infinity', (grant) => withAgent(grant, 2, { check: INFINITY_G1 })],
    ['a check outside the subgroup', (grant) => withAgent(grant, 2, { check: OUTSIDE_G1 })],
    ['a check twice', (grant) => withAgent(grant, 2, { check: grant.agents[0]?.check ?? INFINITY_G1 })],
    ['an organisation twice', (grant) => withAgent(grant, 2, { mspId: 'Agent1MSP' })],
    ['the reader’s organisation as agent', (grant) => withAgent(grant, 2, { mspId: 'CityMSP' })],
    ['an owner’s key at infinity', (grant) => ({ ...grant, ownerPublicKey: INFINITY_G1 })],
    [
      'a reader’s key at infinity',
      (grant) => ({ ...grant, reader: { ...grant.reader, publicKey: INFINITY_G2 } }),
    ],
    [
      'the generator as reader’s key',
      (grant) => ({ ...grant, reader: { ...grant.reader, publicKey: noble.encodeG2(noble.generatorG2) } }),
    ],
    ['a threshold of 1', (grant) => ({ ...grant, threshold: 1 })],
    ['a threshold of 0', (grant) => ({ ...grant, threshold: 0 })],
    ['a threshold above n', (grant) => ({ ...grant, threshold: 4 })],
    ['no threshold', (grant) => ({ ...grant, threshold: Number.NaN })],
    ['a higher threshold than was shared', (grant) => ({ ...grant, threshold: 3 })],
    ['no scope', (grant) => ({ ...grant, scopeId: '00'.repeat(16) })],
    [
      'seventeen agents',
      (grant) => ({ ...grant, agents: Array.from({ length: 17 }, () => grant.agents[0]) as Grant['agents'] }),
    ],
  ])('are refused with %s, naming the owner', async (_, change) => {
    expect(await blame(() => checkGrant(engineOf(name), change(consent.grant)))).toEqual([
      'BAD_GRANT',
      owner,
    ]);
  });

  it('are refused where fewer agents than the threshold would open', async () => {
    const engine = engineOf(name);
    const P = engine.encodeG1(engine.generatorG1);
    // A constant polynomial: V_1 = P, and the first agent holds [1/a]pkB2.
    expect(await blame(() => checkGrant(engine, withAgent(consent.grant, 1, { check: P })))).toEqual([
      'BAD_GRANT',
      owner,
    ]);
    const twoOfThree = await newConsent(engine, { threshold: 2, agents: newAgents(3) });
    expect(await blame(() => checkGrant(engine, { ...twoOfThree.grant, threshold: 3 }))).toEqual([
      'BAD_GRANT',
      owner,
    ]);
  });

  it('are made only to a key with its proof, and to other organisations’ agents', async () => {
    const engine = engineOf(name);
    const { reader, agents } = consent;
    const unproven = { ...reader, key: { ...reader.key, proof: new Uint8Array(64) } };
    const foreign = { ...reader, key: { ...reader.key, certificateHash: sha256Hex('thief') } };
    for (const other of [unproven, foreign])
      expect(await refusal(() => newConsent(engine, { reader: other }))).toBe('BAD_KEY_PROOF');
    const own = [...agents.slice(0, 2), { ...newReceivingKeyPair(), mspId: 'CityMSP' }];
    expect(await refusal(() => newConsent(engine, { agents: own }))).toBe('BAD_ARGUMENT');
    for (const threshold of [0, 1, 4, -1, 1.5, Number.NaN])
      expect(await refusal(() => newConsent(engine, { threshold }))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => newConsent(engine, { agents: [] }))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => newConsent(engine, { change: { random: randomBytes(31) } }))).toBe(
      'BAD_LENGTH',
    );
    const zeroKey = { ...consent.scopeKey, secretKey: new Uint8Array(32) };
    expect(await refusal(() => newConsent(engine, { scopeKey: zeroKey }))).toBe('BAD_SCALAR');
  });
});

describe('an encoded grant', () => {
  it('has a digest that every field changes', () => {
    const { grant } = consent;
    const changed: Grant[] = [
      { ...grant, grantId: 'g-2' },
      { ...grant, owner: 'l-2' },
      { ...grant, epoch: 2 },
      { ...grant, scopeId: newScopeId() },
      { ...grant, reader: { ...grant.reader, mspId: 'OtherMSP' } },
      withAgent(grant, 1, { shareDigest: sha256Hex('x') }),
    ];
    expect(new Set([grant, ...changed].map(grantDigest)).size).toBe(7);
  });

  it.each<[string, (fields: Record<string, unknown>) => void]>([
    ['an unknown format', (fields) => (fields.format = 'medseal/grant/2')],
    ['an unknown field', (fields) => (fields.more = 1)],
    ['a missing field', (fields) => delete fields.epoch],
    ['a short key', (fields) => (fields.ownerPublicKey = 'AAAA')],
    ['agents that are no list', (fields) => (fields.agents = {})],
    ['no agents', (fields) => (fields.agents = [])],
    ['an epoch below zero', (fields) => (fields.epoch = -1)],
    ['an empty owner', (fields) => (fields.owner = '')],
    ['a scope of zeros', (fields) => (fields.scopeId = '00'.repeat(16))],
    ['a threshold as text', (fields) => (fields.threshold = '2')],
  ])('is refused with %s', async (_, spoil) => {
    const fields = JSON.parse(new TextDecoder().decode(encodeGrant(consent.grant))) as Record<
      string,
      unknown
    >;
    spoil(fields);
    const sorted = JSON.stringify(
      Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))),
    );
    expect(await refusal(() => decodeGrant(utf8(sorted)))).toMatch(/BAD_ENCODING|UNSUPPORTED_VERSION/);
  });

  it('is refused in another spelling, or too long', async () => {
    const bytes = encodeGrant(consent.grant);
    expect(await refusal(() => decodeGrant(concat(bytes, utf8(' '))))).toBe('BAD_ENCODING');
    expect(await refusal(() => decodeGrant(new Uint8Array(20_000)))).toBe('BAD_LENGTH');
  });
});

describe.each(NAMES)('shares in %s', (name) => {
  const accept = async (change: Partial<Parameters<typeof acceptShare>[1]> = {}): Promise<void> =>
    acceptShare(engineOf(name), { ...inputOf(1), ...change });

  it('open for one agent only', async () => {
    const second = inputOf(2);
    expect(await accept()).toBeUndefined();
    expect(await refusal(() => accept({ agentSecretKey: second.agentSecretKey }))).toBe('WRONG_CONTEXT');
    expect(await refusal(() => accept({ sealedShare: second.sealedShare }))).toBe('DIGEST_MISMATCH');
    expect(await refusal(() => accept({ mspId: second.mspId }))).toBe('DIGEST_MISMATCH');
    expect(await refusal(() => accept({ mspId: 'StrangerMSP' }))).toBe('WRONG_CONTEXT');
    expect(await refusal(() => accept({ sealedShare: new Uint8Array(0) }))).toBe('DIGEST_MISMATCH');
  });

  it('do not open under another grant, whatever that names', async () => {
    for (const change of [{ grantId: 'g-2' }, { scopeId: newScopeId() }, { epoch: 2 }])
      expect(await blame(() => accept({ grant: { ...consent.grant, ...change } }))).toEqual([
        'BAD_SHARE',
        owner,
      ]);
    const { sealedShare, agentSecretKey } = inputOf(2);
    const moved = withAgent(withAgent(consent.grant, 2, { mspId: 'Elsewhere' }), 1, {
      shareDigest: sha256Hex(sealedShare),
      publicKey: consent.agents[1]?.publicKey ?? new Uint8Array(0),
    });
    expect(await blame(() => accept({ grant: moved, sealedShare, agentSecretKey }))).toEqual([
      'BAD_SHARE',
      owner,
    ]);
  });

  it.each<[string, (third: Uint8Array) => Promise<Uint8Array> | Uint8Array]>([
    ['another agent’s share', async () => shareOf(consent, 'Agent2MSP')],
    ['the identity', () => INFINITY_G2],
    ['a point outside the subgroup', () => concat(OUTSIDE_G1, new Uint8Array(48))],
    ['zeros', () => new Uint8Array(96)],
    [
      'a share off by the generator',
      (third) => noble.encodeG2(noble.combineG2([noble.decodeG2(third), noble.generatorG2], [1n, 1n])),
    ],
  ])('that are bad name the owner and not the agent: %s', async (_, spoil) => {
    const bad = await spoil(await shareOf(consent, 'Agent3MSP'));
    const sealedShare = await sealShare(
      consent.agents[2]?.publicKey ?? new Uint8Array(0),
      bad,
      consent.grant,
      3,
    );
    const grant = withAgent(consent.grant, 3, { shareDigest: sha256Hex(sealedShare) });
    checkGrant(engineOf(name), grant);
    const { agentSecretKey, mspId } = inputOf(3);
    const attempt = acceptShare(engineOf(name), { grant, mspId, agentSecretKey, sealedShare });
    expect(await blame(() => attempt)).toEqual(['BAD_SHARE', owner]);
    expect(shareFits(engineOf(name), grant, 3, bad)).toBe(false);
  });

  it('of no length but their own, nor of index 0 or beyond n', async () => {
    const engine = engineOf(name);
    const share = await shareOf(consent, 'Agent1MSP');
    expect(shareFits(engine, consent.grant, 1, share)).toBe(true);
    expect(shareFits(engine, consent.grant, 2, share)).toBe(false);
    expect(shareFits(engine, consent.grant, 1, share.subarray(1))).toBe(false);
    for (const index of [0, 4, -1, 1.5])
      expect(await refusal(() => shareFits(engine, consent.grant, index, share))).toBe('BAD_ARGUMENT');
    expect(agentIndex(consent.grant, 'Agent3MSP')).toBe(3);
  });
});

describe.each(NAMES)('re-encryption in %s', (name) => {
  const answer = async (change: Partial<Parameters<typeof reencrypt>[1]> = {}): Promise<Uint8Array> =>
    reencrypt(engineOf(name), { ...inputOf(1), capsule: record.capsule, context: record.context, ...change });

  it('is a function of its input: a repetition gives the same bytes, the proof included', async () => {
    const random = jest.spyOn(globalThis.crypto, 'getRandomValues');
    try {
      const [plain, proven] = [await answer(), await answer({ withProof: true })];
      expect(plain.length).toBe(ANSWER_BYTES);
      expect(proven.length).toBe(PROVEN_ANSWER_BYTES);
      expect(await answer()).toEqual(plain);
      expect(await answer({ withProof: true })).toEqual(proven);
      expect(proven.subarray(0, ANSWER_BYTES)).toEqual(plain);
      expect(random).not.toHaveBeenCalled();
    } finally {
      random.mockRestore();
    }
  });

  it.each<[string, Partial<SealingContext>, string]>([
    ['channel', { channel: 'health2' }, 'WRONG_CONTEXT'],
    ['owner', { owner: 'l-2' }, 'WRONG_CONTEXT'],
    ['scope', { scopeId: 'ff'.repeat(16) }, 'WRONG_CONTEXT'],
    ['epoch', { epoch: 2 }, 'WRONG_CONTEXT'],
    ['record', { recordId: 'r-2' }, 'BAD_CAPSULE'],
    ['version', { version: 2 }, 'BAD_CAPSULE'],
    ['sealed content', { sealedDigest: sha256Hex('other') }, 'BAD_CAPSULE'],
  ])('refuses a capsule under another %s', async (_, change, code) => {
    expect(await refusal(() => answer({ context: { ...record.context, ...change } }))).toBe(code);
  });

  it('refuses a mauled, copied or foreign capsule before the share is opened', async () => {
    const engine = engineOf(name);
    const c1 = engine.encodeG1(engine.multiplyG1(engine.decodeG1(record.capsule.subarray(0, 48)), 7n));
    const z = encodeScalar((bytesToBigint(record.capsule.subarray(112)) * 7n) % GROUP_ORDER);
    const other = newCapsule(engine, newScopeKey()).capsule;
    const mauled: Uint8Array[] = [
      concat(c1, record.capsule.subarray(48)),
      concat(c1, record.capsule.subarray(48, 112), z),
      flipBit(record.capsule, 50),
      flipBit(record.capsule, 143),
      concat(INFINITY_G1, record.capsule.subarray(48)),
      record.capsule.subarray(1),
      new Uint8Array(0),
      new Uint8Array(144),
      other,
    ];
    // A sealed share that would be refused too, had it been looked at.
    const sealedShare = new Uint8Array(0);
    for (const capsule of mauled)
      expect(await blame(() => answer({ capsule, sealedShare }))).toEqual(['BAD_CAPSULE', writer]);
    // The attacker's own record with the victim's key material: a genuine proof is what is missing.
    const stolen = { ...record.context, recordId: 'r-attacker' };
    expect(
      await refusal(() => answer({ context: stolen, capsule: concat(c1, record.capsule.subarray(48)) })),
    ).toBe('BAD_CAPSULE');
    expect(await refusal(() => answer({ context: stolen }))).toBe('BAD_CAPSULE');
  });

  it('refuses another agent’s share, another grant’s share, and organisations that are no agents', async () => {
    const other = await newConsent(mcl, { agents: consent.agents });
    expect(await refusal(() => answer({ sealedShare: inputOf(2).sealedShare }))).toBe('DIGEST_MISMATCH');
    expect(
      await refusal(() => answer({ sealedShare: other.sealedShares[0]?.sealed ?? new Uint8Array(0) })),
    ).toBe('DIGEST_MISMATCH');
    expect(await refusal(() => answer({ mspId: 'CityMSP' }))).toBe('WRONG_CONTEXT');
  });

  it('has a proof that no change survives, and that holds for this agent, capsule and grant only', async () => {
    const engine = engineOf(name);
    const proven = await answer({ withProof: true });
    const input = { grant: consent.grant, mspId: 'Agent1MSP', ...record };
    expect(checkAnswer(engine, proven, input)).toBe(true);
    const other = newCapsule(mcl, consent.scopeKey);
    const [second] = await answersOf(mcl, consent, record, [2], true);
    for (const [bytes, change] of [
      [proven, { mspId: 'Agent2MSP' }],
      [proven, { mspId: 'StrangerMSP' }],
      [proven, { capsule: other.capsule }],
      [proven, { context: { ...record.context, recordId: 'r-2' } }],
      [proven, { grant: { ...consent.grant, grantId: 'g-2' } }],
      [second?.answer ?? proven, {}],
      [proven.subarray(0, ANSWER_BYTES), {}],
      [new Uint8Array(PROVEN_ANSWER_BYTES), {}],
      [concat(proven.subarray(0, 576), new Uint8Array(32), proven.subarray(608)), {}],
      [concat(proven.subarray(0, 608), INFINITY_G2), {}],
      [concat(smallOrder(engine, proven.subarray(0, 576)), proven.subarray(576)), {}],
      ...[3, 300, 580, 600, 640, 703].map((offset) => [flipBit(proven, offset, 1), {}] as const),
    ] as const) {
      expect(checkAnswer(engine, bytes, { ...input, ...change })).toBe(false);
    }
  });
});

describe.each(NAMES)('combination in %s', (name) => {
  it('opens with any t answers, and with fewer never', async () => {
    const engine = engineOf(name);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 4 }),
        fc.integer({ min: 0, max: 1 }),
        async (threshold, more) => {
          const made = await newConsent(mcl, { threshold, agents: newAgents(threshold + more) });
          const { capsule, context, kek } = newCapsule(mcl, made.scopeKey);
          const all = await answersOf(
            mcl,
            made,
            { capsule, context },
            made.agents.map((_, i) => i + 1),
          );
          const { grant, reader } = made;
          const input = { grant, readerSecretKey: reader.secretKey, capsule, context };
          for (const answers of subsets(all, threshold))
            expect(openReencrypted(engine, { ...input, answers })).toEqual({ kek, culprits: [] });
          for (const answers of subsets(all, threshold - 1)) {
            expect(await refusal(() => openReencrypted(engine, { ...input, answers }))).toBe(
              'TOO_FEW_ANSWERS',
            );
            // A ledger that lies about the threshold does not help: the algebra needs t.
            if (threshold === 2) continue;
            const lied = { ...grant, threshold: threshold - 1 };
            expect(await refusal(() => openReencrypted(engine, { ...input, grant: lied, answers }))).toBe(
              'BAD_GRANT',
            );
          }
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('opens for nobody else: other reader, other grant, other record, scope or epoch', async () => {
    const engine = engineOf(name);
    const answers = await answersOf(mcl, consent, record, [1, 2]);
    expect(open(engine, answers)).toEqual({ kek: record.kek, culprits: [] });
    const thief = newReader('thief');
    expect(await refusal(() => open(engine, answers, { readerSecretKey: thief.secretKey }))).toBe(
      'WRONG_CONTEXT',
    );
    const toThief = { ...consent.grant, reader: { ...consent.grant.reader, publicKey: thief.publicKey } };
    expect(
      await refusal(() => open(engine, answers, { grant: toThief, readerSecretKey: thief.secretKey })),
    ).toBe('BAD_ANSWER');
    for (const change of [{ recordId: 'r-2' }, { version: 2 }, { sealedDigest: sha256Hex('other') }])
      expect(await refusal(() => open(engine, answers, { context: { ...record.context, ...change } }))).toBe(
        'BAD_CAPSULE',
      );
    for (const change of [{ owner: 'l-2' }, { scopeId: newScopeId() }, { epoch: 2 }, { channel: 'x' }])
      expect(await refusal(() => open(engine, answers, { context: { ...record.context, ...change } }))).toBe(
        'WRONG_CONTEXT',
      );
    const other = newCapsule(mcl, consent.scopeKey);
    expect(await refusal(() => open(engine, answers, other))).toBe('BAD_ANSWER');
  });

  it('does not open with answers of two grants mixed, relabelled or repeated', async () => {
    const engine = engineOf(name);
    const second = await newConsent(mcl, consent);
    const [one, two] = await answersOf(mcl, consent, record, [1, 2]);
    const [foreign] = await answersOf(mcl, second, record, [2]);
    if (one === undefined || two === undefined || foreign === undefined) throw new Error('no answers');
    expect(await refusal(() => open(engine, [one, foreign]))).toBe('BAD_ANSWER');
    const relabelled = [
      { mspId: one.mspId, answer: two.answer },
      { mspId: two.mspId, answer: one.answer },
    ];
    expect(await refusal(() => open(engine, relabelled))).toBe('BAD_ANSWER');
    expect(await refusal(() => open(engine, [one, { ...two, answer: one.answer }]))).toBe('BAD_ANSWER');
    expect(await refusal(() => open(engine, [one, one]))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => open(engine, [one, { ...two, mspId: 'StrangerMSP' }]))).toBe('WRONG_CONTEXT');
    expect(await refusal(() => open(engine, []))).toBe('TOO_FEW_ANSWERS');
  });

  it('names the agent whose answer is wrong, though the rest open', async () => {
    const engine = engineOf(name);
    const answers = await answersOf(mcl, consent, record, [1, 2, 3]);
    for (const index of [1, 2, 3]) {
      const wrong = replaced(answers, `Agent${index}MSP`, unrelatedElement(engine));
      expect(open(engine, wrong)).toEqual({ kek: record.kek, culprits: [agent(index)] });
    }
  });

  it.each([2n, 3n, 11n, 10177n])(
    'survives and names an agent that multiplies in an element of order %d',
    async (order) => {
      const engine = engineOf(name);
      const answers = await answersOf(mcl, consent, record, [1, 2]);
      const mauled = smallOrder(engine, answers[0]?.answer ?? new Uint8Array(0), order);
      expect(open(engine, replaced(answers, 'Agent1MSP', mauled))).toEqual({
        kek: record.kek,
        culprits: [agent(1)],
      });
    },
  );

  it('names malformed answers, and says when too few are left', async () => {
    const engine = engineOf(name);
    const answers = await answersOf(mcl, consent, record, [1, 2, 3]);
    const good = answers[0]?.answer ?? new Uint8Array(0);
    for (const bytes of [
      new Uint8Array(0),
      good.subarray(1),
      concat(good, Uint8Array.of(0)),
      new Uint8Array(576),
      new Uint8Array(576).fill(0xff),
    ]) {
      const wrong = replaced(answers, 'Agent2MSP', bytes);
      expect(open(engine, wrong)).toEqual({ kek: record.kek, culprits: [agent(2)] });
      expect(await blame(() => open(engine, wrong.slice(0, 2)))).toEqual(['TOO_FEW_ANSWERS', agent(2)]);
    }
  });

  it('names the liar among t answers by the proofs, and nobody without them', async () => {
    const engine = engineOf(name);
    const plain = await answersOf(mcl, consent, record, [1, 2]);
    const proven = await answersOf(mcl, consent, record, [1, 2], true);
    const lie = unrelatedElement(engine);
    expect(await blame(() => open(engine, replaced(plain, 'Agent2MSP', lie)))).toEqual(['BAD_ANSWER']);
    const proof = (proven[1]?.answer ?? new Uint8Array(0)).subarray(ANSWER_BYTES);
    const wrong = replaced(proven, 'Agent2MSP', concat(lie, proof));
    expect(await blame(() => open(engine, wrong))).toEqual(['BAD_ANSWER', agent(2)]);
    expect(open(engine, proven)).toEqual({ kek: record.kek, culprits: [] });
  });

  it('names the writer when proven answers open to nothing: a wrong C2 behind a genuine proof', async () => {
    const engine = engineOf(name);
    const capsule = capsuleWithWrongC2(engine);
    const answers = await answersOf(engine, consent, { ...record, capsule }, [1, 2], true);
    expect(await blame(() => open(engine, answers, { capsule }))).toEqual(['BAD_CAPSULE', writer]);
    const context = sealingContext(record.context);
    expect(await refusal(() => openCapsule(engine, consent.scopeKey.secretKey, capsule, context))).toBe(
      'OPEN_FAILED',
    );
  });

  it('names the owner when the grant’s own values do not fit', async () => {
    const engine = engineOf(name);
    const [one, two] = await answersOf(mcl, consent, record, [1, 2]);
    if (one === undefined || two === undefined) throw new Error('no answers');
    const grant = withAgent(consent.grant, 2, { check: newScopeKey().publicKey });
    const answers = [one, { ...two, answer: unrelatedElement(engine) }];
    expect(await blame(() => open(engine, answers, { grant }))).toEqual(['BAD_GRANT', owner]);
  });
});

describe.each(NAMES)('what t agents with the reader obtain, in %s', (name) => {
  const other = (
    consent_: Consent,
    scopeId: string,
    epoch: number,
  ): CapsuleOnLedger & { kek: Uint8Array } => {
    const scopeKey = scopeKeyPair(noble, consent_.seed, scopeId, epoch);
    return { ...newCapsule(mcl, scopeKey), ownerPublicKey: scopeKey.publicKey } as never;
  };

  it('opens every capsule of that scope and epoch without any grant, and none of another', async () => {
    const engine = engineOf(name);
    const { scopeKey, reader, seed } = consent;
    // They pool shares and b: sum of l_i rk_i = [b/a]G, hence [1/a]G.
    const shares = [await shareOf(consent, 'Agent1MSP'), await shareOf(consent, 'Agent3MSP')];
    const pooled = engine.combineG2(
      shares.map((share) => engine.decodeG2(share)),
      weightsAtZero([1, 3]),
    );
    const key = engine.multiplyG2(pooled, invertScalar(bytesToBigint(reader.secretKey)));
    const attempt = (capsule: CapsuleOnLedger, ownerPublicKey: Uint8Array): Uint8Array => {
      const shared = engine.pair(engine.decodeG1(capsule.capsule.subarray(0, 48)), key);
      return openWithSharedElement(
        engine,
        shared,
        capsule.capsule,
        ownerPublicKey,
        sealingContext(capsule.context),
      );
    };
    const neverGranted = [
      newCapsule(mcl, scopeKey, { recordId: 'r-of-another-type' }),
      newCapsule(mcl, scopeKey, { recordId: 'r-of-next-year', version: 4 }),
      record,
    ];
    for (const capsule of neverGranted) expect(attempt(capsule, scopeKey.publicKey)).toEqual(capsule.kek);
    for (const [scopeId, epoch] of [
      [scopeKey.scopeId, 2],
      [newScopeId(), 1],
    ] as const) {
      const foreign = other(consent, scopeId, epoch);
      const { publicKey } = scopeKeyPair(noble, seed, scopeId, epoch);
      expect(await refusal(() => attempt(foreign, publicKey))).toBe('OPEN_FAILED');
    }
    // It is not the scope key: it signs nothing and derives nothing, but it is [1/a]G.
    const inverse = invertScalar(bytesToBigint(scopeKey.secretKey));
    expect(engine.encodeG2(key)).toEqual(engine.encodeG2(engine.multiplyG2(engine.generatorG2, inverse)));
  });

  it('is less with t - 1 agents: nothing opens', async () => {
    const engine = engineOf(name);
    const b = bytesToBigint(consent.reader.secretKey);
    for (const { mspId } of consent.agents) {
      const share = engine.decodeG2(await shareOf(consent, mspId));
      const key = engine.multiplyG2(share, invertScalar(b));
      const shared = engine.pair(engine.decodeG1(record.capsule.subarray(0, 48)), key);
      const attempt = (): Uint8Array =>
        openWithSharedElement(
          engine,
          shared,
          record.capsule,
          consent.scopeKey.publicKey,
          sealingContext(record.context),
        );
      expect(await refusal(attempt)).toBe('OPEN_FAILED');
    }
  });

  it('is less without the reader: t agents alone open nothing', async () => {
    const engine = engineOf(name);
    const shares = [await shareOf(consent, 'Agent1MSP'), await shareOf(consent, 'Agent2MSP')];
    const pooled = engine.combineG2(
      shares.map((share) => engine.decodeG2(share)),
      weightsAtZero([1, 2]),
    );
    const shared = engine.pair(engine.decodeG1(record.capsule.subarray(0, 48)), pooled);
    const attempt = (): Uint8Array =>
      openWithSharedElement(
        engine,
        shared,
        record.capsule,
        consent.scopeKey.publicKey,
        sealingContext(record.context),
      );
    expect(await refusal(attempt)).toBe('OPEN_FAILED');
  });
});

describe('a polynomial used twice', () => {
  it('shows in equal check values, which is why the ledger refuses them', async () => {
    const random = randomBytes(32);
    const one = await newConsent(mcl, { ...consent, change: { random } });
    const two = await newConsent(mcl, { ...consent, change: { random } });
    expect(two.grant.agents.map(({ check }) => shareCheckId(check))).toEqual(
      one.grant.agents.map(({ check }) => shareCheckId(check)),
    );
    // Another grant id is another polynomial, even with the same randomness.
    const three = await newConsent(mcl, { ...consent, change: { random, grantId: 'g-3' } });
    expect(three.grant.agents[0]?.check).not.toEqual(one.grant.agents[0]?.check);
    expect(shareCheckId(one.grant.agents[0]?.check ?? random)).toMatch(/^[0-9a-f]{64}$/);
  });
});

const inputOf = (
  index: number,
): { grant: Grant; mspId: string; agentSecretKey: Uint8Array; sealedShare: Uint8Array } => {
  const one = consent.agents[index - 1];
  const sealedShare = consent.sealedShares[index - 1]?.sealed;
  if (one === undefined || sealedShare === undefined) throw new Error(`no agent ${index}`);
  return { grant: consent.grant, mspId: one.mspId, agentSecretKey: one.secretKey, sealedShare };
};

const shareOf = async ({ grant, agents, sealedShares }: Consent, mspId: string): Promise<Uint8Array> => {
  const index = agentIndex(grant, mspId);
  const agentSecretKey = agents[index - 1]?.secretKey ?? new Uint8Array(0);
  const sealedShare = sealedShares[index - 1]?.sealed ?? new Uint8Array(0);
  return openShare({ grant, mspId, agentSecretKey, sealedShare });
};

const newScopeKey = (): ReturnType<typeof scopeKeyPair> => scopeKeyPair(noble, newSeed(), newScopeId(), 1);

const unrelatedElement = (engine: PairingEngine): Uint8Array =>
  engine.encodeGT(engine.powerGT(engine.pair(engine.generatorG1, engine.generatorG2), 1234567n));

/** A capsule whose proof holds over a C2 that hides no secret of this k: what chaincode cannot see. */
const capsuleWithWrongC2 = (engine: PairingEngine): Uint8Array => {
  const { publicKey } = consent.scopeKey;
  const context = sealingContext(record.context);
  const genuine = encapsulate(engine, { ownerPublicKey: publicKey, context, random: new Uint8Array(32) });
  const k = Hr('MS-K', [new Uint8Array(32), publicKey, context]);
  const c1 = genuine.capsule.subarray(0, 48);
  const c2 = randomBytes(32);
  const w = 424242n;
  const announcement = engine.encodeG1(engine.multiplyG1(engine.decodeG1(publicKey), w));
  const e = Hr('MS-POK', [publicKey, c1, c2, context, announcement]);
  return concat(c1, c2, encodeScalar(e), encodeScalar((w + e * k) % GROUP_ORDER));
};

type Twelve = Parameters<typeof Fp12.fromBigTwelve>[0];
const small = new Map<bigint, typeof Fp12.ONE>();

/** The element times one of small order: no element of GT, though it opens once the cofactor is cleared. */
const smallOrder = (_engine: PairingEngine, bytes: Uint8Array, order = 11n): Uint8Array => {
  const exponent = (bls12_381.fields.Fp.ORDER ** 12n - 1n) / order;
  for (let start = 2n; !small.has(order); start++) {
    const coefficients = Array.from({ length: 12 }, (_, i) => start + BigInt(i)) as Twelve;
    const element = Fp12.pow(Fp12.fromBigTwelve(coefficients), exponent);
    if (!Fp12.eql(element, Fp12.ONE)) small.set(order, element);
  }
  return Fp12.toBytes(Fp12.mul(Fp12.fromBytes(bytes), small.get(order) ?? Fp12.ONE));
};
