import { MAX_AGENTS, MIN_THRESHOLD } from '@medseal/crypto';
import {
  type OrganizationAuthoritiesEntry,
  type OrganizationEntry,
  type OrganizationKeyEntry,
  type ParametersEntry,
  type PatientPublic,
  type PatientUpdate,
  type PrivateValue,
  RECEIPT_BASES,
  type ReceiptBasis,
  type RecordStep,
  type ScopeKey,
  type SealPublic,
  type StaffDetails,
  type StaffPublic,
} from './entries.js';
import { PURGED_AT_ONCE } from './erasure-entries.js';
import { RECORD_STEPS } from './record-steps.js';
import {
  base64,
  type Check,
  digest,
  either,
  hex,
  id,
  integer,
  listOf,
  mspId,
  nullable,
  object,
  oneOf,
  optional,
  pem,
  privateCiphertext,
  refuseArgument,
  subject,
  text,
  version,
} from './validation.js';

/** The JSON arguments of the contracts, each with exactly its fields. */

const MAX_OBJECT_BYTES = 2 ** 40;
const MAX_HEADER_BYTES = 2 ** 20;
const MAX_RECIPIENTS = 64;
const MAX_LISTED_RECORDS = 200;
const MAX_VERIFIERS = 16;

/** No step is of use without the others: without integrity there is only `chain`. */
const recordSteps: Check<RecordStep[]> = (value, path) => {
  const steps = listOf(oneOf(...RECORD_STEPS), 1, RECORD_STEPS.length)(value, path);
  const isAll = steps.length === RECORD_STEPS.length && steps.every((one, at) => one === RECORD_STEPS[at]);
  const isChainAlone = steps.length === 1 && steps[0] === 'chain';
  return isAll || isChainAlone
    ? steps
    : refuseArgument(path, `must be chain alone, or ${RECORD_STEPS.join(', ')}`);
};

export const parametersArgument: Check<Omit<ParametersEntry, 'schema' | 'retentionSince'>> = object({
  policyVersion: version,
  recordSteps,
  consentThreshold: optional(integer(MIN_THRESHOLD, MAX_AGENTS)),
  attestThreshold: optional(integer(1, MAX_VERIFIERS)),
  retentionYears: optional(integer(1, 100)),
});

export const organizationArgument: Check<Omit<OrganizationEntry, 'schema'>> = object({
  mspId,
  name: text(200),
  kind: oneOf('ministry', 'hospital'),
  code: ((value, path) =>
    typeof value === 'string' && /^\d{3}$/.test(value)
      ? value
      : refuseArgument(path, 'must be three digits')) as Check<string>,
  status: oneOf('active', 'suspended'),
});

export const organizationKeyArgument: Check<Omit<OrganizationKeyEntry, 'schema'>> = object({
  mspId,
  kind: oneOf('custodian', 'custodianService', 'agent', 'handover'),
  epoch: version,
  publicKey: digest,
  certificate: pem,
  signature: base64(80),
});

const MAX_AUTHORITIES = 16;

export const organizationAuthoritiesArgument: Check<Omit<OrganizationAuthoritiesEntry, 'schema'>> = object({
  mspId,
  authorities: listOf(digest, 1, MAX_AUTHORITIES, (authority) => authority),
  certificate: pem,
  signature: base64(80),
});

const STAFF_ROLES = [
  'system-manager',
  'hospital-admin',
  'doctor',
  'verifier',
  'sanitizer',
  'auditor',
  'researcher',
] as const;

export const staffStatus = oneOf('active', 'suspended', 'revoked');

export const staffArgument: Check<StaffPublic> = object({
  staffId: subject,
  mspId,
  role: oneOf(...STAFF_ROLES),
  status: staffStatus,
  version,
});

export const staffDetailsArgument: Check<StaffDetails> = object({
  name: text(200),
  specialization: optional(nullable(text(200))),
  contactNo: optional(nullable(text(40))),
  email: optional(nullable(text(254))),
  address: optional(nullable(text(500))),
});

const commitments = object({
  number: digest,
  identity: digest,
  contact: digest,
  guardian: digest,
  care: digest,
});

export const patientArgument: Check<PatientPublic> = object({
  ledgerId: id,
  homeMsp: mspId,
  version: integer(1, 1),
  commitments,
});

export const patientUpdateArgument: Check<PatientUpdate> = object({
  ledgerId: id,
  version,
  commitments,
  status: optional(oneOf('deleted')),
});

/** Two scopes a patient; a G1 point in compressed form is 96 characters, its group membership is checked by the contract. */
export const activationArgument: Check<{ ledgerId: string; scopes: ScopeKey[]; receivingKey: string }> =
  object({
    ledgerId: id,
    scopes: listOf(
      object({ scopeId: id, epoch: integer(1, 1), publicKey: hex(96) }),
      2,
      2,
      (scope) => scope.scopeId,
    ),
    receivingKey: digest,
  });

export const scopeKeyArgument: Check<ScopeKey> = object({ scopeId: id, epoch: version, publicKey: hex(96) });

/** The encounter is in transient `encounter`: an argument is on the block. */
export interface CreateArgument {
  recordId: string;
  version: number;
  ledgerId: string;
  scopeId: string;
  epoch: number;
  /** Staff ids; both where the parameters ask for the integrity steps, else neither. */
  sanitizer?: string;
  verifiers?: string[];
}

export const createArgument: Check<CreateArgument> = object({
  recordId: id,
  version,
  ledgerId: id,
  scopeId: id,
  epoch: integer(0, 0xffff_ffff),
  sanitizer: optional(subject),
  verifiers: optional(listOf(subject, 1, MAX_VERIFIERS, (verifier) => verifier)),
});

const custodian: Check<string> = (value, path) => {
  if (typeof value !== 'string' || !value.startsWith('custodian:')) {
    return refuseArgument(path, 'must be a staff id, a ledgerId or custodian:<mspId>');
  }
  mspId(value.slice('custodian:'.length), path);
  return value;
};

const recipients = listOf(either(subject, custodian), 1, MAX_RECIPIENTS, (recipient) => recipient);

export const sealArgument: Check<SealPublic> = object({
  recordId: id,
  version,
  author: subject,
  sealed: object({
    sealedBy: oneOf('device', 'hospital'),
    sealedDigest: digest,
    sealedBytes: integer(1, MAX_OBJECT_BYTES),
    headerDigest: digest,
    headerBytes: integer(1, MAX_HEADER_BYTES),
    dekCommitment: digest,
    commitments: object({ selector: digest, titleLine: digest, document: digest }),
    recipients,
  }),
});

export interface KeySlotArgument {
  recordId: string;
  version: number;
  scopeId: string;
  epoch: number;
  headerDigest: string;
  headerBytes: number;
  recipients: string[];
}

export const keySlotArgument: Check<KeySlotArgument> = object({
  recordId: id,
  version,
  scopeId: id,
  epoch: version,
  headerDigest: digest,
  headerBytes: integer(1, MAX_HEADER_BYTES),
  recipients,
});

const receiptFields = object({
  recordIds: listOf(id, 1, MAX_LISTED_RECORDS, (recordId) => recordId),
  basis: oneOf(...RECEIPT_BASES),
  consentId: optional(id),
  emergencyId: optional(id),
});

/** `consentId` for basis `consent`, `emergencyId` for basis `emergency`, and for no other. */
export const receiptArgument: Check<{
  recordIds: string[];
  basis: ReceiptBasis;
  consentId?: string;
  emergencyId?: string;
}> = (value, path) => {
  const receipt = receiptFields(value, path);
  for (const [name, basis] of [
    ['consentId', 'consent'],
    ['emergencyId', 'emergency'],
  ] as const) {
    const isWanted = receipt.basis === basis;
    if (isWanted && receipt[name] === undefined) return refuseArgument(`${path}.${name}`, 'is missing');
    if (!isWanted && receipt[name] !== undefined)
      return refuseArgument(`${path}.${name}`, `is for basis ${basis} only: leave it out`);
  }
  return receipt;
};

/** At most as many as one act writes; what the keys may be is the act's own rule. */
export const privateValuesArgument: Check<PrivateValue[]> = listOf(
  object({ key: text(300), value: privateCiphertext, replaces: optional(digest) }),
  0,
  16,
  (value) => value.key,
);

/** One page of a purge. */
export const purgedKeysArgument: Check<string[]> = listOf(text(300), 1, PURGED_AT_ONCE, (key) => key);

export const privateKeysArgument: Check<string[]> = listOf(text(300), 1, 200, (key) => key);
