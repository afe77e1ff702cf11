import fc from 'fast-check';
import { countDiseases, type TitledRecord } from '../src/statistics/disease-counts';

const MONTHS = ['2020-01', '2020-02', '2020-03'];

const records = fc.array(
  fc.record<TitledRecord>({
    ledgerId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    date: fc.constantFrom('2019-12-31', '2020-01-01', '2020-02-29', '2020-03-31', '2020-04-01'),
    disease: fc.constantFrom('', ' ', 'fever', 'Fever ', 'FEVER', 'leg pain', 'asthma'),
  }),
);

/** Each disease by itself, over all records again. */
const naively = (all: readonly TitledRecord[], least: number) => {
  const wanted = all.filter(
    ({ date, disease }) => MONTHS.some((month) => date.startsWith(month)) && disease.trim(),
  );
  const keys = wanted.map(({ disease }) => disease.trim().toLowerCase());
  const counts = keys
    .filter((key, at) => keys.indexOf(key) === at)
    .map((key) => {
      const same = wanted.filter((_, at) => keys[at] === key);
      const patients = same.filter(
        ({ ledgerId }, at) => same.findIndex((one) => one.ledgerId === ledgerId) === at,
      );
      return { disease: same[0]!.disease.trim(), patients: patients.length };
    });
  const items = counts.filter(({ patients }) => patients >= least);
  return {
    items: items.sort((a, b) => b.patients - a.patients || (a.disease < b.disease ? -1 : 1)),
    suppressed: counts.length - items.length,
  };
};

test('diseases are counted as by looking through all records for each of them', () => {
  fc.assert(
    fc.property(records, fc.integer({ min: 1, max: 5 }), (all, least) => {
      expect(countDiseases(all, MONTHS, least)).toEqual({ ...naively(all, least), least });
    }),
  );
});
