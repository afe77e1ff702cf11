import { exactly, fromHex, u32 } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { Hr } from '../functions.js';
import { encodeScalar } from '../scalar.js';
import { KEYLESS_SCOPE_ID, SCOPE_ID_BYTES } from '../sealing/context.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import type { KeyPair } from './derivation.js';
import { SEED_BYTES } from './seed.js';

export interface ScopeKeyPair extends KeyPair {
  scopeId: string;
  epoch: number;
}

/**
 * Key of one scope and epoch of a patient (cryptography.md C.4, T11): a = Hr("MS-SCOPE", seed, scopeId, u32 epoch).
 *
 * @param engine any; both give the same key
 * @param scopeId 16 bytes, lower-case hex, not all zero
 * @returns secretKey a (32 bytes), publicKey pk1 = [a]P (48 bytes)
 */
export const scopeKeyPair = (
  engine: PairingEngine,
  seed: Uint8Array,
  scopeId: string,
  epoch: number,
): ScopeKeyPair => {
  const scope = fromHex(scopeId, SCOPE_ID_BYTES, 'scopeId');
  if (scopeId === KEYLESS_SCOPE_ID)
    throw new CryptoError('BAD_ARGUMENT', 'scopeId is zero, which means no scope');
  const a = Hr('MS-SCOPE', [exactly(seed, SEED_BYTES, 'seed'), scope, u32(epoch, 'epoch')]);
  const publicKey = engine.encodeG1(engine.multiplyG1(engine.generatorG1, a));
  return { scopeId, epoch, secretKey: encodeScalar(a), publicKey };
};
