import { type ClinicalItem, type ClinicalSections, SECTIONS } from '@medseal/client';

export type SectionName = (typeof SECTIONS)[number];

export const SECTION_TITLES: Readonly<Record<SectionName, string>> = {
  progressNotes: 'Progress notes',
  problems: 'Problems',
  medications: 'Medications',
  vitalSigns: 'Vital signs',
  pastMedicalHistory: 'Past medical history',
  immunizations: 'Immunizations',
  labData: 'Laboratory data',
  radiologyReports: 'Radiology reports',
};

/** Sections whose items are measured: a value with its unit, and whether it is out of the ordinary. */
export const MEASURED: ReadonlySet<SectionName> = new Set(['vitalSigns', 'labData']);

/** Usual units, offered; any other may be typed. */
export const UNITS: Readonly<Partial<Record<SectionName, readonly string[]>>> = {
  vitalSigns: ['/min', 'mm[Hg]', 'Cel', '%', 'kg', 'cm', 'kg/m2'],
  labData: ['g/dL', 'mg/dL', 'mmol/L', 'umol/L', '%', 'ng/mL', 'U/L'],
};

/** One line of the form; what is not filled in is left out of the document. */
export interface DraftItem {
  id: number;
  text: string;
  value: string;
  unit: string;
  date: string;
  abnormal: boolean;
}

export type Draft = Record<SectionName, DraftItem[]>;

const emptyItem = (id: number): DraftItem => ({
  id,
  text: '',
  value: '',
  unit: '',
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

const isBlank = ({ text, value, unit, date }: DraftItem): boolean =>
  [text, value, unit, date].every((part) => part.trim() === '');

/** What is wrong with one line, or nothing. */
export const itemError = (item: DraftItem): string | undefined =>
  !isBlank(item) && item.text.trim() === '' ? 'Say what it is, or remove the line.' : undefined;

/** The document of the lines that are filled in. */
export function documentOf(draft: Draft): ClinicalSections {
  const document: ClinicalSections = {};
  for (const name of SECTIONS) {
    const items = draft[name].filter((item) => !isBlank(item)).map((item) => written(name, item));
    if (items.length > 0) document[name] = items;
  }
  return document;
}

const written = (section: SectionName, { text, value, unit, date, abnormal }: DraftItem): ClinicalItem => ({
  text: text.trim(),
  ...(MEASURED.has(section)
    ? {
        ...(value.trim() === '' ? {} : { value: value.trim() }),
        ...(unit.trim() === '' ? {} : { unit: unit.trim() }),
        ...(abnormal ? { abnormal } : {}),
      }
    : {}),
  ...(date === '' ? {} : { date }),
});
