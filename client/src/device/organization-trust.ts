import 'reflect-metadata';
import { BasicConstraintsExtension, X509Certificate } from '@peculiar/x509';
import { sha256 } from '@noble/hashes/sha2.js';
import { canonicalJson, fromBase64, toHex, utf8, utf8Decode, verifyDigest } from '@medseal/crypto';
import type { GranteeKey, OrganizationAnswer, OrganizationKey } from '../api.js';
import { DeviceRefusal } from './signed-act.js';

/**
 * What a device judges keys by. Adversary: a gateway that substitutes keys, and holds the authority of its own hospital
 * and every certificate that it issued. The ministry's root is what the letter, or the activation, gave.
 */
export interface Trust {
  /** PEM. */
  rootCertificate: string;
  /** SHA-256 of the root, hex, as the letter printed it; without it the root is trusted on first use. */
  fingerprint?: string;
  organizations: OrganizationAnswer[];
}

/** Fabric CA's extension with the attributes of a certificate, JSON `{"attrs": {...}}`. */
const ATTRIBUTES = '1.2.3.4.5.6.7.8.1';

/** SHA-256 of a certificate's DER, lower-case hex: what the activation letter prints for the ministry's root. */
export const certificateFingerprint = (pem: string): string => fingerprintOf(new X509Certificate(pem));

/**
 * Accepts an organisation's key only with a signature of its service, whose certificate is from one of that
 * organisation's own authorities, which the ministry has certified as such, up to the ministry's root (design, *Activate*).
 *
 * @throws DeviceRefusal naming what does not hold
 */
export const acceptOrganizationKey = async (
  trust: Trust,
  mspId: string,
  { kind, epoch, publicKey, certificate, signature }: OrganizationKey,
): Promise<void> => {
  const what = `the ${kind} key of ${mspId}`;
  const signer = new X509Certificate(certificate);
  requireSignature(signer, { mspId, kind, epoch, publicKey }, signature, what);
  await requireIssuedFor(trust, mspId, signer, what);
  // The same authority certifies every patient and doctor of that organisation.
  if (attributesOf(signer)['medseal.role'] !== 'service')
    throw new DeviceRefusal(`${what} is not signed by a service of ${mspId}`);
};

/**
 * Accepts a key of the ministry itself only with a signature of its service, certified by the root: whatever the gateway
 * calls a ministry, a hospital's authority can issue no such certificate.
 *
 * @throws DeviceRefusal naming what does not hold
 */
export const acceptMinistryKey = async (
  trust: Trust,
  mspId: string,
  { kind, epoch, publicKey, certificate, signature }: OrganizationKey,
): Promise<void> => {
  const what = `the ${kind} key`;
  const signer = new X509Certificate(certificate);
  requireSignature(signer, { mspId, kind, epoch, publicKey }, signature, what);
  await requireMinistrysService(signer, rootOf(trust), what);
};

/**
 * Accepts a reader's key only with the certificate that its proof of possession names, issued to that member of staff, or
 * for a care team to its hospital's service or administrator, by the organisation's own authority.
 *
 * @throws DeviceRefusal naming what does not hold
 */
export const acceptReaderKey = async (trust: Trust, reader: GranteeKey): Promise<void> => {
  const what = `the reader's key of ${reader.mspId}`;
  if (reader.certificate === null)
    throw new DeviceRefusal(`${what} came without its certificate: its holder has to sign in once`);
  const certificate = new X509Certificate(reader.certificate);
  if (fingerprintOf(certificate) !== reader.certificateHash)
    throw new DeviceRefusal(`${what} was proven for another certificate than the one given`);
  const { 'medseal.role': role, 'medseal.subject': subject } = attributesOf(certificate);
  if (reader.kind === 'careTeam' && role !== 'service' && role !== 'hospital-admin')
    throw new DeviceRefusal(`the certificate behind ${what} is not of those who decide about its teams`);
  const isSomebody = reader.kind === 'person' || reader.kind === 'guardian';
  if (isSomebody && subject !== reader.id)
    throw new DeviceRefusal(`the certificate behind ${what} is not that of the person chosen`);
  await requireIssuedFor(trust, reader.mspId, certificate, what);
};

const requireSignature = (
  signer: X509Certificate,
  statement: object,
  signature: string,
  what: string,
): void => {
  const digest = sha256(utf8(canonicalJson(statement)));
  if (!verifyDigest(publicPoint(signer), digest, fromBase64(signature, 'signature')))
    throw new DeviceRefusal(`${what} has a wrong signature`);
};

/** The certificate comes from an authority that the ministry says is this organisation's, up to the root. */
const requireIssuedFor = async (
  trust: Trust,
  mspId: string,
  certificate: X509Certificate,
  what: string,
): Promise<void> => {
  const root = rootOf(trust);
  const organization = trust.organizations.find((one) => one.mspId === mspId);
  const intermediates = (organization?.caChain ?? []).map((pem) => new X509Certificate(pem));
  const issuer = await authorityAbove(certificate, intermediates, root);
  if (issuer === undefined)
    throw new DeviceRefusal(`the certificate behind ${what} does not chain to the ministry's root`);
  if (!(await authoritiesOf(organization, root)).includes(fingerprintOf(issuer)))
    throw new DeviceRefusal(`the certificate behind ${what} is not from an authority of ${mspId}`);
};

const rootOf = ({ rootCertificate, fingerprint }: Trust): X509Certificate => {
  const root = new X509Certificate(rootCertificate);
  if (fingerprint !== undefined && fingerprintOf(root) !== fingerprint.toLowerCase())
    throw new DeviceRefusal("the ministry's root is not the one on the letter");
  return root;
};

/** What the ministry's service, certified by the root itself, signed. */
const authoritiesOf = async (
  organization: OrganizationAnswer | undefined,
  root: X509Certificate,
): Promise<string[]> => {
  const certified = organization?.authorities ?? undefined;
  if (organization === undefined || certified === undefined)
    throw new DeviceRefusal(`the ministry has not certified the authorities of ${organization?.mspId}`);
  const { mspId } = organization;
  const what = `the ministry's word on the authorities of ${mspId}`;
  const signer = new X509Certificate(certified.certificate);
  await requireMinistrysService(signer, root, what);
  requireSignature(signer, { mspId, authorities: certified.authorities }, certified.signature, what);
  return certified.authorities;
};

const requireMinistrysService = async (
  signer: X509Certificate,
  root: X509Certificate,
  what: string,
): Promise<void> => {
  const isMinistrys =
    !isAuthority(signer) &&
    attributesOf(signer)['medseal.role'] === 'service' &&
    (await isIssuedBy(signer, root));
  if (!isMinistrys) throw new DeviceRefusal(`${what} is not from the ministry's service`);
};

/**
 * The authority that issued a certificate, if the chain ends in the root. The certificate itself may have expired since it
 * signed: the ledger looked at its dates when it kept the signature.
 */
const authorityAbove = async (
  certificate: X509Certificate,
  intermediates: X509Certificate[],
  root: X509Certificate,
): Promise<X509Certificate | undefined> => {
  let first: X509Certificate | undefined;
  let current = certificate;
  for (let depth = 0; depth <= intermediates.length; depth++) {
    let issuer: X509Certificate | undefined;
    for (const candidate of [root, ...intermediates])
      if (issuer === undefined && isAuthority(candidate) && (await isIssuedBy(current, candidate)))
        issuer = candidate;
    if (issuer === undefined) return undefined;
    first ??= issuer;
    if (issuer === root) return first;
    current = issuer;
  }
  return undefined;
};

const isIssuedBy = async (certificate: X509Certificate, issuer: X509Certificate): Promise<boolean> =>
  certificate.issuer === issuer.subject &&
  (await certificate.verify({ publicKey: issuer.publicKey, signatureOnly: true }));

/** A person's certificate certifies nobody. */
const isAuthority = (certificate: X509Certificate): boolean => {
  const now = new Date();
  return (
    certificate.getExtension(BasicConstraintsExtension)?.ca === true &&
    now >= certificate.notBefore &&
    now <= certificate.notAfter
  );
};

const attributesOf = (certificate: X509Certificate): Record<string, unknown> => {
  const extension = certificate.getExtension(ATTRIBUTES);
  if (extension === null) return {};
  const value = JSON.parse(utf8Decode(new Uint8Array(extension.value))) as {
    attrs?: Record<string, unknown>;
  };
  return value.attrs ?? {};
};

/** Whether a certificate (PEM) is for a P-256 key, given as its uncompressed SEC 1 point. */
export const isCertificateOf = (pem: string, publicKey: Uint8Array): boolean =>
  toHex(publicPoint(new X509Certificate(pem))) === toHex(publicKey);

const fingerprintOf = (certificate: X509Certificate): string =>
  toHex(sha256(new Uint8Array(certificate.rawData)));

/** Public key of a certificate as an uncompressed SEC 1 point; P-256 only. */
const publicPoint = (certificate: X509Certificate): Uint8Array => {
  const spki = new Uint8Array(certificate.publicKey.rawData);
  // The point is the last 65 bytes of a P-256 SubjectPublicKeyInfo (RFC 5480).
  return spki.subarray(spki.length - 65);
};
