import { p256 } from '@noble/curves/nist.js';
import { exactly } from './canonical/bytes.js';
import { CryptoError } from './errors.js';

/**
 * ECDSA P-256 over a SHA-256 digest, deterministic (RFC 6979), low-S as Fabric demands.
 *
 * @param secretKey 32 bytes
 * @returns ASN.1 DER
 */
export const signDigest = (secretKey: Uint8Array, digest: Uint8Array): Uint8Array => {
  const key = exactly(secretKey, 32, 'secretKey');
  if (!p256.utils.isValidSecretKey(key)) throw new CryptoError('BAD_SCALAR', 'secretKey is not a P-256 key');
  return p256.sign(exactly(digest, 32, 'digest'), key, { lowS: true, prehash: false }).toBytes('der');
};

/**
 * True for a valid low-S signature in strict DER.
 *
 * @param publicKey SEC 1 point, 65 bytes uncompressed or 33 compressed
 */
export const verifyDigest = (publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean => {
  try {
    return p256.verify(
      Uint8Array.from(signature),
      exactly(digest, 32, 'digest'),
      Uint8Array.from(publicKey),
      {
        lowS: true,
        prehash: false,
        format: 'der',
      },
    );
  } catch {
    return false;
  }
};

/** The same signature with s at most half the order, for signers that do not care (WebCrypto, HSMs). */
export const toLowS = (signature: Uint8Array): Uint8Array => {
  try {
    return p256.Signature.fromBytes(Uint8Array.from(signature), 'der').normalizeS().toBytes('der');
  } catch (cause) {
    throw new CryptoError('BAD_ENCODING', 'signature is not a P-256 signature in DER', { cause });
  }
};
