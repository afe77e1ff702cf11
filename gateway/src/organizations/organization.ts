import type { CaClient } from '../fabric/ca-client.js';
import type { LedgerClient, LedgerIdentity } from '../fabric/ledger-client.js';
import type { Database } from '../database/database.js';
import type { StepSpool } from '../integrity/step-spool.js';
import type { Keystore } from '../keystore/keystore.js';
import type { RestorableObjectStore } from '../storage/object-store.js';

/** How far the organisation's read model has followed the ledger. */
export interface ReadModel {
  /** Resolves when everything up to this block is in the read model; rejects after `timeoutMs`. */
  reached(blockNumber: number, timeoutMs?: number): Promise<void>;
}

/** As the configuration names it; the ledger's entry is made from this when the ministry admits it. */
export interface OrganizationProfile {
  mspId: string;
  /** Name in sign-in and paths of files, e.g. `city`. */
  slug: string;
  name: string;
  kind: 'ministry' | 'hospital';
  /** Three digits; the first three of the registration numbers it gives. */
  code: string;
}

/** PEM certificates of the organisation's authority. */
export interface AuthorityCertificates {
  /** The ministry's, on which all trust rests. */
  root: string;
  /** Between the organisation's certificates and the root, the issuer first. */
  intermediates: string[];
}

export interface OrganizationParts {
  ledger: LedgerClient;
  database: Database;
  keystore: Keystore;
  objects: RestorableObjectStore;
  spool: StepSpool;
  service: LedgerIdentity;
  ca: CaClient;
  authority: AuthorityCertificates;
}

/** Everything that this process has for one organisation it serves. Nothing is shared between two of them but objects. */
export class Organization implements OrganizationProfile, OrganizationParts {
  readonly mspId: string;
  readonly slug: string;
  readonly name: string;
  readonly kind: 'ministry' | 'hospital';
  readonly code: string;
  readonly ledger: LedgerClient;
  readonly database: Database;
  readonly keystore: Keystore;
  readonly objects: RestorableObjectStore;
  readonly spool: StepSpool;
  /** `medseal.role=service`: submits what the ledger already entitles the organisation to. */
  readonly service: LedgerIdentity;
  readonly ca: CaClient;
  readonly authority: AuthorityCertificates;
  private readModel: ReadModel | undefined;

  constructor(profile: OrganizationProfile, parts: OrganizationParts) {
    this.mspId = profile.mspId;
    this.slug = profile.slug;
    this.name = profile.name;
    this.kind = profile.kind;
    this.code = profile.code;
    this.ledger = parts.ledger;
    this.database = parts.database;
    this.keystore = parts.keystore;
    this.objects = parts.objects;
    this.spool = parts.spool;
    this.service = parts.service;
    this.ca = parts.ca;
    this.authority = parts.authority;
  }

  get projection(): ReadModel {
    if (this.readModel === undefined) throw new Error(`${this.mspId} has no read model yet.`);
    return this.readModel;
  }

  /** Called once by the projection at start. */
  attachProjection(readModel: ReadModel): void {
    this.readModel = readModel;
  }
}

/** The organisations that this process serves. */
export class OrganizationRegistry {
  private readonly byName = new Map<string, Organization>();

  constructor(private readonly organizations: readonly Organization[]) {
    for (const organization of organizations) {
      this.byName.set(organization.slug, organization);
      this.byName.set(organization.mspId, organization);
    }
  }

  /** By slug or MSP id. */
  get(slugOrMspId: string): Organization | undefined {
    return this.byName.get(slugOrMspId);
  }

  all(): readonly Organization[] {
    return this.organizations;
  }
}
