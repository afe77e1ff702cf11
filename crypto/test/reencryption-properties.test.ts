import fc from 'fast-check';
import {
  acceptShare,
  ANSWER_BYTES,
  type CapsuleOnLedger,
  checkAnswer,
  checkGrant,
  checkReaderKey,
  CryptoError,
  decodeGrant,
  encodeGrant,
  grantDigest,
  mclEngine,
  nobleEngine,
  openReencrypted,
  openShare,
  type PairingEngine,
  PROVEN_ANSWER_BYTES,
  reencrypt,
  sha256Hex,
  shareFits,
} from '../src/index.js';
import { answersOf, type Consent, newAgents, newCapsule, newConsent } from './support/consent.js';
import { flipBit } from './support/refusal.js';

const RUNS = Number(process.env.MEDSEAL_REENCRYPTION_RUNS ?? '2');
jest.setTimeout(20_000 * Math.max(6, RUNS));
const noble = nobleEngine();
let mcl: PairingEngine;
let consent: Consent;
let record: CapsuleOnLedger & { kek: Uint8Array };

beforeAll(async () => {
  mcl = await mclEngine();
  consent = await newConsent(mcl, { threshold: 2, agents: newAgents(3) });
  record = newCapsule(mcl, consent.scopeKey);
});

/** What an engine says: a verdict, or the code and culprits of its refusal. */
const said = async (action: () => unknown): Promise<unknown> => {
  try {
    return (await action()) ?? 'fine';
  } catch (error) {
    if (error instanceof CryptoError) return [error.code, error.culprits];
    throw error;
  }
};

/** The same answer from both engines. */
const bothSay = async (action: (engine: PairingEngine) => unknown): Promise<unknown> => {
  const [left, right] = [await said(() => action(mcl)), await said(() => action(noble))];
  expect(left).toEqual(right);
  return left;
};

const place = (length: number): fc.Arbitrary<[number, number]> =>
  fc.tuple(fc.integer({ min: 0, max: length - 1 }), fc.integer({ min: 0, max: 7 }));

const inputOf = (index: number): Parameters<typeof acceptShare>[1] => {
  const [agent, share] = [consent.agents[index - 1], consent.sealedShares[index - 1]];
  if (agent === undefined || share === undefined) throw new Error(`no agent ${index}`);
  return {
    grant: consent.grant,
    mspId: agent.mspId,
    agentSecretKey: agent.secretKey,
    sealedShare: share.sealed,
  };
};

describe('one bit changed, wherever it is, is refused alike by both engines', () => {
  it('in a capsule: no agent answers, and the writer is named', async () => {
    await fc.assert(
      fc.asyncProperty(place(144), async ([offset, bit]) => {
        const capsule = flipBit(record.capsule, offset, bit);
        const verdict = await bothSay((engine) => reencrypt(engine, { ...inputOf(1), ...record, capsule }));
        expect(verdict).toEqual(['BAD_CAPSULE', [{ role: 'writer', id: 'r-1' }]]);
      }),
      { numRuns: 5 * RUNS },
    );
  });

  it('in a sealed share: it is not the grant’s, and if the grant names it, the owner is named', async () => {
    await fc.assert(
      fc.asyncProperty(place(144), fc.integer({ min: 1, max: 3 }), async ([offset, bit], index) => {
        const input = inputOf(index);
        const sealedShare = flipBit(input.sealedShare, offset, bit);
        expect(await bothSay((engine) => acceptShare(engine, { ...input, sealedShare }))).toEqual([
          'DIGEST_MISMATCH',
          [],
        ]);
        const shareDigest = sha256Hex(sealedShare);
        const agents = consent.grant.agents.map((one, i) =>
          i === index - 1 ? { ...one, shareDigest } : one,
        );
        const grant = { ...consent.grant, agents };
        expect(await bothSay((engine) => acceptShare(engine, { ...input, sealedShare, grant }))).toEqual([
          'BAD_SHARE',
          [{ role: 'owner', id: 'l-1' }],
        ]);
      }),
      { numRuns: 5 * RUNS },
    );
  });

  it('in an opened share: it does not fit its check', async () => {
    const share = await openShare(inputOf(2));
    await fc.assert(
      fc.asyncProperty(place(96), async ([offset, bit]) => {
        expect(
          await bothSay((engine) => shareFits(engine, consent.grant, 2, flipBit(share, offset, bit))),
        ).toBe(false);
      }),
      { numRuns: 5 * RUNS },
    );
  });

  it('in a proven answer: the proof fails, and its agent is named though the rest open', async () => {
    const answers = await answersOf(mcl, consent, record, [1, 2, 3], true);
    await fc.assert(
      fc.asyncProperty(
        place(PROVEN_ANSWER_BYTES),
        fc.integer({ min: 0, max: 2 }),
        async ([offset, bit], liar) => {
          const mspId = `Agent${liar + 1}MSP`;
          const answer = flipBit(answers[liar]?.answer ?? new Uint8Array(0), offset, bit);
          const input = { ...record, grant: consent.grant, mspId };
          expect(await bothSay((engine) => checkAnswer(engine, answer, input))).toBe(false);
          const changed = answers.map((one, i) => (i === liar ? { mspId, answer } : one));
          const reading = {
            grant: consent.grant,
            readerSecretKey: consent.reader.secretKey,
            ...record,
            answers: changed,
          };
          const culprits = offset < ANSWER_BYTES ? [{ role: 'agent', id: mspId }] : [];
          expect(await bothSay((engine) => openReencrypted(engine, reading))).toEqual({
            kek: record.kek,
            culprits,
          });
        },
      ),
      { numRuns: 2 * RUNS },
    );
  });

  it('in a grant: it is malformed, inconsistent, or plainly another grant', async () => {
    const bytes = encodeGrant(consent.grant);
    const digest = grantDigest(consent.grant);
    await fc.assert(
      fc.asyncProperty(place(bytes.length), async ([offset, bit]) => {
        const verdict = await bothSay((engine) => {
          const grant = decodeGrant(flipBit(bytes, offset, bit));
          checkGrant(engine, grant);
          return grantDigest(grant);
        });
        expect(verdict).not.toBe(digest);
      }),
      { numRuns: 5 * RUNS },
    );
  });

  it('in a reader’s key or its proof: no proof of possession', async () => {
    const { key } = consent.reader;
    await fc.assert(
      fc.asyncProperty(place(96), place(64), async (inKey, inProof) => {
        const publicKey = flipBit(key.publicKey, ...inKey);
        const proof = flipBit(key.proof, ...inProof);
        expect(await bothSay((engine) => checkReaderKey(engine, { ...key, publicKey }))).toBe(false);
        expect(await bothSay((engine) => checkReaderKey(engine, { ...key, proof }))).toBe(false);
      }),
      { numRuns: 3 * RUNS },
    );
  });
});

describe('whoever lies, and however many', () => {
  const situation = fc.integer({ min: 2, max: 5 }).chain((count) =>
    fc.record({
      threshold: fc.integer({ min: 2, max: count }),
      lies: fc.array(fc.constantFrom('honest', 'honest', 'random', 'other capsule', 'truncated', 'swapped'), {
        minLength: count,
        maxLength: count,
      }),
    }),
  );

  it('t honest answers open and exactly the liars are named; fewer open nothing and no honest agent is named', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async ({ threshold, lies }) => {
        const made = await newConsent(mcl, { threshold, agents: newAgents(lies.length) });
        const { capsule, context, kek } = newCapsule(mcl, made.scopeKey);
        const other = newCapsule(mcl, made.scopeKey, { recordId: 'r-2' });
        const indices = lies.map((_, i) => i + 1);
        const honest = await answersOf(mcl, made, { capsule, context }, indices, true);
        const foreign = await answersOf(mcl, made, other, indices, true);
        const answers = honest.map(({ mspId, answer }, i) => {
          switch (lies[i]) {
            case 'random':
              return { mspId, answer: flipBit(answer, 100, 3) };
            case 'other capsule':
              return { mspId, answer: foreign[i]?.answer ?? answer };
            case 'truncated':
              return { mspId, answer: answer.subarray(0, 300) };
            case 'swapped':
              return { mspId, answer: honest[(i + 1) % honest.length]?.answer ?? answer };
            default:
              return { mspId, answer };
          }
        });
        const liars = answers.flatMap(({ mspId }, i) =>
          lies[i] === 'honest' ? [] : [{ role: 'agent' as const, id: mspId }],
        );
        const input = {
          grant: made.grant,
          readerSecretKey: made.reader.secretKey,
          capsule,
          context,
          answers,
        };
        for (const engine of RUNS > 10 ? [mcl, noble] : [mcl]) {
          if (lies.length - liars.length >= threshold) {
            const { kek: opened, culprits } = openReencrypted(engine, input);
            expect(opened).toEqual(kek);
            const byId = (left: { id: string }, right: { id: string }): number =>
              left.id.localeCompare(right.id);
            expect([...culprits].sort(byId)).toEqual(liars);
          } else {
            const verdict = (await said(() => openReencrypted(engine, input))) as [string, { id: string }[]];
            expect(verdict[0]).toMatch(/^(BAD_ANSWER|TOO_FEW_ANSWERS)$/);
            expect(liars.map(({ id }) => id)).toEqual(expect.arrayContaining(verdict[1].map(({ id }) => id)));
            if (verdict[0] === 'BAD_ANSWER') expect(verdict[1]).toHaveLength(liars.length);
          }
        }
      }),
      { numRuns: 3 * RUNS },
    );
  });

  it('an answer opens only what it was given for: any other record, version, scope, epoch, or owner is shut', async () => {
    const change = fc.constantFrom<[string, object]>(
      ['recordId', { recordId: 'r-9' }],
      ['version', { version: 9 }],
      ['sealedDigest', { sealedDigest: '99'.repeat(32) }],
      ['scopeId', { scopeId: '99'.repeat(16) }],
      ['epoch', { epoch: 9 }],
      ['owner', { owner: 'l-9' }],
      ['channel', { channel: 'other' }],
    );
    const answers = await answersOf(mcl, consent, record, [1, 3]);
    const second = await newConsent(mcl, consent);
    await fc.assert(
      fc.asyncProperty(change, fc.boolean(), async ([, different], otherGrant) => {
        const { grant, reader } = otherGrant ? second : consent;
        const context = { ...record.context, ...different };
        const input = { ...record, context, grant, readerSecretKey: reader.secretKey, answers };
        const verdict = (await bothSay((engine) => openReencrypted(engine, input))) as [string];
        expect(verdict[0]).toMatch(/^(WRONG_CONTEXT|BAD_CAPSULE)$/);
      }),
      { numRuns: 2 * RUNS },
    );
  });

  it('answers to another grant of the same reader open, for the reader may read, but are not this grant’s', async () => {
    const answers = await answersOf(mcl, consent, record, [1, 3]);
    const { grant } = await newConsent(mcl, consent);
    const input = { ...record, grant, readerSecretKey: consent.reader.secretKey, answers };
    const culprits = [1, 3].map((i) => ({ role: 'agent', id: `Agent${i}MSP` }));
    expect(await bothSay((engine) => openReencrypted(engine, input))).toEqual({ kek: record.kek, culprits });
  });
});
