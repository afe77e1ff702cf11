import { concat, equalBytes, exactly, randomBytes, utf8 } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { hkdf256, Hr } from '../functions.js';
import {
  decodeNonZeroScalar,
  decodeScalar,
  encodeScalar,
  GROUP_ORDER,
  invertScalar,
  SCALAR_BYTES,
} from '../scalar.js';
import { G1_BYTES } from './decoding.js';
import type { G1Point, GTElement, PairingEngine } from './engine/index.js';

/**
 * Capsule of cryptography.md T1, an adaptation of the AFGH key encapsulation: C1(48) || C2(32) || e(32) || z(32).
 * (e, z) proves that its maker knew k with C1 = [k]pk1, for this pk1, C2 and context, so that a capsule can neither be
 * copied to another record nor altered into one that opens to something related.
 */
export const CAPSULE_BYTES = G1_BYTES + 32 + 2 * SCALAR_BYTES;
export const KEK_BYTES = 32;

const SECRET_BYTES = 32;

export interface EncapsulationInput {
  /** pk1 of the owner's scope and epoch, 48 bytes. */
  ownerPublicKey: Uint8Array;
  /** Bytes of `sealingContext`. */
  context: Uint8Array;
  /** The secret s, 32 fresh random bytes; given only to reproduce a recorded vector. */
  random?: Uint8Array;
}

export interface Encapsulation {
  /** 144 bytes. */
  capsule: Uint8Array;
  /** 32 bytes: the key that wraps the data key. */
  kek: Uint8Array;
}

/** Makes a key for the owner of `ownerPublicKey` and a capsule that opens to it. */
export const encapsulate = (engine: PairingEngine, input: EncapsulationInput): Encapsulation => {
  const { context } = input;
  const secret = exactly(input.random ?? randomBytes(SECRET_BYTES), SECRET_BYTES, 'random');
  const ownerPublicKey = exactly(input.ownerPublicKey, G1_BYTES, 'ownerPublicKey');
  const owner = engine.decodeG1(ownerPublicKey, 'ownerPublicKey');
  const k = capsuleScalar(secret, ownerPublicKey, context);
  const c1 = engine.encodeG1(engine.multiplyG1(owner, k));
  const shared = engine.pair(engine.multiplyG1(engine.generatorG1, k), engine.generatorG2);
  const c2 = xor(secret, mask(engine, shared, c1, ownerPublicKey));
  const proof = prove(engine, { secret, k, owner, ownerPublicKey, c1, c2, context });
  return { capsule: concat(c1, c2, proof), kek: kekOf(secret, context) };
};

/**
 * Checks a capsule's proof without any secret: deterministic, so chaincode uses it, at registration and before every
 * re-encryption, with the context rebuilt from the ledger. Whatever is malformed is false. A wrong C2 of an honest
 * prover cannot be seen here; only the owner's opening shows it.
 */
export const checkCapsule = (
  engine: PairingEngine,
  capsule: Uint8Array,
  ownerPublicKey: Uint8Array,
  context: Uint8Array,
): boolean => {
  try {
    const { c1, c2, e, z } = splitCapsule(capsule);
    const owner = engine.decodeG1(ownerPublicKey, 'ownerPublicKey');
    const challenge = decodeNonZeroScalar(e, 'capsule e');
    const response = decodeScalar(z, 'capsule z');
    const point = engine.decodeG1(c1, 'capsule C1');
    const announcement = engine.encodeG1(
      engine.combineG1([owner, point], [response, GROUP_ORDER - challenge]),
    );
    return Hr('MS-POK', [ownerPublicKey, c1, c2, context, announcement]) === challenge;
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
};

/**
 * The owner opens a capsule of their scope key a: Z = e([1/a]C1, G).
 *
 * @param scopeSecretKey a, 32 bytes
 * @returns the KEK
 * @throws CryptoError `OPEN_FAILED` if key or context is another one or any bit of the capsule was changed
 */
export const openCapsule = (
  engine: PairingEngine,
  scopeSecretKey: Uint8Array,
  capsule: Uint8Array,
  context: Uint8Array,
): Uint8Array => {
  const a = decodeNonZeroScalar(scopeSecretKey, 'scopeSecretKey');
  const ownerPublicKey = engine.encodeG1(engine.multiplyG1(engine.generatorG1, a));
  const c1 = engine.decodeG1(splitCapsule(capsule).c1, 'capsule C1');
  const shared = engine.pair(engine.multiplyG1(c1, invertScalar(a)), engine.generatorG2);
  return openWithSharedElement(engine, shared, capsule, ownerPublicKey, context);
};

/**
 * Opens a capsule from Z = e([k]P, G), however it was come by. From Z follows s, and from s the one capsule that
 * `encapsulate` makes of it (Fujisaki-Okamoto): every other one is refused.
 *
 * @returns the KEK
 */
export const openWithSharedElement = (
  engine: PairingEngine,
  shared: GTElement,
  capsule: Uint8Array,
  ownerPublicKey: Uint8Array,
  context: Uint8Array,
): Uint8Array => recoverCapsule(engine, shared, capsule, ownerPublicKey, context).kek;

export interface RecoveredCapsule {
  kek: Uint8Array;
  /** k with C1 = [k]pk1: with it every agent's answer can be computed and compared. */
  k: bigint;
}

/** As `openWithSharedElement`, with the scalar that the capsule was made of. */
export const recoverCapsule = (
  engine: PairingEngine,
  shared: GTElement,
  capsule: Uint8Array,
  ownerPublicKey: Uint8Array,
  context: Uint8Array,
): RecoveredCapsule => {
  const { c1, c2 } = splitCapsule(capsule);
  const secret = xor(c2, mask(engine, shared, c1, ownerPublicKey));
  const k = capsuleScalar(secret, ownerPublicKey, context);
  const owner = engine.decodeG1(ownerPublicKey, 'ownerPublicKey');
  const expected = concat(
    engine.encodeG1(engine.multiplyG1(owner, k)),
    c2,
    prove(engine, { secret, k, owner, ownerPublicKey, c1, c2, context }),
  );
  if (!equalBytes(expected, capsule)) {
    throw new CryptoError('OPEN_FAILED', 'capsule does not open: other key, other context or changed bytes');
  }
  return { kek: kekOf(secret, context), k };
};

/** C1 of a capsule, 48 bytes: what agents re-encrypt. */
export const capsulePoint = (capsule: Uint8Array): Uint8Array => splitCapsule(capsule).c1;

interface ProofInput {
  secret: Uint8Array;
  k: bigint;
  owner: G1Point;
  ownerPublicKey: Uint8Array;
  c1: Uint8Array;
  c2: Uint8Array;
  context: Uint8Array;
}

const prove = (
  engine: PairingEngine,
  { secret, k, owner, ownerPublicKey, c1, c2, context }: ProofInput,
): Uint8Array => {
  const w = Hr('MS-W', [secret, ownerPublicKey, context]);
  const announcement = engine.encodeG1(engine.multiplyG1(owner, w));
  const e = Hr('MS-POK', [ownerPublicKey, c1, c2, context, announcement]);
  return concat(encodeScalar(e), encodeScalar((w + e * k) % GROUP_ORDER));
};

/** k of a capsule, from its secret s. */
const capsuleScalar = (secret: Uint8Array, ownerPublicKey: Uint8Array, context: Uint8Array): bigint =>
  Hr('MS-K', [secret, ownerPublicKey, context]);

const mask = (
  engine: PairingEngine,
  shared: GTElement,
  c1: Uint8Array,
  ownerPublicKey: Uint8Array,
): Uint8Array =>
  hkdf256({ ikm: engine.encodeGT(shared), salt: c1, info: concat(utf8('MS-CAP'), ownerPublicKey) });

const kekOf = (secret: Uint8Array, context: Uint8Array): Uint8Array =>
  hkdf256({ ikm: secret, info: concat(utf8('MS-KEK'), context), length: KEK_BYTES });

const xor = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  left.map((byte, i) => byte ^ (right[i] ?? 0));

const splitCapsule = (
  capsule: Uint8Array,
): { c1: Uint8Array; c2: Uint8Array; e: Uint8Array; z: Uint8Array } => {
  const bytes = exactly(capsule, CAPSULE_BYTES, 'capsule');
  return {
    c1: bytes.subarray(0, 48),
    c2: bytes.subarray(48, 80),
    e: bytes.subarray(80, 112),
    z: bytes.subarray(112),
  };
};
