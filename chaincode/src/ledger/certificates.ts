import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { canonicalJson, fromBase64, utf8, utf8Decode } from '@medseal/crypto';
import { ContractError } from '../errors.js';
import type { OrganizationKeyKind } from '../model/entries.js';

/** A key that an organisation's service vouches for; of an emergency key publicKey is the digest. */
export interface VouchedKey {
  mspId: string;
  kind: OrganizationKeyKind | 'emergency';
  epoch: number;
  publicKey: string;
}

/** The bytes whose SHA-256 an organisation's service signs (ECDSA, DER) to vouch for one of its keys. */
export const organizationKeyStatement = (key: VouchedKey): Uint8Array =>
  utf8(canonicalJson({ mspId: key.mspId, kind: key.kind, epoch: key.epoch, publicKey: key.publicKey }));

/** True if the entry's own certificate signed its statement. Says nothing about who issued the certificate. */
export const isSignedByOwnCertificate = (
  key: VouchedKey & { certificate: string; signature: string },
): boolean => {
  try {
    const signer = createPublicKey(key.certificate);
    if (signer.asymmetricKeyType !== 'ec') return false;
    return verify('sha256', organizationKeyStatement(key), signer, fromBase64(key.signature));
  } catch {
    return false;
  }
};

/** True if both PEM texts hold the same certificate. */
export const isSameCertificate = (left: string, right: string): boolean => {
  try {
    return new X509Certificate(left).raw.equals(new X509Certificate(right).raw);
  } catch {
    return false;
  }
};

const ONE_CERTIFICATE =
  /^-----BEGIN CERTIFICATE-----\r?\n((?:[A-Za-z0-9+/]{1,76}\r?\n)*[A-Za-z0-9+/]{1,76}={0,2})\r?\n-----END CERTIFICATE-----\r?\n?$/;

/**
 * The creator's certificate, if `idBytes` are exactly one well-formed PEM block. The peer judges the first block its
 * parser accepts, and the shim reads attributes with a parser of its own: a malformed block before the true one could
 * be skipped by the first and believed by the second.
 */
export const singleCertificate = (idBytes: Uint8Array): string => {
  let pem: string;
  try {
    pem = utf8Decode(idBytes);
  } catch {
    return refuseCertificate();
  }
  certificateBytes(pem);
  return pem;
};

/** The DER of exactly one well-formed PEM block. */
export const certificateBytes = (pem: string): Uint8Array => {
  const body = ONE_CERTIFICATE.exec(pem)?.[1]?.replace(/\r?\n/g, '');
  if (body === undefined) return refuseCertificate();
  try {
    return fromBase64(body);
  } catch {
    return refuseCertificate();
  }
};

const refuseCertificate = (): never => {
  throw new ContractError('NOT_ALLOWED', 'the proposal must carry exactly one PEM certificate');
};
