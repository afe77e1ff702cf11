import { exactly } from './canonical/bytes.js';
import { CryptoError } from './errors.js';

/** Order r of the groups of BLS12-381. */
export const GROUP_ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;

export const SCALAR_BYTES = 32;

/** The non-negative remainder. */
export const modulo = (value: bigint, modulus: bigint): bigint => {
  const remainder = value % modulus;
  return remainder < 0n ? remainder + modulus : remainder;
};

export const bytesToBigint = (bytes: Uint8Array): bigint => {
  let hex = '0x0';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return BigInt(hex);
};

export const bigintToBytes = (value: bigint, length: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(length);
  let rest = value;
  for (let i = length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
};

/** 32 bytes, big-endian. */
export const encodeScalar = (scalar: bigint): Uint8Array<ArrayBuffer> => {
  if (scalar < 0n || scalar >= GROUP_ORDER)
    throw new CryptoError('BAD_SCALAR', 'scalar is not below the group order');
  return bigintToBytes(scalar, SCALAR_BYTES);
};

/** Exactly 32 big-endian bytes below r (cryptography.md T7). */
export const decodeScalar = (bytes: Uint8Array, field = 'scalar'): bigint => {
  const scalar = bytesToBigint(exactly(bytes, SCALAR_BYTES, field));
  if (scalar >= GROUP_ORDER) throw new CryptoError('BAD_SCALAR', `${field} is not below the group order`);
  return scalar;
};

/** As `decodeScalar`, for secrets and shares, which are never zero. */
export const decodeNonZeroScalar = (bytes: Uint8Array, field = 'scalar'): bigint => {
  const scalar = decodeScalar(bytes, field);
  if (scalar === 0n) throw new CryptoError('BAD_SCALAR', `${field} is zero`);
  return scalar;
};

/** The inverse modulo r, by the extended Euclidean algorithm. */
export const invertScalar = (scalar: bigint): bigint => {
  let [a, b] = [modulo(scalar, GROUP_ORDER), GROUP_ORDER];
  if (a === 0n) throw new CryptoError('BAD_SCALAR', 'zero has no inverse');
  let [x, y] = [1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return modulo(x, GROUP_ORDER);
};
