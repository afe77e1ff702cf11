import { concat, exactly, fromHex, toHex, u32, utf8 } from '../canonical/bytes.js';
import { sha256Bytes, sha256Hex } from '../canonical/commitment.js';
import { CryptoError } from '../errors.js';
import { bytesToBigint } from '../scalar.js';
import type { AuditParameters } from './parameters.js';
import { decodeTag, tagHash } from './tag.js';
import { WHOLE_AUDIT_BLOCKS } from './suite.js';
import { encodeWire, readWire } from './wire.js';

/** What an audit asks for: blocks and coefficients follow from it and the tag's n. */
export interface AuditChallenge {
  /** Id of the transaction that opened the audit, 32 bytes of lower-case hex. */
  auditId: string;
  /** 32 bytes of lower-case hex. */
  seed: string;
  /** c, how many blocks. */
  size: number;
}

export interface ChallengedBlock {
  block: number;
  /** v_i, 128 bits, not zero. */
  coefficient: bigint;
}

const DOCUMENT = 'challenge';
const COEFFICIENT_BYTES = 16;

/** c: every block of a file of up to 512, else the network's sample; nobody chooses it. */
export const auditChallengeSize = (
  { sampleSize }: Pick<AuditParameters, 'sampleSize'>,
  blocks: number,
): number => (blocks <= WHOLE_AUDIT_BLOCKS ? blocks : Math.min(blocks, sampleSize));

/** hA = SHA-256(nA): what an auditor commits to before the other organisation's nonce is known. Lower-case hex. */
export const auditCommitment = (nonce: Uint8Array): string => sha256Hex(exactly(nonce, 32, 'nonce'));

export interface AuditChallengeInput {
  parameters: Pick<AuditParameters, 'sampleSize'>;
  /** From the ledger. */
  tag: Uint8Array;
  auditId: string;
  /** The auditor's nonce, revealed; 32 bytes. */
  nonceA: Uint8Array;
  /** The second organisation's, 32 bytes. */
  nonceB: Uint8Array;
}

/** seed = SHA-256("MS-SEED" || auditId(32) || tagHash(32) || u32 c || nA(32) || nB(32)). */
export const makeAuditChallenge = (input: AuditChallengeInput): AuditChallenge => {
  const { parameters, tag, auditId, nonceA, nonceB } = input;
  const size = auditChallengeSize(parameters, decodeTag(tag).blocks);
  const seed = sha256Hex(
    concat(
      utf8('MS-SEED'),
      fromHex(auditId, 32, 'auditId'),
      fromHex(tagHash(tag), 32),
      u32(size),
      exactly(nonceA, 32, 'nonceA'),
      exactly(nonceB, 32, 'nonceB'),
    ),
  );
  return { auditId, seed, size };
};

/**
 * Refuses a challenge of another size than the rule's for the tag's n.
 *
 * @throws CryptoError `BAD_ARGUMENT`, `BAD_ENCODING`
 */
export const checkAuditChallenge = (
  parameters: Pick<AuditParameters, 'sampleSize'>,
  challenge: AuditChallenge,
  blocks: number,
): void => {
  fromHex(challenge.auditId, 32, 'auditId');
  fromHex(challenge.seed, 32, 'seed');
  const size = auditChallengeSize(parameters, blocks);
  if (challenge.size !== size)
    throw new CryptoError('BAD_ARGUMENT', `a file of ${blocks} blocks is audited with ${size} of them`);
};

/**
 * The blocks and coefficients of a challenge, ascending by block. Both come from the stream of
 * SHA-256("MS-CHAL" || seed || u32 c || u32 n || u32 counter): first c draws without replacement (partial Fisher-Yates,
 * u32 with rejection), then a 128-bit coefficient for each, in the order drawn.
 */
export const drawAuditChallenge = (
  { seed, size }: Pick<AuditChallenge, 'seed' | 'size'>,
  blocks: number,
): ChallengedBlock[] => {
  if (!Number.isInteger(blocks) || blocks < 1)
    throw new CryptoError('BAD_ARGUMENT', 'a file has at least one block');
  if (!Number.isInteger(size) || size < 1 || size > blocks)
    throw new CryptoError('BAD_ARGUMENT', `a challenge is of 1 to ${blocks} blocks`);
  const next = byteStream(concat(utf8('MS-CHAL'), fromHex(seed, 32, 'seed'), u32(size), u32(blocks)));
  const moved = new Map<number, number>();
  const drawn = Array.from({ length: size }, (_, k) => {
    const place = k + below(blocks - k, next);
    const block = moved.get(place) ?? place;
    moved.set(place, moved.get(k) ?? k);
    return block;
  });
  return drawn
    .map((block) => ({ block, coefficient: coefficientFrom(next) }))
    .sort((left, right) => left.block - right.block);
};

/** Probability that a challenge touches at least one of `bad` blocks, drawn without replacement. */
export const detectionProbability = (blocks: number, size: number, bad: number): number => {
  let missed = 1;
  for (let k = 0; k < size; k++) missed *= Math.max(0, blocks - bad - k) / (blocks - k);
  return 1 - missed;
};

/** auditId(32) || seed(32) || u32 c. */
export const encodeAuditChallenge = ({ auditId, seed, size }: AuditChallenge): Uint8Array<ArrayBuffer> =>
  encodeWire(DOCUMENT, fromHex(auditId, 32, 'auditId'), fromHex(seed, 32, 'seed'), u32(size, 'size'));

export const decodeAuditChallenge = (bytes: Uint8Array): AuditChallenge => {
  const read = readWire(DOCUMENT, bytes);
  const challenge = {
    auditId: toHex(read.bytes(32, 'auditId')),
    seed: toHex(read.bytes(32, 'seed')),
    size: read.u32('size'),
  };
  read.end();
  return challenge;
};

const byteStream = (key: Uint8Array): ((length: number) => Uint8Array) => {
  let [counter, at] = [0, 0];
  let chunk: Uint8Array = new Uint8Array(0);
  return (length) => {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      if (at === chunk.length) {
        chunk = sha256Bytes(concat(key, u32(counter++)));
        at = 0;
      }
      bytes[i] = chunk[at++] ?? 0;
    }
    return bytes;
  };
};

/** Uniform from 0 to `limit` - 1. */
const below = (limit: number, next: (length: number) => Uint8Array): number => {
  const fair = 2 ** 32 - (2 ** 32 % limit);
  for (;;) {
    const value = Number(bytesToBigint(next(4)));
    if (value < fair) return value % limit;
  }
};

const coefficientFrom = (next: (length: number) => Uint8Array): bigint => {
  for (;;) {
    const coefficient = bytesToBigint(next(COEFFICIENT_BYTES));
    if (coefficient !== 0n) return coefficient;
  }
};
