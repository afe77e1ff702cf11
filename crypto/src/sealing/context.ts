import { concat, fromHex, lp, randomBytes, toHex, u32 } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';

export const SCOPE_ID_BYTES = 16;
export const DIGEST_BYTES = 32;

/** A patient without keys of their own has no scope yet: 16 zero bytes, and epoch 0. */
export const KEYLESS_SCOPE_ID = '00'.repeat(SCOPE_ID_BYTES);
export const KEYLESS_EPOCH = 0;

/** The record version that a header belongs to. */
export interface RecordReference {
  channel: string;
  recordId: string;
  version: number;
  /** ledgerId of the patient. */
  owner: string;
}

/** Everything that a key slot is bound to. */
export interface SealingContext extends RecordReference {
  /** 16 bytes, lower-case hex. */
  scopeId: string;
  epoch: number;
  /** SHA-256 of the ciphertext chunks, lower-case hex. */
  sealedDigest: string;
}

/**
 * ctx = lp(channel) || lp(recordId) || u32 version || lp(owner) || lp(scopeId) || u32 epoch || sealedDigest
 * (cryptography.md T1 with T11: *category* is the scopeId). Every part is length-prefixed or of fixed length, so no two
 * contexts share their bytes.
 */
export const sealingContext = (context: SealingContext): Uint8Array<ArrayBuffer> =>
  concat(
    lp(nonEmpty(context.channel, 'channel')),
    lp(nonEmpty(context.recordId, 'recordId')),
    u32(context.version, 'version'),
    lp(nonEmpty(context.owner, 'owner')),
    lp(fromHex(context.scopeId, SCOPE_ID_BYTES, 'scopeId')),
    u32(context.epoch, 'epoch'),
    fromHex(context.sealedDigest, DIGEST_BYTES, 'sealedDigest'),
  );

export const isKeyless = (scopeId: string): boolean => scopeId === KEYLESS_SCOPE_ID;

/** A random scopeId, lower-case hex. */
export const newScopeId = (): string => toHex(randomBytes(SCOPE_ID_BYTES));

const nonEmpty = (text: string, field: string): string => {
  if (typeof text !== 'string' || text === '')
    throw new CryptoError('BAD_ARGUMENT', `${field} must be a non-empty text`);
  return text;
};
