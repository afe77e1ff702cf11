import { mapHashToField } from '@noble/curves/abstract/modular.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { concat, exactly, lp, ownBytes, randomBytes, toBase64Url } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { hkdf256 } from '../functions.js';
import { SEED_BYTES } from './seed.js';

export interface KeyPair {
  secretKey: Uint8Array;
  publicKey: Uint8Array;
}

/**
 * P-256 key with which a device signs ledger transactions (cryptography.md T11).
 *
 * @returns secretKey 32 bytes, publicKey 65 bytes (SEC 1, uncompressed)
 */
export const signingKeyPair = (seed: Uint8Array): KeyPair => {
  const secretKey = mapHashToField(derive(seed, 'MS-KEY-SIGNING', 48), p256.CURVE.n);
  return { secretKey, publicKey: p256.getPublicKey(secretKey, false) };
};

/** Private JSON Web Key of RFC 7517; a type and not an interface, so that Node's and the browser's own types accept it. */
export type SigningKeyJwk = { kty: 'EC'; crv: 'P-256'; d: string; x: string; y: string };

/** The signing key for WebCrypto, which makes the certificate request. */
export const signingKeyJwk = ({ secretKey, publicKey }: KeyPair): SigningKeyJwk => {
  const point = exactly(publicKey, 65, 'publicKey');
  return {
    kty: 'EC',
    crv: 'P-256',
    d: toBase64Url(exactly(secretKey, 32, 'secretKey')),
    x: toBase64Url(point.subarray(1, 33)),
    y: toBase64Url(point.subarray(33)),
  };
};

/**
 * X25519 key that receives direct key slots and sealed values.
 *
 * @returns secretKey 32 bytes, publicKey 32 bytes
 */
export const receivingKeyPair = (seed: Uint8Array): KeyPair =>
  x25519KeyPair(derive(seed, 'MS-KEY-RECEIVING', 32));

/** A random X25519 key, for custodians, agents and hand-over keys, which belong to no seed. */
export const newReceivingKeyPair = (): KeyPair => x25519KeyPair(randomBytes(32));

/** The pair of a stored X25519 secret key. */
export const receivingKeyPairOf = (secretKey: Uint8Array): KeyPair =>
  x25519KeyPair(exactly(secretKey, 32, 'secretKey'));

const x25519KeyPair = (secretKey: Uint8Array): KeyPair => ({
  secretKey,
  publicKey: x25519.getPublicKey(secretKey),
});

/**
 * Any further 32-byte secret of the same seed, for a use this package does not know.
 *
 * @param use names it; uses differ if and only if their names do
 */
export const derivedSecret = (seed: Uint8Array, use: string): Uint8Array => {
  if (use === '') throw new CryptoError('BAD_ARGUMENT', 'use is empty');
  return hkdf256({ ikm: checkedSeed(seed), info: concat(lp('MS-KEY-DERIVED'), lp(use)) });
};

const derive = (seed: Uint8Array, label: string, length: number): Uint8Array =>
  hkdf256({ ikm: checkedSeed(seed), info: lp(label), length });

const checkedSeed = (seed: Uint8Array): Uint8Array => ownBytes(exactly(seed, SEED_BYTES, 'seed'));
