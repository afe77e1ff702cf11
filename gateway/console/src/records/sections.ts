import { type ClinicalItem, type ClinicalSections, SECTIONS } from '@medseal/client';
import { t } from '../i18n';
import { type CodeEntry, type Coding, codingOf, nameOfCode } from './codes';

export type SectionName = (typeof SECTIONS)[number];

export const sectionTitle = (section: SectionName): string => t(`sections.${section}`);

/** Sections whose items are measured: a value with its unit, and whether it is out of the ordinary. */
export const MEASURED: ReadonlySet<SectionName> = new Set(['vitalSigns', 'labData']);

/** Usual units, offered; any other may be typed. */
export const UNITS: Readonly<Partial<Record<SectionName, readonly string[]>>> = {
  vitalSigns: ['/min', 'mm[Hg]', 'Cel', '%', 'kg', 'cm', 'kg/m2'],
  labData: ['g/dL', 'mg/dL', 'mg/L', 'mmol/L', 'umol/L', '%', 'ng/mL', 'U/L', 'm[IU]/L', '10*3/uL'],
};

/** One line of the form; what is not filled in is left out of the document. */
export interface DraftItem {
  id: number;
  text: string;
  /** From the section's code list; absent for what is written freely. */
  code?: Coding;
  value: string;
  unit: string;
  /** What is usual, for example `3.5–5.1`. */
  range: string;
  date: string;
  abnormal: boolean;
}

export type Draft = Record<SectionName, DraftItem[]>;

const emptyItem = (id: number): DraftItem => ({
  id,
  text: '',
  value: '',
  unit: '',
  range: '',
  date: '',
  abnormal: false,
});

/** A blank line with a number of its own. */
export const nextItem = (draft: Draft): DraftItem =>
  emptyItem(
    Math.max(
      0,
      ...Object.values(draft)
        .flat()
        .map(({ id }) => id),
    ) + 1,
  );

/** A routine note needs a note and a problem: both have a line ready. */
export const emptyDraft = (): Draft => ({
  ...(Object.fromEntries(SECTIONS.map((name) => [name, []])) as unknown as Draft),
  progressNotes: [emptyItem(1)],
  problems: [emptyItem(2)],
});

const isBlank = ({ text, value, unit, range, date, code }: DraftItem): boolean =>
  code === undefined && [text, value, unit, range, date].every((part) => part.trim() === '');

const NUMBER = /^-?\d+(?:\.\d+)?$/;
const RANGE = /^(-?\d+(?:\.\d+)?)\s*[-–]\s*(-?\d+(?:\.\d+)?)$/;

/** Whether a number lies outside of a range with two ends; undefined where that cannot be told. */
export function isOutside(value: string, range: string): boolean | undefined {
  const [, low, high] = RANGE.exec(range.trim()) ?? [];
  if (!NUMBER.test(value.trim()) || low === undefined || high === undefined) return undefined;
  return Number(value) < Number(low) || Number(value) > Number(high);
}

/** The flag follows value and range as far as these say it; by hand it may be set otherwise afterwards. */
export const measured = (item: DraftItem, change: Partial<DraftItem>): DraftItem => {
  const next = { ...item, ...change };
  return { ...next, abnormal: isOutside(next.value, next.range) ?? next.abnormal };
};

/** A line for an entry of the code list, with the entry's unit and range where none is there. */
export const coded = (section: SectionName, item: DraftItem, entry: CodeEntry): DraftItem =>
  measured(item, {
    text: nameOfCode(entry),
    code: codingOf(section, entry),
    ...(MEASURED.has(section)
      ? { unit: item.unit || (entry.unit ?? ''), range: item.range || (entry.range ?? '') }
      : {}),
  });

/** The lines of a document that is amended. */
export function draftOf(document: ClinicalSections): Draft {
  let id = 0;
  return Object.fromEntries(
    SECTIONS.map((name) => [
      name,
      (document[name] ?? []).map(
        ({ text, code, value = '', unit = '', range = '', date = '', abnormal = false }): DraftItem => ({
          id: ++id,
          text,
          ...(code === undefined ? {} : { code }),
          value: String(value),
          unit,
          range,
          date,
          abnormal,
        }),
      ),
    ]),
  ) as unknown as Draft;
}

/** What is wrong with one line, or nothing. */
export const itemError = (item: DraftItem): string | undefined =>
  !isBlank(item) && item.text.trim() === '' ? t('sections.lineWithoutText') : undefined;

/** The document of the lines that are filled in. */
export function documentOf(draft: Draft): ClinicalSections {
  const document: ClinicalSections = {};
  for (const name of SECTIONS) {
    const items = draft[name].filter((item) => !isBlank(item)).map((item) => written(name, item));
    if (items.length > 0) document[name] = items;
  }
  return document;
}

const written = (
  section: SectionName,
  { text, code, value, unit, range, date, abnormal }: DraftItem,
): ClinicalItem => ({
  text: text.trim(),
  ...(code === undefined ? {} : { code }),
  ...(MEASURED.has(section)
    ? {
        ...(value.trim() === '' ? {} : { value: value.trim() }),
        ...(unit.trim() === '' ? {} : { unit: unit.trim() }),
        ...(range.trim() === '' ? {} : { range: range.trim() }),
        ...(abnormal ? { abnormal } : {}),
      }
    : {}),
  ...(date === '' ? {} : { date }),
});
