import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, aeadOpen, aeadSeal, importAeadKey } from '../aead.js';
import { exactly } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { DATA_KEY_BYTES } from './data-key.js';

export const WRAPPED_DATA_KEY_BYTES = DATA_KEY_BYTES + AEAD_TAG_BYTES;

/** A KEK is made for one slot and wraps one key, so a constant nonce does not repeat. */
const NONCE = new Uint8Array(AEAD_NONCE_BYTES);

/** The data key under a slot's KEK, bound to the slot's context: AES-256-GCM, 48 bytes. */
export const wrapDataKey = async (
  kek: Uint8Array,
  dataKey: Uint8Array,
  context: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> =>
  aeadSeal(await importAeadKey(kek, 'kek'), NONCE, exactly(dataKey, DATA_KEY_BYTES, 'dataKey'), context);

/** @throws CryptoError `OPEN_FAILED` for another KEK, context or changed bytes */
export const unwrapDataKey = async (
  kek: Uint8Array,
  wrapped: Uint8Array,
  context: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> => {
  const bytes = exactly(wrapped, WRAPPED_DATA_KEY_BYTES, 'wrapped data key');
  const dataKey = await aeadOpen(await importAeadKey(kek, 'kek'), NONCE, bytes, context);
  if (dataKey === null) {
    throw new CryptoError(
      'OPEN_FAILED',
      'data key does not open: other slot, other context or changed bytes',
    );
  }
  return dataKey;
};
