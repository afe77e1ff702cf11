import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { SigningIdentity } from '../types.js';
import { parseCertificatePem } from './certificate.js';
import { signMessage } from './ecdsa.js';
import { serializeIdentity } from './serialized-identity.js';

/**
 * Identity that signs as `mspId`. @throws Error when the private key does not belong to the certificate.
 * @param privateKey PKCS#8 PEM or a key object
 */
export const createSigningIdentity = (
  mspId: string,
  certificatePem: string,
  privateKey: string | KeyObject,
): SigningIdentity => {
  const key = typeof privateKey === 'string' ? createPrivateKey(privateKey) : privateKey;
  const certificate = parseCertificatePem(certificatePem);
  if (!createPublicKey(key).equals(certificate.publicKey)) {
    throw new Error(
      `private key and certificate of an identity of ${mspId} do not belong together; restore both files`,
    );
  }
  return {
    mspId,
    certificatePem,
    serialized: serializeIdentity(mspId, certificatePem),
    sign: (message) => signMessage(key, message),
  };
};
