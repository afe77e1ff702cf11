import { CryptoError } from '../errors.js';
import { canonicalJson } from '../canonical/json.js';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A document's own way to write a value: canonical JSON, with fractions. */
export const writeJson = (value: Json): string => canonicalJson(value, { decimals: true });

/** Members of an object, or of nothing where the value is no object. */
export const membersOf = (value: Json | undefined): [string, Json][] =>
  isObject(value) ? Object.entries(value) : [];

/** The objects of an array; nothing of anything else. */
export const objectsOf = (value: Json | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

/** A string, or nothing. */
export const textOf = (value: Json | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** Every text and number that a value holds, however deep. */
export const textsOf = (value: Json): string[] => {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
};

/** FHIR's own names: whatever else is a name could not be told from the marks of the layout. */
const ELEMENT_NAME = /^_?[A-Za-z][A-Za-z0-9]{0,63}$/;

/**
 * Refuses what has no place in FHIR's JSON before anything is decided about it.
 *
 * @throws CryptoError `BAD_ARGUMENT` naming the place, never the value
 */
export const checkNames = (value: Json, path = '$', depth = 0): void => {
  if (depth > 64) throw new CryptoError('BAD_ARGUMENT', `${path} is nested more than 64 levels deep`);
  if (Array.isArray(value)) {
    value.forEach((member, i) => checkNames(member, `${path}[${i}]`, depth + 1));
    return;
  }
  for (const [name, member] of membersOf(value)) {
    if (!ELEMENT_NAME.test(name))
      throw new CryptoError('BAD_ARGUMENT', `${path} has a member whose name is none of FHIR's: rename it`);
    checkNames(member, `${path}.${name}`, depth + 1);
  }
};
