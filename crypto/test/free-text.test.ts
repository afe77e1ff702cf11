import { peopleOf } from '../src/document/free-text/people.js';
import { freeTextScan } from '../src/document/free-text/scan.js';
import { figure } from '../../test/support/figures';
import { LABELS, measure, sentences } from './support/free-text.js';
import { partOfPage, scanTables } from './support/replaced-fields-page.js';

describe('two hundred labelled sentences', () => {
  const measured = measure();

  it('are two hundred, sixty of them kept back', () => {
    expect(sentences()).toHaveLength(200);
    expect(sentences().filter(({ keptBack }) => keptBack)).toHaveLength(60);
  });

  it('give the table of misses that is printed with the documents', () => {
    for (const [group, scores] of Object.entries(measured.scores))
      for (const [label, score] of scores) figure({ sentences: group, what: LABELS[label], ...score });
    const table = scanTables(measured);
    expect(partOfPage('free-text', table)).toBe(table);
  });
});

describe('the scan', () => {
  const scan = freeTextScan(
    peopleOf(null, {
      patient: { names: ['Hanna Große-Öttinger'], numbers: ['GH 55 18 27', '+49 761 2034411'] },
      staff: { names: ['Dr. May Hill'], institutions: ['Internal Medicine', 'Quellhof Clinic'] },
    }),
  );
  const masked = (text: string): string => scan.mask(text, '_').shown;

  it.each([
    ['GROSSE OETTINGER, Hanna', '_'],
    ['Frau Grosse-Ottinger schläft', 'Frau _ schläft'],
    ['H. Große\u00adÖttinger', '_'],
    ['Hanna\u200bGroße', '_'],
    ['Große-O\u0308ttinger kam', '_ kam'],
    ['H.G.Ö. kam', '_ kam'],
    ['eine große Wunde an der Hand', 'eine _ Wunde an der Hand'],
    ['no. gh551827 in the file', 'no. _ in the file'],
    ['Tel. 2034411', 'Tel. _'],
    ['she may walk up hill', 'she may walk up hill'],
    ['Hill and Dr. May', '_ and Dr. _'],
    ['seen by may hill', 'seen by _'],
    ['Internal Medicine ward', 'Internal Medicine ward'],
    ['moved to Quellhof', 'moved to _'],
    ['BP 120/80, HbA1c 7.2 %, 500 mg 1-0-1', 'BP 120/80, HbA1c 7.2 %, 500 mg 1-0-1'],
    ['INR 2.4, sodium 136, 12/14 points', 'INR 2.4, sodium 136, 12/14 points'],
    ['on 3/4/25 and 2025-01-31T09:00:00Z', 'on _ and _'],
    ['http://x.example/p/1 or a.b@c.example', '_ or _'],
  ])('%j becomes %j', (text, shown) => {
    expect(masked(text)).toBe(shown);
  });

  it.each([
    ['a'.repeat(200_000), 0],
    ['A'.repeat(200_000), 0],
    [`${'1'.repeat(200_000)}b`, 1],
    [`A${'1'.repeat(200_000)}b`, 1],
    ['A.'.repeat(100_000), 0],
    ['0 '.repeat(100_000), 1],
    ["D'".repeat(100_000), 0],
    ['Dr. '.repeat(50_000), 1],
    ['id: - '.repeat(40_000), 0],
    ['a@'.repeat(100_000), 1],
    ['Hanna '.repeat(30_000), 1],
  ])('comes to an end with long and strange texts', (text, spans) => {
    expect(scan.spans(text).length > 0 ? 1 : 0).toBe(spans);
  });

  it('says whose a text is', () => {
    expect(scan.mask('Dr. Hill', '_').kind).toBe('organisation');
    expect(scan.mask('Dr. Hill and Hanna', '_').kind).toBe('personal');
    expect(scan.mask('nobody', '_').kind).toBeUndefined();
  });

  it('gives places in the text as it was written', () => {
    const text = 'ﬁebrig: Große-O\u0308ttinger.';
    expect(scan.spans(text).map(({ start, end }) => text.slice(start, end))).toEqual([
      'Große-O\u0308ttinger',
    ]);
  });
});
