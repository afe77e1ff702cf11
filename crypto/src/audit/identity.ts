import { concat, lp, u32 } from '../canonical/bytes.js';
import { sha256Bytes } from '../canonical/commitment.js';
import { CryptoError } from '../errors.js';
import type { G1Point, PairingEngine } from '../sealing/engine/index.js';
import { hashLabelled } from './generators.js';
import { HASH_LABELS } from './suite.js';

/** Who signs: a member's X.509 identity on a channel, in one key epoch. */
export interface SignerIdentity {
  channel: string;
  mspId: string;
  /** What the organisation's CA certified, as the ledger names it. */
  userId: string;
  /** Raised when the identity key is renewed or revoked. */
  keyEpoch: number;
}

/** ID = lp("MS-PDP-ID") || lp(channel) || lp(mspId) || lp(userId) || u32 keyEpoch. */
export const signerIdentityBytes = (identity: SignerIdentity): Uint8Array<ArrayBuffer> =>
  concat(
    lp('MS-PDP-ID'),
    lp(nonEmpty(identity.channel, 'channel')),
    lp(nonEmpty(identity.mspId, 'mspId')),
    lp(nonEmpty(identity.userId, 'userId')),
    u32(identity.keyEpoch, 'keyEpoch'),
  );

/** SHA-256(ID), 32 bytes. */
export const signerIdentityDigest = (identity: SignerIdentity): Uint8Array =>
  sha256Bytes(signerIdentityBytes(identity));

/** W(ID) = HashToG1("HRS-V1|IDENT|G1|" || ID). */
export const identityPoint = (engine: PairingEngine, identity: SignerIdentity): G1Point =>
  hashLabelled(engine, HASH_LABELS.identity, signerIdentityBytes(identity));

const nonEmpty = (text: string, field: string): string => {
  if (typeof text !== 'string' || text === '')
    throw new CryptoError('BAD_ARGUMENT', `${field} must be a non-empty text`);
  return text;
};
