import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type CompletePeople, peopleOf } from '../../src/document/free-text/people.js';
import { type Found, freeTextScan } from '../../src/document/free-text/scan.js';
import type { KnownPeople } from '../../src/index.js';

const FILE = path.join(__dirname, '../free-text/sentences.json');

/** What the letter of a mark in the sentences stands for. */
export const LABELS = {
  n: 'names of the document’s people',
  i: 'their initials',
  t: 'names of others, whom the document does not know',
  o: 'institutions',
  d: 'dates',
  g: 'ages over 89',
  a: 'addresses and places',
  p: 'telephone numbers',
  x: 'other numbers',
  e: 'e-mail and web',
};
type Label = keyof typeof LABELS;

export interface Labelled {
  text: string;
  labels: { start: number; end: number; label: Label }[];
  keptBack: boolean;
  people: CompletePeople;
}

/** The sentences without their marks. Of every ten the last three were kept back while the scan was written. */
export const sentences = (): Labelled[] => {
  const { casts } = JSON.parse(readFileSync(FILE, 'utf8')) as {
    casts: (KnownPeople & { sentences: string[] })[];
  };
  return casts.flatMap(({ sentences: marked, ...known }) => {
    const people = peopleOf(null, known);
    return marked.map((one, i) => ({ ...read(one), keptBack: i % 10 >= 7, people }));
  });
};

const read = (marked: string): Pick<Labelled, 'text' | 'labels'> => {
  const labels: Labelled['labels'] = [];
  let text = '';
  for (const [whole, label, inner] of marked.matchAll(/\[\[([a-z]):([^\]]+)\]\]|[^[]+/g)) {
    if (label === undefined) text += whole;
    else {
      labels.push({ start: text.length, end: text.length + (inner ?? '').length, label: label as Label });
      text += inner ?? '';
    }
  }
  return { text, labels };
};

export interface Score {
  marked: number;
  found: number;
  /** Some letters of it, but not all. */
  partly: number;
  missed: number;
}

export interface Measured {
  scores: Record<'written with' | 'kept back', Map<Label, Score>>;
  /** What was missed, as it stands in the sentence. */
  misses: { label: Label; keptBack: boolean; sentence: string; missed: string; partly: boolean }[];
  /** Words outside every mark, and how many of them were replaced none the less. */
  words: number;
  needless: string[];
}

const isSeen = (found: Found[], place: number): boolean =>
  found.some(({ start, end }) => start <= place && place < end);

/** What the scan finds of what was marked: a mark counts as found when none of its letters and digits is left. */
export const measure = (): Measured => {
  const scores: Measured['scores'] = { 'written with': new Map(), 'kept back': new Map() };
  const measured: Measured = { scores, misses: [], words: 0, needless: [] };
  for (const { text, labels, keptBack, people } of sentences()) {
    const found = freeTextScan(people).spans(text);
    for (const { start, end, label } of labels) {
      const places = Array.from({ length: end - start }, (_, i) => start + i).filter((place) =>
        /[\p{L}\p{N}]/u.test(text[place] ?? ''),
      );
      const seen = places.filter((place) => isSeen(found, place)).length;
      const group = scores[keptBack ? 'kept back' : 'written with'];
      const score = group.get(label) ?? { marked: 0, found: 0, partly: 0, missed: 0 };
      const outcome = seen === places.length ? 'found' : seen > 0 ? 'partly' : 'missed';
      group.set(label, { ...score, marked: score.marked + 1, [outcome]: score[outcome] + 1 });
      if (outcome !== 'found')
        measured.misses.push({
          label,
          keptBack,
          sentence: text,
          missed: text.slice(start, end),
          partly: outcome === 'partly',
        });
    }
    for (const match of text.matchAll(/[\p{L}\p{N}]+/gu)) {
      if (labels.some(({ start, end }) => match.index < end && start < match.index + match[0].length))
        continue;
      measured.words++;
      if (isSeen(found, match.index)) measured.needless.push(match[0]);
    }
  }
  return measured;
};
