import { X509Certificate, type KeyObject } from 'node:crypto';
import { msp } from '@hyperledger/fabric-protos';
import { decode } from './block-bytes.js';
import { verifySignature } from './ecdsa.js';

export type NodeRole = 'client' | 'peer' | 'admin' | 'orderer';

/** A certificate that chains to its organisation's roots. */
export interface Member {
  readonly mspId: string;
  /** Undefined where the organisation does not tell nodes apart by organisational unit. */
  readonly role: NodeRole | undefined;
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

/**
 * One organisation's roots and intermediates out of the channel's configuration. Expiry is not considered: what
 * was valid when it was ordered stays valid (Fabric msp/cert.go getValidityOptsForCert).
 */
export class MspTrust {
  readonly mspId: string;
  readonly #roots: X509Certificate[];
  readonly #intermediates: X509Certificate[];
  readonly #roleByUnit: ReadonlyMap<string, NodeRole> | undefined;
  readonly #members = new Map<string, Member | undefined>();

  /** @param config marshalled `msp.FabricMSPConfig`. */
  constructor(config: Uint8Array) {
    const parsed = decode(msp.FabricMSPConfig, config, 'MSP configuration');
    this.mspId = parsed.getName();
    this.#roots = parsed.getRootCertsList_asU8().map((pem) => new X509Certificate(pem));
    this.#intermediates = parsed.getIntermediateCertsList_asU8().map((pem) => new X509Certificate(pem));
    const units = parsed.getFabricNodeOus();
    if (units?.getEnable()) {
      const named: [string | undefined, NodeRole][] = [
        [units.getClientOuIdentifier()?.getOrganizationalUnitIdentifier(), 'client'],
        [units.getPeerOuIdentifier()?.getOrganizationalUnitIdentifier(), 'peer'],
        [units.getAdminOuIdentifier()?.getOrganizationalUnitIdentifier(), 'admin'],
        [units.getOrdererOuIdentifier()?.getOrganizationalUnitIdentifier(), 'orderer'],
      ];
      this.#roleByUnit = new Map(named.filter((pair): pair is [string, NodeRole] => Boolean(pair[0])));
    }
  }

  /** @returns undefined when the certificate is not one of this organisation's. */
  member(certificatePem: string): Member | undefined {
    if (this.#members.has(certificatePem)) return this.#members.get(certificatePem);
    const member = this.#examine(certificatePem);
    if (this.#members.size > 10_000) this.#members.clear();
    this.#members.set(certificatePem, member);
    return member;
  }

  #examine(certificatePem: string): Member | undefined {
    let certificate: X509Certificate;
    let publicKey: KeyObject;
    try {
      certificate = new X509Certificate(certificatePem);
      publicKey = certificate.publicKey;
    } catch {
      return undefined;
    }
    if (certificate.ca || !this.#chains(certificate, 0)) return undefined;
    let role: NodeRole | undefined;
    if (this.#roleByUnit) {
      const roles = unitsOf(certificate).flatMap((unit) => this.#roleByUnit?.get(unit) ?? []);
      if (roles.length !== 1) return undefined;
      role = roles[0];
    }
    return {
      mspId: this.mspId,
      role,
      verify: (message, signature) => verifySignature(publicKey, message, signature),
    };
  }

  #chains(certificate: X509Certificate, depth: number): boolean {
    const issuedBy = (issuer: X509Certificate): boolean =>
      issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
    if (this.#roots.some(issuedBy)) return true;
    // A longer chain than there are intermediates would be a loop.
    if (depth > this.#intermediates.length) return false;
    return this.#intermediates.some((issuer) => issuedBy(issuer) && this.#chains(issuer, depth + 1));
  }
}

const unitsOf = (certificate: X509Certificate): string[] =>
  certificate.subject
    .split(/\n| \+ /)
    .filter((part) => part.startsWith('OU='))
    .map((part) => part.slice(3));
