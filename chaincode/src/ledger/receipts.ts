import { ContractError } from '../errors.js';
import type { ReceiptEntry } from '../model/entries.js';
import { millisecondsOf } from '../model/instants.js';
import type { Caller } from './authorization.js';

/** Agents and custodians answer a receipt for this long; a repeat within it gives the same bytes. */
const RECEIPT_MS = 15 * 60_000;

/** Refuses a receipt that is another reader's, names other records or is older than a quarter of an hour at `at`. */
export const requireOwnReceipt = (
  receipt: ReceiptEntry,
  caller: Pick<Caller, 'subject' | 'mspId'>,
  recordId: string,
  at: string,
): void => {
  if (receipt.reader !== caller.subject || receipt.mspId !== caller.mspId) {
    throw new ContractError('RECEIPT_DIFFERS', 'the receipt is not of this reader');
  }
  if (!receipt.recordIds.includes(recordId)) {
    throw new ContractError('RECEIPT_DIFFERS', 'the receipt is not for this record');
  }
  if (receipt.at === undefined || millisecondsOf(at) - millisecondsOf(receipt.at) > RECEIPT_MS) {
    throw new ContractError('RECEIPT_TOO_OLD', 'the receipt is older than 15 minutes: sign another');
  }
};
