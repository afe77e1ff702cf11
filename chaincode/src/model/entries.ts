import type { IntegrityPart, RecordPanel } from './integrity-entries.js';

/**
 * The ledger's types, shared with the gateway. Every value is stored as canonical JSON with `schema`.
 * Ids are lower-case hex: ledgerId, recordId, encounterId 32 characters; staff ids and business ids up to 64.
 */

export const SCHEMA = 1;

export type Role =
  | 'system-manager'
  | 'hospital-admin'
  | 'doctor'
  | 'verifier'
  | 'sanitizer'
  | 'auditor'
  | 'researcher'
  | 'patient'
  | 'service';

export type StaffRole = Exclude<Role, 'patient' | 'service'>;

export interface OrganizationEntry {
  schema: number;
  mspId: string;
  name: string;
  kind: 'ministry' | 'hospital';
  /** First three digits of the registration numbers it gives. */
  code: string;
  status: 'active' | 'suspended';
}

/** `custodian` keeps keyless records, `custodianService` is the second chaincode's own. */
export type OrganizationKeyKind = 'custodian' | 'custodianService' | 'agent' | 'handover';

export interface OrganizationKeyEntry {
  schema: number;
  mspId: string;
  kind: OrganizationKeyKind;
  epoch: number;
  /** X25519, 64 hex characters. */
  publicKey: string;
  /** PEM of the organisation's service; chains to the ministry's root. */
  certificate: string;
  /** Base64 DER ECDSA over SHA-256 of the canonical JSON of {mspId, kind, epoch, publicKey}. */
  signature: string;
}

/** Which authorities issue an organisation's certificates: the ministry's word, which a device can check by itself. */
export interface OrganizationAuthoritiesEntry {
  schema: number;
  mspId: string;
  /** SHA-256 (hex) of the DER of each authority's certificate, ascending. */
  authorities: string[];
  /** PEM of the ministry's service, issued by the ministry's root itself. */
  certificate: string;
  /** Base64 DER ECDSA over SHA-256 of the canonical JSON of {mspId, authorities}. */
  signature: string;
}

export interface ParametersEntry {
  schema: number;
  policyVersion: number;
  /** Steps a record needs, in order: `chain` alone, or all five. */
  recordSteps: RecordStep[];
  /** Agents that must answer before a grantee can open; `DEFAULT_CONSENT_THRESHOLD` where an entry has none. */
  consentThreshold?: number;
  /** Verifiers who must approve a record; `DEFAULT_ATTEST_THRESHOLD` where an entry has none. */
  attestThreshold?: number;
  /** Years for which records are kept after the last one; erasable at any time where an entry has none. */
  retentionYears?: number;
  /** Instant since which `retentionYears` has been the rule. */
  retentionSince?: string;
}

export const DEFAULT_CONSENT_THRESHOLD = 2;

export type RecordStep = 'blind' | 'sanitize' | 'upload' | 'attest' | 'chain';

export interface StaffEntry {
  schema: number;
  staffId: string;
  mspId: string;
  role: StaffRole;
  status: 'active' | 'suspended' | 'revoked';
  version: number;
}

/** Which organisation is the ministry; written when it admits itself. */
export interface MinistryEntry {
  schema: number;
  mspId: string;
}

/** Who has a code of three digits. */
export interface OrganizationCodeEntry {
  schema: number;
  code: string;
  mspId: string;
}

export interface BusinessEntry {
  schema: number;
  /** Of the public step. */
  transactionId: string;
}

export interface ReceivingKeyEntry {
  schema: number;
  /** Staff id or ledgerId. */
  subject: string;
  mspId: string;
  /** X25519, 64 hex characters. */
  publicKey: string;
  epoch: number;
}

export interface PatientCommitments {
  number: string;
  identity: string;
  contact: string;
  guardian: string;
  care: string;
}

export interface ScopeKey {
  /** 32 hex characters. */
  scopeId: string;
  epoch: number;
  /** Compressed G1 point, 96 hex characters. */
  publicKey: string;
}

export type ScopeReference = Pick<ScopeKey, 'scopeId' | 'epoch'>;

export interface PatientEntry {
  schema: number;
  ledgerId: string;
  homeMsp: string;
  status: 'keyless' | 'active' | 'deleted' | 'erasing' | 'erased';
  version: number;
  commitments: PatientCommitments;
  /** Empty while keyless. */
  scopes: ScopeKey[];
  /** SHA-256 (hex) of the SubjectPublicKeyInfo that the patient acts with; null while keyless. */
  deviceKey: string | null;
}

export interface RecordHead {
  schema: number;
  recordId: string;
  ledgerId: string;
  hospital: string;
  author: string;
  /** Latest version. */
  version: number;
}

export interface RecordCommitments {
  selector: string;
  titleLine: string;
  document: string;
}

export interface SealedPart {
  sealedBy: 'device' | 'hospital';
  /** SHA-256 of the ciphertext chunks; also the object's address. */
  sealedDigest: string;
  sealedBytes: number;
  /** SHA-256 of the header object as stored now. */
  headerDigest: string;
  headerBytes: number;
  dekCommitment: string;
  commitments: RecordCommitments;
  /** Subjects (staff ids, ledgerId) and `custodian:<mspId>` that have a key slot. */
  recipients: string[];
}

export interface ChainPart {
  contentHash: string;
  prevHash: string;
  /** 0 for the patient's first entry. */
  index: number;
}

export interface RecordEntry {
  schema: number;
  recordId: string;
  version: number;
  ledgerId: string;
  /** Zeros while the patient was keyless at creation. */
  scopeId: string;
  epoch: number;
  hospital: string;
  author: string;
  policyVersion: number;
  steps: RecordStep[];
  /** Those between `sealed` and `chained` only with the integrity steps; a returned entry is `sealed` again. */
  status: 'created' | 'sealed' | 'blinded' | 'sanitized' | 'uploaded' | 'attested' | 'chained';
  /** With the integrity steps only. */
  panel?: RecordPanel;
  /** With the integrity steps, from the first blinding on. */
  integrity?: IntegrityPart;
  sealed: SealedPart | null;
  /** Scopes whose owner has a key slot, oldest first; empty while only the custodian has one. */
  ownerSlots: ScopeReference[];
  chain: ChainPart | null;
}

export interface ChainHead {
  schema: number;
  ledgerId: string;
  contentHash: string;
  count: number;
  /** Instant of the last entry's chaining; missing in heads of earlier versions. */
  at?: string;
  /** The same by hospital (MSP id), for entries chained since the ledger keeps it; missing before the first of them. */
  lastOf?: Record<string, string>;
  /** `at` of the head before the first entry of `lastOf`, null where it had none; missing where there was no such head. */
  before?: string | null;
}

/** By what a reader may look; a read under `sanitized` shows the sanitised file alone. */
export const RECEIPT_BASES = [
  'author',
  'verifier',
  'sanitized',
  'titleLine',
  'consent',
  'emergency',
] as const;
export type ReceiptBasis = (typeof RECEIPT_BASES)[number];

export interface ReceiptEntry {
  schema: number;
  /** Transaction id. */
  receiptId: string;
  reader: string;
  mspId: string;
  recordIds: string[];
  basis: ReceiptBasis;
  /** Null unless the basis is `consent` or `emergency`: then that of the emergency grant. */
  consentId: string | null;
  /** Of basis `emergency`. */
  emergencyId?: string;
  /** Instant of the transaction; missing in receipts of earlier versions. */
  at?: string;
}

/** Index entries; what they say is in their keys: `patientRecord/<ledgerId>/<recordId>`, `receiptOf/<ledgerId>/<receiptId>/<recordId>`. */
export interface IndexEntry {
  schema: number;
}

/** Public entry of `putStaffPrivate` and `putStaff`. */
export type StaffPublic = Omit<StaffEntry, 'schema'>;

/** Public entry of `registerPatientPrivate` and `registerPatient`. */
export interface PatientPublic {
  ledgerId: string;
  homeMsp: string;
  version: number;
  commitments: PatientCommitments;
}

/** Public entry of `updatePatientPrivate` and `updatePatient`. */
export interface PatientUpdate {
  ledgerId: string;
  version: number;
  commitments: PatientCommitments;
  /** Refuses every further act on the patient; the entry stays. */
  status?: 'deleted';
}

/** Public entry of `sealPrivate` and `seal`. */
export interface SealPublic {
  recordId: string;
  version: number;
  author: string;
  sealed: SealedPart;
}

/** Transient `details` of `putStaffPrivate`: readable by every hospital, never by the ministry. */
export interface StaffDetails {
  name: string;
  specialization?: string | null;
  contactNo?: string | null;
  email?: string | null;
  address?: string | null;
}

/** Transient `private` of a private step: what goes into the implicit collection. */
export interface PrivateValue {
  key: string;
  /** Base64 of the ciphertext, at most 16 kB. */
  value: string;
  /** SHA-256 (hex) of the value it replaces; absent when the key must be new. */
  replaces?: string;
}

export const ZERO_SCOPE = '0'.repeat(32);
export const ZERO_HASH = '0'.repeat(64);
