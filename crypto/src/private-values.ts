import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, aeadOpen, aeadSeal, importAeadKey } from './aead.js';
import { concat, lp, randomBytes, utf8 } from './canonical/bytes.js';
import { CryptoError } from './errors.js';

const LABEL = 'MS-PRIVATE-VALUE';
const VERSION = 1;

/** Bytes that a sealed private value has more than its plaintext. */
export const PRIVATE_VALUE_OVERHEAD = 1 + AEAD_NONCE_BYTES + AEAD_TAG_BYTES;

/**
 * Encrypts a private value under a patient's erasure key, or any other 32-byte key of an organisation:
 * u8 version 1 || nonce(12) || AES-256-GCM ciphertext and tag, associated data lp(label) || lp(context).
 *
 * @param context names what the value is and whose, for example collection and key: a value moved elsewhere does not open
 */
export const sealPrivateValue = async (
  erasureKey: Uint8Array,
  context: string,
  plaintext: Uint8Array | string,
): Promise<Uint8Array<ArrayBuffer>> => {
  const key = await importAeadKey(erasureKey, 'erasureKey');
  const nonce = randomBytes(AEAD_NONCE_BYTES);
  const bytes = typeof plaintext === 'string' ? utf8(plaintext) : plaintext;
  return concat(Uint8Array.of(VERSION), nonce, await aeadSeal(key, nonce, bytes, associatedData(context)));
};

/** @throws CryptoError `BAD_ENCODING` for bytes of another form, `OPEN_FAILED` for another key, context or changed bytes */
export const openPrivateValue = async (
  erasureKey: Uint8Array,
  context: string,
  sealed: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> => {
  if (sealed.length < PRIVATE_VALUE_OVERHEAD)
    throw new CryptoError('BAD_ENCODING', 'private value is too short');
  if (sealed[0] !== VERSION)
    throw new CryptoError('UNSUPPORTED_VERSION', 'private value is of an unknown version');
  const key = await importAeadKey(erasureKey, 'erasureKey');
  const nonce = sealed.subarray(1, 1 + AEAD_NONCE_BYTES);
  const opened = await aeadOpen(key, nonce, sealed.subarray(1 + AEAD_NONCE_BYTES), associatedData(context));
  if (opened === null)
    throw new CryptoError('OPEN_FAILED', 'private value does not open: other key, context or bytes');
  return opened;
};

const associatedData = (context: string): Uint8Array => concat(lp(LABEL), lp(context));
