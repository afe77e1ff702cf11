import 'reflect-metadata';
import { X509Certificate } from '@peculiar/x509';
import { sha256 } from '@noble/hashes/sha2.js';
import { canonicalJson, fromBase64, toHex, utf8, verifyDigest } from '@medseal/crypto';
import type { OrganizationKey } from '../api.js';
import { DeviceRefusal } from './signed-act.js';

/** SHA-256 of a certificate's DER, lower-case hex: what the activation letter prints for the ministry's root. */
export const certificateFingerprint = (pem: string): string =>
  toHex(sha256(new Uint8Array(new X509Certificate(pem).rawData)));

/** Public key of a certificate as an uncompressed SEC 1 point; P-256 only. */
function publicPoint(certificate: X509Certificate): Uint8Array {
  const spki = new Uint8Array(certificate.publicKey.rawData);
  // The point is the last 65 bytes of a P-256 SubjectPublicKeyInfo (RFC 5480).
  return spki.subarray(spki.length - 65);
}

async function chainsToRoot(
  certificate: X509Certificate,
  intermediates: X509Certificate[],
  root: X509Certificate,
): Promise<boolean> {
  const now = new Date();
  let current = certificate;
  for (let depth = 0; depth <= intermediates.length + 1; depth++) {
    if (now < current.notBefore || now > current.notAfter) return false;
    if (await current.verify({ publicKey: root.publicKey, signatureOnly: true })) return true;
    let issuer: X509Certificate | undefined;
    for (const candidate of intermediates) {
      if (
        candidate.subject === current.issuer &&
        (await current.verify({ publicKey: candidate.publicKey, signatureOnly: true }))
      ) {
        issuer = candidate;
      }
    }
    if (issuer === undefined) return false;
    current = issuer;
  }
  return false;
}

/**
 * Accepts an organisation's key only with a signature of a certificate that chains to the ministry's root
 * (design, *Activate*). Adversary: a gateway that substitutes keys.
 *
 * @param fingerprint of the root as printed on the letter; without it the root is trusted on first use
 * @throws DeviceRefusal naming what does not hold
 */
export async function acceptOrganizationKey(
  mspId: string,
  key: OrganizationKey,
  chain: string[],
  rootCertificate: string,
  fingerprint?: string,
): Promise<void> {
  if (fingerprint !== undefined && certificateFingerprint(rootCertificate) !== fingerprint.toLowerCase()) {
    throw new DeviceRefusal("the ministry's root is not the one on the letter");
  }
  const certificate = new X509Certificate(key.certificate);
  const statement = canonicalJson({ mspId, kind: key.kind, epoch: key.epoch, publicKey: key.publicKey });
  if (
    !verifyDigest(publicPoint(certificate), sha256(utf8(statement)), fromBase64(key.signature, 'signature'))
  ) {
    throw new DeviceRefusal(`the ${key.kind} key of ${mspId} has a wrong signature`);
  }
  const intermediates = chain.map((pem) => new X509Certificate(pem));
  if (!(await chainsToRoot(certificate, intermediates, new X509Certificate(rootCertificate)))) {
    throw new DeviceRefusal(
      `the certificate behind the ${key.kind} key of ${mspId} does not chain to the ministry's root`,
    );
  }
}
