import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import {
  type Act,
  authorizeAct,
  authorizeFreshQuery,
  authorizeQuery,
  EVERYONE,
  type Query,
  STAFF,
} from '../../ledger/authorization.js';
import { type Deposited, DepositSlots } from '../../ledger/deposit-slots.js';
import {
  emergencyStatus,
  readEmergencyFacts,
  readEmergencyGrant,
  requireEmergency,
  requireEmergencyGrant,
  requireOpenCase,
  reviewerOf,
} from '../../ledger/emergency-state.js';
import { refuseSuspendedReader, suspendFromEmergencies } from '../../ledger/emergency-suspensions.js';
import { privateKeys, worldKeys } from '../../ledger/keys.js';
import { PeerPrivateValues } from '../../ledger/private-values.js';
import { emergencyArgument, emergencyVerdict } from '../../model/emergency-arguments.js';
import type {
  EmergencyCaseEntry,
  EmergencyCounts,
  EmergencyFacts,
  EmergencyState,
} from '../../model/emergency-entries.js';
import { instantOf, millisecondsOf } from '../../model/instants.js';
import { type ListPage, pageWanted, type PageWanted } from '../../model/paging.js';
import {
  digest,
  id,
  parseInteger,
  parseJson,
  refuseArgument,
  version as versionCheck,
} from '../../model/validation.js';
import { handedOver } from '../consent/handed-over.js';

const HOUR = 60 * 60_000;
const WINDOW_MS = 3 * HOUR;
const WINDOW_MAX_MS = 5 * 24 * HOUR;

/** Reasons of one doctor that wait at one reviewer for their cases; a further one takes the oldest one's place. */
const REASONS_WITHOUT_CASE = 4;

/** By a doctor, at a peer of the organisation that reviews: the reason's text, sealed to it. */
export const depositReason = async (ctx: Context, emergencyId: string): Promise<{ deposited: string }> => {
  const act = await authorizeAct(ctx, { roles: ['doctor'], organization: 'hospital' });
  const key = privateKeys.emergencyReason(id(emergencyId, 'emergencyId'));
  if ((await act.world.get(worldKeys.emergencyCase(emergencyId))) !== undefined) {
    throw new ContractError(
      'EMERGENCY_EXISTS',
      'a case with this emergencyId exists: its reason came before',
    );
  }
  const peer = new PeerPrivateValues(ctx.stub);
  await peer.putNew(key, handedOver(act, act.transient.sealed('reason')));
  const isOpened = async (before: Deposited): Promise<boolean> =>
    (await act.world.get(worldKeys.emergencyCase(before.id))) !== undefined;
  const slots = new DepositSlots(peer, 'reason', REASONS_WITHOUT_CASE, isOpened);
  const place = await slots.find(act.caller, emergencyId);
  if (place.taken !== undefined) await peer.remove(privateKeys.emergencyReason(place.taken.id));
  await slots.put(place, { id: emergencyId, at: act.at });
  return { deposited: emergencyId };
};

/** By a doctor: a hospital's duty team is its doctors. The patient's emergency grant must be active. */
export const openEmergency = async (
  ctx: Context,
  businessId: string,
  json: string,
): Promise<EmergencyCaseEntry> => {
  const act = await authorizeAct(ctx, { roles: ['doctor'], organization: 'hospital' });
  await act.once(businessId);
  const { until: wanted, ...fields } = parseJson(json, emergencyArgument, 'emergency');
  const { emergencyId, ledgerId } = fields;
  const key = worldKeys.emergencyCase(emergencyId);
  if ((await act.world.get(key)) !== undefined) {
    throw new ContractError('EMERGENCY_EXISTS', 'a case with this emergencyId exists: draw another');
  }
  await refuseSuspendedReader(act);
  const until = windowEnd(act, wanted);
  const grant = await readEmergencyGrant(act.world, fields.consentId);
  requireEmergencyGrant(grant, ledgerId, act.at);
  const { subject, mspId } = act.caller;
  const reviewer = await reviewerOf(act.world, mspId, grant.owner.homeMsp);
  if ((await act.hashes.hash(reviewer, privateKeys.emergencyReason(emergencyId))) === undefined) {
    throw new ContractError(
      'PRIVATE_PART_MISSING',
      `${reviewer} has not been told the reason: deposit it first`,
    );
  }
  await act.world.put(worldKeys.emergencyOf(ledgerId, emergencyId), {});
  return act.world.put(key, {
    ...fields,
    reader: subject,
    mspId,
    openedAt: act.at,
    until,
    reviewer,
    closedAt: null,
    closedBy: null,
    verdict: null,
  });
};

/** By an auditor of the reviewing organisation; nothing is read under the case from this commit on. */
export const closeEmergency = async (
  ctx: Context,
  emergencyId: string,
  verdict: string,
): Promise<EmergencyCaseEntry> => {
  const { world, caller, at } = await authorizeAct(ctx, { roles: ['auditor'] });
  const emergency = await requireEmergency(world, emergencyId);
  if (caller.mspId !== emergency.reviewer) {
    throw new ContractError('NOT_ALLOWED', 'only an auditor of the reviewing organisation closes the case');
  }
  if (emergency.closedAt !== null) throw new ContractError('EMERGENCY_CLOSED', 'the case is closed already');
  const given = emergencyVerdict(verdict, 'verdict');
  if (given === 'unjustified') await suspendFromEmergencies(world, emergency, at);
  return world.put(worldKeys.emergencyCase(emergencyId), {
    ...emergency,
    closedAt: at,
    closedBy: caller.subject,
    verdict: given,
  });
};

/** By the case's reader, its owner, auditors of the reviewing organisation, and services. */
export const getEmergency = async (ctx: Context, emergencyId: string): Promise<EmergencyState> => {
  const query = await authorizeQuery(ctx, { roles: ['doctor', 'patient', 'auditor', 'service'] });
  const emergency = await requireEmergency(query.world, emergencyId);
  if (!isConcerned(query, emergency)) {
    throw new ContractError('NOT_ALLOWED', 'a case is shown to its reader, its owner and its reviewers');
  }
  return stateOf(query, emergency);
};

/** Those that the caller may see, see `getEmergency`: a page looks at `limit` cases, and may show fewer or none of them. */
export const listEmergencies = async (
  ctx: Context,
  limit: string,
  after: string,
): Promise<ListPage<EmergencyState>> => {
  const query = await authorizeQuery(ctx, { roles: ['doctor', 'patient', 'auditor', 'service'] });
  const { cases, next } = await casesFor(query, pageWanted(limit, after));
  const items = cases
    .filter((emergency) => isConcerned(query, emergency))
    .map((emergency) => stateOf(query, emergency));
  return { items, next };
};

/** Public. Of one page of the cases: their sum over all pages is exact, and no case writes a counter. */
export const countEmergencies = async (
  ctx: Context,
  limit: string,
  after: string,
): Promise<EmergencyCounts & { next: string | null }> => {
  const query = await authorizeQuery(ctx, { roles: EVERYONE });
  const { cases, next } = await allCases(query, pageWanted(limit, after));
  const statuses = cases.map((emergency) => emergencyStatus(emergency, query.at));
  return {
    open: statuses.filter((status) => status !== 'closed').length,
    overdue: statuses.filter((status) => status === 'overdue').length,
    next,
  };
};

/** Public entries, for custodian services, which hold them against each other themselves; the caller is the reader. */
export const getEmergencyFacts = async (
  ctx: Context,
  receiptId: string,
  recordId: string,
  version: string,
): Promise<EmergencyFacts> => {
  const { world, caller } = await authorizeFreshQuery(ctx, { roles: STAFF });
  const facts = await readEmergencyFacts(
    world,
    digest(receiptId, 'receiptId'),
    id(recordId, 'recordId'),
    parseInteger(version, versionCheck, 'version'),
  );
  if (facts.receipt.reader !== caller.subject) {
    throw new ContractError('RECEIPT_DIFFERS', 'the receipt is not of this reader');
  }
  return facts;
};

/** The case, if it is the caller's and open, with its grant, if that is active: what a receipt of basis `emergency` needs. */
export const usableEmergency = async (act: Act, emergencyId: string) => {
  const emergency = await requireEmergency(act.world, emergencyId);
  requireOpenCase(emergency, act.caller, act.at);
  await refuseSuspendedReader(act);
  const grant = await readEmergencyGrant(act.world, emergency.consentId);
  requireEmergencyGrant(grant, emergency.ledgerId, act.at);
  return grant.consent;
};

const windowEnd = ({ at }: Act, wanted: string | null): string => {
  const from = millisecondsOf(at);
  if (wanted === null) return instantOf(from + WINDOW_MS);
  if (wanted <= at || millisecondsOf(wanted) > from + WINDOW_MAX_MS) {
    return refuseArgument('emergency.until', 'must be within five days from now');
  }
  return wanted;
};

const isConcerned = (
  { caller }: Query,
  { reader, mspId, ledgerId, reviewer }: EmergencyCaseEntry,
): boolean => {
  switch (caller.role) {
    case 'service':
      return true;
    case 'auditor':
      return caller.mspId === reviewer;
    case 'patient':
      return caller.subject === ledgerId;
    default:
      return caller.subject === reader && caller.mspId === mspId;
  }
};

interface Cases {
  cases: EmergencyCaseEntry[];
  next: string | null;
}

const allCases = async ({ world }: Query, page: PageWanted): Promise<Cases> => {
  const { found, next } = await world.page<EmergencyCaseEntry>('emergencyCase', [], page);
  return { cases: found.map(({ entry }) => entry), next };
};

/** A patient's are found by index. */
const casesFor = async (query: Query, page: PageWanted): Promise<Cases> => {
  const { caller, world } = query;
  if (caller.role !== 'patient') return allCases(query, page);
  const { found, next } = await world.page('emergencyOf', [caller.subject], page);
  const cases: EmergencyCaseEntry[] = [];
  for (const { parts } of found) cases.push(await requireEmergency(world, parts[1] ?? ''));
  return { cases, next };
};

const stateOf = ({ at }: Query, emergency: EmergencyCaseEntry): EmergencyState => ({
  emergency,
  status: emergencyStatus(emergency, at),
});
