/** Every reason for which a contract refuses. Stable: the gateway maps them to problems, clients decide by them. */
export const CONTRACT_ERROR_CODES = [
  /** No such contract or function. */
  'UNKNOWN_FUNCTION',
  /** An argument or transient value is malformed; the sentence names the field. */
  'BAD_ARGUMENT',
  /** The caller's role, organisation or relation to the entry does not permit the act. */
  'NOT_ALLOWED',
  /** The proposal was asked of another organisation's peer than the caller's own. */
  'WRONG_PEER',
  /** The proposal's timestamp is more than five minutes from the endorser's clock: sign a fresh one. */
  'PROPOSAL_STALE',
  /** The business id has been used; the sentence carries the first transaction's id. */
  'ALREADY_DONE',
  'ORGANIZATION_NOT_FOUND',
  'ORGANIZATION_SUSPENDED',
  'ORGANIZATION_CODE_TAKEN',
  'PARAMETERS_NOT_FOUND',
  'STAFF_NOT_FOUND',
  'STAFF_SUSPENDED',
  'STAFF_REVOKED',
  'PATIENT_NOT_FOUND',
  'PATIENT_EXISTS',
  'PATIENT_DELETED',
  /** The patient is being erased, or was: nothing new of them is accepted. */
  'PATIENT_ERASED',
  /** The records must be kept longer; the sentence names the first day on which they may be erased. */
  'RETENTION_NOT_OVER',
  'ERASURE_NOT_FOUND',
  /** The organisation still holds private values that it has to purge first. */
  'ERASURE_INCOMPLETE',
  'ERASURE_ATTESTED',
  /** A private value that was to be purged is another patient's. */
  'NOT_THIS_PATIENT',
  /** The caller's certificate is for another key than the one that the patient was activated with. */
  'DEVICE_KEY_DIFFERS',
  /** Activation of a patient who already has keys. */
  'PATIENT_ALREADY_ACTIVE',
  /** The act needs a patient with keys. */
  'PATIENT_KEYLESS',
  'NUMBER_TAKEN',
  /** The version is not the next one: read the entry again. */
  'VERSION_CONFLICT',
  /** The public step came before its private step, or in another organisation. */
  'PRIVATE_PART_MISSING',
  /** The public entry is not the one that the private step announced. */
  'PRIVATE_PART_DIFFERS',
  'PRIVATE_VALUE_EXISTS',
  /** The sender has laid down as much at the receiving organisation as one may: try again later. */
  'TOO_MANY_DEPOSITS',
  /** A private value is not, or no longer, the one that `replaces` names. */
  'PRIVATE_VALUE_CHANGED',
  /** No open encounter of that patient at the caller's hospital. */
  'ENCOUNTER_NOT_OPEN',
  /** Scope and epoch are not among the patient's current ones. */
  'SCOPE_NOT_CURRENT',
  'RECORD_NOT_FOUND',
  'RECORD_EXISTS',
  /** The version is not in the status that the act needs. */
  'RECORD_STATUS',
  /** An earlier step of the record is missing; the sentence names those to do. */
  'STEP_MISSING',
  /** The act is about another blinding of the record than the present one: look at it again. */
  'ROUND_DIFFERS',
  /** Sanitiser or verifiers are not such staff of the author's hospital, too few, or the author. */
  'PANEL_INVALID',
  /** The record names somebody else for this step. */
  'NOT_ON_PANEL',
  /** The verifier has approved this blinding already. */
  'ALREADY_ATTESTED',
  /** A tag cannot be read, or its signature does not hold. */
  'TAG_INVALID',
  /** A tag is of another record, version, kind, signer, key epoch, length or parameters; the sentence says which. */
  'TAG_DIFFERS',
  /** Nonce or public point of a tag served another one: sign again with fresh ones. */
  'TAG_REUSED',
  /** The replaced set is not the tag's, or leaves nothing of a block. */
  'REPLACED_SET_INVALID',
  /** Digest or length of an object does not go with the tags, or with what the sanitiser made. */
  'OBJECT_DIFFERS',
  /** The patient does not let, or no longer lets, sanitised files be used for research. */
  'RESEARCH_NOT_ALLOWED',
  /** The ministry has put no audit parameters, or none of that version. */
  'AUDIT_PARAMETERS_MISSING',
  /** The values of audit parameters do not belong together, or are not of the organisations on the ledger. */
  'AUDIT_PARAMETERS_INVALID',
  'AUDIT_NOT_FOUND',
  /** The audit is not at the point that the act needs: it is closed, or another act comes first. */
  'AUDIT_STATUS',
  /** The time for this act of an audit is over. */
  'AUDIT_OVERDUE',
  /** The time in which the audit can go on is not over yet. */
  'AUDIT_NOT_OVERDUE',
  /** The nonce is not the one that the auditor committed to. */
  'NONCE_DIFFERS',
  /** No organisation besides the auditor's and the record's hospital could contribute to an audit. */
  'CONTRIBUTOR_MISSING',
  /** More tags and proofs wait to be verified than the process keeps up with: try again later. */
  'VERIFIER_BUSY',
  /** The organisation asked holds no share of the master key. */
  'NOT_AN_EXTRACTOR',
  /** No identity key is enrolled. */
  'IDENTITY_KEY_MISSING',
  'IDENTITY_KEY_REVOKED',
  /** The caller's certificate is for another key than the one that enrolled the identity key: enrol the next epoch. */
  'IDENTITY_KEY_DIFFERS',
  'CAPSULE_MISSING',
  /** The capsule's proof does not hold for this entry. */
  'CAPSULE_INVALID',
  'RECEIPT_NOT_FOUND',
  /** The receipt is older than the time in which agents answer it: sign another. */
  'RECEIPT_TOO_OLD',
  /** The receipt is another reader's, has another basis or does not name the record. */
  'RECEIPT_DIFFERS',
  /** The key's proof of possession does not hold for it, the caller's organisation and certificate. */
  'KEY_PROOF_INVALID',
  /** The grantee has no key that a grant can be made to, or another one than the grant names. */
  'KEY_NOT_REGISTERED',
  'CARE_TEAM_NOT_FOUND',
  'CONSENT_NOT_FOUND',
  'CONSENT_EXISTS',
  'CONSENT_REVOKED',
  'CONSENT_EXPIRED',
  /** Too few agents have accepted their share, or one complains. */
  'CONSENT_NOT_ACTIVE',
  /** The consent is neither revoked nor expired: its shares are still needed. */
  'CONSENT_NOT_ENDED',
  /** The threshold of a grant is not the parameter. */
  'THRESHOLD_DIFFERS',
  /** An agent of a grant is not admitted, has no agent key or is of the grantee's organisation. */
  'AGENT_NOT_ELIGIBLE',
  /** The public checks of a grant's shares do not belong together. */
  'GRANT_INVALID',
  /** A grant's polynomial, or a part of it, served an earlier grant: make a fresh one. */
  'SHARE_POINT_USED',
  /** A request for consent has been answered by this patient. */
  'REQUEST_ANSWERED',
  'REQUEST_NOT_FOUND',
  'DELIVERY_NOT_FOUND',
  /** The organisation asked is no agent of the consent. */
  'NOT_AN_AGENT',
  /** The process that is asked cannot read its agent key. */
  'AGENT_KEY_MISSING',
  /** The organisation asked has no share of the consent, or of the master key. */
  'SHARE_MISSING',
  /** The share is not the one that the grant or the parameters name, does not open or does not fit its public check. */
  'SHARE_INVALID',
  /** The caller is neither the consent's grantee nor, now, a member of the care team that is. */
  'NOT_GRANTEE',
  'NOT_A_GUARDIAN',
  /** The record has no key slot in a scope and epoch of the consent. */
  'SCOPE_NOT_GRANTED',
  /** The terms shown are not the ones that the consent commits to. */
  'TERMS_DIFFER',
  /** The day on which the data was to be erased has come. */
  'TERMS_ENDED',
  /** The selector shown is not the one that the record commits to. */
  'SELECTOR_DIFFERS',
  /** The consent's terms do not cover the purpose, or the record's type or date. */
  'NOT_IN_TERMS',
  /** There is no emergency key: fewer than two custodian services have registered their keys. */
  'EMERGENCY_KEY_MISSING',
  /** The values of an emergency key do not belong together, or are not the custodians' on the ledger. */
  'EMERGENCY_KEY_INVALID',
  'EMERGENCY_NOT_FOUND',
  'EMERGENCY_EXISTS',
  /** The consent is no emergency grant, or another owner's or emergency's. */
  'NOT_EMERGENCY_GRANT',
  /** An auditor has closed the case: nothing is read under it any more. */
  'EMERGENCY_CLOSED',
  /** The case's window is over. */
  'EMERGENCY_ENDED',
  /** A case of the caller was found unjustified, and their organisation has not acted yet. */
  'EMERGENCY_SUSPENDED',
  /** No third organisation could review the case. */
  'REVIEWER_MISSING',
  /** The custodian service that is asked cannot use its key or has no share of the emergency key. */
  'CUSTODIAN_KEY_MISSING',
  /** Fewer agents than are needed have proven answers for this very capsule and grant. */
  'ANSWERS_NOT_PROVEN',
  /** More entries than one answer may hold. */
  'LIMIT_EXCEEDED',
  /** Stored state is not what this version wrote, or the contract failed in a way nobody foresaw. */
  'INTERNAL',
] as const;

export type ContractErrorCode = (typeof CONTRACT_ERROR_CODES)[number];

/** A refusal; its message is `CODE: sentence`, which is all that crosses the chaincode stream. */
export class ContractError extends Error {
  override readonly name = 'ContractError';

  constructor(
    readonly code: ContractErrorCode,
    sentence: string,
  ) {
    super(`${code}: ${sentence}`);
  }
}

export interface ParsedContractError {
  code: ContractErrorCode;
  sentence: string;
  /** The first transaction of an act that is `ALREADY_DONE`. */
  transactionId?: string;
}

const KNOWN = new Set<string>(CONTRACT_ERROR_CODES);
const CODED = /(?:^|chaincode response \d+, )([A-Z][A-Z_]*[A-Z]): ([^\n]*)/;
const SHIM_REFUSALS: readonly [RegExp, ContractErrorCode][] = [
  [/Expected \d+ parameters, but \d+ have been supplied/, 'BAD_ARGUMENT'],
  [/Contract name is not known: [^\n]*/, 'UNKNOWN_FUNCTION'],
];

/** Refusal in a contract's own message or in a gateway's error detail around it; undefined for any other text. */
export const parseContractError = (message: string): ParsedContractError | undefined => {
  const coded = CODED.exec(message);
  if (coded !== null && KNOWN.has(coded[1] ?? '')) {
    const code = coded[1] as ContractErrorCode;
    const sentence = coded[2] ?? '';
    const transactionId = code === 'ALREADY_DONE' ? /\b[0-9a-f]{64}\b/.exec(sentence)?.[0] : undefined;
    return transactionId === undefined ? { code, sentence } : { code, sentence, transactionId };
  }
  for (const [pattern, code] of SHIM_REFUSALS) {
    const refusal = pattern.exec(message);
    if (refusal !== null) return { code, sentence: refusal[0] };
  }
  return undefined;
};
