import { verify, type KeyObject } from 'node:crypto';

const HALF_ORDER: Readonly<Record<string, bigint>> = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n >> 1n,
  secp384r1:
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n >> 1n,
};

/**
 * Fabric's signature rule: ECDSA over SHA-256 in DER with s in the lower half of the order (fabric-lib-go
 * bccsp/sw/ecdsa.go), or Ed25519 over the message itself.
 */
export function verifySignature(publicKey: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    if (publicKey.asymmetricKeyType === 'ed25519') return verify(null, message, publicKey, signature);
    const halfOrder = HALF_ORDER[publicKey.asymmetricKeyDetails?.namedCurve ?? ''];
    if (halfOrder === undefined || !hasLowS(signature, halfOrder)) return false;
    return verify('sha256', message, publicKey, signature);
  } catch {
    return false;
  }
}

function hasLowS(signature: Uint8Array, halfOrder: bigint): boolean {
  // SEQUENCE {INTEGER r, INTEGER s}; both curves' signatures are shorter than 128 bytes.
  const bytes = Buffer.from(signature);
  if (bytes[0] !== 0x30 || bytes[1] !== bytes.length - 2 || bytes[2] !== 0x02) return false;
  const s = 4 + (bytes[3] ?? 0);
  if (bytes[s] !== 0x02 || bytes[s + 1] === undefined || s + 2 + bytes[s + 1]! !== bytes.length) return false;
  return BigInt(`0x${bytes.toString('hex', s + 2) || '0'}`) <= halfOrder;
}
