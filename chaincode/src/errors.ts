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
  'STEP_MISSING',
  'CAPSULE_MISSING',
  /** The capsule's proof does not hold for this entry. */
  'CAPSULE_INVALID',
  'RECEIPT_NOT_FOUND',
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
