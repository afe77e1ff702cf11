import { fromBase64, sha256Hex, utf8 } from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { authorizeAct, authorizeFreshQuery, onOwnPeer } from '../../ledger/authorization.js';
import { agentIndex, judgeShares, readShares } from '../../ledger/agent.js';
import { endOf, refuseEnded, requireConsent } from '../../ledger/consent-state.js';
import { privateKeys, worldKeys } from '../../ledger/keys.js';
import { PeerPrivateValues } from '../../ledger/private-values.js';
import { isSameScope } from '../../ledger/scopes.js';
import { depositedSharesArgument, shareAnswer, shareComplaint } from '../../model/consent-arguments.js';
import type {
  ConsentEntry,
  DepositedShares,
  ShareAnswerEntry,
  ShareVerdict,
} from '../../model/consent-entries.js';
import { refuseArgument } from '../../model/validation.js';
import { requireOwnConsent } from './owner.js';

/** By the owner, at a peer of each agent: the shares that the grant names, sealed to that agent's key. */
export const depositShare = async (ctx: Context, consentId: string): Promise<{ deposited: string }> => {
  const act = await authorizeAct(ctx, { roles: ['patient'] });
  const consent = await requireOwnConsent(act, consentId);
  refuseEnded(consent, act.at);
  const { value: shares, json } = act.transient.json('share', depositedSharesArgument);
  const at = new PeerPrivateValues(ctx.stub);
  requireNamedShares(consent, shares, agentIndex(consent, at.mspId));
  await at.putNew(privateKeys.share(consentId), utf8(json));
  return { deposited: consentId };
};

/** Evaluated by the agent's own service: whether every share opens with the agent's key and fits its public check. */
export const checkShare = async (ctx: Context, consentId: string): Promise<ShareVerdict> => {
  const query = onOwnPeer(ctx, await authorizeFreshQuery(ctx, { roles: ['service'] }));
  const consent = await requireConsent(query.world, consentId);
  refuseEnded(consent, query.at);
  const at = new PeerPrivateValues(ctx.stub);
  const complaint = await judgeShares(query.channel, consent, at.mspId, await readShares(at, consent));
  return complaint === undefined
    ? { answer: 'accepted', code: null, blames: null }
    : { answer: 'complained', code: complaint, blames: consent.ledgerId };
};

/** By the service of an agent's organisation; a complaint may be taken back, an acceptance not. */
export const answerShare = async (
  ctx: Context,
  consentId: string,
  answerText: string,
  code: string,
): Promise<ShareAnswerEntry> => {
  const act = await authorizeAct(ctx, { roles: ['service'] });
  const { mspId } = act.caller;
  const consent = await requireConsent(act.world, consentId);
  agentIndex(consent, mspId);
  refuseEnded(consent, act.at);
  const answer = shareAnswer(answerText, 'answer');
  if (answer === 'accepted' && code !== '') refuseArgument('code', 'is for a complaint only: leave it empty');
  const complaint = answer === 'accepted' ? null : shareComplaint(code, 'code');
  if ((await act.hashes.hash(mspId, privateKeys.share(consentId))) === undefined) {
    throw new ContractError('SHARE_MISSING', `no share of this consent has been deposited at ${mspId}`);
  }
  const key = worldKeys.shareAnswer(consentId, mspId);
  if ((await act.world.get(key))?.answer === 'accepted') {
    throw new ContractError('NOT_ALLOWED', 'an accepted share is not complained of later');
  }
  const blames = complaint === null ? null : consent.ledgerId;
  return act.world.put(key, { consentId, mspId, answer, code: complaint, blames });
};

/** By each agent's service on its own peer, once the consent has ended. */
export const purgeShare = async (ctx: Context, consentId: string): Promise<{ purged: string }> => {
  const act = onOwnPeer(ctx, await authorizeAct(ctx, { roles: ['service'] }));
  const consent = await requireConsent(act.world, consentId);
  if (endOf(consent, act.at) === undefined) {
    throw new ContractError(
      'CONSENT_NOT_ENDED',
      'shares are purged when their consent is revoked or expired',
    );
  }
  await act.own.purge(privateKeys.share(consentId));
  return { purged: consentId };
};

/** One share a scope of the grant, each with the digest that the grant gives for this agent. */
const requireNamedShares = (consent: ConsentEntry, shares: DepositedShares, index: number): void => {
  const isNamed =
    shares.scopes.length === consent.scopes.length &&
    consent.scopes.every((scope) => {
      const share = shares.scopes.find((one) => isSameScope(one, scope));
      return (
        share !== undefined && sha256Hex(fromBase64(share.sealedShare)) === scope.shareDigests[index - 1]
      );
    });
  if (!isNamed) throw new ContractError('SHARE_INVALID', 'the shares are not those that the grant names');
};
