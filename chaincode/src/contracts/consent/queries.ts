import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { authorizeQuery, EVERYONE, type Query, STAFF } from '../../ledger/authorization.js';
import {
  endOf,
  indexedConsents,
  readStatus,
  registeredKey,
  requireConsent,
} from '../../ledger/consent-state.js';
import { privateKeys, worldKeys } from '../../ledger/keys.js';
import type { ConsentEntry, ConsentState, OpeningComplaintEntry } from '../../model/consent-entries.js';
import { type ListPage, pageWanted, type PageWanted } from '../../model/paging.js';
import { id, subject as subjectArgument } from '../../model/validation.js';

/** By its owner, its grantee's organisation, auditors and services; with the status at the proposal's time. */
export const getConsent = async (ctx: Context, consentId: string): Promise<ConsentState> => {
  const query = await authorizeQuery(ctx, { roles: EVERYONE });
  const consent = await requireConsent(query.world, consentId);
  const { role, subject, mspId } = query.caller;
  const isConcerned =
    role === 'patient'
      ? consent.ledgerId === subject || consent.grantee.id === subject
      : role === 'auditor' || role === 'service' || consent.grantee.mspId === mspId;
  if (!isConcerned) {
    throw new ContractError(
      'NOT_ALLOWED',
      "a consent is shown to its owner, its grantee's organisation and auditors",
    );
  }
  return stateOf(query, consent);
};

/** By that patient, auditors and services. */
export const listConsents = async (
  ctx: Context,
  ledgerId: string,
  limit: string,
  after: string,
): Promise<ListPage<ConsentState>> => {
  const query = await authorizeQuery(ctx, { roles: ['patient', 'auditor', 'service'] });
  const owner = id(ledgerId, 'ledgerId');
  if (query.caller.role === 'patient' && query.caller.subject !== owner) {
    throw new ContractError('NOT_ALLOWED', 'a patient sees their own consents only');
  }
  return listed(query, 'consentOf', owner, pageWanted(limit, after));
};

/** Consents to a member of staff, a guardian or a care team: by that person, the team's hospital, auditors and services. */
export const listConsentsTo = async (
  ctx: Context,
  granteeId: string,
  limit: string,
  after: string,
): Promise<ListPage<ConsentState>> => {
  const query = await authorizeQuery(ctx, { roles: [...STAFF, 'patient', 'service'] });
  const { role, subject, mspId } = query.caller;
  const grantee = subjectArgument(granteeId, 'granteeId');
  const isTeams = role !== 'patient' && (await query.world.get(worldKeys.careTeam(grantee)))?.mspId === mspId;
  if (role !== 'auditor' && role !== 'service' && grantee !== subject && !isTeams) {
    throw new ContractError('NOT_ALLOWED', 'consents are listed for their grantee, auditors and services');
  }
  return listed(query, 'consentTo', grantee, pageWanted(limit, after));
};

/** By the owner, auditors and services. */
export const listOpeningComplaints = async (
  ctx: Context,
  consentId: string,
  limit: string,
  after: string,
): Promise<ListPage<OpeningComplaintEntry>> => {
  const { world, caller } = await authorizeQuery(ctx, { roles: ['patient', 'auditor', 'service'] });
  const consent = await requireConsent(world, consentId);
  if (caller.role === 'patient' && consent.ledgerId !== caller.subject) {
    throw new ContractError('NOT_ALLOWED', 'a patient sees their own consents only');
  }
  const wanted = pageWanted(limit, after);
  const { found, next } = await world.page<OpeningComplaintEntry>('openingComplaint', [consentId], wanted);
  return { items: found.map(({ entry }) => entry), next };
};

const listed = async (
  query: Query,
  index: 'consentOf' | 'consentTo',
  leading: string,
  page: PageWanted,
): Promise<ListPage<ConsentState>> => {
  const { found, next } = await query.world.page(index, [leading], page);
  const items: ConsentState[] = [];
  for (const consent of await indexedConsents(query.world, found)) items.push(await stateOf(query, consent));
  return { items, next };
};

const stateOf = async (query: Query, consent: ConsentEntry): Promise<ConsentState> => {
  const { world, hashes, at } = query;
  const { status, answers, dataErasure } = await readStatus(query, consent);
  const purging: string[] = [];
  if (endOf(consent, at) !== undefined) {
    for (const { mspId } of consent.agents)
      if ((await hashes.hash(mspId, privateKeys.share(consent.consentId))) !== undefined) purging.push(mspId);
  }
  const granteeEpoch = (await registeredKey(world, consent.grantee))?.epoch ?? null;
  return { consent, status, answers, purging, dataErasure: dataErasure ?? null, granteeEpoch };
};
