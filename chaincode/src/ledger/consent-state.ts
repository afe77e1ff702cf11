import { ContractError } from '../errors.js';
import type { ConsentEntry, ConsentStatus, Grantee, ShareAnswerEntry } from '../model/consent-entries.js';
import type { PatientEntry, RecordHead, StaffEntry } from '../model/entries.js';
import type { DataErasureEntry } from '../model/erasure-entries.js';
import { id } from '../model/validation.js';
import type { FreshQuery, Query } from './authorization.js';
import { emergencyGrantee } from './emergency-keys.js';
import { worldKeys } from './keys.js';
import { MAX_CONSENTS } from './limits.js';
import { grantedScopes } from './scopes.js';
import { refuseErased } from './patient-status.js';
import type { WorldReader } from './store.js';

export const requireConsent = async (world: WorldReader, consentId: string): Promise<ConsentEntry> =>
  world.require(
    worldKeys.consent(id(consentId, 'consentId')),
    'CONSENT_NOT_FOUND',
    'no consent of that consentId',
  );

/** The consents that entries of an index (`consentOf`, `consentTo`) name. */
export const indexedConsents = async (
  world: WorldReader,
  index: readonly { parts: string[] }[],
): Promise<ConsentEntry[]> => {
  const consents: ConsentEntry[] = [];
  for (const { parts } of index) consents.push(await requireConsent(world, parts[1] ?? ''));
  return consents;
};

/** Every consent that the owner gave. */
export const consentsOf = async (world: WorldReader, ledgerId: string): Promise<ConsentEntry[]> =>
  indexedConsents(world, await world.list('consentOf', [ledgerId], MAX_CONSENTS));

/** What the agents have said about their shares; those who have said nothing are left out. */
export const shareAnswers = async (
  world: WorldReader,
  consent: ConsentEntry,
): Promise<ShareAnswerEntry[]> => {
  const answers: ShareAnswerEntry[] = [];
  for (const { mspId } of consent.agents) {
    const answer = await world.get(worldKeys.shareAnswer(consent.consentId, mspId));
    if (answer !== undefined) answers.push(answer);
  }
  return answers;
};

/** How the consent has ended by `at`; undefined while it has not. */
export const endOf = (consent: ConsentEntry, at: string): 'revoked' | 'expired' | undefined => {
  if (consent.revokedAt !== null) return 'revoked';
  return at >= consent.expiresAt ? 'expired' : undefined;
};

/** Computed at an instant, so that no act has to touch an entry that another one reads. */
const statusOf = (consent: ConsentEntry, answers: readonly ShareAnswerEntry[], at: string): ConsentStatus => {
  const ended = endOf(consent, at);
  if (ended !== undefined) return ended;
  const accepted = answers.filter(({ answer }) => answer === 'accepted').length;
  return accepted >= consent.threshold && accepted === answers.length ? 'active' : 'granted';
};

/** A consent as it stands: what `statusOf` does not know is that the grantee's organisation has erased what it held. */
export const readStatus = async (
  { world, at }: Pick<Query, 'world' | 'at'>,
  consent: ConsentEntry,
): Promise<{
  status: ConsentStatus;
  answers: ShareAnswerEntry[];
  dataErasure: DataErasureEntry | undefined;
}> => {
  const answers = await shareAnswers(world, consent);
  const dataErasure = await world.get(worldKeys.dataErasure(consent.consentId));
  const status = statusOf(consent, answers, at);
  const isOver = dataErasure !== undefined && endOf(consent, at) === undefined;
  return { status: isOver ? 'ended' : status, answers, dataErasure };
};

/** The key that a consent to that grantee would be to now; undefined where there is none. */
export const registeredKey = async (
  world: WorldReader,
  { kind, id: granteeId }: Pick<Grantee, 'kind' | 'id'>,
): Promise<Pick<Grantee, 'mspId' | 'publicKey' | 'certificateHash' | 'epoch'> | undefined> => {
  if (kind === 'person' || kind === 'guardian') return world.get(worldKeys.consentKey(granteeId));
  if (kind === 'careTeam') return world.get(worldKeys.careTeam(granteeId));
  const current = await world.get(worldKeys.emergencyKey());
  return current === undefined ? undefined : emergencyGrantee(current);
};

/** Refuses a consent that was revoked or has expired by `at`. */
export const refuseEnded = (consent: ConsentEntry, at: string): void => {
  const ended = endOf(consent, at);
  if (ended === 'revoked') throw new ContractError('CONSENT_REVOKED', 'the owner revoked the consent');
  if (ended === 'expired')
    throw new ContractError('CONSENT_EXPIRED', `the consent ended at ${consent.expiresAt}`);
};

export const requireActive = async ({ world, at }: Query, consent: ConsentEntry): Promise<void> => {
  const owner = await world.get(worldKeys.patient(consent.ledgerId));
  if ((await world.get(worldKeys.dataErasure(consent.consentId))) !== undefined) {
    throw new ContractError(
      'TERMS_ENDED',
      "the grantee's organisation has erased the data: ask for another consent",
    );
  }
  requireActiveBy(consent, await shareAnswers(world, consent), owner, at);
};

/** As `requireActive`, from entries that were read before. */
export const requireActiveBy = (
  consent: ConsentEntry,
  answers: readonly ShareAnswerEntry[],
  owner: Pick<PatientEntry, 'status'> | undefined,
  at: string,
): void => {
  if (owner !== undefined) refuseErased(owner);
  if (owner?.status !== 'active') {
    throw new ContractError('PATIENT_DELETED', 'the owner of the consent was deleted');
  }
  refuseEnded(consent, at);
  if (statusOf(consent, answers, at) !== 'active') {
    throw new ContractError(
      'CONSENT_NOT_ACTIVE',
      'too few agents have accepted their share, or one complains: see getConsent',
    );
  }
};

/**
 * Refuses a caller who is neither the grantee nor, now, a member of the care team that is. A treating team's member shows
 * the id of an open encounter of the owner at that hospital, in transient `encounter`.
 */
export const requireGrantee = async (query: FreshQuery, consent: ConsentEntry): Promise<void> => {
  const { caller, world } = query;
  const { grantee } = consent;
  if (grantee.kind === 'guardian' || caller.role === 'patient') {
    const isGuardian =
      grantee.kind === 'guardian' && caller.role === 'patient' && caller.subject === grantee.id;
    return isGuardian && caller.mspId === grantee.mspId ? undefined : refuseReader();
  }
  // An administrator may act before having a staff entry, but nobody reads before the ledger knows who they are.
  const staff = await world.require(
    worldKeys.staff(caller.subject),
    'STAFF_NOT_FOUND',
    'the caller has no staff entry',
  );
  if (caller.mspId !== grantee.mspId) return refuseReader();
  if (grantee.kind === 'person') return caller.subject === grantee.id ? undefined : refuseReader();
  const team = await world.require(
    worldKeys.careTeam(grantee.id),
    'CARE_TEAM_NOT_FOUND',
    "the consent's care team is not there",
  );
  if (!isMemberByRule(team, staff)) return refuseReader();
  if (team.kind !== 'treating') return;
  const encounterId = query.transient.text('encounter');
  if (encounterId === undefined) return refuseReader();
  await query.hashes.requireOpenEncounter(
    caller.mspId,
    consent.ledgerId,
    id(encounterId, 'transient encounter'),
  );
};

/** Which teams of their hospital a member of staff belongs to, as far as public entries tell. */
export const isMemberByRule = (
  team: { kind: string; mspId: string; members: readonly string[] },
  staff: StaffEntry,
): boolean => {
  if (team.mspId !== staff.mspId) return false;
  if (team.kind === 'named') return team.members.includes(staff.staffId);
  return team.kind === 'treating' || staff.role === 'doctor';
};

const refuseReader = (): never => {
  throw new ContractError(
    'NOT_GRANTEE',
    "the caller is not the consent's grantee, or not now a member of its care team",
  );
};

/** Refuses a record that has no version with a key slot under the consent. */
export const requireCovered = async (
  world: WorldReader,
  head: RecordHead,
  consent: ConsentEntry,
): Promise<void> => {
  for (let version = head.version; version >= 1; version--) {
    const entry = await world.get(worldKeys.recordVersion(head.recordId, version));
    if (entry !== undefined && grantedScopes(entry, consent).length > 0) return;
  }
  throw new ContractError('SCOPE_NOT_GRANTED', 'the consent covers no key slot of one of the records');
};
