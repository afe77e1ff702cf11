import { concat, ownBytes, u32, utf8, utf8Decode } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';

/**
 * Wire format of everything that audits exchange or store, version 1: "MSAU"(4) || u8 kind || u8 version || fields in
 * a fixed order. Numbers are big-endian, points compressed, scalars 32 bytes; lp(x) is u32 length || x. One value has
 * one encoding; the kinds and their fields stand with their encoders.
 */
export const WIRE_VERSION = 1;

const MAGIC = utf8('MSAU');
const HEADER_BYTES = MAGIC.length + 2;

export const WIRE_KINDS = {
  'audit parameters': 1,
  'identity key share': 2,
  'identity key': 3,
  'signed file': 4,
  'sanitising package': 5,
  challenge: 6,
  proof: 7,
} as const;
export type WireKind = keyof typeof WIRE_KINDS;

export const encodeWire = (kind: WireKind, ...fields: Uint8Array[]): Uint8Array<ArrayBuffer> =>
  concat(MAGIC, Uint8Array.of(WIRE_KINDS[kind], WIRE_VERSION), ...fields);

/** As `concat` for lists of any length, which are too long to be arguments. */
export const concatAll = (parts: Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
};

/** Fields of an encoding in their order; every refusal names the encoding and the field. */
export interface WireReader {
  bytes(length: number, field: string): Uint8Array<ArrayBuffer>;
  u8(field: string): number;
  u16(field: string): number;
  u32(field: string): number;
  u64(field: string): number;
  lp(field: string, most: number): Uint8Array<ArrayBuffer>;
  text(field: string, most: number): string;
  refuse(field: string, what: string): CryptoError;
  /** Refuses whatever is left. */
  end(): void;
}

/**
 * @throws CryptoError `BAD_ENCODING` for bytes of another kind, `UNSUPPORTED_VERSION`; the reader's methods `BAD_LENGTH`
 *   where bytes are missing, `TRAILING_DATA` where some are left
 */
export const readWire = (kind: WireKind, bytes: Uint8Array): WireReader => {
  if (!isBytes(bytes)) throw new CryptoError('BAD_ARGUMENT', `${kind} must be bytes`);
  const head = bytes.subarray(0, HEADER_BYTES);
  const isOurs = MAGIC.every((byte, i) => head[i] === byte) && head[MAGIC.length] === WIRE_KINDS[kind];
  if (!isOurs) throw new CryptoError('BAD_ENCODING', `bytes are not of a ${kind}`);
  if (head[MAGIC.length + 1] !== WIRE_VERSION)
    throw new CryptoError('UNSUPPORTED_VERSION', `${kind} is not of version ${WIRE_VERSION}`);
  return readFields(kind, bytes.subarray(HEADER_BYTES));
};

/** The same for bytes that have no header of their own. */
export const readFields = (document: string, bytes: Uint8Array): WireReader => {
  let at = 0;
  const take = (length: number, field: string): Uint8Array<ArrayBuffer> => {
    if (at + length > bytes.length) throw new CryptoError('BAD_LENGTH', `${document}: ${field} is cut short`);
    const taken = ownBytes(bytes.subarray(at, at + length));
    at += length;
    return taken;
  };
  const refuse = (field: string, what: string): CryptoError =>
    new CryptoError('BAD_ENCODING', `${document}: ${field} ${what}`);
  const number = (length: number, field: string): number =>
    take(length, field).reduce((value, byte) => value * 256 + byte, 0);
  const prefixed = (field: string, most: number): Uint8Array<ArrayBuffer> => {
    const length = number(4, field);
    if (length > most) throw refuse(field, `is longer than ${most} bytes`);
    return take(length, field);
  };
  return {
    bytes: take,
    u8: (field) => number(1, field),
    u16: (field) => number(2, field),
    u32: (field) => number(4, field),
    u64: (field) => {
      const value = number(8, field);
      if (!Number.isSafeInteger(value)) throw refuse(field, 'is beyond 2^53');
      return value;
    },
    lp: prefixed,
    text: (field, most) => {
      const text = utf8Decode(prefixed(field, most));
      if (text === '') throw refuse(field, 'must be a non-empty text');
      return text;
    },
    refuse,
    end: () => {
      if (at !== bytes.length)
        throw new CryptoError('TRAILING_DATA', `${document} has ${bytes.length - at} bytes too many`);
    },
  };
};

export const u8 = (value: number, field = 'number'): Uint8Array<ArrayBuffer> => fixed(value, 1, field);
export const u16 = (value: number, field = 'number'): Uint8Array<ArrayBuffer> => fixed(value, 2, field);
/** Up to 2^53 - 1, the largest whole number that is exact. */
export const u64 = (value: number, field = 'number'): Uint8Array<ArrayBuffer> => {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new CryptoError('BAD_ARGUMENT', `${field} must be a whole number below 2^53`);
  return concat(u32(Math.floor(value / 2 ** 32)), u32(value % 2 ** 32));
};

const fixed = (value: number, length: number, field: string): Uint8Array<ArrayBuffer> => {
  if (!Number.isInteger(value) || value < 0 || value >= 256 ** length)
    throw new CryptoError('BAD_ARGUMENT', `${field} must be a whole number below ${256 ** length}`);
  return u32(value).slice(4 - length);
};

const isBytes = (value: unknown): boolean => Object.prototype.toString.call(value) === '[object Uint8Array]';
