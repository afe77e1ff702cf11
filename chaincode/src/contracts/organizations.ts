import type { Context } from 'fabric-contract-api';
import { ContractError } from '../errors.js';
import { type Act, authorizeAct, authorizeQuery, EVERYONE } from '../ledger/authorization.js';
import { requireNextEpoch } from '../ledger/epochs.js';
import { worldKeys } from '../ledger/keys.js';
import { MAX_ORGANIZATIONS } from '../ledger/limits.js';
import {
  organizationAuthoritiesStatement,
  organizationKeyStatement,
  requireSignedByCaller,
} from '../ledger/certificates.js';
import {
  organizationArgument,
  organizationAuthoritiesArgument,
  organizationKeyArgument,
  parametersArgument,
} from '../model/arguments.js';
import type {
  OrganizationAuthoritiesEntry,
  OrganizationEntry,
  OrganizationKeyEntry,
  ParametersEntry,
} from '../model/entries.js';
import { mspId as mspIdArgument, parseJson, refuseArgument } from '../model/validation.js';

export const setParameters = async (ctx: Context, json: string): Promise<ParametersEntry> => {
  const { world, at } = await authorizeAct(ctx, { roles: ['system-manager'], organization: 'ministry' });
  const wanted = parseJson(json, parametersArgument, 'parameters');
  const current = await world.get(worldKeys.parameters());
  const next = (current?.policyVersion ?? 0) + 1;
  if (wanted.policyVersion !== next) {
    throw new ContractError(
      'VERSION_CONFLICT',
      `the next policyVersion is ${next}: read the parameters again`,
    );
  }
  const parameters = { ...wanted, ...retentionSince(current, wanted, at) };
  await world.put(worldKeys.parametersOf(next), parameters);
  return world.put(worldKeys.parameters(), parameters);
};

/** Since when records are kept at all: another number of years begins nothing anew. */
const retentionSince = (
  current: ParametersEntry | undefined,
  { retentionYears }: Pick<ParametersEntry, 'retentionYears'>,
  at: string,
): Pick<ParametersEntry, 'retentionSince'> =>
  retentionYears === undefined ? {} : { retentionSince: current?.retentionSince ?? at };

/**
 * The ministry admits organisations, and itself first. Until it has, nothing on the ledger says who the ministry is:
 * the first system-manager who admits their own organisation as ministry is trusted, once. The channel's operator is
 * the ministry and does this before anybody else is given the endpoint; whoever joins checks `ministry` on the ledger
 * against the fingerprint on paper.
 */
export const admitOrganization = async (ctx: Context, json: string): Promise<OrganizationEntry> => {
  const act = await authorizeAct(ctx, { roles: ['system-manager'], beforeAdmission: true });
  const organization = parseJson(json, organizationArgument, 'organization');
  const { world } = act;
  await requireMinistry(act, organization);
  const known = await world.get(worldKeys.organization(organization.mspId));
  if (known !== undefined && (known.kind !== organization.kind || known.code !== organization.code)) {
    return refuseArgument(
      'organization',
      'must keep its kind and code: registration numbers carry the code for ever',
    );
  }
  if (known === undefined) {
    const codeKey = worldKeys.organizationCode(organization.code);
    const holder = await world.get(codeKey);
    if (holder !== undefined) {
      throw new ContractError(
        'ORGANIZATION_CODE_TAKEN',
        `code ${organization.code} is ${holder.mspId}'s: choose another`,
      );
    }
    await world.put(codeKey, { code: organization.code, mspId: organization.mspId });
  }
  return world.put(worldKeys.organization(organization.mspId), organization);
};

const requireMinistry = async (
  { world, caller }: Act,
  organization: Omit<OrganizationEntry, 'schema'>,
): Promise<void> => {
  const ministry = await world.get(worldKeys.ministry());
  const itself = organization.mspId === caller.mspId;
  if (ministry !== undefined && ministry.mspId !== caller.mspId) {
    throw new ContractError('NOT_ALLOWED', 'only the ministry admits organisations');
  }
  if (ministry === undefined && !(itself && organization.kind === 'ministry')) {
    throw new ContractError('NOT_ALLOWED', 'the ministry must admit itself first');
  }
  if (itself && organization.status !== 'active')
    refuseArgument('organization.status', 'of the ministry must be active');
  if (!itself && organization.kind !== 'hospital') refuseArgument('organization.kind', 'must be hospital');
  if (ministry === undefined) await world.put(worldKeys.ministry(), { mspId: caller.mspId });
};

/** The entry carries the certificate of the service that submits it, which is how a device judges the key. */
export const putOrganizationKey = async (ctx: Context, json: string): Promise<OrganizationKeyEntry> => {
  const { world, caller } = await authorizeAct(ctx, { roles: ['service'] });
  const key = parseJson(json, organizationKeyArgument, 'organizationKey');
  if (key.mspId !== caller.mspId)
    throw new ContractError('NOT_ALLOWED', 'an organisation registers its own keys only');
  requireSignedByCaller(caller, key, organizationKeyStatement(key), 'organizationKey');
  const current = await world.get(worldKeys.organizationKey(key.mspId, key.kind));
  requireNextEpoch(current?.epoch, key.epoch);
  return world.put(worldKeys.organizationKey(key.mspId, key.kind), key);
};

/** By the ministry's service: which authorities issue an organisation's certificates, in words that a device can check. */
export const certifyAuthorities = async (
  ctx: Context,
  json: string,
): Promise<OrganizationAuthoritiesEntry> => {
  const { world, caller } = await authorizeAct(ctx, { roles: ['service'], organization: 'ministry' });
  const certified = parseJson(json, organizationAuthoritiesArgument, 'organizationAuthorities');
  requireSignedByCaller(
    caller,
    certified,
    organizationAuthoritiesStatement(certified),
    'organizationAuthorities',
  );
  await world.require(
    worldKeys.organization(certified.mspId),
    'ORGANIZATION_NOT_FOUND',
    `${certified.mspId} is not admitted: the ministry admits it`,
  );
  return world.put(worldKeys.organizationAuthorities(certified.mspId), certified);
};

export const getOrganizationAuthorities = async (ctx: Context): Promise<OrganizationAuthoritiesEntry[]> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE, beforeAdmission: true });
  return (
    await world.list<OrganizationAuthoritiesEntry>('organizationAuthorities', [], MAX_ORGANIZATIONS)
  ).map(({ entry }) => entry);
};

export const getOrganizations = async (ctx: Context): Promise<OrganizationEntry[]> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE, beforeAdmission: true });
  return (await world.list<OrganizationEntry>('organization', [], MAX_ORGANIZATIONS)).map(
    ({ entry }) => entry,
  );
};

export const getOrganizationKeys = async (ctx: Context, mspId: string): Promise<OrganizationKeyEntry[]> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE, beforeAdmission: true });
  const leading = [mspIdArgument(mspId, 'mspId')];
  return (await world.list<OrganizationKeyEntry>('organizationKey', leading, MAX_ORGANIZATIONS)).map(
    ({ entry }) => entry,
  );
};

/** Null until the ministry has set them. */
export const getParameters = async (ctx: Context): Promise<ParametersEntry | null> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE, beforeAdmission: true });
  return (await world.get(worldKeys.parameters())) ?? null;
};
