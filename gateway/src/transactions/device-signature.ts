import { createHash, X509Certificate } from 'node:crypto';
import { toLowS, verifyDigest } from '@medseal/crypto';

export type SignatureVerdict = 'valid' | 'high-s' | 'wrong';

/** SEC 1 point of a P-256 certificate, 65 bytes, or undefined for a certificate of another kind of key. */
export function certificatePoint(certificatePem: string): Uint8Array | undefined {
  const key = new X509Certificate(certificatePem).publicKey;
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
  // RFC 5480: the point is the last 65 bytes of a P-256 SubjectPublicKeyInfo.
  return key.export({ type: 'spki', format: 'der' }).subarray(-65);
}

/**
 * Checks a DER signature over SHA-256 of the bytes. Fabric takes the low-S form only, which not every signer makes, so
 * that case has a verdict of its own.
 */
export function checkSignature(
  certificatePem: string,
  signedBytes: Uint8Array,
  signature: Uint8Array,
): SignatureVerdict {
  const point = certificatePoint(certificatePem);
  if (point === undefined) return 'wrong';
  const digest = createHash('sha256').update(signedBytes).digest();
  if (verifyDigest(point, digest, signature)) return 'valid';
  try {
    return verifyDigest(point, digest, toLowS(signature)) ? 'high-s' : 'wrong';
  } catch {
    return 'wrong';
  }
}
