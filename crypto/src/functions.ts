import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { concat, exactly, lp, randomBytes, utf8 } from './canonical/bytes.js';
import { CryptoError } from './errors.js';
import { bytesToBigint, GROUP_ORDER } from './scalar.js';

const WIDE_BYTES = 64;

/**
 * Hash to a scalar: HKDF-SHA-512(ikm = lp of every part, info = label), 64 bytes mod r (cryptography.md T11).
 * Zero, of probability 2^-255, is refused.
 */
export const Hr = (label: string, parts: Uint8Array[]): bigint =>
  wideScalar(hkdf(sha512, concat(...parts.map(lp)), undefined, utf8(label), WIDE_BYTES));

export interface Hkdf256Input {
  ikm: Uint8Array;
  salt?: Uint8Array;
  info: Uint8Array | string;
  /** Bytes of output, 32 if not given. */
  length?: number;
}

/** HKDF-SHA-256 of RFC 5869. Everything that tells uses apart goes into `info`, never into `salt` (salts are zero-padded). */
export const hkdf256 = ({ ikm, salt, info, length = 32 }: Hkdf256Input): Uint8Array<ArrayBuffer> =>
  concat(hkdf(sha256, ikm, salt, typeof info === 'string' ? utf8(info) : info, length));

export interface HedgeInput {
  label: string;
  /** The signer's long-term secret: keeps the result secret even if the random generator fails. */
  secret: Uint8Array;
  /** 32 bytes, the public nonce of the object that is signed. */
  nonce: Uint8Array;
  /** 32 bytes, digest of the object that is signed. */
  objectDigest: Uint8Array;
  /** 32 fresh random bytes; given only to reproduce a recorded vector. */
  fresh?: Uint8Array;
}

/**
 * Hedged randomness of cryptography.md T6: HKDF-SHA-512(fresh || secret, info = label || nonce || digest) mod r, not zero.
 * Whoever learns one of these scalars learns the signing key: use it once and let go of it.
 */
export const hedgedScalar = ({ label, secret, nonce, objectDigest, fresh }: HedgeInput): bigint => {
  const ikm = concat(exactly(fresh ?? randomBytes(32), 32, 'fresh'), secret);
  const info = concat(utf8(label), exactly(nonce, 32, 'nonce'), exactly(objectDigest, 32, 'objectDigest'));
  return wideScalar(hkdf(sha512, ikm, undefined, info, WIDE_BYTES));
};

const wideScalar = (wide: Uint8Array): bigint => {
  const scalar = bytesToBigint(wide) % GROUP_ORDER;
  if (scalar === 0n) throw new CryptoError('BAD_SCALAR', 'hash to a scalar gave zero: draw new randomness');
  return scalar;
};
