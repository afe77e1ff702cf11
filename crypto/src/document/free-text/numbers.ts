import { fold } from './fold.js';
import type { Found } from './scan.js';

export interface KnownNumber {
  number: string;
  kind: Found['kind'];
}

const FEWEST_DIGITS = 5;
/** Digits at the end of a number by which it is still known, without its area code. */
const SHORTEST_END = 6;
const RUN = /\d(?:[ \u00a0\u202f.()/\-‑–]{0,2}\d)+/g;
const MARKED = /[a-z]{1,6}[ \-‑./]?\d[a-z0-9\-‑/.]*/g;

export interface NumberFinder {
  find(text: string): Found[];
  isNumber(text: string): boolean;
}

/** Finds known numbers however their digits are grouped, with or without a country or area code. */
export const numberFinder = (numbers: KnownNumber[]): NumberFinder => {
  const known = numbers
    .map(({ number, kind }) => ({ kind, plain: plainOf(number), digits: number.replace(/\D/g, '') }))
    .filter(({ plain, digits }) => plain.length >= FEWEST_DIGITS && digits.length > 2);
  const kindOfDigits = (digits: string): Found['kind'] | undefined =>
    known.find((one) => one.digits.length >= FEWEST_DIGITS && sameNumber(one.digits, digits))?.kind;
  const kindOfMarked = (plain: string): Found['kind'] | undefined =>
    known.find((one) => one.plain === plain && /\D/.test(plain))?.kind;
  return {
    find: (text) => {
      const found: Found[] = [];
      for (const match of text.matchAll(RUN)) found.push(...inRun(match[0], match.index, kindOfDigits));
      const folded = fold(text);
      for (const match of folded.text.matchAll(MARKED)) {
        const kind = kindOfMarked(plainOf(match[0]));
        if (kind === undefined) continue;
        const [start, end] = [folded.at[match.index] ?? 0, folded.at[match.index + match[0].length] ?? 0];
        found.push({ start, end, kind, what: 'number' });
      }
      return found;
    },
    isNumber: (text) => {
      const plain = plainOf(text);
      return (
        known.some((one) => one.plain === plain) || (/^\d+$/.test(plain) && kindOfDigits(plain) !== undefined)
      );
    },
  };
};

const plainOf = (text: string): string => fold(text).text.replace(/[^\p{L}\p{N}]/gu, '');

const sameNumber = (known: string, digits: string): boolean => {
  const bare = digits.replace(/^0+/, '');
  const knownBare = known.replace(/^0+/, '');
  if (bare === knownBare) return true;
  if (bare.length >= SHORTEST_END && known.endsWith(bare)) return true;
  return knownBare.length >= SHORTEST_END && digits.endsWith(knownBare);
};

/** A run of digits can hold a known number beside another: groups are tried from each to each. */
const inRun = (
  run: string,
  at: number,
  kindOfDigits: (digits: string) => Found['kind'] | undefined,
): Found[] => {
  const groups = [...run.matchAll(/\d+/g)];
  if (groups.length > 24) return [{ start: at, end: at + run.length, kind: 'personal', what: 'number' }];
  for (let size = groups.length; size > 0; size--) {
    for (let from = 0; from + size <= groups.length; from++) {
      const part = groups.slice(from, from + size);
      const kind = kindOfDigits(part.map(([digits]) => digits).join(''));
      if (kind === undefined) continue;
      const [first, last] = [part[0], part.at(-1)];
      return [
        {
          start: at + (first?.index ?? 0),
          end: at + (last?.index ?? 0) + (last?.[0].length ?? 0),
          kind,
          what: 'number',
        },
      ];
    }
  }
  return [];
};
