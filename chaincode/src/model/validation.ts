import { fromBase64, parseCanonicalJson } from '@medseal/crypto';
import { ContractError } from '../errors.js';
import { isDay, isInstant } from './instants.js';

/** Checks a value and gives it back typed; `path` names it in the refusal. */
export type Check<T> = (value: unknown, path: string) => T;

/** The type that a check gives. */
export type Checked<C> = C extends Check<infer T> ? T : never;

/** Longest JSON argument, in UTF-16 units: 200 record ids or a certificate with its key fit many times over. */
const MAX_ARGUMENT = 65_536;
const MAX_PRIVATE_VALUE = 16_384;

export const refuseArgument = (path: string, what: string): never => {
  throw new ContractError('BAD_ARGUMENT', `${path} ${what}`);
};

const matching =
  (pattern: RegExp, what: string): Check<string> =>
  (value, path) =>
    typeof value === 'string' && pattern.test(value) ? value : refuseArgument(path, `must be ${what}`);

/** Lower-case hexadecimal of exactly `length` characters. */
export const hex = (length: number): Check<string> =>
  matching(new RegExp(`^[0-9a-f]{${length}}$`), `${length} lower-case hexadecimal characters`);

/** Ids of patients, records, encounters and scopes: 16 random bytes. */
export const id = hex(32);

/** SHA-256 values and X25519 keys. */
export const digest = hex(64);

export const businessIdOf = (value: string): string => digest(value, 'businessId');

/** Staff ids and, among them, a patient's ledgerId. */
export const subject = matching(/^[0-9a-f]{16,64}$/, '16 to 64 lower-case hexadecimal characters');

export const mspId = matching(
  /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/,
  'an MSP id of letters, digits, dots and dashes',
);

/** Text without control characters; lengths in UTF-16 units. */
export const text =
  (maxLength: number): Check<string> =>
  (value, path) =>
    typeof value === 'string' && value.length > 0 && value.length <= maxLength && !/\p{Cc}/u.test(value)
      ? value
      : refuseArgument(path, `must be text of 1 to ${maxLength} characters without control characters`);

export const pem: Check<string> = (value, path) =>
  typeof value === 'string' && value.length <= 8_192 && value.startsWith('-----BEGIN CERTIFICATE-----')
    ? value
    : refuseArgument(path, 'must be a PEM certificate');

export const base64 =
  (maxBytes: number): Check<string> =>
  (value, path) => {
    if (typeof value !== 'string' || value.length === 0 || value.length > 4 * Math.ceil(maxBytes / 3)) {
      return refuseArgument(path, `must be base64 of 1 to ${maxBytes} bytes`);
    }
    try {
      return fromBase64(value, path).length > 0 ? value : refuseArgument(path, 'must not be empty');
    } catch {
      return refuseArgument(path, 'must be padded base64');
    }
  };

export const privateCiphertext = base64(MAX_PRIVATE_VALUE);

export const instant: Check<string> = (value, path) =>
  typeof value === 'string' && isInstant(value)
    ? value
    : refuseArgument(path, 'must be an instant like 2026-01-31T12:00:00.000Z');

export const day: Check<string> = (value, path) =>
  typeof value === 'string' && isDay(value) ? value : refuseArgument(path, 'must be a day like 2026-01-31');

export const integer =
  (min: number, max = Number.MAX_SAFE_INTEGER): Check<number> =>
  (value, path) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? value
      : refuseArgument(path, `must be a whole number from ${min} to ${max}`);

/** Versions and epochs fit into the u32 of a sealing context. */
export const version = integer(1, 0xffff_ffff);

export const oneOf =
  <const T extends string>(...values: readonly T[]): Check<T> =>
  (value, path) =>
    values.includes(value as T) ? (value as T) : refuseArgument(path, `must be one of ${values.join(', ')}`);

export const either =
  <A, B>(first: Check<A>, second: Check<B>): Check<A | B> =>
  (value, path) => {
    try {
      return first(value, path);
    } catch {
      return second(value, path);
    }
  };

export const nullable =
  <T>(check: Check<T>): Check<T | null> =>
  (value, path) =>
    value === null ? null : check(value, path);

interface OptionalCheck<T> extends Check<T | undefined> {
  readonly optional: true;
}

/** A member that may be left out (not: null). */
export const optional = <T>(check: Check<T>): OptionalCheck<T> =>
  Object.assign((value: unknown, path: string) => (value === undefined ? undefined : check(value, path)), {
    optional: true as const,
  });

export const listOf =
  <T>(check: Check<T>, minLength: number, maxLength: number, keyOf?: (item: T) => string): Check<T[]> =>
  (value, path) => {
    if (!Array.isArray(value) || value.length < minLength || value.length > maxLength) {
      return refuseArgument(path, `must be a list of ${minLength} to ${maxLength} items`);
    }
    const items = value.map((item, index) => check(item, `${path}[${index}]`));
    if (keyOf !== undefined && new Set(items.map(keyOf)).size !== items.length) {
      return refuseArgument(path, 'must not name anything twice');
    }
    return items;
  };

type Shape = Record<string, Check<unknown>>;
type OptionalNames<S extends Shape> = {
  [K in keyof S]: S[K] extends OptionalCheck<unknown> ? K : never;
}[keyof S];
export type ObjectOf<S extends Shape> = { [K in Exclude<keyof S, OptionalNames<S>>]: Checked<S[K]> } & {
  [K in OptionalNames<S>]?: Exclude<Checked<S[K]>, undefined>;
};

/** Exactly the members of `shape`: a missing or unknown one is refused by its name. */
export const object =
  <S extends Shape>(shape: S): Check<ObjectOf<S>> =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return refuseArgument(path, 'must be an object');
    }
    const members = value as Record<string, unknown>;
    for (const name of Object.keys(members)) {
      if (!Object.hasOwn(shape, name))
        return refuseArgument(`${path}.${printable(name)}`, 'is not a known field');
    }
    const checked: Record<string, unknown> = {};
    for (const [name, check] of Object.entries(shape)) {
      if (Object.hasOwn(members, name)) checked[name] = check(members[name], `${path}.${name}`);
      else if (!('optional' in check)) return refuseArgument(`${path}.${name}`, 'is missing');
    }
    return checked as ObjectOf<S>;
  };

/** Parses an argument that must be canonical JSON (one value, one text) and checks it. */
export const parseJson = <T>(json: string, check: Check<T>, path: string, maxLength = MAX_ARGUMENT): T => {
  if (json.length > maxLength) return refuseArgument(path, `must not be longer than ${maxLength} characters`);
  let value: unknown;
  try {
    value = parseCanonicalJson(json);
  } catch {
    return refuseArgument(path, 'must be canonical JSON: sorted keys, no white space, whole numbers');
  }
  return check(value, path);
};

/** A whole number written as a decimal argument. */
export const parseInteger = (argument: string, check: Check<number>, path: string): number =>
  check(/^(0|[1-9]\d{0,15})$/.test(argument) ? Number(argument) : undefined, path);

/** Field names come from the caller and go into the message: what could be anything else is not repeated. */
const printable = (name: string): string => (/^[A-Za-z][A-Za-z0-9]{0,39}$/.test(name) ? name : '(unnamed)');
