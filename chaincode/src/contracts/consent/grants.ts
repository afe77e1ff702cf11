import { fromHex, shareCheckId } from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { type Act, authorizeAct } from '../../ledger/authorization.js';
import { registeredKey } from '../../ledger/consent-state.js';
import { worldKeys } from '../../ledger/keys.js';
import { requireGrantPoints } from '../../ledger/reencryption-checks.js';
import { requireCurrentScope } from '../../ledger/scopes.js';
import { type GrantArgument, grantArgument } from '../../model/consent-arguments.js';
import type { ConsentAgent, ConsentEntry, Grantee } from '../../model/consent-entries.js';
import { DEFAULT_CONSENT_THRESHOLD, type PatientEntry, ZERO_HASH } from '../../model/entries.js';
import { parseJson, refuseArgument } from '../../model/validation.js';
import { requireActivePatient } from '../patients.js';
import { answeredFor, requireOwnConsent } from './owner.js';

/** By the owner, for scopes as they are now. Counts once enough agents have accepted their shares. */
export const grant = async (ctx: Context, businessId: string, consentJson: string): Promise<ConsentEntry> => {
  const act = await authorizeAct(ctx, { roles: ['patient'] });
  await act.once(businessId);
  const { requestId, ...wanted } = parseJson(consentJson, grantArgument, 'consent');
  const patient = await requireActivePatient(act);
  const { consentId, grantee } = wanted;
  if ((await act.world.get(worldKeys.consent(consentId))) !== undefined) {
    throw new ContractError('CONSENT_EXISTS', 'a consent with this consentId exists: draw another');
  }
  if (wanted.expiresAt <= act.at) {
    throw new ContractError('CONSENT_EXPIRED', 'expiresAt must be in the future');
  }
  await requireThreshold(act, wanted.threshold);
  await requireRegistered(act, grantee);
  if (grantee.kind === 'guardian') await requireGuardian(act, grantee);
  requireTermsOf(grantee, wanted.termsCommitment);
  for (const agent of wanted.agents) await requireAgent(act, agent, grantee.mspId);
  requireCurrentScopes(patient, wanted.scopes);
  const fields = { ...wanted, ledgerId: patient.ledgerId, grantedAt: act.at, revokedAt: null };
  await requireGrantPoints(act.channel, fields);
  await usePoints(act, wanted.scopes);
  if (requestId !== null) await answeredFor(act, requestId, consentId);
  await act.world.put(worldKeys.consentOf(patient.ledgerId, consentId), {});
  await act.world.put(worldKeys.consentTo(grantee.id, consentId), {});
  return act.world.put(worldKeys.consent(consentId), fields);
};

/** By the owner; counts from this commit, whatever is purged later. */
export const revoke = async (ctx: Context, consentId: string): Promise<ConsentEntry> => {
  const act = await authorizeAct(ctx, { roles: ['patient'] });
  const consent = await requireOwnConsent(act, consentId);
  if (consent.revokedAt !== null)
    throw new ContractError('CONSENT_REVOKED', 'the consent is revoked already');
  return act.world.put(worldKeys.consent(consentId), { ...consent, revokedAt: act.at });
};

const requireThreshold = async ({ world }: Act, threshold: number): Promise<void> => {
  const parameters = await world.require(
    worldKeys.parameters(),
    'PARAMETERS_NOT_FOUND',
    'the ministry has set no parameters yet',
  );
  const wanted = parameters.consentThreshold ?? DEFAULT_CONSENT_THRESHOLD;
  if (threshold !== wanted) {
    throw new ContractError('THRESHOLD_DIFFERS', `the threshold of a consent is ${wanted} now`);
  }
};

/** The key of a grant is the one on the ledger, whatever a request said. */
const requireRegistered = async ({ world }: Act, grantee: GrantArgument['grantee']): Promise<void> => {
  const registered = await registeredKey(world, grantee);
  const isSame =
    registered !== undefined &&
    registered.mspId === grantee.mspId &&
    registered.publicKey === grantee.publicKey &&
    registered.certificateHash === grantee.certificateHash &&
    registered.epoch === grantee.epoch &&
    // Of the emergency keys the current one.
    (grantee.kind !== 'emergency' || registered.certificateHash === grantee.id);
  if (!isSame) {
    throw new ContractError(
      'KEY_NOT_REGISTERED',
      "the grantee's key and organisation are not those that are registered: read the key again",
    );
  }
};

/** Another patient with keys. */
const requireGuardian = async ({ world, caller }: Act, { id, mspId }: Grantee): Promise<void> => {
  const guardian = await world.get(worldKeys.patient(id));
  if (guardian?.status !== 'active' || guardian.homeMsp !== mspId || id === caller.subject) {
    throw new ContractError('NOT_A_GUARDIAN', 'a guardian is another patient, who has keys');
  }
};

/** An emergency grant has none: it covers its scopes altogether, and is used in emergencies alone. */
const requireTermsOf = ({ kind }: GrantArgument['grantee'], termsCommitment: string): void => {
  if (kind === 'emergency' && termsCommitment !== ZERO_HASH)
    refuseArgument('consent.termsCommitment', 'must be 64 zeros in an emergency grant, which has no terms');
};

const requireAgent = async (
  { world }: Act,
  { mspId, publicKey }: ConsentAgent,
  granteeMspId: string,
): Promise<void> => {
  if (mspId === granteeMspId) {
    throw new ContractError('AGENT_NOT_ELIGIBLE', "the grantee's own organisation must not be an agent");
  }
  const organization = await world.get(worldKeys.organization(mspId));
  if (organization?.status !== 'active') {
    throw new ContractError('AGENT_NOT_ELIGIBLE', `${mspId} is not admitted`);
  }
  if ((await world.get(worldKeys.organizationKey(mspId, 'agent')))?.publicKey !== publicKey) {
    throw new ContractError('AGENT_NOT_ELIGIBLE', `${mspId} has another agent key on the ledger, or none`);
  }
};

const requireCurrentScopes = (patient: PatientEntry, scopes: GrantArgument['scopes']): void => {
  for (const wanted of scopes) {
    if (requireCurrentScope(patient, wanted).publicKey !== wanted.publicKey) {
      refuseArgument('consent.scopes', 'must carry the public keys that the patient registered');
    }
  }
};

/** Two grants with a point in common share their polynomial: an agent of each could complete it (F.1, 16). */
const usePoints = async ({ world }: Act, scopes: GrantArgument['scopes']): Promise<void> => {
  const keys = scopes.flatMap(({ points }) =>
    points.map((point) => worldKeys.sharePoint(shareCheckId(fromHex(point)))),
  );
  if (new Set(keys.map(({ raw }) => raw)).size !== keys.length)
    refuseArgument('consent.scopes', 'must not use a point twice');
  for (const key of keys) {
    if ((await world.get(key)) !== undefined) {
      throw new ContractError('SHARE_POINT_USED', 'a point served an earlier grant: make a fresh polynomial');
    }
    await world.put(key, {});
  }
};
