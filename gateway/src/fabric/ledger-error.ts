import type { ContractErrorCode } from '@medseal/chaincode';

/** What can go wrong besides the contracts' own refusals. */
export type LedgerFailureCode =
  /** The transaction may or may not be committed: look it up, then repeat with the same business id. */
  | 'COMMIT_UNKNOWN'
  /** No peer or orderer answers; nothing was submitted. */
  | 'LEDGER_UNAVAILABLE'
  /** Committed as invalid because somebody else wrote first; the bounded retries are used up. */
  | 'LEDGER_CONFLICT'
  /** A device-signed transaction met a conflict: it must be prepared and signed anew. */
  | 'SIGN_AGAIN'
  /** Endorsers, orderer or validation refused for a reason that is not a contract's. */
  | 'LEDGER_REFUSED';

export class LedgerError extends Error {
  override readonly name = 'LedgerError';

  constructor(
    readonly code: ContractErrorCode | LedgerFailureCode,
    message: string,
    readonly transactionId?: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A block that the own peer cannot serve because its bytes are damaged. */
export class UnreadableBlockError extends Error {
  override readonly name = 'UnreadableBlockError';

  constructor(
    readonly blockNumber: number,
    options?: { cause?: unknown },
  ) {
    super(`Block ${blockNumber} cannot be read from the organisation's peer.`, options);
  }
}
