import type { Clock } from '../types.js';
import { parseCertificatePem, Oid, type Certificate } from '../msp/certificate.js';
import { children, readOnly, Tag } from '../msp/asn1.js';
import {
  attributeValue,
  certificateAttributes,
  checkRegistrableAttributes,
  Hf,
  parseBoolean,
  splitList,
  type Attribute,
  type AttributeRequest,
} from './attributes.js';
import { CaCode, CaError } from './ca-error.js';
import { generateSecret, hashChosenSecret, hashGeneratedSecret, matchesSecret } from './enrollment-secret.js';
import {
  normalizeHex,
  type CertificateRecord,
  type IdentityRecord,
  type IdentityRegistry,
} from './identity-registry.js';
import {
  issueCertificate,
  issueRevocationList,
  parseCertificateRequest,
  type CertificateRequest,
  type Issuer,
} from './issuance.js';

const minute = 60_000;
const day = 24 * 60 * minute;

export interface CertificateAuthorityOptions {
  readonly name: string;
  readonly issuer: Issuer;
  /** PEM certificates above the CA's own, nearest first; empty for a root. */
  readonly parents: readonly string[];
  readonly registry: IdentityRegistry;
  readonly clock?: Clock;
  /** Days an enrolment certificate is valid; never beyond the CA's own certificate. Default 365. */
  readonly validityDays?: number;
  /** Wrong passwords before an identity is locked; 0 never locks. Default 10, as Fabric CA. */
  readonly passwordAttempts?: number;
  readonly allowRemove?: boolean;
}

export interface EnrollmentRequest {
  /** PKCS#10, PEM; its common name is the enrolment id. */
  readonly certificateRequest: string;
  /** '' or absent: enrolment certificate; `tls`; `ca` (needs hf.IntermediateCA). */
  readonly profile?: string;
  readonly attributeRequests?: readonly AttributeRequest[];
}

export interface RegistrationRequest {
  readonly id: string;
  /** client, peer, admin or orderer; the registrar's own type by default. */
  readonly type?: string;
  /** Made and returned when absent: much cheaper than one that was chosen, which is stretched. */
  readonly secret?: string;
  /** −1 unlimited; 0 or absent: unlimited, the CA's default. */
  readonly maxEnrollments?: number;
  /** '' takes the registrar's; '.' is the root. */
  readonly affiliation?: string;
  readonly attributes?: readonly Attribute[];
}

export interface ModificationRequest {
  readonly type?: string;
  readonly affiliation?: string;
  readonly secret?: string;
  readonly maxEnrollments?: number;
  /** An empty value removes the attribute. */
  readonly attributes?: readonly Attribute[];
}

export interface RevocationRequest {
  readonly id?: string;
  readonly serial?: string;
  readonly aki?: string;
  readonly reason?: string;
}

export interface RevocationListFilter {
  readonly revokedAfter?: Date;
  readonly revokedBefore?: Date;
  readonly expireAfter?: Date;
  readonly expireBefore?: Date;
}

/** Certificate and chain (this CA first, root last), PEM. */
export interface Enrollment {
  readonly certificate: string;
  readonly caChain: string;
}

const reasonCodes: Readonly<Record<string, number>> = {
  unspecified: 0,
  keycompromise: 1,
  cacompromise: 2,
  affiliationchanged: 3,
  superseded: 4,
  cessationofoperation: 5,
  certificatehold: 6,
  removefromcrl: 8,
  privilegewithdrawn: 9,
  aacompromise: 10,
};

const asksForCa = (request: CertificateRequest): boolean => {
  const constraints = request.extensions.get(Oid.basicConstraints);
  return (
    constraints !== undefined &&
    children(readOnly(constraints.value, Tag.sequence)).some(
      ({ tag, content }) => tag === Tag.boolean && content[0] === 0xff,
    )
  );
};

const dottedIp = (bytes: Buffer): string =>
  bytes.length === 4 ? [...bytes].join('.') : (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');

const recordOf = (pem: string, id: string): CertificateRecord => {
  const certificate = parseCertificatePem(pem);
  return {
    serial: normalizeHex(certificate.serial),
    aki: normalizeHex(certificate.authorityKeyId?.toString('hex') ?? ''),
    id,
    pem,
    notAfter: certificate.notAfter.getTime(),
  };
};

/**
 * A certificate authority with Fabric CA's rules (fabric-ca lib/): identities are registered with type, affiliation
 * and attributes, and enrol with a secret for certificates. Certificates carry of the request only its key; for the
 * profile `tls` also host names and addresses.
 */
export class CertificateAuthority {
  readonly name: string;
  readonly issuer: Issuer;
  /** This CA's certificate first, the root's last. */
  readonly caChain: string;
  private readonly registry: IdentityRegistry;
  private readonly clock: Clock;
  private readonly validityDays: number;
  private readonly passwordAttempts: number;
  private readonly allowRemove: boolean;

  constructor(options: CertificateAuthorityOptions) {
    this.name = options.name;
    this.issuer = options.issuer;
    this.caChain = [options.issuer.certificatePem, ...options.parents].join('');
    this.registry = options.registry;
    this.clock = options.clock ?? { now: () => Date.now() };
    this.validityDays = options.validityDays ?? 365;
    this.passwordAttempts = options.passwordAttempts ?? 10;
    this.allowRemove = options.allowRemove ?? false;
  }

  /** The identity as it is registered now; undefined when unknown. */
  identity(id: string): IdentityRecord | undefined {
    return this.registry.identity(id);
  }

  /** Checks id and secret, counting wrong ones. @throws CaError */
  async login(id: string, secret: string): Promise<IdentityRecord> {
    const known = this.registry.identity(id);
    if (!known) throw CaError.authentication(CaCode.invalidUser, 'Failed to get user: no such identity');
    if (this.passwordAttempts > 0 && known.failedAttempts >= this.passwordAttempts) {
      throw CaError.http(
        401,
        CaCode.passwordAttempts,
        `Incorrect password entered ${known.failedAttempts} times, max incorrect password limit of ${this.passwordAttempts} reached`,
      );
    }
    if (!(await matchesSecret(secret, known.secret))) {
      const current = this.registry.identity(id) ?? known;
      await this.store({ ...current, failedAttempts: current.failedAttempts + 1 });
      throw CaError.authentication(CaCode.invalidPassword, 'Login failure: Password mismatch');
    }
    return this.mayEnroll(id);
  }

  /** First certificate of an identity, for its secret. @throws CaError */
  async enroll(id: string, secret: string, request: EnrollmentRequest): Promise<Enrollment> {
    await this.login(id, secret);
    return this.enrollLoggedIn(id, request);
  }

  /** {@link CertificateAuthority.enroll} after a login of its own. @throws CaError */
  enrollLoggedIn(id: string, request: EnrollmentRequest): Promise<Enrollment> {
    return this.certify(id, request, true);
  }

  /** Milliseconds since the epoch, by the network's clock. */
  now(): number {
    return this.clock.now();
  }

  /** Another certificate for an identity that showed a valid one. @throws CaError */
  reenroll(id: string, request: EnrollmentRequest): Promise<Enrollment> {
    return this.certify(id, request, false);
  }

  /**
   * Registers an identity and gives its secret.
   * @param registrar enrolment id of the caller, whose rights decide
   * @throws CaError
   */
  async register(registrar: string, request: RegistrationRequest): Promise<string> {
    const caller = this.known(registrar);
    const type = request.type || caller.type;
    const affiliation = request.affiliation === '.' ? '' : request.affiliation || caller.affiliation;
    const attributes = request.attributes ?? [];
    try {
      this.checkType(caller, type);
      this.checkAffiliation(caller, affiliation);
      checkRegistrableAttributes(attributes, [], caller.attributes);
    } catch (error) {
      if (!(error instanceof CaError) || error.status !== 403) throw error;
      throw CaError.authorization(CaCode.registrarAuthority, `Registration failed: ${error.message}`);
    }
    this.checkEnrollmentId(request.id);
    const maxEnrollments = this.maxEnrollments(request.maxEnrollments);
    this.checkUnregistered(request.id);
    const secret = request.secret || generateSecret();
    const hash = request.secret ? await hashChosenSecret(secret) : hashGeneratedSecret(secret);
    this.checkUnregistered(request.id);
    await this.store({
      id: request.id,
      type,
      affiliation,
      attributes: withFixedAttributes(request.id, type, affiliation, attributes),
      maxEnrollments,
      secret: hash,
      enrollments: 0,
      failedAttempts: 0,
      revoked: false,
    });
    return secret;
  }

  /** @throws CaError when the caller may not manage the identity or it is unknown */
  managedIdentity(callerId: string, id: string): IdentityRecord {
    const caller = this.known(callerId);
    const identity = this.registry.identity(id);
    if (!identity)
      throw CaError.http(404, CaCode.databaseGet, `Failed to get User: identity '${id}' was not found`);
    this.checkManages(caller, identity);
    return identity;
  }

  /** Identities of the caller's affiliation and types. @throws CaError when the caller is no registrar */
  managedIdentities(callerId: string): IdentityRecord[] {
    const caller = this.known(callerId);
    if (!attributeValue(caller.attributes, Hf.roles)) {
      throw CaError.authorization(CaCode.gettingUser, 'Caller is not a registrar');
    }
    return this.registry
      .allIdentities()
      .filter(
        (identity) => isWithin(identity.affiliation, caller.affiliation) && actsOnType(caller, identity.type),
      );
  }

  /** @throws CaError */
  async modify(callerId: string, id: string, request: ModificationRequest): Promise<IdentityRecord> {
    const caller = this.known(callerId);
    const before = this.managedIdentity(callerId, id);
    const type = request.type || before.type;
    const affiliation = request.affiliation === '.' ? '' : request.affiliation || before.affiliation;
    if (request.type) this.checkType(caller, type);
    if (request.affiliation) this.checkAffiliation(caller, affiliation);
    if (request.attributes?.length) {
      checkRegistrableAttributes(request.attributes, before.attributes, caller.attributes);
    }
    const changed = new Map(before.attributes.map((attribute) => [attribute.name, attribute]));
    for (const attribute of request.attributes ?? []) {
      if (attribute.value === '') changed.delete(attribute.name);
      else changed.set(attribute.name, attribute);
    }
    const secret = request.secret ? await hashChosenSecret(request.secret) : undefined;
    const current = this.registry.identity(id) ?? before;
    const after: IdentityRecord = {
      ...current,
      type,
      affiliation,
      attributes: withFixedAttributes(id, type, affiliation, [...changed.values()]),
      maxEnrollments: request.maxEnrollments
        ? this.maxEnrollments(request.maxEnrollments)
        : current.maxEnrollments,
      secret: secret ?? current.secret,
      failedAttempts: secret ? 0 : current.failedAttempts,
    };
    await this.store(after);
    return after;
  }

  /** Removes an identity; its certificates are revoked. @throws CaError unless the CA allows removal */
  async remove(callerId: string, id: string, force: boolean): Promise<IdentityRecord> {
    if (!this.allowRemove) throw CaError.http(403, CaCode.removeIdentity, 'Identity removal is disabled');
    if (id === callerId && !force) {
      throw CaError.http(
        403,
        CaCode.removeIdentity,
        "Need to use 'force' option to delete your own identity",
      );
    }
    const identity = this.managedIdentity(callerId, id);
    await this.registry.record(
      { kind: 'removed', id },
      ...this.revocations(this.registry.certificatesOf(id), 5),
    );
    return identity;
  }

  /** Revokes one certificate, or an identity with all of its certificates. @throws CaError */
  async revoke(
    caller: { readonly id: string; readonly certificate: Certificate },
    request: RevocationRequest,
  ): Promise<CertificateRecord[]> {
    const serial = normalizeHex(request.serial ?? '');
    const aki = normalizeHex(request.aki ?? '');
    const reason = reasonCodes[(request.reason ?? '').toLowerCase()] ?? 0;
    if (serial && aki) return [await this.revokeCertificate(caller, serial, aki, request.id, reason)];
    if (!request.id) {
      throw CaError.http(
        400,
        CaCode.missingRevokeArguments,
        'Either Name or Serial and AKI are required for a revoke request',
      );
    }
    this.checkRevoker(caller.id, request.id);
    const identity = this.registry.identity(request.id);
    if (!identity) {
      throw CaError.http(404, CaCode.revokeIdNotFound, `Identity ${request.id} was not found`);
    }
    if (caller.id !== identity.id) this.checkManages(this.known(caller.id), identity);
    const certificates = this.registry
      .certificatesOf(identity.id)
      .filter(({ revokedAt }) => revokedAt === undefined);
    await this.registry.record(
      { kind: 'identity', identity: { ...identity, revoked: true } },
      ...this.revocations(certificates, reason),
    );
    return certificates;
  }

  /** PEM list of revoked certificates. Without `expireAfter` all revoked ones are in it. @throws CaError */
  revocationList(filter: RevocationListFilter = {}): string {
    const { revokedAfter, revokedBefore, expireAfter, expireBefore } = filter;
    if (revokedAfter && revokedBefore && revokedAfter > revokedBefore) {
      throw CaError.http(
        400,
        CaCode.invalidRevokedAfter,
        "Invalid 'revokedafter' value. It must not be a timestamp greater than 'revokedbefore'",
      );
    }
    if (expireAfter && expireBefore && expireAfter > expireBefore) {
      throw CaError.http(
        400,
        CaCode.invalidExpiredAfter,
        "Invalid 'expireafter' value. It must not be a timestamp greater than 'expirebefore'",
      );
    }
    const inside = (at: number, after: Date | undefined, before: Date | undefined): boolean =>
      (!after || at > after.getTime()) && (!before || at < before.getTime());
    const now = this.clock.now();
    return issueRevocationList(
      this.registry
        .allCertificates()
        .flatMap(({ serial, revokedAt, reason, notAfter }) =>
          revokedAt !== undefined &&
          inside(revokedAt, revokedAfter, revokedBefore) &&
          inside(notAfter, expireAfter, expireBefore)
            ? [{ serial, at: new Date(revokedAt), reason }]
            : [],
        ),
      this.issuer,
      new Date(now),
      new Date(now + day),
    );
  }

  /** @throws CaError unless the boolean attribute of the identity is true */
  requireAttribute(id: string, name: string, code: number, refusal: string): void {
    if (parseBoolean(attributeValue(this.known(id).attributes, name) ?? '') !== true) {
      throw CaError.authorization(code, refusal);
    }
  }

  /** Certificates of identities within the caller's affiliation. @throws CaError */
  managedCertificates(callerId: string): CertificateRecord[] {
    const caller = this.known(callerId);
    if (
      attributeValue(caller.attributes, Hf.roles) === undefined &&
      parseBoolean(attributeValue(caller.attributes, Hf.revoker) ?? '') !== true
    ) {
      throw CaError.authorization(
        CaCode.authorizationFailure,
        'Caller does not posses either hf.Registrar.Roles or hf.Revoker attribute',
      );
    }
    return this.registry.allCertificates().filter(({ id }) => {
      const affiliation = this.registry.identity(id)?.affiliation;
      return affiliation === undefined
        ? caller.affiliation === ''
        : isWithin(affiliation, caller.affiliation);
    });
  }

  /** Names of all affiliations within the caller's. @throws CaError unless the caller manages affiliations */
  managedAffiliations(callerId: string): string[] {
    const { affiliation } = this.known(callerId);
    this.requireAttribute(
      callerId,
      Hf.affiliationManager,
      CaCode.missingRole,
      'Caller may not manage affiliations',
    );
    return [...this.registry.affiliations()].filter((name) => isWithin(name, affiliation)).sort();
  }

  /** @param force also adds missing parents. @throws CaError */
  async addAffiliation(callerId: string, name: string, force: boolean): Promise<void> {
    const existing = new Set(this.registry.affiliations());
    this.requireAttribute(
      callerId,
      Hf.affiliationManager,
      CaCode.missingRole,
      'Caller may not manage affiliations',
    );
    if (!/^[^.\s]+(\.[^.\s]+)*$/.test(name)) {
      throw CaError.http(400, CaCode.addAffiliation, 'An affiliation is one or more names separated by dots');
    }
    if (existing.has(name)) throw CaError.http(409, CaCode.addAffiliation, 'Affiliation already exists');
    this.checkContains(this.known(callerId), name);
    const steps = name.split('.');
    const parents = steps.slice(0, -1).map((_, index) => steps.slice(0, index + 1).join('.'));
    if (!force && parents.some((parent) => !existing.has(parent))) {
      throw CaError.http(
        400,
        CaCode.addAffiliation,
        "Parent affiliation does not exist, 'force' option required on request to add affiliation",
      );
    }
    await this.registry.record({
      kind: 'affiliations',
      names: [...new Set([...existing, ...parents, name])],
    });
  }

  /** Who holds a certificate of this CA that is neither expired nor revoked. @throws CaError */
  certificateHolder(certificate: Certificate): IdentityRecord {
    const now = this.clock.now();
    const aki = normalizeHex(certificate.authorityKeyId?.toString('hex') ?? '');
    const record = this.registry.certificate(normalizeHex(certificate.serial), aki);
    if (!record || !parseCertificatePem(record.pem).raw.equals(certificate.raw)) {
      throw CaError.authentication(
        CaCode.untrustedCertificate,
        'Untrusted certificate: it was not issued by this certificate authority',
      );
    }
    if (certificate.notAfter.getTime() < now) {
      throw CaError.authentication(
        CaCode.certificateExpired,
        'The certificate in the authorization header is a revoked or expired certificate',
      );
    }
    if (record.revokedAt !== undefined) {
      throw CaError.authentication(
        CaCode.certificateRevoked,
        'The certificate in the authorization header is a revoked certificate',
      );
    }
    return this.known(record.id);
  }

  /** Waits for what is being written and lets the files go. */
  close(): Promise<void> {
    return this.registry.close();
  }

  private known(id: string): IdentityRecord {
    const identity = this.registry.identity(id);
    if (!identity) throw CaError.authentication(CaCode.gettingUser, 'Failed to get user');
    return identity;
  }

  private store(identity: IdentityRecord): Promise<void> {
    return this.registry.record({ kind: 'identity', identity });
  }

  /** The identity if it may take one more certificate for its secret. @throws CaError */
  private mayEnroll(id: string): IdentityRecord {
    const identity = this.known(id);
    if (identity.revoked) {
      throw CaError.authentication(CaCode.invalidPassword, 'Login failure: the identity is revoked');
    }
    if (identity.maxEnrollments !== -1 && identity.enrollments >= identity.maxEnrollments) {
      throw CaError.authentication(
        CaCode.invalidPassword,
        `Login failure: the identity has already enrolled ${identity.enrollments} times, its maximum`,
      );
    }
    return identity;
  }

  private async certify(id: string, request: EnrollmentRequest, bySecret: boolean): Promise<Enrollment> {
    const csr = this.checkRequest(id, request);
    // From here to the record nothing waits: a secret for one enrolment gives one certificate however many ask at once.
    const identity = bySecret ? this.mayEnroll(id) : this.known(id);
    const attributes = certificateAttributes(identity.attributes, request.attributeRequests);
    const isCa = request.profile === 'ca' || asksForCa(csr);
    const isTls = request.profile === 'tls';
    const { notBefore, notAfter } = this.validity();
    const certificate = issueCertificate(
      {
        subject: {
          commonName: id,
          organizationalUnits: [identity.type, ...identity.affiliation.split('.')].filter(
            (unit) => unit !== '',
          ),
        },
        spki: csr.spki,
        notBefore,
        notAfter,
        kind: isCa ? 'ca' : isTls ? 'tls' : 'identity',
        hosts: isTls ? [...csr.dnsNames, ...csr.ipAddresses.map(dottedIp)] : undefined,
        attributes,
        pathLength: isCa ? 0 : undefined,
      },
      this.issuer,
    );
    await this.registry.record(
      { kind: 'certificate', certificate: recordOf(certificate, id) },
      ...(bySecret
        ? [
            {
              kind: 'identity' as const,
              identity: { ...identity, enrollments: identity.enrollments + 1, failedAttempts: 0 },
            },
          ]
        : []),
    );
    return { certificate, caChain: this.caChain };
  }

  private checkRequest(
    id: string,
    { certificateRequest, profile = '' }: EnrollmentRequest,
  ): CertificateRequest {
    if (profile !== '' && profile !== 'tls' && profile !== 'ca') {
      throw CaError.http(500, CaCode.unknown, `Invalid profile: '${profile}'`);
    }
    let csr: CertificateRequest;
    try {
      csr = parseCertificateRequest(certificateRequest);
    } catch (error) {
      throw CaError.http(400, CaCode.badCsr, (error as Error).message);
    }
    if (csr.commonName !== id) {
      throw CaError.http(
        403,
        CaCode.commonNameMismatch,
        'The CSR subject common name must equal the enrollment ID',
      );
    }
    if (csr.commonName.length > 64) {
      throw CaError.http(
        400,
        CaCode.invalidCsrInput,
        'CSR input validation failed: The CN exceeds the maximum character limit of 64',
      );
    }
    if (profile === 'ca' || asksForCa(csr)) {
      this.requireAttribute(
        id,
        Hf.intermediateCa,
        CaCode.missingAttribute,
        "Enrolled failed: the identity has no attribute 'hf.IntermediateCA'",
      );
    }
    return csr;
  }

  private validity(): { notBefore: Date; notAfter: Date } {
    const { notBefore, notAfter } = this.issuer.certificate;
    const now = this.clock.now();
    return {
      notBefore: new Date(Math.max(now - 5 * minute, notBefore.getTime())),
      notAfter: new Date(Math.min(now + this.validityDays * day, notAfter.getTime())),
    };
  }

  private maxEnrollments(requested = 0): number {
    if (!Number.isInteger(requested) || requested < -1) {
      throw CaError.http(
        500,
        CaCode.unknown,
        `Invalid max enrollment value specified, value must be equal to -1 or greater`,
      );
    }
    return requested === 0 ? -1 : requested;
  }

  private checkEnrollmentId(id: string): void {
    if (id.trim() === '' || id.length > 64) {
      throw CaError.http(400, CaCode.badBody, "Field 'id' must have 1 to 64 characters");
    }
  }

  private checkUnregistered(id: string): void {
    if (this.registry.identity(id)) {
      throw CaError.http(409, CaCode.duplicateIdentity, `Identity '${id}' is already registered`);
    }
  }

  private checkType(caller: IdentityRecord, type: string): void {
    if (!attributeValue(caller.attributes, Hf.roles)) {
      throw CaError.authorization(CaCode.registerAttributeAuthority, 'Caller is not allowed to manage users');
    }
    if (!actsOnType(caller, type)) {
      throw CaError.authorization(
        CaCode.callerNotAffiliated,
        `Registrar does not have authority to act on type '${type}'`,
      );
    }
  }

  private checkContains(caller: IdentityRecord, affiliation: string): void {
    if (!isWithin(affiliation, caller.affiliation)) {
      throw CaError.authorization(
        CaCode.callerNotAffiliated,
        `Caller does not have authority to act on affiliation '${affiliation}'`,
      );
    }
  }

  private checkAffiliation(caller: IdentityRecord, affiliation: string): void {
    this.checkContains(caller, affiliation);
    if (affiliation !== '' && !this.registry.affiliations().has(affiliation)) {
      throw CaError.http(
        404,
        CaCode.gettingAffiliation,
        `Failed getting affiliation '${affiliation}': it is not known here`,
      );
    }
  }

  private checkManages(caller: IdentityRecord, identity: IdentityRecord): void {
    this.checkContains(caller, identity.affiliation);
    this.checkType(caller, identity.type);
  }

  private checkRevoker(caller: string, id: string): void {
    if (caller === id) return;
    this.requireAttribute(caller, Hf.revoker, CaCode.notRevoker, 'Caller does not have authority to revoke');
  }

  private revocations(
    certificates: readonly CertificateRecord[],
    reason: number,
  ): { kind: 'certificate'; certificate: CertificateRecord }[] {
    const revokedAt = this.clock.now();
    return certificates
      .filter((certificate) => certificate.revokedAt === undefined)
      .map((certificate) => ({ kind: 'certificate', certificate: { ...certificate, revokedAt, reason } }));
  }

  private async revokeCertificate(
    caller: { readonly id: string; readonly certificate: Certificate },
    serial: string,
    aki: string,
    id: string | undefined,
    reason: number,
  ): Promise<CertificateRecord> {
    const named = `Certificate with serial ${serial} and AKI ${aki}`;
    const record = this.registry.certificate(serial, aki);
    if (!record) throw CaError.http(404, CaCode.revokedCertificateNotFound, `${named} was not found`);
    this.checkRevoker(caller.id, record.id);
    if (record.revokedAt !== undefined) {
      throw CaError.http(404, CaCode.alreadyRevoked, `${named} was already revoked`);
    }
    if (id && id !== record.id) {
      throw CaError.http(400, CaCode.certificateWrongOwner, `${named} is not owned by ${id}`);
    }
    const owner = this.registry.identity(record.id);
    if (!owner) throw CaError.http(404, CaCode.revokeIdNotFound, `Identity ${record.id} was not found`);
    const isOwn = normalizeHex(caller.certificate.serial) === serial;
    if (!isOwn) this.checkManages(this.known(caller.id), owner);
    await this.registry.record(...this.revocations([record], reason));
    return record;
  }
}

const isWithin = (affiliation: string, callers: string): boolean =>
  callers === '' || affiliation === callers || affiliation.startsWith(`${callers}.`);

const actsOnType = (caller: IdentityRecord, type: string): boolean => {
  const roles = splitList(attributeValue(caller.attributes, Hf.roles) ?? '');
  const wanted = (type || 'client').toLowerCase();
  return roles.includes('*') || roles.some((role) => role.toLowerCase() === wanted);
};

/** Attributes with the three that every identity shows in its certificates. */
export const withFixedAttributes = (
  id: string,
  type: string,
  affiliation: string,
  attributes: readonly Attribute[],
): Attribute[] => {
  const fixed = [
    { name: Hf.enrollmentId, value: id, ecert: true },
    { name: Hf.type, value: type, ecert: true },
    { name: Hf.affiliation, value: affiliation, ecert: true },
  ];
  const reserved = new Set<string>(fixed.map(({ name }) => name));
  return [...attributes.filter(({ name }) => !reserved.has(name)), ...fixed];
};
