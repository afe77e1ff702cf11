/** What the ledger keeps of integrity audits. Instants are RFC 3339 in UTC with milliseconds. */

/** A set of audit parameters, as the ministry's ceremony left it (cryptography.md A.2, T6). */
export interface AuditParametersEntry {
  schema: number;
  /** From 1; a later set ends no earlier one. */
  version: number;
  /** Base64 of their encoding. */
  parameters: string;
  /** SHA-256 (hex) of that encoding. */
  digest: string;
  /** In the order of the parameters' extractors. */
  shares: MasterShareReference[];
  /** The ministry, whose service held the ceremony. */
  mspId: string;
  /** PEM of that service. */
  certificate: string;
  /** Base64 DER ECDSA over SHA-256 of the canonical JSON of {mspId, kind: "audit", epoch: version, publicKey: digest}. */
  signature: string;
}

export interface MasterShareReference {
  mspId: string;
  /** X25519 agent key that the share of the master key is sealed to, 64 hex characters. */
  publicKey: string;
  /** SHA-256 (hex) of the sealed share. */
  shareDigest: string;
}

/** The identity key that a doctor signs files with; only the doctor has it. */
export interface IdentityKeyEntry {
  schema: number;
  /** Staff id. */
  subject: string;
  mspId: string;
  /** Part of the identity that tags are bound to. */
  keyEpoch: number;
  /** Of the audit parameters that it is extracted under. */
  parametersVersion: number;
  status: 'active' | 'revoked';
  /** SHA-256 (hex) of the SubjectPublicKeyInfo of the certificate that enrolled it. */
  subjectKey: string;
}

/** Answer of one extractor. */
export interface ExtractedShare {
  mspId: string;
  keyEpoch: number;
  parametersVersion: number;
  /** Base64: one share of the identity key, sealed to the doctor's receiving key. */
  sealed: string;
}

/** Who of the author's hospital goes on with a record; staff ids. */
export interface RecordPanel {
  sanitizer: string;
  verifiers: string[];
  /** Verifiers who must approve. */
  threshold: number;
}

/** Verifiers who must approve where the parameters say nothing. */
export const DEFAULT_ATTEST_THRESHOLD = 1;

/** `minimal`: structure and coded categories; `research`: coded content, dates to the year. */
export const SANITISED_PROFILES = ['minimal', 'research'] as const;
export type SanitisedProfile = (typeof SANITISED_PROFILES)[number];

/** Why a sanitiser gives a package back. */
export const PACKAGE_RETURN_REASONS = [
  'BAD_PACKAGE',
  'BAD_AUTHENTICATOR',
  'PERSONAL_DATA_LEFT',
  'TOO_MUCH_REPLACED',
] as const;
export type PackageReturnReason = (typeof PACKAGE_RETURN_REASONS)[number];

/** Why a verifier does not approve. */
export const ATTEST_RETURN_REASONS = [
  'DOCUMENT_WRONG',
  'PERSONAL_DATA_LEFT',
  'TOO_MUCH_REPLACED',
  'OBJECT_MISSING',
] as const;
export type AttestReturnReason = (typeof ATTEST_RETURN_REASONS)[number];

/** Bytes in the cloud. */
export interface ObjectReference {
  /** SHA-256 (hex), which is also the address. */
  digest: string;
  bytes: number;
}

/** Base64, 555 bytes each (cryptography.md T2). */
export interface RecordTags {
  sealed: string;
  sanitized: string;
}

export interface BlindedPart {
  /** Of the author's identity key then: audits verify for it, whatever came after. */
  keyEpoch: number;
  parametersVersion: number;
  tags: RecordTags;
  /** SHA-256 (hex) of the package in the hospital's spool. */
  packageDigest: string;
  packageBytes: number;
  profile: SanitisedProfile;
  coverage: RecordedCoverage;
}

/** What of the sanitised file carries data; its length and number of blocks are the tag's. */
export interface RecordedCoverage {
  replacedSectors: number;
  keptBytes: number;
  /** Fewest kept bytes of any block. */
  leastKeptInBlock: number;
}

export interface SanitizedPart {
  /** Staff id. */
  by: string;
  object: ObjectReference;
  /** Tag, replaced set and authenticators of the object. */
  signedFile: ObjectReference;
}

export interface UploadedPart {
  /** Staff id of the author; '' where the hospital's service did it. */
  by: string;
  /** Tag and authenticators of the sealed object. */
  sealedSignedFile: ObjectReference;
}

export interface Attestation {
  /** Staff id. */
  verifier: string;
  at: string;
  transactionId: string;
}

/** Why a round came back. */
export interface ReturnedPart {
  /** Staff id. */
  by: string;
  step: 'sanitize' | 'attest';
  reasonCode: PackageReturnReason | AttestReturnReason;
  at: string;
}

/** What the integrity steps have put together so far; the parts of steps that are not done are null. */
export interface IntegrityPart {
  /** Blindings so far, from 1. */
  round: number;
  blinded: BlindedPart | null;
  sanitized: SanitizedPart | null;
  uploaded: UploadedPart | null;
  attestations: Attestation[];
  /** The last return, also while a later round is under way. */
  returned: ReturnedPart | null;
}

/** Which of a record's two files: the sealed object, or the sanitised document. */
export const AUDITED_KINDS = ['sealed', 'sanitized'] as const;
export type AuditedKind = (typeof AUDITED_KINDS)[number];

/** In this order; the last three are final. */
export const AUDIT_STATUSES = ['opened', 'contributed', 'revealed', 'intact', 'failed', 'aborted'] as const;
export type AuditStatus = (typeof AUDIT_STATUSES)[number];

/**
 * Why an audit failed (what was wrong with the proof, or that there was none), or was aborted: who left it where it
 * was, or that its owner is being erased.
 */
export type AuditReason =
  'malformed' | 'replaced set' | 'does not hold' | 'no proof' | 'no contribution' | 'no reveal' | 'erased';

const MINUTE = 60_000;

/** How long after its opening each act of an audit is accepted, in milliseconds. */
export const AUDIT_DEADLINES = {
  contribute: 15 * MINUTE,
  reveal: 30 * MINUTE,
  prove: 90 * MINUTE,
} as const;

/** An audit of one file (cryptography.md T5). Tag, signer and parameters are the record entry's. */
export interface AuditEntry {
  schema: number;
  /** Id of the transaction that opened it. */
  auditId: string;
  recordId: string;
  version: number;
  kind: AuditedKind;
  /** Whose service proves. */
  hospital: string;
  /** SHA-256 (hex) of the tag. */
  tagHash: string;
  /** n, blocks of the file. */
  blocks: number;
  /** c, how many of them are challenged. */
  size: number;
  /** Staff id, '' where the organisation's service opened it; and organisation. */
  auditor: string;
  auditorMspId: string;
  /** hA = SHA-256(nA), hex. */
  commitment: string;
  /** Whose service gives nB. */
  contributor: string;
  openedAt: string;
  contributeBy: string;
  revealBy: string;
  proveBy: string;
  /** nB, nA: 32 bytes of hex each; null until they are there. */
  contribution: string | null;
  revealed: string | null;
  /** 32 bytes of hex; null until the auditor has revealed. */
  seed: string | null;
  /** Base64; null until there is one, and for one that is not even of a proof's length. */
  proof: string | null;
  status: AuditStatus;
  /** Of `failed` and `aborted`. */
  reason: AuditReason | null;
  closedAt: string | null;
}

/** When one file of a record was last proven to be there unchanged. */
export interface ProvenFile {
  version: number;
  kind: AuditedKind;
  auditId: string;
  provenAt: string;
  /** n and c of that audit. */
  blocks: number;
  size: number;
}

/** Of one page of the audits: their sum over all pages is exact, and no audit writes a counter. */
export interface AuditCounts {
  open: number;
  intact: number;
  failed: number;
  aborted: number;
  /** Of the aborted: how many each organisation (MSP id) left without its contribution or its reveal. */
  abortedBy: Record<string, number>;
}
