import { Oid, isIssuedBy, type Certificate } from './certificate.js';

/** Extensions that path validation understands; any other critical one makes a certificate unusable. */
const understood: ReadonlySet<string> = new Set([
  Oid.keyUsage,
  Oid.basicConstraints,
  Oid.subjectAltName,
  Oid.extendedKeyUsage,
  Oid.subjectKeyIdentifier,
  Oid.authorityKeyIdentifier,
]);

const maximumDepth = 10;

/** Go's default purpose (server authentication): a certificate that names purposes must name it or any. */
const allowsDefaultPurpose = ({ extendedKeyUsage }: Certificate): boolean =>
  extendedKeyUsage === undefined ||
  extendedKeyUsage.some((usage) => usage === Oid.serverAuth || usage === Oid.anyExtendedKeyUsage);

const isUsable = (certificate: Certificate, at: number): boolean =>
  certificate.notBefore.getTime() <= at &&
  at <= certificate.notAfter.getTime() &&
  [...certificate.extensions].every(([id, { critical }]) => !critical || understood.has(id));

/** One second after the certificate's own start: expiry does not end membership (Fabric FAB-3678). */
const validityInstant = (certificate: Certificate): number => certificate.notBefore.getTime() + 1000;

/**
 * The only chain from `certificate` to one of `roots`, leaf first, as Fabric demands it (msp/mspimpl.go
 * getUniqueValidationChain). @throws Error with Fabric's text.
 */
export const uniqueChain = (
  certificate: Certificate,
  roots: readonly Certificate[],
  intermediates: readonly Certificate[],
): Certificate[] => {
  const at = validityInstant(certificate);
  const chains: Certificate[][] = [];
  const extend = (chain: readonly Certificate[]): void => {
    const last = chain.at(-1);
    if (!last || chain.length > maximumDepth) return;
    const caBelow = chain.length - 1;
    for (const [pool, isRoot] of [
      [roots, true],
      [intermediates, false],
    ] as const) {
      for (const parent of pool) {
        if (chain.some(({ raw }) => raw.equals(parent.raw))) continue;
        if (parent.pathLength !== undefined && caBelow > parent.pathLength) continue;
        if (!isUsable(parent, at) || !isIssuedBy(last, parent)) continue;
        const longer = [...chain, parent];
        if (!isRoot) extend(longer);
        else if (longer.slice(0, -1).every(allowsDefaultPurpose)) chains.push(longer);
      }
    }
  };
  if (!isUsable(certificate, at)) {
    throw new Error(
      'the supplied identity is not valid: x509: certificate has an unhandled critical extension',
    );
  }
  if (roots.some(({ raw }) => raw.equals(certificate.raw))) return [certificate];
  extend([certificate]);
  const [chain, ...others] = chains;
  if (!chain)
    throw new Error('the supplied identity is not valid: x509: certificate signed by unknown authority');
  if (others.length > 0) {
    throw new Error(`this MSP only supports a single validation chain, got ${chains.length}`);
  }
  return chain;
};
