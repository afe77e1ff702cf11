import { hkdf } from '@noble/hashes/hkdf.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat, erase, exactly, fromHex, lp, randomBytes, u32, utf8 } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { hedgedScalar } from '../functions.js';
import {
  bigintToBytes,
  bytesToBigint,
  decodeScalar,
  encodeScalar,
  GROUP_ORDER,
  SCALAR_BYTES,
} from '../scalar.js';
import { G1_BYTES } from '../sealing/decoding.js';
import type { G1Point, GTElement, PairingEngine } from '../sealing/engine/index.js';
import { type AuditChallenge, checkAuditChallenge, drawAuditChallenge } from './challenge.js';
import { generatorsOf } from './generators.js';
import type { AuditParameters } from './parameters.js';
import { sectorsByBlock } from './replaced-set.js';
import { blockRange, layoutOf, sectorsOf } from './sectors.js';
import { replacedOf } from './signed-file.js';
import { decodeTag, type FileTag, tagHash } from './tag.js';
import { encodeWire, readWire } from './wire.js';

/** A masked proof (cryptography.md T9): it shows neither the file's combination nor its authenticator. */
export interface AuditProof {
  /** sigma^, 48 bytes. */
  authenticator: Uint8Array;
  /** g, 128 bits, not zero. */
  challenge: bigint;
  /** lambda~_j, s of them. */
  responses: bigint[];
  /** y~. */
  maskResponse: bigint;
}

const DOCUMENT = 'proof';
const MASK_CHALLENGE_BYTES = 16;

/** Bytes of a proof: 1126 with 32 sectors a block, whatever the challenge. */
export const auditProofBytes = (sectorsPerBlock: number): number =>
  encodeWire(DOCUMENT).length + G1_BYTES + MASK_CHALLENGE_BYTES + SCALAR_BYTES * (sectorsPerBlock + 1);

/** sigma^(48) || g(16) || lambda~_j(32) for every sector || y~(32). */
export const encodeAuditProof = (proof: AuditProof): Uint8Array<ArrayBuffer> =>
  encodeWire(
    DOCUMENT,
    exactly(proof.authenticator, G1_BYTES, 'authenticator'),
    bigintToBytes(proof.challenge, MASK_CHALLENGE_BYTES),
    ...proof.responses.map(encodeScalar),
    encodeScalar(proof.maskResponse),
  );

/** @throws CryptoError `BAD_ENCODING`, `BAD_LENGTH` for another number of responses, `BAD_SCALAR`, `TRAILING_DATA` */
export const decodeAuditProof = (bytes: Uint8Array, sectorsPerBlock: number): AuditProof => {
  const read = readWire(DOCUMENT, bytes);
  const proof = {
    authenticator: read.bytes(G1_BYTES, 'authenticator'),
    challenge: bytesToBigint(read.bytes(MASK_CHALLENGE_BYTES, 'g')),
    responses: Array.from({ length: sectorsPerBlock }, (_, j) =>
      decodeScalar(read.bytes(SCALAR_BYTES, `responses[${j}]`), `responses[${j}]`),
    ),
    maskResponse: decodeScalar(read.bytes(SCALAR_BYTES, 'mask response'), 'mask response'),
  };
  read.end();
  if (proof.challenge === 0n) throw new CryptoError('BAD_SCALAR', 'the challenge of the proof is zero');
  return proof;
};

/** A block as it is stored, and its authenticator. */
export interface StoredBlock {
  data: Uint8Array;
  authenticator: Uint8Array;
}

export interface ProveInput {
  parameters: AuditParameters;
  tag: Uint8Array;
  replacedSet: Uint8Array;
  challenge: AuditChallenge;
  /** Reads a challenged block; no other is asked for. */
  read: (block: number) => StoredBlock | Promise<StoredBlock>;
  /** 32 fresh random bytes; given only to reproduce a recorded vector. */
  random?: Uint8Array;
}

/**
 * The proof that all challenged blocks are there, as whoever stores them makes it. It proves whatever is stored: that
 * it does not hold is for the verifier to say.
 *
 * @throws CryptoError `BAD_LENGTH` for a block that is shorter or longer than it should be, what decoding an
 *   authenticator throws, `BAD_ARGUMENT` for a challenge of the wrong size
 */
export const proveFile = async (
  engine: PairingEngine,
  input: ProveInput,
): Promise<Uint8Array<ArrayBuffer>> => {
  const tag = decodeTag(input.tag);
  checkAuditChallenge(input.parameters, input.challenge, tag.blocks);
  return proveDrawn(engine, tag, input);
};

/** `proveFile` for a challenge of any size; for measurements. */
export const proveDrawn = async (
  engine: PairingEngine,
  tag: FileTag,
  { replacedSet, challenge, read, random }: Omit<ProveInput, 'parameters' | 'tag'>,
): Promise<Uint8Array<ArrayBuffer>> => {
  const layout = layoutOf(tag.byteLength, tag.sectorsPerBlock);
  const replaced = sectorsByBlock(replacedOf(tag, replacedSet));
  const drawn = drawAuditChallenge(challenge, tag.blocks);
  const sums = new Array<bigint>(tag.sectorsPerBlock).fill(0n);
  const authenticators: G1Point[] = [];
  for (const { block, coefficient } of drawn) {
    const { data, authenticator } = await read(block);
    const { start, end } = blockRange(layout, block);
    const own = exactly(data, end - start, `block ${block}`);
    const without = replaced.get(block);
    sectorsOf(layout, own).forEach((value, j) => {
      if (without?.has(j) !== true) sums[j] = (sums[j] ?? 0n) + coefficient * value;
    });
    authenticators.push(engine.decodeG1(authenticator, `authenticator of block ${block}`));
  }
  const combined = engine.combineG1(
    authenticators,
    drawn.map(({ coefficient }) => coefficient),
  );
  const combination = sums.map((sum) => sum % GROUP_ORDER);
  return mask(engine, { tag, challenge, combined, combination, random });
};

interface MaskInput {
  tag: FileTag;
  challenge: AuditChallenge;
  combined: G1Point;
  /** lambda_j. */
  combination: bigint[];
  random: Uint8Array | undefined;
}

/** sigma^ = sigma + [y]h; a Schnorr proof in GT that its lambda and y are known. */
const mask = (
  engine: PairingEngine,
  { tag, challenge, combined, combination, random }: MaskInput,
): Uint8Array<ArrayBuffer> => {
  const { mask: h, uTables } = generatorsOf(engine, tag.sectorsPerBlock);
  const fresh = random === undefined ? randomBytes(32) : exactly(random, 32, 'random');
  const secret = concat(engine.encodeG1(combined), ...combination.map(encodeScalar));
  const hedged = (label: string): bigint =>
    hedgedScalar({
      label,
      secret,
      nonce: fromHex(challenge.seed, 32, 'seed'),
      objectDigest: fromHex(tagHash(tag.bytes), 32),
      fresh,
    });
  const y = hedged('MS-PDP-Y');
  const ry = hedged('MS-PDP-RY');
  const rho = combination.map((_, j) => hedged(`MS-PDP-RHO${j}`));
  erase(fresh, secret);
  const authenticator = engine.encodeG1(engine.addG1(combined, engine.multiplyG1(h, y)));
  const announcement = engine.pairAll(
    [uTables.combine(rho), engine.multiplyG1(h, ry)],
    [engine.decodeG2(tag.filePart, 'R'), engine.generatorG2],
  );
  const g = maskChallenge(engine, { tag, challenge, authenticator, announcement });
  return encodeAuditProof({
    authenticator,
    challenge: g,
    responses: combination.map((lambda, j) => ((rho[j] ?? 0n) + g * lambda) % GROUP_ORDER),
    maskResponse: (ry + g * y) % GROUP_ORDER,
  });
};

/** g = H128("MS-MASK2", auditId, seed, u32 c, t0, sigma^, A): the first 16 bytes of HKDF-SHA-512(lp of every part, label). */
export const maskChallenge = (
  engine: PairingEngine,
  {
    tag,
    challenge,
    authenticator,
    announcement,
  }: { tag: FileTag; challenge: AuditChallenge; authenticator: Uint8Array; announcement: GTElement },
): bigint => {
  const parts = [
    fromHex(challenge.auditId, 32, 'auditId'),
    fromHex(challenge.seed, 32, 'seed'),
    u32(challenge.size, 'size'),
    tag.t0,
    authenticator,
    engine.encodeGT(announcement),
  ];
  return bytesToBigint(
    hkdf(sha512, concat(...parts.map(lp)), undefined, utf8('MS-MASK2'), MASK_CHALLENGE_BYTES),
  );
};
