import { concat, equalBytes, erase, exactly, fromHex, lp, ownBytes, u32 } from '../canonical/bytes.js';
import { sha256Hex } from '../canonical/commitment.js';
import { CryptoError } from '../errors.js';
import { receivingKeyPairOf } from '../keys/derivation.js';
import { SCOPE_ID_BYTES } from '../sealing/context.js';
import { G2_BYTES } from '../sealing/decoding.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import {
  decodeHpke,
  encodeHpke,
  HPKE_ENC_BYTES,
  HPKE_TAG_BYTES,
  hpkeOpen,
  hpkeSeal,
} from '../sealing/hpke.js';
import { agentAt, agentIndex, type GrantValues } from './grant.js';

/** rk_i = [f(i)]pkB2, a compressed G2 point. */
export const SHARE_BYTES = G2_BYTES;
/** HPKE: encapsulated key, share, tag. */
export const SEALED_SHARE_BYTES = HPKE_ENC_BYTES + SHARE_BYTES + HPKE_TAG_BYTES;

const LABEL = 'MS-SHARE';

/** What an agent needs to use its share: only the process that holds the agent's X25519 key can. */
export interface AgentShareInput {
  grant: GrantValues;
  /** Organisation of the agent. */
  mspId: string;
  /** X25519, 32 bytes. */
  agentSecretKey: Uint8Array;
  /** 144 bytes. */
  sealedShare: Uint8Array;
}

type ShareOf = Pick<GrantValues, 'grantId' | 'scopeId' | 'epoch'>;

/** Seals a share to one agent, bound to grant, scope and index (cryptography.md T10), so that it opens nowhere else. */
export const sealShare = async (
  agentPublicKey: Uint8Array,
  share: Uint8Array,
  grant: ShareOf,
  index: number,
): Promise<Uint8Array<ArrayBuffer>> =>
  encodeHpke(await hpkeSeal(agentPublicKey, exactly(share, SHARE_BYTES, 'share'), shareInfo(grant, index)));

/**
 * The agent's share, once it is the one that the ledger's grant names.
 *
 * @returns rk_i, 96 bytes
 * @throws CryptoError `WRONG_CONTEXT` where the organisation is no agent of the grant or has another key than it names,
 *   `DIGEST_MISMATCH` for other bytes than the grant's, `BAD_SHARE` naming the owner when they do not open
 */
export const openShare = async (input: AgentShareInput): Promise<Uint8Array<ArrayBuffer>> => {
  const { grant, mspId, agentSecretKey, sealedShare } = input;
  const index = agentIndex(grant, mspId);
  const { shareDigest, publicKey } = agentAt(grant, index);
  const bytes = ownBytes(sealedShare);
  if (sha256Hex(bytes) !== shareDigest)
    throw new CryptoError('DIGEST_MISMATCH', 'sealed share is not the one that the grant names');
  try {
    const info = shareInfo(grant, index);
    return exactly(await hpkeOpen(agentSecretKey, decodeHpke(bytes), info), SHARE_BYTES, 'share');
  } catch (error) {
    if (!equalBytes(receivingKeyPairOf(agentSecretKey).publicKey, publicKey))
      throw new CryptoError('WRONG_CONTEXT', 'the share is sealed to another key than this agent’s', {
        cause: error,
      });
    if (error instanceof CryptoError && (error.code === 'OPEN_FAILED' || error.code === 'BAD_LENGTH'))
      throw badShare(grant, `sealed share ${index} does not open with this agent’s key`, error);
    throw error;
  }
};

/**
 * The agent's check before it accepts: the share opens, is no identity and fits its public check,
 * e(V_i, pkB2) = e(pk1, rk_i).
 *
 * @throws CryptoError as `openShare`, and `BAD_SHARE` naming the owner, never the agent
 */
export const acceptShare = async (engine: PairingEngine, input: AgentShareInput): Promise<void> => {
  const { grant, mspId } = input;
  const index = agentIndex(grant, mspId);
  const share = await openShare(input);
  try {
    if (!shareFits(engine, grant, index, share))
      throw badShare(grant, `share ${index} does not fit its public check`);
  } finally {
    erase(share);
  }
};

/** The equation of `acceptShare`; whatever is malformed is false. */
export const shareFits = (
  engine: PairingEngine,
  grant: GrantValues,
  index: number,
  share: Uint8Array,
): boolean => {
  const { check } = agentAt(grant, index);
  try {
    return engine.pairingsAgree(
      engine.decodeG1(check, 'check'),
      engine.decodeG2(grant.reader.publicKey, 'reader.publicKey'),
      engine.decodeG1(grant.ownerPublicKey, 'ownerPublicKey'),
      engine.decodeG2(share, 'share'),
    );
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
};

/** lp("MS-SHARE") || lp(grantId) || u32 index || lp(scopeId) || u32 epoch. */
const shareInfo = ({ grantId, scopeId, epoch }: ShareOf, index: number): Uint8Array =>
  concat(
    lp(LABEL),
    lp(grantId),
    u32(index, 'index'),
    lp(fromHex(scopeId, SCOPE_ID_BYTES, 'scopeId')),
    u32(epoch, 'epoch'),
  );

const badShare = (grant: GrantValues, message: string, cause?: unknown): CryptoError =>
  new CryptoError('BAD_SHARE', message, { cause, culprits: [{ role: 'owner', id: grant.owner }] });
