import type { Context } from 'fabric-contract-api';
import { ContractError } from '../errors.js';
import {
  type Act,
  authorizeAct,
  authorizeQuery,
  EVERYONE,
  type Query,
  STAFF,
} from '../ledger/authorization.js';
import {
  consentsOf,
  readStatus,
  requireActive,
  requireConsent,
  requireCovered,
  requireGrantee,
} from '../ledger/consent-state.js';
import { worldKeys } from '../ledger/keys.js';
import { receiptArgument } from '../model/arguments.js';
import type { ConsentEntry } from '../model/consent-entries.js';
import type { PatientEntry, ReceiptBasis, ReceiptEntry, RecordHead } from '../model/entries.js';
import { type ListPage, pageWanted } from '../model/paging.js';
import { digest, id, parseJson } from '../model/validation.js';
import * as emergencies from './access/emergencies.js';
import { isAwaitedVerifier, mayReadSanitized } from './access/integrity-readers.js';
import { LedgerContract } from './contract-base.js';
import { refuseErased } from '../ledger/patient-status.js';

/** Who looked at what: one public, pseudonymous transaction a read, keyed by its own id. */
export class AccessContract extends LedgerContract {
  constructor() {
    super('access');
  }

  /**
   * By staff entitled on the given basis to every record named, or by a guardian under the owner's consent. Counts once its
   * transaction is VALID.
   */
  async receipt(ctx: Context, businessId: string, receiptJson: string): Promise<ReceiptEntry> {
    const act = await authorizeAct(ctx, { roles: [...STAFF, 'patient'] });
    await act.once(businessId);
    const { recordIds, basis, consentId, emergencyId } = parseJson(receiptJson, receiptArgument, 'receipt');
    if (act.caller.role === 'patient' && basis !== 'consent')
      throw new ContractError('NOT_ALLOWED', `role patient has no basis ${basis}`);
    const consent = await consentBehind(act, { consentId, emergencyId });
    const owners = new Map<string, PatientEntry | undefined>();
    for (const recordId of recordIds) {
      const head = await act.world.require(
        worldKeys.record(recordId),
        'RECORD_NOT_FOUND',
        'no record of one of the recordIds',
      );
      await requireOwner(act, head, owners);
      if (consent !== undefined) {
        await requireUnderConsent(act, head, consent);
      } else if (!(await isEntitled(act, basis, head, owners))) {
        throw new ContractError(
          'NOT_ALLOWED',
          `basis ${basis} does not entitle the caller to every record named`,
        );
      }
      await act.world.put(worldKeys.receiptOf(head.ledgerId, act.transactionId, recordId), {});
    }
    return act.world.put(worldKeys.receipt(act.transactionId), {
      receiptId: act.transactionId,
      reader: act.caller.subject,
      mspId: act.caller.mspId,
      recordIds,
      basis,
      consentId: consent?.consentId ?? null,
      ...(emergencyId === undefined ? {} : { emergencyId }),
      at: act.at,
    });
  }

  /** By the reader, an auditor, a service, or a patient whose record it names; null when there is none. */
  async getReceipt(ctx: Context, receiptId: string): Promise<ReceiptEntry | null> {
    const { world, caller } = await authorizeQuery(ctx, { roles: EVERYONE });
    const receipt = await world.get(worldKeys.receipt(digest(receiptId, 'receiptId')));
    if (receipt === undefined) return null;
    const mayRead =
      caller.role === 'auditor' || caller.role === 'service' || receipt.reader === caller.subject;
    if (mayRead) return receipt;
    const concerns = await world.page('receiptOf', [caller.subject, receiptId], { limit: 1, after: '' });
    if (caller.role !== 'patient' || concerns.found.length === 0) {
      throw new ContractError('NOT_ALLOWED', 'a receipt is shown to its reader, its subjects and auditors');
    }
    return receipt;
  }

  /** Reads of a patient's records: for the patient, their guardians and auditors. A page looks at `limit` records read. */
  async listReceipts(
    ctx: Context,
    ledgerId: string,
    limit: string,
    after: string,
  ): Promise<ListPage<ReceiptEntry>> {
    const query = await authorizeQuery(ctx, { roles: ['patient', 'auditor'] });
    const { world, caller } = query;
    const isOwn = caller.role === 'auditor' || caller.subject === id(ledgerId, 'ledgerId');
    if (!isOwn && !(await isGuardianOf(query, ledgerId))) {
      throw new ContractError('NOT_ALLOWED', 'a patient sees the reads of their own records only');
    }
    const wanted = pageWanted(limit, after);
    const { found, next } = await world.page('receiptOf', [id(ledgerId, 'ledgerId')], wanted);
    // The page before may have ended among the records of one receipt.
    const [shown] = wanted.after.split('/');
    const items: ReceiptEntry[] = [];
    for (const receiptId of new Set(found.map(({ parts }) => parts[1] ?? ''))) {
      const receipt = receiptId === shown ? undefined : await world.get(worldKeys.receipt(receiptId));
      if (receipt !== undefined) items.push(receipt);
    }
    return { items, next };
  }

  async depositReason(ctx: Context, emergencyId: string) {
    return emergencies.depositReason(ctx, emergencyId);
  }

  async openEmergency(ctx: Context, businessId: string, emergencyJson: string) {
    return emergencies.openEmergency(ctx, businessId, emergencyJson);
  }

  async closeEmergency(ctx: Context, emergencyId: string, verdict: string) {
    return emergencies.closeEmergency(ctx, emergencyId, verdict);
  }

  async getEmergency(ctx: Context, emergencyId: string) {
    return emergencies.getEmergency(ctx, emergencyId);
  }

  async listEmergencies(ctx: Context, limit: string, after: string) {
    return emergencies.listEmergencies(ctx, limit, after);
  }

  async countEmergencies(ctx: Context, limit: string, after: string) {
    return emergencies.countEmergencies(ctx, limit, after);
  }

  /** Evaluated by custodian services, in the reader's name. */
  async getEmergencyFacts(ctx: Context, receiptId: string, recordId: string, version: string) {
    return emergencies.getEmergencyFacts(ctx, receiptId, recordId, version);
  }
}

/** The consent that the receipt is for, if it is active now and the caller may read under it. */
const consentBehind = async (
  act: Act,
  { consentId, emergencyId }: { consentId?: string | undefined; emergencyId?: string | undefined },
): Promise<ConsentEntry | undefined> => {
  if (emergencyId !== undefined) return emergencies.usableEmergency(act, emergencyId);
  return consentId === undefined ? undefined : usableConsent(act, consentId);
};

/** The consent, if it is active now and the caller is its grantee. */
const usableConsent = async (act: Act, consentId: string): Promise<ConsentEntry> => {
  const consent = await requireConsent(act.world, consentId);
  await requireActive(act, consent);
  await requireGrantee(act, consent);
  return consent;
};

/** Whether a guardian consent of that owner to the caller is active now: the owner alone lengthens the list. */
const isGuardianOf = async (query: Query, ledgerId: string): Promise<boolean> => {
  const { world, caller } = query;
  for (const consent of await consentsOf(world, ledgerId)) {
    if (consent.grantee.kind !== 'guardian' || consent.grantee.id !== caller.subject) continue;
    if ((await readStatus(query, consent)).status === 'active') return true;
  }
  return false;
};

const requireUnderConsent = async (act: Act, head: RecordHead, consent: ConsentEntry): Promise<void> => {
  if (head.ledgerId !== consent.ledgerId) {
    throw new ContractError('NOT_ALLOWED', "the consent is another owner's than one of the records");
  }
  await requireCovered(act.world, head, consent);
};

/** Reads each owner once; nothing of an erased one is read any more. */
const requireOwner = async (
  { world }: Act,
  { ledgerId }: RecordHead,
  owners: Map<string, PatientEntry | undefined>,
): Promise<void> => {
  if (owners.has(ledgerId)) return;
  const owner = await world.get(worldKeys.patient(ledgerId));
  if (owner !== undefined) refuseErased(owner);
  owners.set(ledgerId, owner);
};

/**
 * `author`: the caller wrote it. `verifier`: its panel waits for the caller. `sanitized`: see `mayReadSanitized`.
 * `titleLine`: the caller's hospital wrote it, or is the patient's home.
 */
const isEntitled = async (
  act: Act,
  basis: ReceiptBasis,
  head: RecordHead,
  owners: ReadonlyMap<string, PatientEntry | undefined>,
): Promise<boolean> => {
  const { mspId, subject } = act.caller;
  if (basis === 'author') return head.author === subject && head.hospital === mspId;
  if (basis === 'verifier') return isAwaitedVerifier(act, head);
  const isConcerned = head.hospital === mspId || owners.get(head.ledgerId)?.homeMsp === mspId;
  return basis === 'sanitized' ? mayReadSanitized(act, head, isConcerned) : isConcerned;
};
