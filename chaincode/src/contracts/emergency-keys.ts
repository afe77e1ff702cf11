import { sha256Hex } from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { ContractError } from '../errors.js';
import { type Act, authorizeAct, authorizeQuery, EVERYONE } from '../ledger/authorization.js';
import { organizationKeyStatement, requireSignedByCaller } from '../ledger/certificates.js';
import { requireEmergencyKey } from '../ledger/emergency-keys.js';
import { requireNextEpoch } from '../ledger/epochs.js';
import { privateKeys, worldKeys } from '../ledger/keys.js';
import { PeerPrivateValues } from '../ledger/private-values.js';
import { emergencyKeyArgument } from '../model/emergency-arguments.js';
import type { EmergencyKeyCustodian, EmergencyKeyEntry } from '../model/emergency-entries.js';
import { digest, parseJson } from '../model/validation.js';

/** By the ministry's service, after the ceremony: what everybody can check of the key is checked here. */
export const putEmergencyKey = async (ctx: Context, json: string): Promise<EmergencyKeyEntry> => {
  const act = await authorizeAct(ctx, { roles: ['service'], organization: 'ministry' });
  const { world, caller } = act;
  const fields = parseJson(json, emergencyKeyArgument, 'emergencyKey');
  for (const custodian of fields.custodians) await requireCustodian(act, custodian);
  const keyDigest = await requireEmergencyKey(act.channel, fields);
  const entry = { ...fields, digest: keyDigest, mspId: caller.mspId };
  const statement = organizationKeyStatement({ ...entry, kind: 'emergency', publicKey: keyDigest });
  requireSignedByCaller(caller, fields, statement, 'emergencyKey');
  requireNextEpoch((await world.get(worldKeys.emergencyKey()))?.epoch, fields.epoch);
  await world.put(worldKeys.emergencyKeyOf(keyDigest), entry);
  return world.put(worldKeys.emergencyKey(), entry);
};

/** By the ministry's service, at a peer of each custodian: the share that the key names. */
export const depositCustodianShare = async (
  ctx: Context,
  keyDigest: string,
): Promise<{ deposited: string }> => {
  const act = await authorizeAct(ctx, { roles: ['service'], organization: 'ministry' });
  const key = await act.world.require(
    worldKeys.emergencyKeyOf(digest(keyDigest, 'digest')),
    'EMERGENCY_KEY_MISSING',
    'no emergency key of that digest',
  );
  const at = new PeerPrivateValues(ctx.stub);
  const share = act.transient.sealed('share');
  const custodian = key.custodians.find(({ mspId }) => mspId === at.mspId);
  if (custodian?.shareDigest !== sha256Hex(share)) {
    throw new ContractError('SHARE_INVALID', `the share is not the one that the key names for ${at.mspId}`);
  }
  await at.putNew(privateKeys.custodianShare(keyDigest), share);
  return { deposited: keyDigest };
};

/** The emergency key of that digest, the current one for ''; null when there is none. */
export const getEmergencyKey = async (ctx: Context, keyDigest: string): Promise<EmergencyKeyEntry | null> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE, beforeAdmission: true });
  const key =
    keyDigest === '' ? worldKeys.emergencyKey() : worldKeys.emergencyKeyOf(digest(keyDigest, 'digest'));
  return (await world.get(key)) ?? null;
};

const requireCustodian = async (
  { world }: Act,
  { mspId, publicKey }: EmergencyKeyCustodian,
): Promise<void> => {
  const organization = await world.get(worldKeys.organization(mspId));
  const registered = await world.get(worldKeys.organizationKey(mspId, 'custodianService'));
  if (organization?.status === 'active' && registered?.publicKey === publicKey) return;
  throw new ContractError(
    'EMERGENCY_KEY_INVALID',
    `${mspId} is not admitted, or its custodian service has another key on the ledger, or none`,
  );
};
