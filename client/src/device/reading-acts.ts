import { canonicalJson } from '@medseal/crypto';
import type { Signer } from './consent-grant.js';
import { DeviceRefusal, type IntendedAct } from './signed-act.js';

/** What a receipt says on the ledger. */
export type Receipt =
  | { recordIds: [string]; basis: 'author' }
  | { recordIds: [string]; basis: 'consent'; consentId: string }
  | { recordIds: [string]; basis: 'emergency'; emergencyId: string };

const BUSINESS_ID = /^[0-9a-f]{64}$/;

/** An act with a business id of the gateway's and one more argument. */
export const actWithBusinessId = (
  functionName: string,
  signer: Signer,
  holds: (argument: string) => boolean,
  refusal: string,
): IntendedAct => ({
  ...signer,
  functionName,
  checkArguments: ([businessId, argument, ...others]) => {
    if (others.length > 0 || !BUSINESS_ID.test(businessId ?? '') || !holds(argument ?? ''))
      throw new DeviceRefusal(refusal);
  },
});

/** The receipt of reading one record. */
export const actOfReceipt = (receipt: Receipt, signer: Signer): IntendedAct =>
  actWithBusinessId(
    'access:receipt',
    signer,
    (json) => json === canonicalJson(receipt),
    'the receipt is for another read than decided',
  );

/**
 * A question that goes with a receipt: to an agent, or to a custodian. Nothing is written by it.
 *
 * @param about without version any of the record's
 */
export const actOfQuestion = (
  { receiptId, recordId, version }: { receiptId: string; recordId: string; version?: number },
  signer: Signer,
  asked: 'agent' | 'custodian' = 'agent',
): IntendedAct => ({
  ...signer,
  ...(asked === 'agent'
    ? { functionName: 'consent:reencrypt' }
    : { functionName: 'custodian:answer', chaincode: 'custodian' }),
  transient: 'any',
  checkArguments: (args) => {
    const wanted = [receiptId, recordId, version === undefined ? (args[2] ?? '') : String(version)];
    if (canonicalJson(args) !== canonicalJson(wanted) || !/^[1-9]\d{0,8}$/.test(args[2] ?? ''))
      throw new DeviceRefusal('a question is about another record than was asked for');
  },
});

/** An act whose arguments are known in full. */
export const actWithArguments = (
  functionName: string,
  wanted: readonly string[],
  signer: Signer,
  refusal: string,
): IntendedAct => ({
  ...signer,
  functionName,
  checkArguments: (args) => {
    if (canonicalJson(args) !== canonicalJson(wanted)) throw new DeviceRefusal(refusal);
  },
});
