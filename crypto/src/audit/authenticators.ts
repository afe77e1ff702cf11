import { randomBytes } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { bytesToBigint, GROUP_ORDER } from '../scalar.js';
import type { G1Point, G2Point, PairingEngine } from '../sealing/engine/index.js';
import { blockPoint, type Generators } from './generators.js';
import { identityPoint, type SignerIdentity } from './identity.js';
import type { AuditParameters } from './parameters.js';
import { signatureHolds } from './signature.js';
import type { FileTag } from './tag.js';

const WEIGHT_BYTES = 16;
/** Blocks whose points are held at one time. */
const BLOCKS_AT_ONCE = 512;

/** The sectors of a block: `kept` has s values, zero at replaced ones, which `replaced` has by sector. */
export interface BlockValues {
  kept: bigint[];
  replaced: Map<number, bigint>;
}

/** sum_j [kept_j]u_j + sum_j [replaced_j]w_j. */
export const combineSectors = (
  engine: PairingEngine,
  { sectorsPerBlock, uTables, wTables }: Generators,
  { kept, replaced }: BlockValues,
): G1Point => {
  const sum = uTables.combine(kept);
  if (replaced.size === 0) return sum;
  const values = Array.from({ length: sectorsPerBlock }, (_, j) => replaced.get(j) ?? 0n);
  return engine.addG1(sum, wTables.combine(values));
};

/** sigma_i = sk' + [r](H_i + sum_j [m_ij](u_j or w_j)). */
export const authenticate = (
  engine: PairingEngine,
  generators: Generators,
  input: { secret: G1Point; r: bigint; name: Uint8Array; block: number; values: BlockValues },
): Uint8Array => {
  const { secret, r, name, block, values } = input;
  const content = engine.addG1(blockPoint(engine, name, block), combineSectors(engine, generators, values));
  return engine.encodeG1(engine.addG1(secret, engine.multiplyG1(content, r)));
};

/** Points that every check of a file's authenticators needs. */
export interface FilePoints {
  generators: Generators;
  name: Uint8Array;
  /** W(ID). */
  identity: G1Point;
  /** mpk, sk'' and R. */
  masterKey: G2Point;
  signerPart: G2Point;
  filePart: G2Point;
}

export const filePoints = (
  engine: PairingEngine,
  tag: FileTag,
  { parameters, identity }: { parameters: AuditParameters; identity: SignerIdentity },
  generators: Generators,
): FilePoints => ({
  generators,
  name: tag.name,
  identity: identityPoint(engine, identity),
  masterKey: engine.decodeG2(parameters.masterPublicKey, 'masterPublicKey'),
  signerPart: engine.decodeG2(tag.signerPart, "sk''"),
  filePart: engine.decodeG2(tag.filePart, 'R'),
});

/**
 * Checks all authenticators of a file at once, each weighed with 128 random bits that are drawn after it was decoded.
 *
 * @throws CryptoError `BAD_AUTHENTICATOR` naming the first block whose authenticator does not hold, and what decoding
 *   a point throws
 */
export const checkAuthenticators = (
  engine: PairingEngine,
  points: FilePoints,
  authenticators: Uint8Array[],
  valuesOf: (block: number) => BlockValues,
): void => {
  const decoded = authenticators.map((one, i) => engine.decodeG1(one, `authenticators[${i}]`));
  const [first] = failingBlocks(engine, points, decoded, valuesOf, 1);
  if (first !== undefined)
    throw new CryptoError('BAD_AUTHENTICATOR', `the authenticator of block ${first} does not hold`);
};

/**
 * Blocks whose authenticators do not hold, ascending, the first `most` of them. A batch that does not hold is halved until
 * a single block is left.
 *
 * @param authenticators decoded; undefined for one that is no point
 */
export const failingBlocks = (
  engine: PairingEngine,
  points: FilePoints,
  authenticators: (G1Point | undefined)[],
  valuesOf: (block: number) => BlockValues,
  most: number,
): number[] => {
  const failing: number[] = [];
  const holds = (from: number, to: number): boolean => {
    const decoded = authenticators.slice(from, to).filter((one) => one !== undefined);
    return decoded.length === to - from && batchHolds(engine, points, decoded, valuesOf, from);
  };
  /** @param isBad where it is known already, because the batch around it does not hold and what lies before it does */
  const search = (from: number, to: number, isBad: boolean): void => {
    if (failing.length === most || (!isBad && holds(from, to))) return;
    if (to - from === 1) {
      failing.push(from);
      return;
    }
    const middle = (from + to) >> 1;
    const before = failing.length;
    search(from, middle, false);
    search(middle, to, failing.length === before);
  };
  search(0, authenticators.length, false);
  return failing;
};

/** @param authenticators of the blocks from `from` on */
const batchHolds = (
  engine: PairingEngine,
  { generators, name, identity, masterKey, signerPart, filePart }: FilePoints,
  authenticators: G1Point[],
  valuesOf: (block: number) => BlockValues,
  from: number,
): boolean => {
  const { base, sectorsPerBlock, u, w } = generators;
  const keptSums = new Array<bigint>(sectorsPerBlock).fill(0n);
  const replacedSums = new Array<bigint>(sectorsPerBlock).fill(0n);
  let weightSum = 0n;
  const signatures: G1Point[] = [];
  const contents: G1Point[] = [];
  for (let start = 0; start < authenticators.length; start += BLOCKS_AT_ONCE) {
    const some = authenticators.slice(start, start + BLOCKS_AT_ONCE);
    const blocks = some.map((_, k) => from + start + k);
    const weights = blocks.map(() => randomWeight());
    for (const [k, block] of blocks.entries()) {
      const weight = weights[k] ?? 0n;
      const { kept, replaced } = valuesOf(block);
      kept.forEach((value, j) => (keptSums[j] = (keptSums[j] ?? 0n) + weight * value));
      for (const [j, value] of replaced) replacedSums[j] = (replacedSums[j] ?? 0n) + weight * value;
      weightSum += weight;
    }
    signatures.push(engine.combineG1(some, weights));
    contents.push(
      engine.combineG1(
        blocks.map((block) => blockPoint(engine, name, block)),
        weights,
      ),
    );
  }
  const sectors = engine.combineG1(
    [...u, ...w],
    [...keptSums, ...replacedSums].map((sum) => sum % GROUP_ORDER),
  );
  const add = (sum: G1Point, one: G1Point): G1Point => engine.addG1(sum, one);
  const weight = weightSum % GROUP_ORDER;
  return holdsUnlessIdentity(() =>
    signatureHolds(engine, signatures.reduce(add), [
      [engine.multiplyG1(base, weight), masterKey],
      [engine.multiplyG1(identity, weight), signerPart],
      [contents.reduce(add, sectors), filePart],
    ]),
  );
};

/** 128 bits, not zero. */
export const randomWeight = (): bigint => {
  for (;;) {
    const weight = bytesToBigint(randomBytes(WEIGHT_BYTES));
    if (weight !== 0n) return weight;
  }
};

/** An equation in which a point comes out as the identity is one that nobody honest has written. */
export const holdsUnlessIdentity = (equation: () => boolean): boolean => {
  try {
    return equation();
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'IDENTITY_ELEMENT') return false;
    throw error;
  }
};
