import { sha256Hex } from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { type Act, authorizeAct, authorizeQuery, EVERYONE, STAFF } from '../../ledger/authorization.js';
import { certificateBytes } from '../../ledger/certificates.js';
import { requireNextEpoch } from '../../ledger/epochs.js';
import { worldKeys } from '../../ledger/keys.js';
import { requireKeyProof } from '../../ledger/reencryption-checks.js';
import { careTeamArgument, g2Point, keyProof } from '../../model/consent-arguments.js';
import type { CareTeamEntry, ConsentKeyEntry } from '../../model/consent-entries.js';
import { requireActivePatient } from '../patients.js';
import {
  id,
  parseInteger,
  parseJson,
  refuseArgument,
  subject as subjectArgument,
  version,
} from '../../model/validation.js';

/**
 * By staff of a hospital or a patient, for themselves: the ministry's staff never see content. The proof names certificate
 * and MSP id.
 */
export const registerKey = async (
  ctx: Context,
  publicKey: string,
  proof: string,
  epoch: string,
): Promise<ConsentKeyEntry> => {
  const act = await authorizeAct(ctx, { roles: [...STAFF, 'patient'], organization: 'hospital' });
  const { subject, mspId } = act.caller;
  const key = {
    publicKey: g2Point(publicKey, 'publicKey'),
    proof: keyProof(proof, 'proof'),
    epoch: parseInteger(epoch, version, 'epoch'),
  };
  await requireHolder(act);
  const current = await act.world.get(worldKeys.consentKey(subject));
  requireNextEpoch(current?.epoch, key.epoch);
  return act.world.put(worldKeys.consentKey(subject), {
    subject,
    mspId,
    ...key,
    ...(await provenBy(act, key)),
  });
};

/** Staff ids and ledgerIds share one kind of key: neither may take the other's. */
const requireHolder = async (act: Act): Promise<void> => {
  const { role, subject } = act.caller;
  if (role === 'patient') {
    await requireActivePatient(act);
    return;
  }
  await act.world.require(worldKeys.staff(subject), 'STAFF_NOT_FOUND', 'the caller has no staff entry');
  if ((await act.world.get(worldKeys.patient(subject))) !== undefined)
    throw new ContractError('NOT_ALLOWED', "a patient's key is registered by the patient");
};

/** By a hospital's administrator, or its service for the teams that are rules. */
export const putCareTeam = async (ctx: Context, json: string): Promise<CareTeamEntry> => {
  const act = await authorizeAct(ctx, { roles: ['hospital-admin', 'service'], organization: 'hospital' });
  const team = parseJson(json, careTeamArgument, 'careTeam');
  const { mspId, role } = act.caller;
  if (role === 'service' && team.kind === 'named') {
    throw new ContractError('NOT_ALLOWED', 'an administrator decides who is in a named team');
  }
  const key = worldKeys.careTeam(team.teamId);
  const current = await act.world.get(key);
  if (current !== undefined && current.mspId !== mspId) {
    throw new ContractError('NOT_ALLOWED', 'a hospital decides about its own teams only');
  }
  if (current !== undefined && current.kind !== team.kind) {
    refuseArgument('careTeam.kind', 'must stay: register another team');
  }
  requireNextEpoch(current?.epoch, team.epoch);
  for (const member of team.members) await requireOwnStaff(act, member);
  return act.world.put(key, { ...team, mspId, ...(await provenBy(act, team)) });
};

/** Null when there is none. */
export const getConsentKey = async (ctx: Context, subject: string): Promise<ConsentKeyEntry | null> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE });
  return (await world.get(worldKeys.consentKey(subjectArgument(subject, 'subject')))) ?? null;
};

/** Null when there is none. */
export const getCareTeam = async (ctx: Context, teamId: string): Promise<CareTeamEntry | null> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE });
  return (await world.get(worldKeys.careTeam(id(teamId, 'teamId')))) ?? null;
};

const requireOwnStaff = async ({ world, caller }: Act, staffId: string): Promise<void> => {
  const staff = await world.get(worldKeys.staff(staffId));
  if (staff === undefined || staff.mspId !== caller.mspId) {
    throw new ContractError('STAFF_NOT_FOUND', "a member is not on this hospital's staff");
  }
};

/** The caller's certificate and its hash, to which the proof is bound. */
const provenBy = async (
  { caller }: Act,
  { publicKey, proof }: { publicKey: string; proof: string },
): Promise<{ certificateHash: string; certificate: string }> => {
  const { certificate } = caller;
  const certificateHash = sha256Hex(certificateBytes(certificate));
  await requireKeyProof({ mspId: caller.mspId, certificateHash, publicKey, proof });
  return { certificateHash, certificate };
};
