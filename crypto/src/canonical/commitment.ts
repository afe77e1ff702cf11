import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equalBytes, exactly, fromHex, isHex, lp, randomBytes, toHex, utf8 } from './bytes.js';
import { canonicalJson } from './json.js';

const VALUE_LABEL = 'MS-COMMIT';
const BYTES_LABEL = 'MS-COMMIT-BYTES';

/** SHA-256 as lower-case hexadecimal; text is taken as UTF-8. */
export const sha256Hex = (data: Uint8Array | string): string => toHex(sha256Bytes(data));

export const sha256Bytes = (data: Uint8Array | string): Uint8Array =>
  sha256(typeof data === 'string' ? utf8(data) : data);

/** A fresh 32-byte salt for one commitment; never use one twice. */
export const newSalt = (): Uint8Array<ArrayBuffer> => randomBytes(32);

/**
 * Commitment to a canonical value: SHA-256(lp("MS-COMMIT") || lp(salt) || lp(canonical JSON)), lower-case hex.
 * Hides the value as long as the 32-byte salt is secret; values with decimals are passed as strings.
 */
export const commit = (value: unknown, salt: Uint8Array): string =>
  commitLabelled(VALUE_LABEL, utf8(canonicalJson(value)), salt);

/** Commitment to bytes as they are stored, for documents whose JSON is not ours to rewrite. */
export const commitBytes = (bytes: Uint8Array, salt: Uint8Array): string =>
  commitLabelled(BYTES_LABEL, bytes, salt);

/** True if `commitment` opens to `value` with `salt`; anything malformed, from wherever it came, is false. */
export const openCommitment = (commitment: string, value: unknown, salt: Uint8Array): boolean =>
  opens(commitment, () => commit(value, salt));

export const openBytesCommitment = (commitment: string, bytes: Uint8Array, salt: Uint8Array): boolean =>
  opens(commitment, () => commitBytes(bytes, salt));

const commitLabelled = (label: string, bytes: Uint8Array, salt: Uint8Array): string =>
  sha256Hex(concat(lp(label), lp(exactly(salt, 32, 'salt')), lp(bytes)));

const opens = (commitment: string, recompute: () => string): boolean => {
  if (!isHex(commitment, 32)) return false;
  try {
    return equalBytes(fromHex(commitment, 32), fromHex(recompute(), 32));
  } catch {
    return false;
  }
};
