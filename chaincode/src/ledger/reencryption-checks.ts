import {
  checkCapsule,
  checkGrant,
  type CheckedCapsule,
  checkReaderKey,
  concat,
  CryptoError,
  fromHex,
  type Grant,
  grantValuesOf,
  agentIndex,
  erase,
  lp,
  mclEngine,
  openShare,
  reencryptWithShare,
  type SealingContext,
  sealingContext,
  sha256Hex,
  shareFits,
} from '@medseal/crypto';
import { ContractError } from '../errors.js';
import type { ConsentEntry, ShareComplaint } from '../model/consent-entries.js';
import type { RecordEntry, ScopeReference } from '../model/entries.js';
import { isSameScope } from './scopes.js';

/** What the contracts ask of the re-encryption scheme (cryptography.md T1, T3), in the ledger's own words. */

/** Why an agent cannot use a share: the patient's device made it so. */
export class ShareRefusal extends Error {
  override readonly name = 'ShareRefusal';

  constructor(readonly complaint: ShareComplaint) {
    super(complaint);
  }
}

/** Refuses a key without a proof of possession for this organisation and certificate. */
export const requireKeyProof = async (key: {
  mspId: string;
  certificateHash: string;
  publicKey: string;
  proof: string;
}): Promise<void> => {
  const { mspId, certificateHash } = key;
  const holds = checkReaderKey(await mclEngine(), {
    mspId,
    certificateHash,
    publicKey: fromHex(key.publicKey),
    proof: fromHex(key.proof),
  });
  if (!holds) {
    throw new ContractError(
      'KEY_PROOF_INVALID',
      "the proof of possession does not hold for this key, the caller's certificate and organisation",
    );
  }
};

type GrantFields = Pick<
  ConsentEntry,
  'consentId' | 'ledgerId' | 'grantee' | 'scopes' | 'agents' | 'threshold'
>;

/** One scope of a consent, as the re-encryption scheme has it: sealed shares are bound to consent, scope and epoch. */
export const grantOf = (channel: string, consent: GrantFields, wanted: ScopeReference): Grant => {
  const scope = consent.scopes.find((one) => isSameScope(one, wanted));
  if (scope === undefined) throw new ContractError('SCOPE_NOT_GRANTED', 'the consent has no such scope');
  const values = grantValuesOf(channel, consent, scope);
  return { ...values, reader: { ...values.reader, certificateHash: consent.grantee.certificateHash } };
};

/** Refuses public checks that do not belong together: whatever needs no secret to see. */
export const requireGrantPoints = async (channel: string, consent: GrantFields): Promise<void> => {
  const engine = await mclEngine();
  for (const scope of consent.scopes) {
    try {
      checkGrant(engine, grantOf(channel, consent, scope));
    } catch (error) {
      if (error instanceof CryptoError) throw new ContractError('GRANT_INVALID', error.message);
      throw error;
    }
  }
};

/**
 * The agent's share rk_i, if it is the one that the grant names and fits its public check. The caller erases it.
 *
 * @throws ShareRefusal for a share that the patient's device made wrong
 */
export const openFittingShare = async (
  grant: Grant,
  mspId: string,
  agentSecretKey: Uint8Array,
  sealedShare: Uint8Array,
): Promise<Uint8Array> => {
  const share = await openShare({ grant, mspId, agentSecretKey, sealedShare }).catch((error: unknown) => {
    if (!(error instanceof CryptoError)) throw error;
    if (error.code === 'WRONG_CONTEXT') {
      throw new ContractError('AGENT_KEY_MISSING', "the agent's key is another one than the grant names");
    }
    throw new ShareRefusal('doesNotOpen');
  });
  if (await fits(grant, mspId, share)) return share;
  erase(share);
  throw new ShareRefusal('doesNotFit');
};

/**
 * Digests of shares whose equation was found to hold, with all that it is about: its verdict is a function of those bytes
 * alone, and its two pairings are half of what an answer costs. The oldest go first.
 */
const fitting = new Set<string>();
const FITTING_MAX = 10_000;

const fits = async (grant: Grant, mspId: string, share: Uint8Array): Promise<boolean> => {
  const index = agentIndex(grant, mspId);
  const { agents, ownerPublicKey, reader } = grant;
  const parts = [agents[index - 1]!.check, reader.publicKey, ownerPublicKey, share];
  const digest = sha256Hex(concat(...parts.map((part) => lp(part))));
  if (fitting.has(digest)) return true;
  if (!shareFits(await mclEngine(), grant, index, share)) return false;
  const [oldest] = fitting;
  if (fitting.size >= FITTING_MAX && oldest !== undefined) fitting.delete(oldest);
  fitting.add(digest);
  return true;
};

/** Whether a capsule was made for this entry, scope and key, by somebody who knew what is in it. */
export const holdsCapsule = async (
  channel: string,
  entry: RecordEntry,
  sealedDigest: string,
  scope: ScopeReference & { publicKey: string },
  capsule: Uint8Array,
): Promise<boolean> =>
  checkCapsule(
    await mclEngine(),
    capsule,
    fromHex(scope.publicKey),
    sealingContext(contextOf(channel, entry, sealedDigest, scope)),
  );

/** e(C1, rk_i), with a proof where the reader asks for one because answers do not open. Deterministic. */
export const reencryptCapsule = async (
  share: Uint8Array,
  capsule: CheckedCapsule,
  asked: { mspId: string; withProof: boolean },
): Promise<Uint8Array> => reencryptWithShare(await mclEngine(), share, capsule, asked);

/** Rebuilt from the ledger's own entry. */
export const contextOf = (
  channel: string,
  entry: RecordEntry,
  sealedDigest: string,
  { scopeId, epoch }: ScopeReference,
): SealingContext => ({
  channel,
  recordId: entry.recordId,
  version: entry.version,
  owner: entry.ledgerId,
  scopeId,
  epoch,
  sealedDigest,
});
