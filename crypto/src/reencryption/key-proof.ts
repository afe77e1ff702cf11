import { concat, equalBytes, exactly } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { Hr } from '../functions.js';
import { decodeNonZeroScalar, decodeScalar, encodeScalar, GROUP_ORDER, SCALAR_BYTES } from '../scalar.js';
import { G2_BYTES } from '../sealing/decoding.js';
import type { PairingEngine } from '../sealing/engine/index.js';

/** e(32) || z(32). */
export const KEY_PROOF_BYTES = 2 * SCALAR_BYTES;

const SIGN = 0x20;

/**
 * Schnorr proof that its maker knows b with publicKey = [b]G, bound to `subject` (cryptography.md T3):
 * A = [w]G, e = Hr(label, publicKey, A, ...subject), z = w + e*b. w is a function of b and the statement, so no two
 * proofs of different statements share it.
 */
export const proveKey = (
  engine: PairingEngine,
  label: string,
  secretKey: Uint8Array,
  subject: Uint8Array[],
): Uint8Array => {
  const b = decodeNonZeroScalar(secretKey, 'secretKey');
  const publicKey = publicKeyOf(engine, b);
  const w = Hr(`${label}-W`, [encodeScalar(b), publicKey, ...subject]);
  const announcement = engine.encodeG2(engine.multiplyG2(engine.generatorG2, w));
  const e = Hr(label, [publicKey, announcement, ...subject]);
  return concat(encodeScalar(e), encodeScalar((w + e * b) % GROUP_ORDER));
};

/** The verdict on such a proof; whatever is malformed is false, and so is a key that is the generator or its negative. */
export const checkKeyProof = (
  engine: PairingEngine,
  label: string,
  publicKey: Uint8Array,
  proof: Uint8Array,
  subject: Uint8Array[],
): boolean => {
  try {
    const bytes = exactly(proof, KEY_PROOF_BYTES, 'proof');
    const key = decodeGrantKey(engine, publicKey, 'publicKey');
    const e = decodeNonZeroScalar(bytes.subarray(0, SCALAR_BYTES), 'proof e');
    const z = decodeScalar(bytes.subarray(SCALAR_BYTES), 'proof z');
    const announcement = engine.encodeG2(engine.combineG2([engine.generatorG2, key], [z, GROUP_ORDER - e]));
    return Hr(label, [engine.encodeG2(key), announcement, ...subject]) === e;
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
};

/** A point that a grant may be made to: in the subgroup, not the identity, not the generator or its negative. */
export const decodeGrantKey = (
  engine: PairingEngine,
  publicKey: Uint8Array,
  field: string,
): ReturnType<PairingEngine['decodeG2']> => {
  const point = engine.decodeG2(publicKey, field);
  const generator = engine.encodeG2(engine.generatorG2);
  const bytes = exactly(publicKey, G2_BYTES, field);
  // A compressed point and its negative differ in this bit alone.
  bytes[0] = ((bytes[0] ?? 0) & ~SIGN) | ((generator[0] ?? 0) & SIGN);
  if (equalBytes(bytes, generator)) {
    throw new CryptoError('BAD_ARGUMENT', `${field} is the generator or its negative: anyone could open`);
  }
  return point;
};

export const publicKeyOf = (engine: PairingEngine, secret: bigint): Uint8Array =>
  engine.encodeG2(engine.multiplyG2(engine.generatorG2, secret));
