import type { Committed } from '../fabric/ledger-client.js';

/** The `ledger` member of every answer that came from a committed transaction. */
export interface LedgerAnswer {
  transactionId: string;
  blockNumber: number;
  validationCode: 'VALID';
}

export const ledgerAnswer = ({ transactionId, blockNumber, validationCode }: Committed): LedgerAnswer => ({
  transactionId,
  blockNumber,
  validationCode,
});
