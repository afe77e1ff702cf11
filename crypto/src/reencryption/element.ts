import { equalBytes } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { GROUP_ORDER, invertScalar } from '../scalar.js';
import { CLEARING_EXPONENT, type GTElement, type PairingEngine } from '../sealing/engine/index.js';

/**
 * An element of GT from 576 bytes that were made elsewhere. Clearing the cofactor and taking the root of what clearing
 * did gives the same bytes back only for a member of the subgroup.
 *
 * @throws CryptoError `NOT_IN_SUBGROUP`, `IDENTITY_ELEMENT`, or as `decodeGT`
 */
export const decodeMember = (engine: PairingEngine, bytes: Uint8Array, field: string): GTElement => {
  const cleared = engine.clearCofactor(engine.decodeGT(bytes, field));
  const member = engine.powerGT(cleared, invertScalar(CLEARING_EXPONENT));
  if (!equalBytes(engine.encodeGT(member), bytes))
    throw new CryptoError('NOT_IN_SUBGROUP', `${field} is not in the subgroup of prime order`);
  return member;
};

/** -scalar modulo r. */
export const negated = (scalar: bigint): bigint => (GROUP_ORDER - scalar) % GROUP_ORDER;
