import type { WrittenNumber } from './lossless-json.js';

export const SECTION_NAMES = [
  'progressNotes',
  'problems',
  'medications',
  'vitalSigns',
  'pastMedicalHistory',
  'immunizations',
  'labData',
  'radiologyReports',
] as const;

export type SectionName = (typeof SECTION_NAMES)[number];

export interface ItemCode {
  system: string;
  code: string;
  display?: string;
}

/** One line of a section, as the doctor wrote it. */
export interface Item {
  text: string;
  code?: ItemCode;
  /** A number, or any text (`"98.60"`, `"< 5"`, `"positive"`); kept as it was given. */
  value?: string | number | WrittenNumber;
  unit?: string;
  /** YYYY-MM-DD. */
  date?: string;
  abnormal?: boolean;
  /** Of vital signs and laboratory data: what is usual, `"3.5–5.1"` or any text. */
  range?: string;
}

/** The eight sections of a record; each is optional. */
export type Sections = Partial<Record<SectionName, Item[]>>;

export const ITEM_FIELDS = ['text', 'code', 'value', 'unit', 'date', 'abnormal', 'range'] as const;

/** Sections whose items are observations, which alone have a reference range. */
export const OBSERVED: ReadonlySet<string> = new Set<SectionName>(['vitalSigns', 'labData']);
