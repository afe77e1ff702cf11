import { fromBase64, isHex } from './bytes.js';
import { CryptoError } from '../errors.js';

/**
 * Reads the fields of a parsed canonical JSON document, each with one way to be written.
 * Every refusal is `BAD_ENCODING` and names document and field.
 */
export interface FieldReader {
  refuse(at: string, what: string): CryptoError;
  /** An object with exactly these keys. */
  members<K extends string>(value: unknown, at: string, keys: readonly K[]): Record<K, unknown>;
  /** A text that is not empty. */
  text(value: unknown, at: string): string;
  number(value: unknown, at: string): number;
  /** 32 bytes of lower-case hex. */
  digest(value: unknown, at: string): string;
  list(value: unknown, at: string, most: number): unknown[];
  /** Base64 of exactly `length` bytes. */
  base64(value: unknown, at: string, length: number): Uint8Array;
}

/** @param document what is read, as it is called in errors */
export const fieldReader = (document: string): FieldReader => {
  const refuse = (at: string, what: string): CryptoError =>
    new CryptoError('BAD_ENCODING', `${document}: ${at} ${what}`);
  return {
    refuse,
    members: <K extends string>(value: unknown, at: string, keys: readonly K[]) => {
      if (value === null || typeof value !== 'object' || Array.isArray(value))
        throw refuse(at, 'is not an object');
      if (Object.keys(value).length !== keys.length || !keys.every((key) => Object.hasOwn(value, key))) {
        throw refuse(at, `must have exactly the fields ${keys.join(', ')}`);
      }
      return value as Record<K, unknown>;
    },
    text: (value, at) => {
      if (typeof value !== 'string' || value === '') throw refuse(at, 'must be a non-empty text');
      return value;
    },
    number: (value, at) => {
      if (typeof value !== 'number') throw refuse(at, 'must be a number');
      return value;
    },
    digest: (value, at) => {
      if (!isHex(value, 32)) throw refuse(at, 'must be 32 bytes of lower-case hex');
      return value;
    },
    list: (value, at, most) => {
      if (!Array.isArray(value)) throw refuse(at, 'must be a list');
      if (value.length > most) throw refuse(at, `has more than ${most} entries`);
      return value as unknown[];
    },
    base64: (value, at, length) => {
      if (typeof value !== 'string') throw refuse(at, 'must be base64');
      const bytes = fromBase64(value, `${document}: ${at}`);
      if (bytes.length !== length) throw refuse(at, `must be ${length} bytes`);
      return bytes;
    },
  };
};
