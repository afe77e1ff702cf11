import { CryptoError } from '../errors.js';
import { isWellFormed } from './bytes.js';

export interface CanonicalOptions {
  /** Also write fractions and large numbers, in ECMAScript's shortest form as RFC 8785 does; for documents, never for ledger values. */
  decimals?: boolean;
}

const MAX_DEPTH = 64;

/**
 * Canonical JSON: no white space, keys sorted by their UTF-8 bytes, strings and numbers written as RFC 8785 does.
 * (RFC 8785 itself sorts keys by UTF-16 units; the two orders differ only for keys beyond U+FFFF.)
 * Takes strings, safe integers, booleans, null, arrays and plain objects.
 *
 * @throws CryptoError `NOT_CANONICAL` naming the place, for everything that JSON would drop, change or guess:
 *   fractions (unless `decimals`), unsafe integers, NaN, undefined, lone surrogates, dates, class instances, cycles.
 */
export const canonicalJson = (value: unknown, options: CanonicalOptions = {}): string =>
  write(value, '$', 0, options.decimals === true);

/**
 * Parses text that must already be canonical: white space, duplicate or unsorted keys and other spellings of the same
 * value are refused, so one value has one text.
 */
export const parseCanonicalJson = (text: string, options: CanonicalOptions = {}): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own error quotes the text, which may be anybody's data.
    throw new CryptoError('BAD_ENCODING', 'text is not JSON');
  }
  if (canonicalJson(value, options) !== text)
    throw new CryptoError('BAD_ENCODING', 'text is JSON but not canonical');
  return value;
};

const refuse = (path: string, what: string): never => {
  throw new CryptoError('NOT_CANONICAL', `${path} ${what}`);
};

const write = (value: unknown, path: string, depth: number, decimals: boolean): string => {
  if (depth > MAX_DEPTH)
    return refuse(path, `is nested more than ${MAX_DEPTH} levels deep, or refers to itself`);
  if (value === null) return 'null';
  switch (typeof value) {
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      return writeNumber(value, path, decimals);
    case 'string':
      return writeString(value, path);
    case 'object':
      return Array.isArray(value)
        ? writeArray(value, path, depth, decimals)
        : writeObject(value, path, depth, decimals);
    default:
      return refuse(path, `is ${typeof value}, which JSON does not have`);
  }
};

const writeNumber = (value: number, path: string, decimals: boolean): string => {
  if (!Number.isFinite(value)) return refuse(path, 'is not a finite number');
  if (!decimals && !Number.isSafeInteger(value)) {
    return refuse(path, 'is not a whole number within 2^53: write decimals as strings');
  }
  return JSON.stringify(value);
};

const writeString = (value: string, path: string): string =>
  isWellFormed(value) ? JSON.stringify(value) : refuse(path, 'holds a lone surrogate');

const writeArray = (value: unknown[], path: string, depth: number, decimals: boolean): string => {
  const items: string[] = [];
  for (let i = 0; i < value.length; i++) items.push(write(value[i], `${path}[${i}]`, depth + 1, decimals));
  return `[${items.join(',')}]`;
};

const writeObject = (value: object, path: string, depth: number, decimals: boolean): string => {
  if (!isPlain(value)) return refuse(path, 'is not a plain object');
  const members = Object.entries(value as Record<string, unknown>)
    .sort(([left], [right]) => compareUtf8(left, right))
    .map(
      ([key, member]) => `${writeString(key, path)}:${write(member, `${path}.${key}`, depth + 1, decimals)}`,
    );
  return `{${members.join(',')}}`;
};

/** Plain also when it comes from another realm (a worker, a test sandbox): its prototype is a root. */
const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

/** Order of the UTF-8 encodings, which is the order of the code points. */
export const compareUtf8 = (left: string, right: string): number => {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    // A surrogate stands for a code point above every other UTF-16 unit.
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
};

const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit);
