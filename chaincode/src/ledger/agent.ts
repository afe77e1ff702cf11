import { erase, fromBase64, utf8Decode } from '@medseal/crypto';
import { ContractError } from '../errors.js';
import { depositedSharesArgument } from '../model/consent-arguments.js';
import type { ConsentEntry, DepositedShares, ShareComplaint } from '../model/consent-entries.js';
import type { ScopeReference } from '../model/entries.js';
import { parseJson } from '../model/validation.js';
import { agentSecretKey } from './agent-key.js';
import { privateKeys } from './keys.js';
import type { PeerPrivateValues } from './private-values.js';
import { grantOf, openFittingShare, ShareRefusal } from './reencryption-checks.js';
import { isSameScope } from './scopes.js';

const MAX_SHARES = 16_384;

/** Place of an agent in a consent, from 1. */
export const agentIndex = (consent: ConsentEntry, mspId: string): number => {
  const place = consent.agents.findIndex((agent) => agent.mspId === mspId);
  if (place < 0) throw new ContractError('NOT_AN_AGENT', `${mspId} is no agent of this consent`);
  return place + 1;
};

/** The agent's shares as the owner deposited them. */
export const readShares = async (at: PeerPrivateValues, consent: ConsentEntry): Promise<DepositedShares> => {
  agentIndex(consent, at.mspId);
  const stored = await at.read(privateKeys.share(consent.consentId));
  if (stored === undefined) {
    throw new ContractError('SHARE_MISSING', `${at.mspId} has no share of this consent`);
  }
  return parseJson(utf8Decode(stored), depositedSharesArgument, 'share', MAX_SHARES);
};

/** Opens one scope's share with the agent's key and checks it against the grant. The caller erases it. */
export const openShareOf = async (
  channel: string,
  consent: ConsentEntry,
  mspId: string,
  shares: DepositedShares,
  scope: ScopeReference,
): Promise<Uint8Array> => {
  const share = shares.scopes.find((one) => isSameScope(one, scope));
  if (share === undefined) throw new ShareRefusal('doesNotFit');
  const agentKey = agentSecretKey();
  try {
    const grant = grantOf(channel, consent, scope);
    return await openFittingShare(grant, mspId, agentKey, fromBase64(share.sealedShare));
  } finally {
    erase(agentKey);
  }
};

/** What is wrong with the first bad share; undefined when all are good. */
export const judgeShares = async (
  channel: string,
  consent: ConsentEntry,
  mspId: string,
  shares: DepositedShares,
): Promise<ShareComplaint | undefined> => {
  try {
    for (const scope of consent.scopes) {
      erase(await openShareOf(channel, consent, mspId, shares, scope));
    }
    return undefined;
  } catch (error) {
    if (error instanceof ShareRefusal) return error.complaint;
    throw error;
  }
};
