import fc from 'fast-check';
import {
  auditChallengeSize,
  blindDocument,
  checkFile,
  coverageOf,
  decodeSignedFile,
  encodeReplacedSet,
  layoutOf,
  makeAuditChallenge,
  mclEngine,
  nobleEngine,
  openSanitisingPackage,
  type PairingEngine,
  proveFile,
  randomBytes,
  sanitise,
  SECTOR_BYTES,
  sectorLength,
  type SectorPosition,
  verifyProof,
  WILDCARD_BYTE,
} from '../src/index.js';
import { blocksOf, expected, newSigner, type Signer } from './support/audit.js';
import { bothSay, said } from './support/both-engines.js';
import { flipBit } from './support/refusal.js';

const RUNS = Number(process.env.MEDSEAL_AUDIT_RUNS ?? '2');
const MOST_BYTES = Number(process.env.MEDSEAL_AUDIT_BYTES ?? '40000');
jest.setTimeout(30_000 * Math.max(4, RUNS));

const noble = nobleEngine();
let mcl: PairingEngine;
const signers = new Map<number, Signer>();
const signerOf = (sectors: number): Signer => {
  const signer = signers.get(sectors);
  if (signer === undefined) throw new Error(`no signer for ${sectors} sectors`);
  return signer;
};

beforeAll(async () => {
  mcl = await mclEngine();
  for (const sectors of [1, 2, 5, 32]) signers.set(sectors, await newSigner(mcl, sectors));
});

interface Document {
  sectors: number;
  content: Uint8Array;
  personal: SectorPosition[];
  organisation: SectorPosition[];
}

/**
 * Documents with replaced sets from none to the limit, where one sector of every block is left. `share` of the sectors
 * that may be replaced is, picked by `seed`.
 */
const documents = (sectors: number[], mostBytes: number): fc.Arbitrary<Document> =>
  fc
    .record({
      sectors: fc.constantFrom(...sectors),
      length: fc.oneof(
        fc.integer({ min: 1, max: mostBytes }),
        fc.constantFrom(1, 31, 32, 62, 992, 993).filter((length) => length <= mostBytes),
      ),
      share: fc.constantFrom(0, 0.1, 0.5, 1),
      seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    })
    .map(({ sectors: sectorsPerBlock, length, share, seed }) => {
      const layout = layoutOf(length, sectorsPerBlock);
      const draw = generator(seed);
      const [personal, organisation]: [SectorPosition[], SectorPosition[]] = [[], []];
      for (let block = 0; block < layout.blocks; block++) {
        const existing = Array.from({ length: sectorsPerBlock }, (_, sector) => sector).filter(
          (sector) => sectorLength(layout, block, sector) > 0,
        );
        const left = existing[Math.floor(draw() * existing.length)];
        for (const sector of existing) {
          if (sector === left || draw() >= share) continue;
          (draw() < 0.5 ? personal : organisation).push({ block, sector });
        }
      }
      const content = Uint8Array.from({ length }, () => Math.floor(draw() * 256));
      return { sectors: sectorsPerBlock, content, personal, organisation };
    });

/** Lehmer's generator: numbers from 0 to 1, the same for the same seed. */
const generator = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

const auditOf = async (
  engine: PairingEngine,
  signer: Signer,
  tag: Uint8Array,
  signedFile: Uint8Array,
  stored: Uint8Array,
): Promise<Parameters<typeof verifyProof>[1]> => {
  const file = decodeSignedFile(signedFile);
  const { replacedSet } = file;
  const challenge = makeAuditChallenge({
    parameters: signer.parameters,
    tag,
    auditId: '11'.repeat(32),
    nonceA: randomBytes(32),
    nonceB: randomBytes(32),
  });
  const read = blocksOf(stored, file);
  const proof = await proveFile(engine, { ...signer, tag, replacedSet, challenge, read });
  return { ...signer, tag, challenge, replacedSet, proof };
};

/** The whole way with one engine; the other one has the last word where `second` is given. */
const wholeWay = async (engine: PairingEngine, document: Document, second?: PairingEngine): Promise<void> => {
  const signer = signerOf(document.sectors);
  const { content, personal, organisation } = document;
  const layout = layoutOf(content.length, document.sectors);
  const {
    tag,
    package: bytes,
    coverage,
  } = blindDocument(engine, { ...signer, content, personal, organisation });
  const clean = sanitise(engine, { ...signer, package: bytes });
  const replaced = personal.length + organisation.length;
  expect(clean.coverage).toEqual(coverage);
  expect(coverage.replacedSectors).toBe(replaced);
  expect(coverage.leastKeptInBlock).toBeGreaterThan(0);
  const inSet = new Set(
    [...personal, ...organisation].map(({ block, sector }) => block * document.sectors + sector),
  );
  const kept = clean.content.filter((byte, i) => {
    const isReplaced = inSet.has(Math.floor(i / SECTOR_BYTES));
    if (byte !== (isReplaced ? WILDCARD_BYTE : content[i]))
      throw new Error(`byte ${i} of the sanitised document is wrong`);
    return !isReplaced;
  });
  expect(kept).toHaveLength(coverage.keptBytes);
  for (const one of second === undefined ? [engine] : [engine, second]) {
    const input = { ...expected(signer, 'sanitised'), signedFile: clean.signedFile, stored: clean.content };
    expect(checkFile(one, input).replaced).toHaveLength(replaced);
    const audit = await auditOf(one, signer, tag, clean.signedFile, clean.content);
    expect(audit.challenge.size).toBe(auditChallengeSize(signer.parameters, layout.blocks));
    for (const verifier of second === undefined ? [engine] : [engine, second])
      expect(verifyProof(verifier, audit)).toEqual({ verdict: 'intact' });
  }
};

describe('documents of any size and replaced set', () => {
  it('go the whole way in mcl', async () => {
    await fc.assert(
      fc.asyncProperty(documents([1, 2, 5, 32], 4_000), (document) => wholeWay(mcl, document)),
      { numRuns: 3 * RUNS },
    );
  });

  it('go the whole way from one engine to the other', async () => {
    await fc.assert(
      fc.asyncProperty(documents([2, 5], 700), (document) => wholeWay(noble, document, mcl)),
      { numRuns: Math.ceil(RUNS / 2) },
    );
  });

  it('go the whole way when they are large', async () => {
    const long = documents([32], MOST_BYTES).filter(({ content }) => content.length > MOST_BYTES / 2);
    await fc.assert(
      fc.asyncProperty(long, (document) => wholeWay(mcl, document)),
      { numRuns: Math.ceil(RUNS / 10) },
    );
  });
});

describe('faults', () => {
  const fault = fc.record({
    document: documents([2, 5], 1_000).filter(({ content }) => content.length > 10),
    place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    bit: fc.integer({ min: 0, max: 7 }),
  });
  const at = (place: number, length: number): number => Math.floor(place * length);

  it('one bit of a stored file: whoever checks it refuses, and the audit fails unless the sector was replaced', async () => {
    await fc.assert(
      fc.asyncProperty(fault, async ({ document, place, bit }) => {
        const signer = signerOf(document.sectors);
        const { tag, package: bytes } = blindDocument(mcl, { ...signer, ...document });
        const clean = sanitise(mcl, { ...signer, package: bytes });
        const stored = flipBit(clean.content, at(place, clean.content.length), bit);
        const input = { ...expected(signer, 'sanitised'), signedFile: clean.signedFile, stored };
        expect(await bothSay((engine) => checkFile(engine, input))).toBe('DIGEST_MISMATCH');
        const sector = Math.floor(at(place, stored.length) / SECTOR_BYTES);
        const counts = ![...document.personal, ...document.organisation].some(
          (one) => one.block * document.sectors + one.sector === sector,
        );
        const audit = await auditOf(mcl, signer, tag, clean.signedFile, stored);
        const verdict = await bothSay((engine) => verifyProof(engine, audit).verdict);
        expect(verdict).toBe(counts ? 'failed' : 'intact');
      }),
      { numRuns: RUNS },
    );
  });

  it('one bit of a signed file, a package or a proof: both engines say the same, and never that it is good', async () => {
    const document: Document = {
      sectors: 5,
      content: randomBytes(600),
      personal: [{ block: 0, sector: 1 }],
      organisation: [{ block: 3, sector: 0 }],
    };
    const signer = signerOf(5);
    const blinded = blindDocument(mcl, { ...signer, ...document });
    const clean = sanitise(mcl, { ...signer, package: blinded.package });
    const audit = await auditOf(mcl, signer, blinded.tag, clean.signedFile, clean.content);
    const good = openSanitisingPackage(mcl, { ...signer, package: blinded.package });
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 0, max: 7 }),
        async (place, bit) => {
          const flipped = (bytes: Uint8Array): Uint8Array => flipBit(bytes, at(place, bytes.length), bit);
          const file = { ...expected(signer, 'sanitised'), stored: clean.content };
          const signedFile = flipped(clean.signedFile);
          expect(await bothSay((engine) => checkFile(engine, { ...file, signedFile }).salt)).toMatch(
            /^[A-Z_0-9]+$/,
          );
          const proof = flipped(audit.proof);
          expect(await bothSay((engine) => verifyProof(engine, { ...audit, proof }).verdict)).toBe('failed');
          // What stands in the package's replaced sectors is written over: the outcome is as if it had not been changed.
          const changed = { ...signer, package: flipped(blinded.package) };
          const verdict = await bothSay((engine) => openSanitisingPackage(engine, changed).content);
          if (typeof verdict !== 'string') expect(verdict).toEqual(good.content);
        },
      ),
      { numRuns: 2 * RUNS },
    );
  });
});

describe('replaced sets', () => {
  it('have one encoding, and the limit is one sector of every block', async () => {
    await fc.assert(
      fc.asyncProperty(
        documents([1, 2, 5, 32], 100_000),
        async ({ sectors, content, personal, organisation }) => {
          const layout = layoutOf(content.length, sectors);
          const positions = [...personal, ...organisation].sort(
            (left, right) => left.block - right.block || left.sector - right.sector,
          );
          const bytes = encodeReplacedSet(layout, positions);
          expect(bytes).toHaveLength(4 + 6 * positions.length);
          expect(coverageOf(layout, positions).keptBytes).toBeGreaterThanOrEqual(layout.blocks);
          const [first] = positions;
          if (first === undefined) return;
          // Whatever is left of its block as well.
          const rest = Array.from({ length: sectors }, (_, sector) => ({
            block: first.block,
            sector,
          })).filter(({ sector }) => sectorLength(layout, first.block, sector) > 0);
          const whole = [...rest, ...positions.filter(({ block }) => block !== first.block)].sort(
            (left, right) => left.block - right.block || left.sector - right.sector,
          );
          expect(await said(() => encodeReplacedSet(layout, whole))).toBe('BAD_REPLACED_SET');
          expect(await said(() => encodeReplacedSet(layout, [...positions].reverse()))).toEqual(
            positions.length > 1 ? 'BAD_REPLACED_SET' : bytes,
          );
        },
      ),
      { numRuns: 20 * RUNS },
    );
  });
});
