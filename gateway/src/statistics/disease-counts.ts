import { monthOf } from './months.js';

export interface DiseaseCount {
  disease: string;
  patients: number;
}

export interface DiseaseCounts {
  /** Most first. */
  items: DiseaseCount[];
  /** What fewer patients than this have is not named. */
  least: number;
  /** Diseases that are left out. */
  suppressed: number;
}

export interface TitledRecord {
  readonly ledgerId: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** In the author's spelling; case does not tell diseases apart. */
  readonly disease: string;
}

/**
 * Patients by the disease of their records of these months, in one pass over the records.
 *
 * @param months `YYYY-MM`
 * @param least what fewer patients have is counted among `suppressed` only
 */
export function countDiseases(
  records: Iterable<TitledRecord>,
  months: readonly string[],
  least: number,
): DiseaseCounts {
  const wanted = new Set(months);
  const found = new Map<string, { disease: string; ledgerIds: Set<string> }>();
  for (const { ledgerId, date, disease: text } of records) {
    const disease = text.trim();
    if (disease === '' || !wanted.has(monthOf(date))) continue;
    const key = disease.toLowerCase();
    const same = found.get(key) ?? { disease, ledgerIds: new Set() };
    found.set(key, same);
    same.ledgerIds.add(ledgerId);
  }
  const items = [...found.values()]
    .map(({ disease, ledgerIds }) => ({ disease, patients: ledgerIds.size }))
    .filter(({ patients }) => patients >= least)
    .sort((a, b) => b.patients - a.patients || (a.disease < b.disease ? -1 : 1));
  return { items, least, suppressed: found.size - items.length };
}
