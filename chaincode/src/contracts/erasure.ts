import type { Context } from 'fabric-contract-api';
import { ContractError } from '../errors.js';
import { type Act, authorizeAct, authorizeQuery, EVERYONE, onOwnPeer } from '../ledger/authorization.js';
import { DEMOGRAPHIC_GROUPS, privateKeys, worldKeys } from '../ledger/keys.js';
import { MAX_CONSENTS, MAX_EMERGENCIES, MAX_ORGANIZATIONS, MAX_RECORDS } from '../ledger/limits.js';
import { refuseErased } from '../ledger/patient-status.js';
import { requireOfPatient } from '../ledger/patient-values.js';
import { purgedKeysArgument } from '../model/arguments.js';
import type { OrganizationEntry, PatientEntry } from '../model/entries.js';
import type { ErasureAttestationEntry, ErasureEntry, ErasureState } from '../model/erasure-entries.js';
import { yearsAfter } from '../model/instants.js';
import { id } from '../model/validation.js';

/** By the owner or the home hospital: from this commit on nothing more happens for the patient but erasing. */
export const requestErasure = async (ctx: Context, ledgerId: string): Promise<ErasureEntry> => {
  const act = await authorizeAct(ctx, { roles: ['patient', 'hospital-admin'], organization: 'hospital' });
  const patient = await requireErasable(act, id(ledgerId, 'ledgerId'));
  await requireRetentionOver(act, ledgerId);
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
  const { world, caller } = act;
  const patient = await world.require(
    worldKeys.patient(ledgerId),
    'PATIENT_NOT_FOUND',
    'no patient of that ledgerId',
  );
  const isEntitled =
    caller.role === 'patient' ? caller.subject === ledgerId : caller.mspId === patient.homeMsp;
  if (!isEntitled) {
    throw new ContractError('NOT_ALLOWED', 'only the owner or the home hospital has a patient erased');
  }
  refuseErased(patient);
  return patient;
};

/** Counts from the last chained record; from the rule's own beginning where the ledger does not say when that was. */
const requireRetentionOver = async ({ world, at }: Act, ledgerId: string): Promise<void> => {
  const parameters = await world.get(worldKeys.parameters());
  const head = await world.get(worldKeys.chain(ledgerId));
  if (parameters?.retentionYears === undefined || head === undefined) return;
  const from = yearsAfter(head.at ?? parameters.retentionSince ?? at, parameters.retentionYears);
  if (at < from) {
    throw new ContractError(
      'RETENTION_NOT_OVER',
      `the law keeps the records for ${parameters.retentionYears} years: ask again from ${from.slice(0, 10)} on`,
    );
  }
};

/** One page of the organisation's private values of the patient, gone with their history. */
export const purgePatient = async (ctx: Context, ledgerId: string): Promise<{ purged: number }> => {
  const act = onOwnPeer(ctx, await authorizeAct(ctx, { roles: ['service'], whileSuspended: true }));
  await requireErasure(act, ledgerId);
  const { value: keys } = act.transient.json('keys', purgedKeysArgument);
  for (const [at, key] of keys.entries()) await requireOfPatient(act, ledgerId, key, `keys[${at}]`);
  for (const key of keys) await act.own.purge(key);
  return { purged: keys.length };
};

/** By each organisation once, when it keeps nothing; the last one completes the erasure. */
export const attestErasure = async (ctx: Context, ledgerId: string): Promise<ErasureAttestationEntry> => {
  const act = await authorizeAct(ctx, { roles: ['service'], whileSuspended: true });
  const { mspId } = act.caller;
  const erasure = await requireErasure(act, ledgerId);
  if (!erasure.organizations.includes(mspId)) {
    throw new ContractError('NOT_ALLOWED', 'the organisation joined after the erasure was requested');
  }
  const key = worldKeys.erasureAttestation(ledgerId, mspId);
  if ((await act.world.get(key)) !== undefined) {
    throw new ContractError('ERASURE_ATTESTED', 'the organisation has attested this erasure');
  }
  await requireGone(act, ledgerId);
  const others = erasure.organizations.filter((one) => one !== mspId);
  let isLast = true;
  for (const one of others) {
    isLast &&= (await act.world.get(worldKeys.erasureAttestation(ledgerId, one))) !== undefined;
  }
  if (isLast) {
    const patient = await act.world.require(
      worldKeys.patient(ledgerId),
      'PATIENT_NOT_FOUND',
      'no patient of that ledgerId',
    );
    await act.world.put(worldKeys.patient(ledgerId), { ...patient, status: 'erased' });
    await act.world.put(worldKeys.erasure(ledgerId), { ...erasure, erasedAt: act.at });
  }
  return act.world.put(key, { ledgerId, mspId, at: act.at, transactionId: act.transactionId });
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
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE });
  const erasure = await world.get(worldKeys.erasure(id(ledgerId, 'ledgerId')));
  if (erasure === undefined) return null;
  const found = await world.list<ErasureAttestationEntry>(
    'erasureAttestation',
    [ledgerId],
    MAX_ORGANIZATIONS,
  );
  return { erasure, attestations: found.map(({ entry }) => entry) };
};
