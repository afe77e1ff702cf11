import { CryptoError } from '../errors.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** True for text that has a UTF-8 encoding: no lone surrogates. */
export const isWellFormed = (text: string): boolean => !LONE_SURROGATE.test(text);

/** UTF-8 bytes of `text`; text with a lone surrogate is refused instead of being silently replaced. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => {
  if (!isWellFormed(text))
    throw new CryptoError('BAD_ENCODING', 'text holds a lone surrogate and has no UTF-8 form');
  return encoder.encode(text);
};

/** Text of UTF-8 `bytes`; malformed bytes are refused, a byte order mark is kept. */
export const utf8Decode = (bytes: Uint8Array): string => {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new CryptoError('BAD_ENCODING', 'bytes are not UTF-8', { cause });
  }
};

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hexadecimal. */
export const toHex = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
};

/** True for lower-case hexadecimal of exactly `length` bytes, of any whole number of bytes without it. */
export const isHex = (text: unknown, length?: number): text is string =>
  typeof text === 'string' &&
  text.length % 2 === 0 &&
  (length === undefined || text.length === 2 * length) &&
  /^[0-9a-f]*$/.test(text);

/** Bytes of lower-case hexadecimal; `field` names the value in the error, `length` is in bytes. */
export const fromHex = (text: string, length?: number, field = 'value'): Uint8Array<ArrayBuffer> => {
  if (!isHex(text, length)) {
    const size = length === undefined ? '' : ` of ${length} bytes`;
    throw new CryptoError('BAD_ENCODING', `${field} is not lower-case hexadecimal${size}`);
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
};

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64_VALUES = new Map([...BASE64].map((letter, value) => [letter, value]));
const BASE64_PIECE = 0x6000;

/** Base64 of RFC 4648 section 4, with padding. */
export const toBase64 = (bytes: Uint8Array): string => {
  let binary = '';
  for (let i = 0; i < bytes.length; i += BASE64_PIECE) {
    binary += String.fromCharCode(...bytes.subarray(i, i + BASE64_PIECE));
  }
  return btoa(binary);
};

/** Bytes of base64; only the one text that `toBase64` writes is accepted. */
export const fromBase64 = (text: string, field = 'value'): Uint8Array<ArrayBuffer> => {
  if (
    typeof text !== 'string' ||
    !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
  ) {
    throw new CryptoError('BAD_ENCODING', `${field} is not padded base64`);
  }
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const lastValue = padding === 0 ? 0 : (BASE64_VALUES.get(text.charAt(text.length - padding - 1)) ?? 0);
  if ((lastValue & (padding === 2 ? 0x0f : padding === 1 ? 0x03 : 0)) !== 0) {
    throw new CryptoError('BAD_ENCODING', `${field} is base64 with stray bits before its padding`);
  }
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
};

/** Base64url of RFC 4648 section 5 without padding, as JSON Web Keys use it. */
export const toBase64Url = (bytes: Uint8Array): string =>
  toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

export const concat = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
};

/** Compares without leaving early, so that the time tells nothing about where two equally long values differ. */
export const equalBytes = (left: Uint8Array, right: Uint8Array): boolean => {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= (left[i] ?? 0) ^ (right[i] ?? 0);
  return difference === 0;
};

/** Four bytes, big-endian. */
export const u32 = (value: number, field = 'number'): Uint8Array<ArrayBuffer> => {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new CryptoError('BAD_ARGUMENT', `${field} must be a whole number from 0 to 4294967295`);
  }
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
};

/** Length-prefixed: u32 length, then the bytes (cryptography.md T1). Text is taken as UTF-8. */
export const lp = (value: Uint8Array | string): Uint8Array<ArrayBuffer> => {
  const bytes = typeof value === 'string' ? utf8(value) : value;
  return concat(u32(bytes.length), bytes);
};

/** Refuses anything but a Uint8Array (or Buffer) of exactly `length` bytes and gives back a copy. */
export const exactly = (bytes: Uint8Array, length: number, field: string): Uint8Array<ArrayBuffer> => {
  if (!isBytes(bytes)) throw new CryptoError('BAD_ARGUMENT', `${field} must be bytes`);
  if (bytes.byteLength !== length) {
    throw new CryptoError('BAD_LENGTH', `${field} must be ${length} bytes, not ${bytes.byteLength}`);
  }
  return ownBytes(bytes);
};

/** A Uint8Array or Buffer, from whichever realm. */
const isBytes = (value: unknown): value is Uint8Array =>
  Object.prototype.toString.call(value) === '[object Uint8Array]';

/** A copy in a buffer of its own: WebCrypto takes no shared memory, and a Buffer's pool stays out of reach. */
export const ownBytes = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const copy = new Uint8Array(bytes.byteLength);
  copy.set(bytes);
  return copy;
};

/** Overwrites secrets that are used up. Best effort: the engine may have copied them. */
export const erase = (...secrets: Uint8Array[]): void => {
  for (const secret of secrets) secret.fill(0);
};

const RANDOM_LIMIT = 65_536;

/** Bytes of the platform's secure random generator. */
export const randomBytes = (length: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += RANDOM_LIMIT) {
    globalThis.crypto.getRandomValues(bytes.subarray(i, Math.min(length, i + RANDOM_LIMIT)));
  }
  return bytes;
};
