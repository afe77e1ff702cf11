import { FpLegendre } from '@noble/curves/abstract/modular.js';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { exactly } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { bytesToBigint } from '../scalar.js';

/**
 * The one strict decoder in front of every engine (cryptography.md T7). Engines differ in what they let through
 * (uncompressed points, x not below p, the identity as 00..01), so nothing reaches them that was not checked here.
 * Scalars are decoded in `scalar.ts`.
 */
export const G1_BYTES = 48;
export const G2_BYTES = 96;
export const GT_BYTES = 576;

const FIELD_BYTES = 48;
const COMPRESSED = 0x80;
const INFINITY = 0x40;
const FLAGS = 0xe0;

const { Fp, Fp2 } = bls12_381.fields;

/** A copy of the 48 bytes of a compressed G1 point that is not infinity and has x < p; curve and subgroup are the engine's part. */
export const checkG1Bytes = (bytes: Uint8Array, field: string): Uint8Array<ArrayBuffer> =>
  checkPointBytes(bytes, G1_BYTES, field);

/** As `checkG1Bytes` for 96 bytes: both halves of x below p. */
export const checkG2Bytes = (bytes: Uint8Array, field: string): Uint8Array<ArrayBuffer> =>
  checkPointBytes(bytes, G2_BYTES, field);

/** A copy of 576 bytes: twelve field elements below p, in noble's order, not all zero. */
export const checkGTBytes = (bytes: Uint8Array, field: string): Uint8Array<ArrayBuffer> => {
  const copy = exactly(bytes, GT_BYTES, field);
  checkFieldElements(copy, field);
  if (copy.every((byte) => byte === 0)) throw new CryptoError('BAD_ENCODING', `${field} is zero`);
  return copy;
};

const checkPointBytes = (bytes: Uint8Array, length: number, field: string): Uint8Array<ArrayBuffer> => {
  const copy = exactly(bytes, length, field);
  const flags = copy[0] ?? 0;
  if ((flags & COMPRESSED) === 0) throw new CryptoError('BAD_ENCODING', `${field} is not a compressed point`);
  if ((flags & INFINITY) !== 0)
    throw new CryptoError('IDENTITY_ELEMENT', `${field} is the point at infinity`);
  checkFieldElements(withoutFlags(copy), field);
  return copy;
};

const checkFieldElements = (bytes: Uint8Array, field: string): void => {
  for (let i = 0; i < bytes.length; i += FIELD_BYTES) {
    if (bytesToBigint(bytes.subarray(i, i + FIELD_BYTES)) >= Fp.ORDER) {
      throw new CryptoError('BAD_ENCODING', `${field} holds a field element that is not below p`);
    }
  }
};

const withoutFlags = (bytes: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[0] = (copy[0] ?? 0) & ~FLAGS;
  return copy;
};

/** Why an engine refused a checked point: the same words from both. */
export const pointRefusal = (bytes: Uint8Array, field: string, cause: unknown): CryptoError => {
  const onCurve = bytes.length === G1_BYTES ? isXOfG1Curve(bytes) : isXOfG2Curve(bytes);
  return onCurve
    ? new CryptoError('NOT_IN_SUBGROUP', `${field} is not in the subgroup of prime order`, { cause })
    : new CryptoError('BAD_ENCODING', `${field} is not on the curve`, { cause });
};

const isXOfG1Curve = (bytes: Uint8Array): boolean => {
  const x = bytesToBigint(withoutFlags(bytes));
  return FpLegendre(Fp, Fp.add(Fp.pow(x, 3n), 4n)) >= 0;
};

const isXOfG2Curve = (bytes: Uint8Array): boolean => {
  const halves = withoutFlags(bytes);
  const x = Fp2.fromBigTuple([
    bytesToBigint(halves.subarray(FIELD_BYTES)),
    bytesToBigint(halves.subarray(0, FIELD_BYTES)),
  ]);
  const { re, im } = Fp2.reim(Fp2.add(Fp2.pow(x, 3n), Fp2.fromBigTuple([4n, 4n])));
  // An element of Fp2 is a square if and only if its norm is one in Fp.
  return FpLegendre(Fp, Fp.add(Fp.mul(re, re), Fp.mul(im, im))) >= 0;
};
