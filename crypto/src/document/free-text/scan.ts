import { addressFinder } from './addresses.js';
import { wordsOf } from './fold.js';
import { nameFinder } from './names.js';
import { numberFinder } from './numbers.js';
import { findPatterns } from './patterns.js';
import type { CompletePeople } from './people.js';
import type { ReplacedKind } from '../plan.js';

/** Something in a text that must not be shown. Places are UTF-16 units. */
export interface Found {
  start: number;
  end: number;
  kind: ReplacedKind;
  what: 'name' | 'initials' | 'number' | 'date' | 'age' | 'address' | 'email' | 'somebody else';
}

export interface FreeTextScan {
  /** Ascending, without overlap: what touches is one. */
  spans(text: string): Found[];
  /** The text with `mask` in place of each span; without a kind where nothing was found. */
  mask(text: string, mask: string): { shown: string; kind: ReplacedKind | undefined };
  /** Whether a text, of whatever kind, names the patient. */
  namesPatient(text: string): boolean;
  /** Whether a code or number is a name or number of the document's people. */
  knows(text: string): boolean;
}

/**
 * Reads free text for names, numbers and addresses of the document's own people, and for what gives anybody away: dates,
 * ages over 89, telephone numbers, e-mail, names behind a title or a relation. What it misses is measured in
 * `docs/replaced-fields.md`.
 */
export const freeTextScan = (people: CompletePeople): FreeTextScan => {
  const of = <T>(
    part: keyof CompletePeople['patient'],
    make: (one: string, kind: ReplacedKind) => T,
  ): T[] => [
    ...[...new Set(people.patient[part])].map((one) => make(one, 'personal')),
    ...[...new Set(people.staff[part])].map((one) => make(one, 'organisation')),
  ];
  const names = nameFinder([
    ...of('names', (name, kind) => ({ name, kind, institution: false })),
    ...of('institutions', (name, kind) => ({ name, kind, institution: true })),
  ]);
  const numbers = numberFinder(of('numbers', (number, kind) => ({ number, kind })));
  const addresses = addressFinder(of('addresses', (address, kind) => ({ address, kind })));
  const emails = of('emails', (email, kind) => ({ email: email.toLowerCase(), kind }));
  const findEmails = (text: string): Found[] =>
    emails.flatMap(({ email, kind }) => {
      const found: Found[] = [];
      const lower = text.toLowerCase();
      for (let at = lower.indexOf(email); at >= 0; at = lower.indexOf(email, at + 1))
        found.push({ start: at, end: at + email.length, kind, what: 'email' });
      return found;
    });
  const findKnown = (text: string): Found[] => {
    const words = wordsOf(text);
    return [
      ...names.find(text, words),
      ...numbers.find(text),
      ...addresses(text, words),
      ...findEmails(text),
    ];
  };
  const spans = (text: string): Found[] => merged(text, [...findKnown(text), ...findPatterns(text)]);
  return {
    spans,
    mask: (text, mask) => {
      const found = spans(text);
      let [shown, at] = ['', 0];
      for (const { start, end } of found) {
        shown += text.slice(at, start) + mask;
        at = end;
      }
      const kind = found.some((one) => one.kind === 'personal') ? 'personal' : found[0]?.kind;
      return { shown: shown + text.slice(at), kind };
    },
    namesPatient: (text) => findKnown(text).some(({ kind }) => kind === 'personal'),
    knows: (text) => names.isName(text) || numbers.isNumber(text),
  };
};

/** Spans with at most spaces and marks between them are one, so that the gap does not tell how long each was. */
const merged = (text: string, found: Found[]): Found[] => {
  const spans: Found[] = [];
  for (const one of [...found].sort((left, right) => left.start - right.start || right.end - left.end)) {
    const last = spans.at(-1);
    if (last === undefined || /[\p{L}\p{N}]/u.test(text.slice(last.end, one.start))) {
      spans.push({ ...one });
      continue;
    }
    last.end = Math.max(last.end, one.end);
    if (one.kind === 'personal') last.kind = 'personal';
  }
  return spans;
};
