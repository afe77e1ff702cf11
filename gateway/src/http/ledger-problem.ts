import type { ContractErrorCode } from '@medseal/chaincode';
import type { LedgerError, LedgerFailureCode } from '../fabric/ledger-client.js';
import { notFound, problem, type ProblemException } from './problem.js';

/** HTTP status of every refusal; what is missing here would not compile. */
const STATUS: Readonly<Record<ContractErrorCode | LedgerFailureCode, number>> = {
  UNKNOWN_FUNCTION: 500,
  BAD_ARGUMENT: 422,
  NOT_ALLOWED: 403,
  WRONG_PEER: 403,
  PROPOSAL_STALE: 409,
  ALREADY_DONE: 409,
  ORGANIZATION_NOT_FOUND: 404,
  ORGANIZATION_SUSPENDED: 403,
  ORGANIZATION_CODE_TAKEN: 409,
  PARAMETERS_NOT_FOUND: 503,
  STAFF_NOT_FOUND: 404,
  STAFF_SUSPENDED: 403,
  STAFF_REVOKED: 403,
  PATIENT_NOT_FOUND: 404,
  PATIENT_EXISTS: 409,
  PATIENT_DELETED: 409,
  PATIENT_ERASED: 409,
  RETENTION_NOT_OVER: 409,
  ERASURE_NOT_FOUND: 404,
  ERASURE_INCOMPLETE: 409,
  ERASURE_ATTESTED: 409,
  NOT_THIS_PATIENT: 403,
  DEVICE_KEY_DIFFERS: 403,
  PATIENT_ALREADY_ACTIVE: 409,
  PATIENT_KEYLESS: 409,
  NUMBER_TAKEN: 409,
  VERSION_CONFLICT: 409,
  PRIVATE_PART_MISSING: 409,
  PRIVATE_PART_DIFFERS: 409,
  PRIVATE_VALUE_EXISTS: 409,
  PRIVATE_VALUE_CHANGED: 409,
  ENCOUNTER_NOT_OPEN: 403,
  SCOPE_NOT_CURRENT: 409,
  RECORD_NOT_FOUND: 404,
  RECORD_EXISTS: 409,
  RECORD_STATUS: 409,
  STEP_MISSING: 409,
  ROUND_DIFFERS: 409,
  PANEL_INVALID: 422,
  NOT_ON_PANEL: 403,
  ALREADY_ATTESTED: 409,
  TAG_INVALID: 422,
  TAG_DIFFERS: 422,
  TAG_REUSED: 409,
  REPLACED_SET_INVALID: 422,
  OBJECT_DIFFERS: 422,
  RESEARCH_NOT_ALLOWED: 403,
  AUDIT_PARAMETERS_MISSING: 503,
  AUDIT_PARAMETERS_INVALID: 422,
  NOT_AN_EXTRACTOR: 403,
  IDENTITY_KEY_MISSING: 409,
  IDENTITY_KEY_REVOKED: 403,
  IDENTITY_KEY_DIFFERS: 403,
  CAPSULE_MISSING: 422,
  CAPSULE_INVALID: 422,
  RECEIPT_NOT_FOUND: 404,
  RECEIPT_TOO_OLD: 409,
  RECEIPT_DIFFERS: 403,
  KEY_PROOF_INVALID: 422,
  KEY_NOT_REGISTERED: 409,
  CARE_TEAM_NOT_FOUND: 404,
  CONSENT_NOT_FOUND: 404,
  CONSENT_EXISTS: 409,
  CONSENT_REVOKED: 403,
  CONSENT_EXPIRED: 403,
  CONSENT_NOT_ACTIVE: 403,
  CONSENT_NOT_ENDED: 409,
  THRESHOLD_DIFFERS: 409,
  AGENT_NOT_ELIGIBLE: 409,
  GRANT_INVALID: 422,
  SHARE_POINT_USED: 409,
  REQUEST_ANSWERED: 409,
  REQUEST_NOT_FOUND: 404,
  DELIVERY_NOT_FOUND: 404,
  NOT_AN_AGENT: 403,
  AGENT_KEY_MISSING: 503,
  SHARE_MISSING: 409,
  SHARE_INVALID: 409,
  NOT_GRANTEE: 403,
  NOT_A_GUARDIAN: 422,
  SCOPE_NOT_GRANTED: 403,
  TERMS_DIFFER: 422,
  TERMS_ENDED: 403,
  SELECTOR_DIFFERS: 422,
  NOT_IN_TERMS: 403,
  EMERGENCY_KEY_MISSING: 503,
  EMERGENCY_KEY_INVALID: 422,
  EMERGENCY_NOT_FOUND: 404,
  EMERGENCY_EXISTS: 409,
  NOT_EMERGENCY_GRANT: 409,
  EMERGENCY_CLOSED: 409,
  EMERGENCY_ENDED: 403,
  REVIEWER_MISSING: 503,
  CUSTODIAN_KEY_MISSING: 503,
  ANSWERS_NOT_PROVEN: 409,
  LIMIT_EXCEEDED: 422,
  INTERNAL: 500,
  COMMIT_UNKNOWN: 504,
  LEDGER_UNAVAILABLE: 503,
  LEDGER_CONFLICT: 409,
  SIGN_AGAIN: 409,
  LEDGER_REFUSED: 502,
};

const RETRY_AFTER_SECONDS = '2';

/** A contract's codes cross to the client; a missing thing is the one answer for all missing things. */
export const ledgerProblem = (error: LedgerError): ProblemException => {
  const status = STATUS[error.code] as number | undefined;
  switch (status) {
    case 404:
      return notFound();
    case undefined:
    case 500:
    case 502:
      return problem(
        status === 502 ? 502 : 500,
        error.code,
        'The ledger refused in an unforeseen way; the log has more.',
        undefined,
        { cause: error },
      );
    case 503:
    case 504:
      return problem(status, error.code, error.message, undefined, {
        headers: { 'Retry-After': RETRY_AFTER_SECONDS },
        cause: error,
      });
    default:
      return problem(status, error.code, error.message, undefined, { cause: error });
  }
};
