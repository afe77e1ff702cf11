import { fromBase64, sha256Hex } from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { readAuditParameters } from '../../ledger/audit-checks.js';
import { type Act, authorizeAct, authorizeQuery, EVERYONE } from '../../ledger/authorization.js';
import { organizationKeyStatement, requireSignedByCaller } from '../../ledger/certificates.js';
import { requireNextEpoch } from '../../ledger/epochs.js';
import { privateKeys, worldKeys } from '../../ledger/keys.js';
import { PeerPrivateValues } from '../../ledger/private-values.js';
import type { WorldReader } from '../../ledger/store.js';
import { auditParametersArgument, type AuditParametersArgument } from '../../model/integrity-arguments.js';
import type { AuditParametersEntry } from '../../model/integrity-entries.js';
import { parseInteger, parseJson, version as versionNumber } from '../../model/validation.js';

/** By the ministry's service, after the ceremony: what everybody can check of the parameters is checked here. */
export const putAuditParameters = async (ctx: Context, json: string): Promise<AuditParametersEntry> => {
  const act = await authorizeAct(ctx, { roles: ['service'], organization: 'ministry' });
  const { world, caller } = act;
  const fields = parseJson(json, auditParametersArgument, 'auditParameters');
  await requireExtractors(act, fields);
  const digest = sha256Hex(fromBase64(fields.parameters));
  const statement = organizationKeyStatement({
    mspId: caller.mspId,
    kind: 'audit',
    epoch: fields.version,
    publicKey: digest,
  });
  requireSignedByCaller(caller, fields, statement, 'auditParameters');
  requireNextEpoch((await world.get(worldKeys.auditParameters()))?.version, fields.version);
  const entry = { ...fields, digest, mspId: caller.mspId };
  await world.put(worldKeys.auditParametersOf(fields.version), entry);
  return world.put(worldKeys.auditParameters(), entry);
};

/** The extractors of the encoded parameters are those whose shares are named, each with its agent key on the ledger. */
const requireExtractors = async (
  { world }: Act,
  { parameters, shares }: AuditParametersArgument,
): Promise<void> => {
  const { extractors } = await readAuditParameters(parameters);
  const named = shares.map(({ mspId }) => mspId);
  if (extractors.length !== named.length || extractors.some(({ mspId }, at) => mspId !== named[at])) {
    throw new ContractError(
      'AUDIT_PARAMETERS_INVALID',
      'the shares are not those of the extractors, in their order',
    );
  }
  for (const { mspId, publicKey } of shares) {
    const organization = await world.get(worldKeys.organization(mspId));
    const registered = await world.get(worldKeys.organizationKey(mspId, 'agent'));
    if (organization?.status === 'active' && registered?.publicKey === publicKey) continue;
    throw new ContractError(
      'AUDIT_PARAMETERS_INVALID',
      `${mspId} is not admitted, or has another agent key on the ledger, or none`,
    );
  }
};

/** By the ministry's service, at a peer of each extractor: the share that the parameters name. */
export const depositMasterShare = async (ctx: Context, version: string): Promise<{ deposited: number }> => {
  const act = await authorizeAct(ctx, { roles: ['service'], organization: 'ministry' });
  const parameters = await requireParameters(act.world, parseInteger(version, versionNumber, 'version'));
  const at = new PeerPrivateValues(ctx.stub);
  const share = act.transient.sealed('share');
  const extractor = parameters.shares.find(({ mspId }) => mspId === at.mspId);
  if (extractor?.shareDigest !== sha256Hex(share)) {
    throw new ContractError(
      'SHARE_INVALID',
      `the share is not the one that the parameters name for ${at.mspId}`,
    );
  }
  await at.putNew(privateKeys.masterShare(parameters.version), share);
  return { deposited: parameters.version };
};

/** The set of that version, the current one for ''; null when there is none. */
export const getAuditParameters = async (
  ctx: Context,
  version: string,
): Promise<AuditParametersEntry | null> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE });
  const key =
    version === ''
      ? worldKeys.auditParameters()
      : worldKeys.auditParametersOf(parseInteger(version, versionNumber, 'version'));
  return (await world.get(key)) ?? null;
};

export const requireParameters = async (world: WorldReader, version: number): Promise<AuditParametersEntry> =>
  world.require(
    worldKeys.auditParametersOf(version),
    'AUDIT_PARAMETERS_MISSING',
    `no audit parameters of version ${version}`,
  );
