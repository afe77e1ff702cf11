import { MAX_AGENTS, MIN_THRESHOLD, TAG_BYTES } from '@medseal/crypto';
import {
  ATTEST_RETURN_REASONS,
  type AttestReturnReason,
  AUDIT_STATUSES,
  type AuditParametersEntry,
  type AuditStatus,
  type ObjectReference,
  PACKAGE_RETURN_REASONS,
  type PackageReturnReason,
  type RecordTags,
  SANITISED_PROFILES,
  type SanitisedProfile,
} from './integrity-entries.js';
import {
  base64,
  type Check,
  digest,
  id,
  integer,
  listOf,
  mspId,
  nullable,
  object,
  oneOf,
  optional,
  pem,
  refuseArgument,
  subject,
  version,
} from './validation.js';

/** The JSON arguments of the integrity contract, each with exactly its fields. */

const MAX_PARAMETERS_BYTES = 8_192;
const MAX_OBJECT_BYTES = 2 ** 40;
const MAX_PACKAGE_BYTES = 2 ** 30;

export type AuditParametersArgument = Omit<AuditParametersEntry, 'schema' | 'digest' | 'mspId'>;

export const auditParametersArgument: Check<AuditParametersArgument> = object({
  version,
  parameters: base64(MAX_PARAMETERS_BYTES),
  shares: listOf(
    object({ mspId, publicKey: digest, shareDigest: digest }),
    MIN_THRESHOLD,
    MAX_AGENTS,
    (share) => share.mspId,
  ),
  certificate: pem,
  signature: base64(80),
});

/** Which version an act is about, and which of its blindings. */
export interface StepArgument {
  recordId: string;
  version: number;
  round: number;
}

const step = { recordId: id, version, round: version };

const objectReference: Check<ObjectReference> = object({
  digest,
  bytes: integer(1, MAX_OBJECT_BYTES),
});

/** `round` is the one that this blinding begins. */
export interface BlindArgument extends StepArgument {
  /** The panel's; another one only in place of somebody who left. */
  sanitizer: string;
  tags: RecordTags;
  packageDigest: string;
  packageBytes: number;
  profile: SanitisedProfile;
}

const tag = base64(TAG_BYTES);

export const blindArgument: Check<BlindArgument> = object({
  ...step,
  sanitizer: subject,
  tags: object({ sealed: tag, sanitized: tag }),
  packageDigest: digest,
  packageBytes: integer(1, MAX_PACKAGE_BYTES),
  profile: oneOf(...SANITISED_PROFILES),
});

export interface SanitizeArgument extends StepArgument {
  object: ObjectReference;
  signedFile: ObjectReference;
}

export const sanitizeArgument: Check<SanitizeArgument> = object({
  ...step,
  object: objectReference,
  signedFile: objectReference,
});

export interface ReturnArgument extends StepArgument {
  reasonCode: PackageReturnReason;
}

export const returnArgument: Check<ReturnArgument> = object({
  ...step,
  reasonCode: oneOf(...PACKAGE_RETURN_REASONS),
});

export interface UploadArgument extends StepArgument {
  sealedSignedFile: ObjectReference;
  object: ObjectReference;
  signedFile: ObjectReference;
}

export const uploadArgument: Check<UploadArgument> = object({
  ...step,
  sealedSignedFile: objectReference,
  object: objectReference,
  signedFile: objectReference,
});

export interface AttestArgument extends StepArgument {
  verdict: 'approve' | 'return';
  /** Null for `approve`. */
  reasonCode: AttestReturnReason | null;
}

const attestFields: Check<AttestArgument> = object({
  ...step,
  verdict: oneOf('approve', 'return'),
  reasonCode: nullable(oneOf(...ATTEST_RETURN_REASONS)),
});

export const attestArgument: Check<AttestArgument> = (value, path) => {
  const attest = attestFields(value, path);
  if ((attest.verdict === 'return') === (attest.reasonCode !== null)) return attest;
  return refuseArgument(`${path}.reasonCode`, 'must be there for a return, and null for an approval');
};

/** Which audits a list is of: of a record, of an organisation that has a part in them, or all; and in which status. */
export interface AuditFilter {
  recordId?: string;
  organization?: string;
  status?: AuditStatus;
}

const auditFilterFields: Check<AuditFilter> = object({
  recordId: optional(id),
  organization: optional(mspId),
  status: optional(oneOf(...AUDIT_STATUSES)),
});

export const auditFilter: Check<AuditFilter> = (value, path) => {
  const filter = auditFilterFields(value, path);
  if (filter.recordId === undefined || filter.organization === undefined) return filter;
  return refuseArgument(`${path}.organization`, 'must be left out beside a recordId');
};
