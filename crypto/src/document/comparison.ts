import { equalBytes } from '../canonical/bytes.js';
import { layoutOf } from '../audit/sectors.js';
import { withWildcards } from '../audit/replaced-set.js';
import { DEFAULT_SECTORS_PER_BLOCK } from '../audit/suite.js';
import { layOutDocument, type LayOutOptions, leftToReplace, sanitisedDocument } from './document.js';
import { isObject, type Json, writeJson } from './json.js';
import { MASK } from './masking.js';

/** `left`: of what is to be replaced something stays; `lost`: something else is gone; `foreign`: what the original has not. */
export type DifferenceKind = 'left' | 'lost' | 'foreign';

export interface Difference {
  kind: DifferenceKind;
  /** Place in the document without the numbers of entries and items; never a value. */
  path: string;
}

/** A value that is no object and no array, as JSON, and where it is. */
interface Leaf {
  path: string;
  json: string;
}

/** Different places that are told. */
const DIFFERENCES_MAX = 50;

/**
 * Holds a sanitised document against the original: laid out in the same way every kept sector must be equal. Where the
 * people differ that are known now and then, so may texts: then value by value, so that a name that nobody knows any more
 * is no difference, and one that is left is.
 *
 * @param original the document that was sealed
 * @param sanitised the object as it is stored
 * @throws CryptoError `BAD_ENCODING` where `sanitised` is no FHIR document, `BAD_ARGUMENT` as `layOutDocument`
 */
export const compareSanitised = (
  original: unknown,
  sanitised: Uint8Array,
  options: LayOutOptions,
): Difference[] => {
  const laidOut = layOutDocument(original, options);
  const { personal, organisation, bytes } = laidOut;
  const layout = layoutOf(bytes.length, options.sectorsPerBlock ?? DEFAULT_SECTORS_PER_BLOCK);
  const expected = withWildcards(layout, [...personal, ...organisation], bytes);
  if (equalBytes(expected, sanitised)) return [];
  const shown = sanitisedDocument(sanitised);
  const differences = [
    ...leftToReplace(shown, options).map(({ path }) => ({ kind: 'left' as const, path: unnumbered(path) })),
    ...differencesOf(leavesOf(original as Json), leavesOf(sanitisedDocument(expected)), leavesOf(shown)),
  ];
  const seen = new Set<string>();
  return differences
    .filter(({ kind, path }) => !seen.has(`${kind} ${path}`) && seen.add(`${kind} ${path}`))
    .slice(0, DIFFERENCES_MAX);
};

const differencesOf = (original: Leaf[], expected: Leaf[], shown: Leaf[]): Difference[] => {
  const differences: Difference[] = [];
  const [wanted, had] = [countsOf(expected), valuesAt(original)];
  const maskedTexts = new Set<string>();
  for (const { path, json } of shown) {
    if (take(wanted, path, json)) continue;
    const values = had.get(path) ?? [];
    if (values.some((value) => isMaskedText(value, json))) maskedTexts.add(path);
    else differences.push({ kind: values.includes(json) ? 'left' : 'foreign', path });
  }
  for (const [key, count] of wanted) {
    const path = key.slice(0, key.indexOf(' '));
    if (count > 0 && !maskedTexts.has(path)) differences.push({ kind: 'lost', path });
  }
  return differences;
};

/** Whether a text is the other one with some of it masked. */
const isMaskedText = (original: string, masked: string): boolean => {
  if (!masked.includes(MASK) || !original.startsWith('"')) return false;
  const parts = masked.slice(1, -1).split(MASK);
  const text = original.slice(1, -1);
  const [first = '', last = ''] = [parts[0], parts.at(-1)];
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const next = text.indexOf(part, at);
    if (next < 0) return false;
    at = next + part.length;
  }
  return at <= text.length - last.length;
};

const leavesOf = (value: Json, path = ''): Leaf[] => {
  if (Array.isArray(value)) return value.flatMap((item) => leavesOf(item, path));
  if (isObject(value))
    return Object.entries(value).flatMap(([name, member]) =>
      leavesOf(member, path === '' ? name : `${path}.${name}`),
    );
  return [{ path, json: writeJson(value) }];
};

const keyOf = (path: string, json: string): string => `${path} ${json}`;

const countsOf = (leaves: readonly Leaf[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const { path, json } of leaves)
    counts.set(keyOf(path, json), (counts.get(keyOf(path, json)) ?? 0) + 1);
  return counts;
};

const valuesAt = (leaves: readonly Leaf[]): Map<string, string[]> => {
  const values = new Map<string, string[]>();
  for (const { path, json } of leaves) {
    const known = values.get(path);
    if (known === undefined) values.set(path, [json]);
    else known.push(json);
  }
  return values;
};

const take = (counts: Map<string, number>, path: string, json: string): boolean => {
  const count = counts.get(keyOf(path, json)) ?? 0;
  if (count === 0) return false;
  counts.set(keyOf(path, json), count - 1);
  return true;
};

const unnumbered = (path: string): string => path.replace(/\[\d+\]/g, '');
