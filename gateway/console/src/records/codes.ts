import lists from './codes.json';
import type { SectionName } from './sections';

/** One entry of a section's code list; texts are those of the code system. */
export interface CodeEntry {
  code: string;
  /** As the code system has it. */
  display: string;
  /** What one writes for it; `display` where there is none. */
  name?: string;
  /** UCUM. */
  unit?: string;
  /** Usual in adults. */
  range?: string;
  /** Other words by which it is found. */
  words?: string;
}

export interface Coding {
  system: string;
  code: string;
  display: string;
}

const SHOWN = 8;

const entriesOf = (section: SectionName): readonly CodeEntry[] => lists[section].codes;

export const nameOfCode = ({ name, display }: CodeEntry): string => name ?? display;

export const codingOf = (section: SectionName, { code, display }: CodeEntry): Coding => ({
  system: lists[section].system,
  code,
  display,
});

export const entryOf = (section: SectionName, code: string | undefined): CodeEntry | undefined =>
  code === undefined ? undefined : entriesOf(section).find((entry) => entry.code === code);

/** All entries, for a choice among few. */
export const codesOf = entriesOf;

/** Entries with every word that was typed, in name, other words or code; those that begin so first. */
export function findCodes(section: SectionName, typed: string): CodeEntry[] {
  const words = typed.trim().toLowerCase().split(/\s+/);
  if (words[0] === '') return entriesOf(section).slice(0, SHOWN);
  const textOf = ({ code, display, name = '', words: others = '' }: CodeEntry): string =>
    `${name} ${display} ${others} ${code}`.toLowerCase();
  const found = entriesOf(section).filter((entry) => words.every((word) => textOf(entry).includes(word)));
  const isFirst = (entry: CodeEntry): boolean =>
    textOf(entry)
      .trimStart()
      .startsWith(words[0] ?? '');
  return [...found.filter(isFirst), ...found.filter((entry) => !isFirst(entry))].slice(0, SHOWN);
}

/** The entry that was typed out in full, by its name or its code. */
export function exactCode(section: SectionName, typed: string): CodeEntry | undefined {
  const wanted = typed.trim().toLowerCase();
  return entriesOf(section).find((entry) =>
    [nameOfCode(entry), entry.display, entry.code].some((one) => one.toLowerCase() === wanted),
  );
}

/** What is short enough to be shown beside a field, by the code system's address. */
export const SYSTEM_NAMES: Readonly<Record<string, string>> = {
  'http://loinc.org': 'LOINC',
  'http://hl7.org/fhir/sid/icd-10-cm': 'ICD-10-CM',
  'http://www.nlm.nih.gov/research/umls/rxnorm': 'RxNorm',
  'http://hl7.org/fhir/sid/cvx': 'CVX',
};
