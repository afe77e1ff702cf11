import { concat, ownBytes } from './canonical/bytes.js';
import { CryptoError } from './errors.js';

export const AEAD_KEY_BYTES = 32;
export const AEAD_NONCE_BYTES = 12;
export const AEAD_TAG_BYTES = 16;

/** A key inside WebCrypto that script cannot read back. */
export type AeadKey = CryptoKey;

/** AES-256-GCM key for WebCrypto, not extractable. */
export const importAeadKey = async (key: Uint8Array, field = 'key'): Promise<AeadKey> => {
  if (key.length !== AEAD_KEY_BYTES)
    throw new CryptoError('BAD_LENGTH', `${field} must be ${AEAD_KEY_BYTES} bytes`);
  return globalThis.crypto.subtle.importKey('raw', ownBytes(key), 'AES-GCM', false, ['encrypt', 'decrypt']);
};

/** AES-256-GCM; the answer is ciphertext followed by the 16-byte tag. A nonce must never repeat under one key. */
export const aeadSeal = async (
  key: AeadKey,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associated: Uint8Array = concat(),
): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(
    await globalThis.crypto.subtle.encrypt(
      {
        name: 'AES-GCM',
        iv: ownBytes(nonce),
        additionalData: ownBytes(associated),
        tagLength: 8 * AEAD_TAG_BYTES,
      },
      key,
      ownBytes(plaintext),
    ),
  );

/** Opens what `aeadSeal` made, or gives null if key, nonce, associated data or a single bit differ. */
export const aeadOpen = async (
  key: AeadKey,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associated: Uint8Array = concat(),
): Promise<Uint8Array<ArrayBuffer> | null> => {
  if (sealed.length < AEAD_TAG_BYTES) return null;
  try {
    return new Uint8Array(
      await globalThis.crypto.subtle.decrypt(
        {
          name: 'AES-GCM',
          iv: ownBytes(nonce),
          additionalData: ownBytes(associated),
          tagLength: 8 * AEAD_TAG_BYTES,
        },
        key,
        ownBytes(sealed),
      ),
    );
  } catch {
    // WebCrypto has one error for every failed authentication.
    return null;
  }
};
