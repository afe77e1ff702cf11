import { erase, fromHex, openCommitment, toBase64 } from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { agentIndex, openShareOf, readShares } from '../../ledger/agent.js';
import { countAnswer, countRefusal } from '../../ledger/agent-log.js';
import { authorizeFreshQuery, type FreshQuery, STAFF } from '../../ledger/authorization.js';
import { grantedScopes, requireActive, requireConsent, requireGrantee } from '../../ledger/consent-state.js';
import { worldKeys } from '../../ledger/keys.js';
import { PeerPrivateValues } from '../../ledger/private-values.js';
import { holdsCapsule, reencryptCapsule, ShareRefusal } from '../../ledger/reencryption-checks.js';
import { selectorArgument, termsArgument } from '../../model/consent-arguments.js';
import type {
  ConsentEntry,
  ConsentScope,
  ConsentTerms,
  ReencryptedElement,
} from '../../model/consent-entries.js';
import type { ReceiptEntry, RecordEntry } from '../../model/entries.js';
import { millisecondsOf } from '../../model/instants.js';
import { digest, id, parseInteger, version } from '../../model/validation.js';

/** Agents answer a receipt for this long; a repeat within it gives the same bytes. */
const RECEIPT_MS = 15 * 60_000;

/**
 * The agent's part of a read under a consent, evaluated at each agent: every check is from this agent's own ledger, in
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
  const query = await authorizeFreshQuery(ctx, { roles: STAFF });
  const receipt = await requireReceipt(query, digest(receiptId, 'receiptId'), id(recordId, 'recordId'));
  const consent = await requireConsent(query.world, receipt.consentId ?? '');
  const index = agentIndex(consent, ctx.stub.getMspID());
  await requireActive(query, consent);
  await requireGrantee(query, consent);
  const entry = await requireRecord(
    query,
    consent,
    recordId,
    parseInteger(versionNumber, version, 'version'),
  );
  const terms = openTerms(query, consent);
  requireInTerms(query, entry, terms);
  const capsule = capsuleOf(query);
  const scope = await requireCapsule(query.channel, entry, consent, capsule);
  const withProof = query.transient.text('withProof') !== undefined;
  const element = await withShare(ctx, query.channel, consent, scope, (share, mspId) =>
    reencryptCapsule(query.channel, { consent, mspId, share, entry, scope, capsule, withProof }),
  );
  return {
    index,
    scopeId: scope.scopeId,
    epoch: scope.epoch,
    element: toBase64(element),
  };
};

/** The caller's own receipt under a consent, for this record, no older than a quarter of an hour. */
const requireReceipt = async (
  { world, caller, at }: FreshQuery,
  receiptId: string,
  recordId: string,
): Promise<ReceiptEntry> => {
  const receipt = await world.require(
    worldKeys.receipt(receiptId),
    'RECEIPT_NOT_FOUND',
    'no receipt of that receiptId',
  );
  if (receipt.reader !== caller.subject || receipt.mspId !== caller.mspId) {
    throw new ContractError('RECEIPT_DIFFERS', 'the receipt is not of this reader');
  }
  if (receipt.basis !== 'consent' || !receipt.recordIds.includes(recordId)) {
    throw new ContractError('RECEIPT_DIFFERS', 'the receipt is not for this record under a consent');
  }
  if (receipt.at === undefined || millisecondsOf(at) - millisecondsOf(receipt.at) > RECEIPT_MS) {
    throw new ContractError('RECEIPT_TOO_OLD', 'the receipt is older than 15 minutes: sign another');
  }
  return receipt;
};

const requireRecord = async (
  { world }: FreshQuery,
  consent: ConsentEntry,
  recordId: string,
  versionNumber: number,
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

const capsuleOf = ({ transient }: FreshQuery): Uint8Array => {
  const capsule = transient.bytes('capsule');
  if (capsule === undefined) throw new ContractError('CAPSULE_MISSING', 'transient capsule is missing');
  return capsule;
};

/** The scope of the consent for which the capsule was made, with the context rebuilt from the entry. */
const requireCapsule = async (
  channel: string,
  entry: RecordEntry,
  consent: ConsentEntry,
  capsule: Uint8Array,
): Promise<ConsentScope> => {
  const scopes = grantedScopes(entry, consent);
  if (scopes.length === 0) {
    throw new ContractError('SCOPE_NOT_GRANTED', 'the consent covers no key slot of this version');
  }
  const sealedDigest = entry.sealed?.sealedDigest ?? '';
  for (const scope of scopes)
    if (await holdsCapsule(channel, entry, sealedDigest, scope, capsule)) return scope;
  throw new ContractError('CAPSULE_INVALID', "the capsule's proof does not hold for this entry and key");
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
