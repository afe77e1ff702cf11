import type { Context } from 'fabric-contract-api';
import { ContractError } from '../errors.js';
import { type Act, authorizeAct, authorizeQuery, EVERYONE, onOwnPeer } from '../ledger/authorization.js';
import { DEMOGRAPHIC_GROUPS, privateKeys, worldKeys } from '../ledger/keys.js';
import { MAX_CONSENTS, MAX_EMERGENCIES, MAX_ORGANIZATIONS, MAX_RECORDS } from '../ledger/limits.js';
import { refuseErased, requirePatient } from '../ledger/patient-status.js';
import { requireOfPatient } from '../ledger/patient-values.js';
import { requireRetentionOver, retentionOf } from '../ledger/retention.js';
import { purgedKeysArgument } from '../model/arguments.js';
import type { OrganizationEntry, PatientEntry } from '../model/entries.js';
import type { ErasureAttestationEntry, ErasureEntry, ErasureState } from '../model/erasure-entries.js';
import { id } from '../model/validation.js';

/** By the owner or the home hospital: from this commit on nothing more happens for the patient but erasing. */
export const requestErasure = async (ctx: Context, ledgerId: string): Promise<ErasureEntry> => {
  const act = await authorizeAct(ctx, {
    roles: ['patient', 'hospital-admin'],
    organization: 'hospital',
    whileDeleted: true,
  });
  const patient = await requireErasable(act, id(ledgerId, 'ledgerId'));
  await requireRetentionOver(act, ledgerId, patient.homeMsp);
  const organizations = await act.world.list<OrganizationEntry>('organization', [], MAX_ORGANIZATIONS);
  await act.world.put(worldKeys.patient(ledgerId), { ...patient, status: 'erasing' });
  return act.world.put(worldKeys.erasure(ledgerId), {
    ledgerId,
    homeMsp: patient.homeMsp,
    requestedAt: act.at,
    requestedBy: act.caller.role === 'patient' ? 'patient' : 'hospital-admin',
    transactionId: act.transactionId,
    organizations: organizations.map(({ entry }) => entry.mspId).sort(),
    erasedAt: null,
  });
};

/** A deleted patient too: deleting takes nothing away. */
const requireErasable = async (act: Act, ledgerId: string): Promise<PatientEntry> => {
  const { caller } = act;
  const patient = await requirePatient(act.world, ledgerId);
  const isEntitled =
    caller.role === 'patient' ? caller.subject === ledgerId : caller.mspId === patient.homeMsp;
  if (!isEntitled) {
    throw new ContractError('NOT_ALLOWED', 'only the owner or the home hospital has a patient erased');
  }
  refuseErased(patient);
  return patient;
};

/** One page of the organisation's private values of the patient, gone with their history. */
export const purgePatient = async (ctx: Context, ledgerId: string): Promise<{ purged: number }> => {
  const act = onOwnPeer(ctx, await authorizeAct(ctx, { roles: ['service'], whileSuspended: true }));
  await requireErasure(act, ledgerId);
  await requireRetentionOver(act, ledgerId, act.caller.mspId);
  const { value: keys } = act.transient.json('keys', purgedKeysArgument);
  for (const [at, key] of keys.entries()) await requireOfPatient(act, ledgerId, key, `keys[${at}]`);
  for (const key of keys) await act.own.purge(key);
  return { purged: keys.length };
};

/**
 * By each organisation once, when it keeps nothing. The last one completes the erasure, and so does a repetition by one
 * that has attested, once those that are missing are suspended: an organisation that is gone holds nobody up.
 */
export const attestErasure = async (ctx: Context, ledgerId: string): Promise<ErasureAttestationEntry> => {
  const act = await authorizeAct(ctx, { roles: ['service'], whileSuspended: true });
  const { mspId } = act.caller;
  const erasure = await requireErasure(act, ledgerId);
  if (!erasure.organizations.includes(mspId)) {
    throw new ContractError('NOT_ALLOWED', 'the organisation joined after the erasure was requested');
  }
  const key = worldKeys.erasureAttestation(ledgerId, mspId);
  const attested = await act.world.get(key);
  const missing = await missingBeside(act, erasure);
  const isComplete = erasure.erasedAt === null && missing.every(({ isSuspended }) => isSuspended);
  if (attested !== undefined && !isComplete) {
    throw new ContractError('ERASURE_ATTESTED', 'the organisation has attested this erasure');
  }
  if (attested === undefined) {
    await requireRetentionOver(act, ledgerId, mspId);
    await requireGone(act, ledgerId);
  }
  if (isComplete) {
    const patient = await requirePatient(act.world, ledgerId);
    await act.world.put(worldKeys.patient(ledgerId), { ...patient, status: 'erased' });
    const unattested = missing.map((organization) => organization.mspId);
    await act.world.put(worldKeys.erasure(ledgerId), {
      ...erasure,
      erasedAt: act.at,
      ...(unattested.length === 0 ? {} : { unattested }),
    });
  }
  if (attested !== undefined) return attested;
  return act.world.put(key, { ledgerId, mspId, at: act.at, transactionId: act.transactionId });
};

/** Organisations beside the caller's that have not attested. */
const missingBeside = async (
  { world, caller }: Act,
  { ledgerId, organizations }: ErasureEntry,
): Promise<{ mspId: string; isSuspended: boolean }[]> => {
  const missing = [];
  for (const mspId of organizations) {
    if (mspId === caller.mspId) continue;
    if ((await world.get(worldKeys.erasureAttestation(ledgerId, mspId))) !== undefined) continue;
    const organization = await world.get(worldKeys.organization(mspId));
    missing.push({ mspId, isSuspended: organization?.status !== 'active' });
  }
  return missing;
};

/** The same names for every organisation, so that asking tells nothing; random names nobody can ask for. */
const requireGone = async (act: Act, ledgerId: string): Promise<void> => {
  const { mspId } = act.caller;
  const names = [
    privateKeys.scopes(ledgerId),
    ...DEMOGRAPHIC_GROUPS.map((group) => privateKeys.demographics(ledgerId, group)),
  ];
  for (const { parts } of await act.world.list('consentOf', [ledgerId], MAX_CONSENTS)) {
    names.push(privateKeys.share(parts[1] ?? ''));
  }
  for (const { parts } of await act.world.list('emergencyOf', [ledgerId], MAX_EMERGENCIES)) {
    names.push(privateKeys.emergencyReason(parts[1] ?? ''));
  }
  for (const { parts } of await act.world.list('patientRecord', [ledgerId], MAX_RECORDS)) {
    const head = await act.world.get(worldKeys.record(parts[1] ?? ''));
    if (head?.hospital !== mspId) continue;
    for (let version = 1; version <= head.version; version++) {
      names.push(privateKeys.selector(head.recordId, version), privateKeys.titleLine(head.recordId, version));
    }
  }
  for (const name of names) {
    if ((await act.hashes.hash(mspId, name)) !== undefined) {
      throw new ContractError(
        'ERASURE_INCOMPLETE',
        `${mspId} still holds values of the patient: purge them first`,
      );
    }
  }
};

const requireErasure = async ({ world }: Pick<Act, 'world'>, ledgerId: string): Promise<ErasureEntry> =>
  world.require(
    worldKeys.erasure(id(ledgerId, 'ledgerId')),
    'ERASURE_NOT_FOUND',
    'no erasure of this patient was requested',
  );

/** Null when none was requested. */
export const getErasure = async (ctx: Context, ledgerId: string): Promise<ErasureState | null> => {
  const { world, at } = await authorizeQuery(ctx, { roles: EVERYONE });
  const erasure = await world.get(worldKeys.erasure(id(ledgerId, 'ledgerId')));
  if (erasure === undefined) return null;
  const keptUntil: Record<string, string> = {};
  for (const mspId of erasure.organizations) {
    const retention = await retentionOf(world, ledgerId, mspId, at);
    if (retention !== undefined) keptUntil[mspId] = retention.until;
  }
  const found = await world.list<ErasureAttestationEntry>(
    'erasureAttestation',
    [ledgerId],
    MAX_ORGANIZATIONS,
  );
  return { erasure, attestations: found.map(({ entry }) => entry), keptUntil };
};
