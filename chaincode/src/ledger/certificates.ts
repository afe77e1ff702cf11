import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { canonicalJson, fromBase64, utf8, utf8Decode } from '@medseal/crypto';
import { ContractError } from '../errors.js';
import { refuseArgument } from '../model/validation.js';
import type { OrganizationAuthoritiesEntry, OrganizationKeyKind } from '../model/entries.js';

/** A key that an organisation's service vouches for; of an emergency key, and of audit parameters, publicKey is the digest. */
export interface VouchedKey {
  mspId: string;
  kind: OrganizationKeyKind | 'emergency' | 'audit';
  epoch: number;
  publicKey: string;
}

/** The bytes whose SHA-256 an organisation's service signs (ECDSA, DER) to vouch for one of its keys. */
export const organizationKeyStatement = (key: VouchedKey): Uint8Array =>
  utf8(canonicalJson({ mspId: key.mspId, kind: key.kind, epoch: key.epoch, publicKey: key.publicKey }));

/** The bytes whose SHA-256 the ministry's service signs to say which authorities are an organisation's. */
export const organizationAuthoritiesStatement = ({
  mspId,
  authorities,
}: Pick<OrganizationAuthoritiesEntry, 'mspId' | 'authorities'>): Uint8Array =>
  utf8(canonicalJson({ mspId, authorities }));

/** True if the entry's own certificate signed the statement. Says nothing about who issued the certificate. */
export const isSignedByOwnCertificate = (
  { certificate, signature }: { certificate: string; signature: string },
  statement: Uint8Array,
): boolean => {
  try {
    const signer = createPublicKey(certificate);
    if (signer.asymmetricKeyType !== 'ec') return false;
    return verify('sha256', statement, signer, fromBase64(signature));
  } catch {
    return false;
  }
};

/** True if both PEM texts hold the same certificate. */
const isSameCertificate = (left: string, right: string): boolean => {
  try {
    return new X509Certificate(left).raw.equals(new X509Certificate(right).raw);
  } catch {
    return false;
  }
};

/** What a device is to judge by itself carries its signer's certificate: the caller's own. */
export const requireSignedByCaller = (
  caller: { certificate: string },
  signed: { certificate: string; signature: string },
  statement: Uint8Array,
  path: string,
): void => {
  if (!isSameCertificate(signed.certificate, caller.certificate)) {
    refuseArgument(`${path}.certificate`, 'must be the certificate that the caller signs with');
  }
  if (!isSignedByOwnCertificate(signed, statement)) {
    refuseArgument(`${path}.signature`, 'does not hold for the other fields');
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
