import { Aes256Gcm, CipherSuite, EncapError, HkdfSha256 } from '@hpke/core';
import { DhkemX25519HkdfSha256 } from '@hpke/dhkem-x25519';
import { concat, exactly, ownBytes } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { KEK_BYTES } from './capsule.js';

/** HPKE base mode of RFC 9180 with X25519, HKDF-SHA256 and AES-256-GCM (cryptography.md T10). */
export const RECEIVING_KEY_BYTES = 32;
export const HPKE_ENC_BYTES = 32;
export const HPKE_TAG_BYTES = 16;

export interface HpkeSealed {
  /** Encapsulated key, 32 bytes. */
  enc: Uint8Array;
  /** Ciphertext and its 16-byte tag. */
  ct: Uint8Array;
}

/** Seals to a receiving key, one message per encapsulation. `info` says what for: it must be equal at opening. */
export const hpkeSeal = async (
  publicKey: Uint8Array,
  plaintext: Uint8Array,
  info: Uint8Array,
): Promise<HpkeSealed> => {
  const key = exactly(publicKey, RECEIVING_KEY_BYTES, 'recipient public key');
  try {
    const recipientPublicKey = await suite.kem.deserializePublicKey(key);
    const { enc, ct } = await suite.seal({ recipientPublicKey, info: ownBytes(info) }, ownBytes(plaintext));
    return { enc: new Uint8Array(enc), ct: new Uint8Array(ct) };
  } catch (cause) {
    if (!(cause instanceof EncapError)) throw cause;
    // A point of small order gives a shared secret of zero.
    throw new CryptoError('IDENTITY_ELEMENT', 'recipient public key is of small order', { cause });
  }
};

/** @throws CryptoError `OPEN_FAILED` for another key, another `info` or changed bytes */
export const hpkeOpen = async (
  secretKey: Uint8Array,
  { enc, ct }: HpkeSealed,
  info: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> => {
  const key = exactly(secretKey, RECEIVING_KEY_BYTES, 'recipient secret key');
  const encapsulated = exactly(enc, HPKE_ENC_BYTES, 'enc');
  if (ct.length < HPKE_TAG_BYTES) throw new CryptoError('BAD_LENGTH', 'ct is shorter than its tag');
  const recipientKey = await suite.kem.deserializePrivateKey(key);
  try {
    return new Uint8Array(
      await suite.open({ recipientKey, enc: encapsulated, info: ownBytes(info) }, ownBytes(ct)),
    );
  } catch (cause) {
    throw new CryptoError(
      'OPEN_FAILED',
      'sealed value does not open: other key, other context or changed bytes',
      {
        cause,
      },
    );
  }
};

/** Wraps a KEK (never a data key) to a direct recipient; `context` is that of the key slot. */
export const wrapKek = async (
  publicKey: Uint8Array,
  kek: Uint8Array,
  context: Uint8Array,
): Promise<HpkeSealed> => hpkeSeal(publicKey, exactly(kek, KEK_BYTES, 'kek'), context);

export const unwrapKek = async (
  secretKey: Uint8Array,
  wrapped: HpkeSealed,
  context: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> => exactly(await hpkeOpen(secretKey, wrapped, context), KEK_BYTES, 'kek');

/** enc || ct, for values that are stored as one string of bytes. */
export const encodeHpke = ({ enc, ct }: HpkeSealed): Uint8Array<ArrayBuffer> => concat(enc, ct);

export const decodeHpke = (bytes: Uint8Array): HpkeSealed => {
  if (bytes.length < HPKE_ENC_BYTES + HPKE_TAG_BYTES) {
    throw new CryptoError('BAD_LENGTH', 'sealed value is shorter than its key and tag');
  }
  return { enc: ownBytes(bytes.subarray(0, HPKE_ENC_BYTES)), ct: ownBytes(bytes.subarray(HPKE_ENC_BYTES)) };
};

// The platform's own X25519 is experimental in Node 20 and missing in older browsers.
const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});
