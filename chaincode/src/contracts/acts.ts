import type { Context } from 'fabric-contract-api';
import { ContractError } from '../errors.js';
import { authorizeQuery, EVERYONE, onOwnPeer } from '../ledger/authorization.js';
import { parsePrivateKey, worldKeys } from '../ledger/keys.js';
import { privateKeysArgument } from '../model/arguments.js';
import { businessIdOf, mspId as mspIdArgument, parseJson, refuseArgument } from '../model/validation.js';

/** What an organisation asks about its own acts and values, to go on after a crash or to rebuild its read model. */

/** Ciphertexts of the caller's organisation, from its own peer. */
export const getPrivate = async (ctx: Context, json: string): Promise<Record<string, string | null>> => {
  const { own } = onOwnPeer(ctx, await authorizeQuery(ctx, { roles: ['service', 'hospital-admin'] }));
  const keys = parseJson(json, privateKeysArgument, 'keys');
  for (const [at, key] of keys.entries()) {
    if (parsePrivateKey(key) === undefined) refuseArgument(`keys[${at}]`, 'is not a key of this ledger');
  }
  return own.read(keys);
};

/** The transaction that did the act, of the caller's own organisation; null when there is none. */
export const getBusiness = async (
  ctx: Context,
  businessId: string,
): Promise<{ transactionId: string } | null> => {
  const { world, caller } = await authorizeQuery(ctx, { roles: EVERYONE });
  const done = await world.get(worldKeys.business(caller.mspId, businessIdOf(businessId)));
  return done === undefined ? null : { transactionId: done.transactionId };
};

/** Whether a private step is committed whose public step may follow. */
export const hasPending = async (ctx: Context, mspId: string, businessId: string): Promise<boolean> => {
  const { hashes, caller } = await authorizeQuery(ctx, { roles: EVERYONE });
  if (mspIdArgument(mspId, 'mspId') !== caller.mspId) {
    throw new ContractError('NOT_ALLOWED', 'an organisation asks about its own acts only');
  }
  return hashes.isPending(mspId, businessIdOf(businessId));
};
