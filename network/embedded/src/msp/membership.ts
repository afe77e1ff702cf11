import { createHash } from 'node:crypto';
import {
  FabricMSPConfig,
  MSPConfig,
  type FabricOUIdentifier,
} from '@hyperledger/fabric-protos/lib/msp/msp_config_pb.js';
import {
  CombinedPrincipal,
  MSPIdentityAnonymity,
  MSPPrincipal,
  MSPRole,
  OrganizationUnit,
} from '@hyperledger/fabric-protos/lib/msp/msp_principal_pb.js';
import type { Identity } from '../types.js';
import {
  isEcdsaSigned,
  isIssuedBy,
  parseCertificate,
  withLowSSignature,
  type Certificate,
} from './certificate.js';
import { uniqueChain } from './certification-path.js';
import { verifyMessage, verifyMessageAsync } from './ecdsa.js';
import { decodePem } from './pem.js';
import { isListSignedBy, parseRevocationList, type RevocationList } from './revocation-list.js';
import { parseSerializedIdentity } from './serialized-identity.js';

const Classification = MSPPrincipal.Classification;
const Role = MSPRole.MSPRoleType;

const sha256 = (...parts: readonly Buffer[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** An organizational unit with the CA chain it must come from; no chain means any. */
interface OuRule {
  readonly unit: string;
  readonly certifiers?: Buffer;
}

interface NodeOus {
  readonly client?: OuRule;
  readonly peer?: OuRule;
  readonly admin?: OuRule;
  readonly orderer?: OuRule;
}

export interface MembershipOptions {
  /** Channel capability V3_0 admits Ed25519 keys (msp/mspimplsetup.go setupV3). */
  readonly ed25519?: boolean;
}

/**
 * Membership rules of one organisation: Fabric's X.509 MSP of version 1.4.3 and later (msp/mspimpl.go and its
 * setup and validate files).
 */
export class MembershipProvider {
  readonly mspId: string;
  readonly tlsRootCertificates: readonly string[];
  private readonly roots: Certificate[];
  private readonly intermediates: Certificate[] = [];
  /** Raw bytes of CAs that certify other CAs: these may not sign identities. */
  private readonly internalNodes = new Set<string>();
  private readonly revocations: readonly RevocationList[];
  private readonly nodeOus: NodeOus | undefined;
  private readonly requiredOus: readonly Required<OuRule>[];
  private readonly admins: readonly Certificate[];
  private readonly ed25519: boolean;
  /** Chains found since the CAs are set up; a leaf's is needed more than once. */
  private chains = new WeakMap<Certificate, Certificate[]>();

  /** @param config marshalled `msp.MSPConfig`. @throws Error naming what is wrong with it. */
  constructor(config: Buffer, options: MembershipOptions = {}) {
    const fabric = FabricMSPConfig.deserializeBinary(MSPConfig.deserializeBinary(config).getConfig_asU8());
    this.mspId = fabric.getName();
    this.ed25519 = options.ed25519 ?? false;
    const load = (pem: Uint8Array): Certificate => this.parse(Buffer.from(pem));
    if (fabric.getRootCertsList().length === 0)
      throw new Error(`MSP ${this.mspId}: expected at least one CA certificate`);
    this.roots = fabric
      .getRootCertsList_asU8()
      .map(load)
      .map((root) => withLowSSignature(root, root));
    for (const intermediate of fabric.getIntermediateCertsList_asU8().map(load))
      this.intermediates.push(intermediate);
    this.intermediates.forEach((intermediate, at) => {
      this.intermediates[at] = this.sanitize(intermediate);
    });
    this.chains = new WeakMap();
    this.revocations = fabric
      .getRevocationListList_asU8()
      .map((list) => parseRevocationList(Buffer.from(list)));
    for (const ca of [...this.roots, ...this.intermediates]) this.checkAuthority(ca);
    for (const intermediate of this.intermediates) {
      for (const ca of this.chain(intermediate).slice(1)) this.internalNodes.add(ca.raw.toString('latin1'));
    }
    this.requiredOus = fabric.getOrganizationalUnitIdentifiersList().map((ou) => {
      const { unit, certifiers } = this.ouRule(ou) ?? { unit: '' };
      if (!certifiers) throw new Error(`MSP ${this.mspId}: organizational unit ${unit} names no certificate`);
      return { unit, certifiers };
    });
    const ous = fabric.getFabricNodeOus();
    const nodeOus: NodeOus = {
      client: this.ouRule(ous?.getClientOuIdentifier()),
      peer: this.ouRule(ous?.getPeerOuIdentifier()),
      admin: this.ouRule(ous?.getAdminOuIdentifier()),
      orderer: this.ouRule(ous?.getOrdererOuIdentifier()),
    };
    this.nodeOus = ous?.getEnable() && Object.values(nodeOus).some(Boolean) ? nodeOus : undefined;
    this.admins = fabric
      .getAdminsList_asU8()
      .map(load)
      .map((admin) => this.sanitize(admin));
    if (this.admins.length === 0 && !this.nodeOus?.admin) {
      throw new Error(
        `MSP ${this.mspId}: administrators must be declared when no admin ou classification is set`,
      );
    }
    this.tlsRootCertificates = fabric
      .getTlsRootCertsList_asU8()
      .map((pem) => Buffer.from(pem).toString('utf8'));
  }

  /** @throws Error with Fabric's text when the bytes are no certificate of this organisation's CAs. */
  identity(serialized: Buffer, idBytes: Buffer): MemberIdentity {
    const certificate = this.sanitize(this.parse(idBytes));
    return new MemberIdentity(this, serialized, idBytes.toString('utf8'), certificate);
  }

  /** Why the certificate is no valid identity here (revoked, wrong units, a CA); undefined when it is valid. */
  invalidity(certificate: Certificate): string | undefined {
    const kind = certificate.publicKey.asymmetricKeyType;
    if (kind !== 'ec' && !(kind === 'ed25519' && this.ed25519)) {
      return `could not validate identity's public key algorithm: ${kind ?? 'unknown'} is not supported`;
    }
    let chain: Certificate[];
    try {
      chain = this.memberChain(certificate);
    } catch (error) {
      return `could not obtain certification chain: ${(error as Error).message}`;
    }
    const revoked = this.revocation(certificate, chain[1]);
    if (revoked) return `could not validate identity against certification chain: ${revoked}`;
    const units = this.unitsProblem(certificate, certifiersOf(chain));
    return units && `could not validate identity's OUs: ${units}`;
  }

  /** Whether a certificate that is listed as administrator, whatever its units. */
  isListedAdmin(certificate: Certificate): boolean {
    return this.admins.some(({ raw }) => raw.equals(certificate.raw));
  }

  hasRole(certificate: Certificate, role: keyof NodeOus): boolean {
    const rule = this.nodeOus?.[role];
    return rule !== undefined && certificate.organizationalUnits.includes(rule.unit);
  }

  hasUnit(certificate: Certificate, unit: string, certifiers: Buffer): boolean {
    return (
      certificate.organizationalUnits.includes(unit) &&
      certifiersOf(this.memberChain(certificate)).equals(certifiers)
    );
  }

  private parse(pem: Buffer): Certificate {
    const block = decodePem(pem.toString('latin1'));
    if (!block) throw new Error('could not decode the PEM structure');
    try {
      return parseCertificate(block.der);
    } catch (error) {
      throw new Error(`parseCertificate failed: ${(error as Error).message}`, { cause: error });
    }
  }

  private chain(certificate: Certificate): Certificate[] {
    const known = this.chains.get(certificate);
    if (known) return known;
    const chain = uniqueChain(certificate, this.roots, this.intermediates);
    this.chains.set(certificate, chain);
    return chain;
  }

  /** msp/mspimpl.go sanitizeCert: the chain is checked and the certificate's own signature made low-S. */
  private sanitize(certificate: Certificate): Certificate {
    if (!isEcdsaSigned(certificate)) return certificate;
    if (certificate.isCA && isIssuedBy(certificate, certificate)) {
      const root = withLowSSignature(certificate, certificate);
      this.chain(root);
      return root;
    }
    const issuer = this.chain(certificate)[1];
    if (!issuer)
      throw new Error(
        'failed to traverse certificate verification chain for leaf or intermediate certificate',
      );
    return withLowSSignature(certificate, issuer);
  }

  private memberChain(certificate: Certificate): Certificate[] {
    if (certificate.isCA) {
      throw new Error(
        'An X509 certificate with Basic Constraint: Certificate Authority equals true cannot be used as an identity',
      );
    }
    const chain = this.chain(certificate);
    const issuer = chain[1];
    if (!issuer) throw new Error(`expected a chain of length at least 2, got ${chain.length}`);
    if (this.internalNodes.has(issuer.raw.toString('latin1'))) {
      throw new Error(
        'invalid validation chain. Parent certificate should be a leaf of the certification tree',
      );
    }
    return chain;
  }

  private checkAuthority(ca: Certificate): void {
    if (!ca.isCA)
      throw new Error(`MSP ${this.mspId}: CA Certificate did not have the CA attribute, (SN: ${ca.serial})`);
    if (!ca.subjectKeyId) {
      throw new Error(
        `MSP ${this.mspId}: CA Certificate has no Subject Key Identifier extension, (SN: ${ca.serial})`,
      );
    }
    const chain = this.chain(ca);
    const problem = chain.length > 1 ? this.revocation(ca, chain[1]) : undefined;
    if (problem)
      throw new Error(`MSP ${this.mspId}: CA Certificate is not valid, (SN: ${ca.serial}): ${problem}`);
  }

  private revocation(certificate: Certificate, issuer: Certificate | undefined): string | undefined {
    const key = issuer?.subjectKeyId;
    if (!issuer || !key) return 'could not obtain Subject Key Identifier for signer cert';
    const revoked = this.revocations.some(
      (list) =>
        list.authorityKeyId.equals(key) &&
        list.serials.has(certificate.serial) &&
        isListSignedBy(list, issuer),
    );
    return revoked ? 'The certificate has been revoked' : undefined;
  }

  private ouRule(identifier: FabricOUIdentifier | undefined): OuRule | undefined {
    if (!identifier) return undefined;
    const pem = Buffer.from(identifier.getCertificate_asU8());
    const unit = identifier.getOrganizationalUnitIdentifier();
    if (pem.length === 0) return { unit };
    const ca = this.sanitize(this.parse(pem));
    const isRoot = this.roots.some(({ raw }) => raw.equals(ca.raw));
    if (!isRoot && !this.intermediates.some(({ raw }) => raw.equals(ca.raw))) {
      throw new Error(
        `MSP ${this.mspId}: the certificate of unit ${unit} is not in root or intermediate certs`,
      );
    }
    return { unit, certifiers: sha256(...(isRoot ? [ca] : this.chain(ca)).map(({ raw }) => raw)) };
  }

  /** msp/mspimplvalidate.go validateIdentityOUsV142. */
  private unitsProblem(certificate: Certificate, certifiers: Buffer): string | undefined {
    const { organizationalUnits: units } = certificate;
    const shown = `[${units.map((unit) => `${unit}(${certifiers.subarray(0, 8).toString('hex').toUpperCase()})`).join(' ')}]`;
    if (
      this.requiredOus.length > 0 &&
      !this.requiredOus.some((rule) => units.includes(rule.unit) && rule.certifiers.equals(certifiers))
    ) {
      return units.length === 0
        ? 'the identity certificate does not contain an Organizational Unit (OU)'
        : `none of the identity's organizational units ${shown} are in MSP ${this.mspId}`;
    }
    if (!this.nodeOus) return undefined;
    const rules = new Map(
      Object.values(this.nodeOus as Record<string, OuRule>)
        .filter(Boolean)
        .map((rule) => [rule.unit, rule]),
    );
    let roles = 0;
    for (const unit of units) {
      const rule = rules.get(unit);
      if (!rule) continue;
      if (rule.certifiers && !rule.certifiers.equals(certifiers)) {
        return `certifiersIdentifier does not match: ${shown}, MSP: [${this.mspId}]`;
      }
      roles++;
    }
    if (roles === 1) return undefined;
    return roles === 0
      ? `the identity does not have an OU that resolves to client, peer, orderer, or admin role. OUs: ${shown}, MSP: [${this.mspId}]`
      : `the identity must have a client, a peer, an orderer, or an admin OU role to be valid, not a combination of them. OUs: ${shown}, MSP: [${this.mspId}]`;
  }
}

/** Hash of the CA chain above a leaf (msp/mspimpl.go getCertificationChainIdentifier). */
const certifiersOf = (chain: readonly Certificate[]): Buffer =>
  sha256(...chain.slice(1).map(({ raw }) => raw));

/** A certificate under the rules of its organisation; answers are remembered, so keep the object. */
export class MemberIdentity implements Identity {
  readonly mspId: string;
  readonly id: string;
  readonly notAfter: Date;
  private validity: { problem: string | undefined } | undefined;
  private readonly satisfied = new Map<string, boolean>();

  constructor(
    private readonly msp: MembershipProvider,
    readonly serialized: Buffer,
    readonly certificatePem: string,
    readonly certificate: Certificate,
  ) {
    this.mspId = msp.mspId;
    this.id = `${msp.mspId}${sha256(certificate.raw).toString('hex')}`;
    this.notAfter = certificate.notAfter;
  }

  invalidity(): string | undefined {
    this.validity ??= { problem: this.msp.invalidity(this.certificate) };
    return this.validity.problem;
  }

  verify(message: Buffer, signature: Buffer): boolean {
    return verifyMessage(this.certificate.publicKey, message, signature);
  }

  verifyAsync(message: Buffer, signature: Buffer): Promise<boolean> {
    return verifyMessageAsync(this.certificate.publicKey, message, signature);
  }

  satisfies(principal: Buffer): boolean {
    const key = principal.toString('latin1');
    let answer = this.satisfied.get(key);
    if (answer === undefined) {
      answer = this.evaluate(principal);
      this.satisfied.set(key, answer);
    }
    return answer;
  }

  private evaluate(bytes: Buffer): boolean {
    try {
      return this.evaluatePrincipal(MSPPrincipal.deserializeBinary(bytes));
    } catch {
      return false;
    }
  }

  private evaluatePrincipal(principal: MSPPrincipal): boolean {
    const content = principal.getPrincipal_asU8();
    switch (principal.getPrincipalClassification()) {
      case Classification.COMBINED: {
        const parts = CombinedPrincipal.deserializeBinary(content).getPrincipalsList();
        return parts.length > 0 && parts.every((part) => this.evaluatePrincipal(part));
      }
      case Classification.ANONYMITY:
        return (
          MSPIdentityAnonymity.deserializeBinary(content).getAnonymityType() ===
          MSPIdentityAnonymity.MSPIdentityAnonymityType.NOMINAL
        );
      case Classification.ROLE:
        return this.evaluateRole(MSPRole.deserializeBinary(content));
      case Classification.IDENTITY: {
        const { mspId, idBytes } = parseSerializedIdentity(Buffer.from(content));
        if (mspId !== this.mspId) return false;
        const named = this.msp.identity(Buffer.from(content), idBytes);
        return named.certificate.raw.equals(this.certificate.raw) && this.invalidity() === undefined;
      }
      case Classification.ORGANIZATION_UNIT: {
        const unit = OrganizationUnit.deserializeBinary(content);
        return (
          unit.getMspIdentifier() === this.mspId &&
          this.invalidity() === undefined &&
          this.msp.hasUnit(
            this.certificate,
            unit.getOrganizationalUnitIdentifier(),
            Buffer.from(unit.getCertifiersIdentifier_asU8()),
          )
        );
      }
      default:
        return false;
    }
  }

  private evaluateRole(role: MSPRole): boolean {
    if (role.getMspIdentifier() !== this.mspId) return false;
    const isAdmin = role.getRole() === Role.ADMIN;
    if (isAdmin && this.msp.isListedAdmin(this.certificate)) return true;
    if (this.invalidity() !== undefined) return false;
    switch (role.getRole()) {
      case Role.MEMBER:
        return true;
      case Role.ADMIN:
        return this.msp.hasRole(this.certificate, 'admin');
      case Role.CLIENT:
        return this.msp.hasRole(this.certificate, 'client');
      case Role.PEER:
        return this.msp.hasRole(this.certificate, 'peer');
      case Role.ORDERER:
        return this.msp.hasRole(this.certificate, 'orderer');
      default:
        return false;
    }
  }
}
