import { erase, fromHex, openCommitment, toBase64 } from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { agentIndex, openShareOf, readShares } from '../../ledger/agent.js';
import { countAnswer, countRefusal } from '../../ledger/agent-log.js';
import { authorizeFreshQuery, type FreshQuery, STAFF } from '../../ledger/authorization.js';
import { requireActive, requireConsent, requireGrantee } from '../../ledger/consent-state.js';
import { requireCapsule } from '../../ledger/capsules.js';
import { readEmergencyFacts, requireEmergencyRead } from '../../ledger/emergency-state.js';
import { worldKeys } from '../../ledger/keys.js';
import { PeerPrivateValues } from '../../ledger/private-values.js';
import { requireOwnReceipt } from '../../ledger/receipts.js';
import { reencryptCapsule, ShareRefusal } from '../../ledger/reencryption-checks.js';
import { selectorArgument, termsArgument } from '../../model/consent-arguments.js';
import type {
  ConsentEntry,
  ConsentScope,
  ConsentTerms,
  ReencryptedElement,
} from '../../model/consent-entries.js';
import type { ReceiptEntry, RecordEntry } from '../../model/entries.js';
import { digest, id, parseInteger, version } from '../../model/validation.js';

/**
 * The agent's part of a read under a consent or in an emergency, evaluated at each agent: every check is from this agent's own ledger, in
 * the order of `docs/flows.md`, and only then is its share opened. Nothing is stored; a refusal is a line in the log.
 */
export const reencrypt = async (
  ctx: Context,
  receiptId: string,
  recordId: string,
  versionNumber: string,
): Promise<ReencryptedElement> => {
  try {
    const element = await answer(ctx, receiptId, recordId, versionNumber);
    countAnswer();
    return element;
  } catch (error) {
    countRefusal(ctx, error);
    throw error;
  }
};

const answer = async (
  ctx: Context,
  receiptId: string,
  recordId: string,
  versionNumber: string,
): Promise<ReencryptedElement> => {
  const query = await authorizeFreshQuery(ctx, { roles: [...STAFF, 'patient'] });
  const receipt = await query.world.require(
    worldKeys.receipt(digest(receiptId, 'receiptId')),
    'RECEIPT_NOT_FOUND',
    'no receipt of that receiptId',
  );
  const wanted = {
    recordId: id(recordId, 'recordId'),
    version: parseInteger(versionNumber, version, 'version'),
  };
  const isEmergency = receipt.basis === 'emergency';
  const read = isEmergency ? readInEmergency : readUnderConsent;
  const { consent, entry, index } = await read(query, receipt, wanted, ctx.stub.getMspID());
  const given = query.transient.capsule();
  const { scope, capsule } = await requireCapsule(query.channel, entry, consent, given);
  // Custodians take proven answers only.
  const withProof = isEmergency || query.transient.text('withProof') !== undefined;
  const element = await withShare(ctx, query.channel, consent, scope, (share, mspId) =>
    reencryptCapsule(share, capsule, { mspId, withProof }),
  );
  return {
    index,
    scopeId: scope.scopeId,
    epoch: scope.epoch,
    element: toBase64(element),
  };
};

/** What is to be re-encrypted, once consent or emergency allow it; `index` is this agent's place. */
interface AllowedRead {
  consent: ConsentEntry;
  entry: RecordEntry;
  index: number;
}

interface WantedRecord {
  recordId: string;
  version: number;
}

const readUnderConsent = async (
  query: FreshQuery,
  receipt: ReceiptEntry,
  wanted: WantedRecord,
  mspId: string,
): Promise<AllowedRead> => {
  requireOwnReceipt(receipt, query.caller, wanted.recordId, query.at);
  if (receipt.basis !== 'consent') {
    throw new ContractError('RECEIPT_DIFFERS', 'the receipt is for no read under a consent');
  }
  const consent = await requireConsent(query.world, receipt.consentId ?? '');
  const index = agentIndex(consent, mspId);
  await requireActive(query, consent);
  await requireGrantee(query, consent);
  const entry = await requireRecord(query, consent, wanted);
  requireInTerms(query, entry, openTerms(query, consent));
  return { consent, entry, index };
};

const readInEmergency = async (
  { world, caller, at }: FreshQuery,
  { receiptId }: ReceiptEntry,
  wanted: WantedRecord,
  mspId: string,
): Promise<AllowedRead> => {
  const facts = await readEmergencyFacts(world, receiptId, wanted.recordId, wanted.version);
  requireEmergencyRead(facts, caller, at);
  const { consent, entry } = facts;
  return { consent, entry, index: agentIndex(consent, mspId) };
};

const requireRecord = async (
  { world }: FreshQuery,
  consent: ConsentEntry,
  { recordId, version: versionNumber }: WantedRecord,
): Promise<RecordEntry> => {
  const entry = await world.require(
    worldKeys.recordVersion(recordId, versionNumber),
    'RECORD_NOT_FOUND',
    'no entry of that recordId and version',
  );
  if (entry.ledgerId !== consent.ledgerId) {
    throw new ContractError('NOT_ALLOWED', "the consent is another owner's than the record");
  }
  return entry;
};

const openTerms = ({ transient, at }: FreshQuery, consent: ConsentEntry): ConsentTerms => {
  const { value: terms } = transient.json('terms', termsArgument);
  const { salt, ...committed } = terms;
  if (!openCommitment(consent.termsCommitment, committed, fromHex(salt))) {
    throw new ContractError('TERMS_DIFFER', 'the terms are not those that the consent commits to');
  }
  if (at >= terms.dataEraseAt) {
    throw new ContractError('TERMS_ENDED', 'the data was to be erased by now: ask for another consent');
  }
  return terms;
};

const requireInTerms = ({ transient }: FreshQuery, entry: RecordEntry, terms: ConsentTerms): void => {
  const { value: selector } = transient.json('selector', selectorArgument);
  const { salt, ...committed } = selector;
  if (entry.sealed === null || !openCommitment(entry.sealed.commitments.selector, committed, fromHex(salt))) {
    throw new ContractError('SELECTOR_DIFFERS', 'the selector is not the one that the record commits to');
  }
  const { from, to } = terms.dateRange;
  // An emergency has its own way to a key, with a reason and a review.
  const isInTerms =
    terms.purpose !== 'BTG' &&
    terms.recordTypes.includes(selector.recordType) &&
    selector.date >= from &&
    selector.date <= to;
  if (!isInTerms)
    throw new ContractError('NOT_IN_TERMS', "the consent's terms do not cover this record or purpose");
};

/** Opens the share only here, after every other check. */
const withShare = async <T>(
  ctx: Context,
  channel: string,
  consent: ConsentEntry,
  scope: ConsentScope,
  use: (share: Uint8Array, mspId: string) => Promise<T>,
): Promise<T> => {
  const at = new PeerPrivateValues(ctx.stub);
  const shares = await readShares(at, consent);
  let share: Uint8Array | undefined;
  try {
    share = await openShareOf(channel, consent, at.mspId, shares, scope);
    return await use(share, at.mspId);
  } catch (error) {
    if (error instanceof ShareRefusal) {
      throw new ContractError('SHARE_INVALID', "this agent's share of the consent is not usable");
    }
    throw error;
  } finally {
    if (share !== undefined) erase(share);
  }
};
