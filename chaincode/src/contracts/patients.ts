import { CryptoError, fromHex, mclEngine } from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { ContractError } from '../errors.js';
import { type Act, authorizeAct, authorizeQuery, EVERYONE, onOwnPeer } from '../ledger/authorization.js';
import { DEMOGRAPHIC_GROUPS, parsePrivateKey, privateKeys, worldKeys } from '../ledger/keys.js';
import { refuseErased, requirePatient } from '../ledger/patient-status.js';
import type { WritableKey } from '../ledger/private-values.js';
import { subjectKeyDigest } from '../ledger/subject-key.js';
import {
  activationArgument,
  patientArgument,
  patientUpdateArgument,
  scopeKeyArgument,
} from '../model/arguments.js';
import {
  type PatientEntry,
  type PatientPublic,
  type PatientUpdate,
  type PrivateValue,
  type ScopeKey,
  ZERO_SCOPE,
} from '../model/entries.js';
import { id, mspId as mspIdArgument, parseJson, refuseArgument } from '../model/validation.js';
import { usableKey } from './staff.js';

/** Private step of a registration: number, demographics and scopes into the home hospital's collection. */
export const registerPatientPrivate = async (
  ctx: Context,
  businessId: string,
): Promise<{ announced: string }> => {
  const act = onOwnPeer(
    ctx,
    await authorizeAct(ctx, { roles: ['hospital-admin'], organization: 'hospital' }),
  );
  await act.refuseDone(businessId);
  const { value: entry, json } = act.transient.json('entry', patientArgument);
  await checkNewPatient(act, entry);
  const values = act.transient.privateValues();
  const numberKey = onlyKey(values, 'number');
  if (await act.own.announce(businessId, json)) {
    if ((await act.own.hash(act.caller.mspId, numberKey)) !== undefined) {
      throw new ContractError('NUMBER_TAKEN', 'the registration number is in use: draw another');
    }
    await act.own.write(values, [
      { key: numberKey, mode: 'new', required: true },
      { key: privateKeys.scopes(entry.ledgerId), mode: 'new', required: true },
      ...demographics(entry.ledgerId, 'new', true),
    ]);
  }
  return { announced: businessId };
};

export const registerPatient = async (
  ctx: Context,
  businessId: string,
  homeMsp: string,
  json: string,
): Promise<PatientEntry> => {
  const act = await authorizeAct(ctx, { roles: ['hospital-admin', 'service'], organization: 'hospital' });
  await act.once(businessId);
  const entry = parseJson(json, patientArgument, 'patient');
  requireSame(entry.homeMsp, mspIdArgument(homeMsp, 'homeMsp'));
  await checkNewPatient(act, entry);
  await act.hashes.requirePending(homeMsp, businessId, json);
  return act.world.put(worldKeys.patient(entry.ledgerId), {
    ...entry,
    status: 'keyless',
    scopes: [],
    deviceKey: null,
  });
};

const checkNewPatient = async (act: Act, entry: PatientPublic): Promise<void> => {
  if (entry.homeMsp !== act.caller.mspId) {
    throw new ContractError('NOT_ALLOWED', 'a hospital registers its own patients only');
  }
  if ((await act.world.get(worldKeys.patient(entry.ledgerId))) !== undefined) {
    throw new ContractError('PATIENT_EXISTS', 'a patient with this ledgerId is registered: draw another');
  }
};

/** Private step of a change: the demographic groups that changed, each naming the value it replaces. */
export const updatePatientPrivate = async (
  ctx: Context,
  businessId: string,
): Promise<{ announced: string }> => {
  const act = onOwnPeer(
    ctx,
    await authorizeAct(ctx, { roles: ['hospital-admin'], organization: 'hospital' }),
  );
  await act.refuseDone(businessId);
  const { value: update, json } = act.transient.json('entry', patientUpdateArgument);
  await checkUpdate(act, update);
  const values = act.transient.privateValues();
  if (await act.own.announce(businessId, json)) {
    await act.own.write(values, demographics(update.ledgerId, 'replace', false));
  }
  return { announced: businessId };
};

export const updatePatient = async (
  ctx: Context,
  businessId: string,
  homeMsp: string,
  json: string,
): Promise<PatientEntry> => {
  const act = await authorizeAct(ctx, { roles: ['hospital-admin', 'service'], organization: 'hospital' });
  await act.once(businessId);
  const update = parseJson(json, patientUpdateArgument, 'patient');
  const current = await checkUpdate(act, update);
  requireSame(current.homeMsp, mspIdArgument(homeMsp, 'homeMsp'));
  await act.hashes.requirePending(homeMsp, businessId, json);
  return act.world.put(worldKeys.patient(update.ledgerId), {
    ...current,
    version: update.version,
    commitments: update.commitments,
    status: update.status ?? current.status,
  });
};

const checkUpdate = async (act: Act, update: PatientUpdate): Promise<PatientEntry> => {
  const current = await requireLivingEntry(act, update.ledgerId);
  if (current.homeMsp !== act.caller.mspId) {
    throw new ContractError('NOT_ALLOWED', 'only the home hospital changes a patient');
  }
  if (update.version !== current.version + 1) {
    throw new ContractError(
      'VERSION_CONFLICT',
      `the next version of this patient is ${current.version + 1}: read the patient again`,
    );
  }
  if (update.commitments.number !== current.commitments.number) {
    refuseArgument('patient.commitments.number', 'must stay: a registration number is permanent');
  }
  return current;
};

/**
 * The device gives the patient's public keys; from here on records are sealed to them, and only certificates for the
 * key that signed this transaction act as the patient.
 */
export const activatePatient = async (ctx: Context, json: string): Promise<PatientEntry> => {
  const act = await authorizeAct(ctx, { roles: ['patient'] });
  const activation = parseJson(json, activationArgument, 'activation');
  if (activation.ledgerId !== act.caller.subject) {
    throw new ContractError('NOT_ALLOWED', "only the patient's own certificate activates the patient");
  }
  const patient = await requireLivingEntry(act, activation.ledgerId);
  if (patient.status === 'active')
    throw new ContractError('PATIENT_ALREADY_ACTIVE', 'the patient has keys already');
  await checkScopes(activation.scopes);
  await act.world.put(worldKeys.receivingKey(activation.ledgerId), {
    subject: activation.ledgerId,
    mspId: act.caller.mspId,
    publicKey: usableKey(activation.receivingKey),
    epoch: 1,
  });
  return act.world.put(worldKeys.patient(activation.ledgerId), {
    ...patient,
    status: 'active',
    scopes: activation.scopes,
    deviceKey: subjectKeyDigest(act.caller.certificate),
  });
};

const checkScopes = async (scopes: readonly ScopeKey[]): Promise<void> => {
  for (const [at, { scopeId, publicKey }] of scopes.entries()) {
    const path = `activation.scopes[${at}]`;
    if (scopeId === ZERO_SCOPE) refuseArgument(`${path}.scopeId`, 'must not be zero');
    await requireScopeKey(publicKey, `${path}.publicKey`);
  }
  if (new Set(scopes.map((scope) => scope.publicKey)).size !== scopes.length) {
    refuseArgument('activation.scopes', 'must have a key each');
  }
};

const requireScopeKey = async (publicKey: string, path: string): Promise<void> => {
  const engine = await mclEngine();
  try {
    engine.decodeG1(fromHex(publicKey), path);
  } catch (error) {
    if (error instanceof CryptoError) refuseArgument(path, 'must be a compressed G1 point');
    throw error;
  }
};

/** By the owner: the next key of a scope. Records and consents from here on are of its epoch. */
export const advanceScope = async (ctx: Context, json: string): Promise<PatientEntry> => {
  const act = await authorizeAct(ctx, { roles: ['patient'] });
  const next = parseJson(json, scopeKeyArgument, 'scope');
  const patient = await requireActivePatient(act);
  const current = patient.scopes.find(({ scopeId }) => scopeId === next.scopeId);
  if (current === undefined) return refuseArgument('scope.scopeId', 'must be one of the patient');
  if (next.epoch !== current.epoch + 1) {
    throw new ContractError(
      'VERSION_CONFLICT',
      `the next epoch of this scope is ${current.epoch + 1}: read the patient again`,
    );
  }
  if (patient.scopes.some(({ publicKey }) => publicKey === next.publicKey))
    refuseArgument('scope.publicKey', 'must be another one than before');
  await requireScopeKey(next.publicKey, 'scope.publicKey');
  return act.world.put(worldKeys.patient(patient.ledgerId), {
    ...patient,
    scopes: patient.scopes.map((scope) => (scope === current ? next : scope)),
  });
};

/** The caller's own entry: before the activation any certificate of the home hospital could act in the patient's name. */
export const requireActivePatient = async (act: Pick<Act, 'world' | 'caller'>): Promise<PatientEntry> => {
  const patient = await requireLivingEntry(act, act.caller.subject);
  if (patient.status !== 'active')
    throw new ContractError('PATIENT_KEYLESS', 'the patient has no keys yet: activate first');
  return patient;
};

/** The patient's entry, refused when there is none, it was deleted or is erased. */
export const requireLivingEntry = async (
  { world }: Pick<Act, 'world'>,
  ledgerId: string,
): Promise<PatientEntry> => {
  const patient = await requirePatient(world, ledgerId);
  if (patient.status === 'deleted') throw new ContractError('PATIENT_DELETED', 'the patient was deleted');
  refuseErased(patient);
  return patient;
};

export const getPatient = async (ctx: Context, ledgerId: string): Promise<PatientEntry | null> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE });
  return (await world.get(worldKeys.patient(id(ledgerId, 'ledgerId')))) ?? null;
};

const demographics = (ledgerId: string, mode: WritableKey['mode'], required: boolean): WritableKey[] =>
  DEMOGRAPHIC_GROUPS.map((group) => ({ key: privateKeys.demographics(ledgerId, group), mode, required }));

/** The one key of a kind among the values. */
export const onlyKey = (values: readonly PrivateValue[], type: string): string => {
  const keys = values.map(({ key }) => key).filter((key) => parsePrivateKey(key)?.type === type);
  return keys.length === 1 && keys[0] !== undefined
    ? keys[0]
    : refuseArgument('private', `must hold one ${type}`);
};

const requireSame = (homeMsp: string, argument: string): void => {
  if (homeMsp !== argument) refuseArgument('homeMsp', "must be the patient's home hospital");
};
