import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { authorizeAct, authorizeQuery, EVERYONE, onOwnPeer } from '../../ledger/authorization.js';
import { type Deposited, DepositSlots } from '../../ledger/deposit-slots.js';
import { privateKeys } from '../../ledger/keys.js';
import { PeerPrivateValues } from '../../ledger/private-values.js';
import { idsArgument } from '../../model/consent-arguments.js';
import type { ConsentAnswerEntry } from '../../model/consent-entries.js';
import { millisecondsOf } from '../../model/instants.js';
import { type ListPage, pageWanted } from '../../model/paging.js';
import { id, parseJson } from '../../model/validation.js';
import { requireActivePatient } from '../patients.js';
import { answeredFor } from './owner.js';
import { handedOver, type HandedOverPage, listHandedOver } from './handed-over.js';

const REQUESTS_A_DAY = 20;
/** Gateways count 24 hours by clocks of their own. */
const REQUEST_DAY_MS = 23 * 60 * 60_000;

/**
 * Asks the organisation whose peer is asked, and which a registration number's first digits name: sealed, so that
 * nobody else knows about whom, and alike for numbers that do not exist.
 */
export const request = async (ctx: Context, requestId: string): Promise<{ requested: string }> => {
  const act = await authorizeAct(ctx, { roles: ['doctor', 'hospital-admin'], organization: 'hospital' });
  const key = privateKeys.consentRequest(id(requestId, 'requestId'));
  const peer = new PeerPrivateValues(ctx.stub);
  await peer.putNew(key, handedOver(act, act.transient.sealed('request')));
  const isOld = ({ at }: Deposited): boolean => millisecondsOf(act.at) - millisecondsOf(at) >= REQUEST_DAY_MS;
  const slots = new DepositSlots(peer, 'request', REQUESTS_A_DAY, isOld);
  await slots.take(act.caller, { id: requestId, at: act.at });
  return { requested: requestId };
};

/** Requests that wait at the caller's own organisation, after a requestId ('' for the first page). */
export const listRequests = async (ctx: Context, after: string): Promise<HandedOverPage> =>
  listHandedOver(ctx, 'consentRequest', after);

/** Purges requests that the gateway has taken over under its own erasure keys, or that ask for nobody. */
export const takeRequests = async (ctx: Context, requestIdsJson: string): Promise<{ taken: string[] }> => {
  const act = onOwnPeer(ctx, await authorizeAct(ctx, { roles: ['service'] }));
  const requestIds = parseJson(requestIdsJson, idsArgument, 'requestIds');
  const values = act.transient.privateValues();
  for (const requestId of requestIds) {
    const key = privateKeys.consentRequest(requestId);
    if ((await act.own.hash(act.caller.mspId, key)) === undefined) {
      throw new ContractError('REQUEST_NOT_FOUND', 'one of the requests does not wait here');
    }
    await act.own.purge(key);
  }
  await act.own.write(
    values,
    requestIds.map((requestId) => ({ key: privateKeys.held(requestId), mode: 'new', required: false })),
  );
  return { taken: requestIds };
};

/** By the owner: the request stays without a consent. */
export const deny = async (ctx: Context, requestId: string): Promise<ConsentAnswerEntry> => {
  const act = await authorizeAct(ctx, { roles: ['patient'] });
  await requireActivePatient(act);
  return answeredFor(act, id(requestId, 'requestId'), null);
};

/** Answers to a request, page by page: its id is public, so that patients who were not asked can answer it too. */
export const getRequestAnswers = async (
  ctx: Context,
  requestId: string,
  limit: string,
  after: string,
): Promise<ListPage<ConsentAnswerEntry>> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE });
  const leading = [id(requestId, 'requestId')];
  const wanted = pageWanted(limit, after);
  const { found, next } = await world.page<ConsentAnswerEntry>('consentAnswer', leading, wanted);
  return { items: found.map(({ entry }) => entry), next };
};
