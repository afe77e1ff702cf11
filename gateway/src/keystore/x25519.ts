import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';

/** RFC 8410: a PKCS #8 X25519 key is this prefix and the 32 bytes. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** Public key of a 32-byte secret key, lower-case hex. */
export const x25519PublicKey = (secretKey: Uint8Array): string => {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, secretKey]),
    format: 'der',
    type: 'pkcs8',
  });
  return createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
};

export const newX25519SecretKey = (): Uint8Array =>
  generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32);
