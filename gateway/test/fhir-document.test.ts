import {
  canonicalJson,
  documentFaults,
  layOutDocument,
  layoutOf,
  originalDocument,
  parseCanonicalJson,
  sanitisedDocument,
  withWildcards,
} from '@medseal/crypto';
import * as fc from 'fast-check';
import { foldDecimals, unfoldDecimals } from '../src/records/document/decimals.js';
import { madeOfSections, sectionsOf, toDocumentBundle } from '../src/records/document/fhir-document.js';
import { parseLossless, stringifyLossless, WrittenNumber } from '../src/records/document/lossless-json.js';
import { OBSERVED, SECTION_NAMES, type Item, type Sections } from '../src/records/document/sections.js';
import { documentErrors, type DocumentBundle } from '../src/records/document/validate-document.js';

const context = {
  ledgerId: 'aa'.repeat(16),
  author: 'bb'.repeat(16),
  hospital: 'CityMSP',
  date: '2020-02-29',
  title: 'fever',
  recordType: 'OPConsultation',
};

/** What sealing and opening do to a document. */
const sealed = (bundle: DocumentBundle): DocumentBundle => {
  const text = canonicalJson(foldDecimals(bundle), { decimals: true });
  return unfoldDecimals(parseCanonicalJson(text, { decimals: true })) as DocumentBundle;
};

const sections: Sections = {
  progressNotes: [{ text: 'Fever since <three> days & "chills"', date: '2020-02-29' }],
  problems: [
    {
      text: 'Fever',
      code: { system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'R50.9', display: 'Fever, unspecified' },
    },
  ],
  medications: [{ text: 'Paracetamol', value: '500', unit: 'mg', date: '2020-02-29' }],
  vitalSigns: [
    {
      text: 'Body temperature',
      code: { system: 'http://loinc.org', code: '8310-5', display: 'Body temperature' },
      value: '38.90',
      unit: 'Cel',
      abnormal: true,
    },
    { text: 'Heart rate', value: 88, unit: '/min', abnormal: false },
  ],
  pastMedicalHistory: [{ text: 'Measles', date: '1999-01-01' }],
  immunizations: [
    { text: 'Tetanus', value: 0.5, unit: 'mL' },
    { text: 'BCG', date: '1990-06-01' },
  ],
  labData: [
    { text: 'CRP', value: '< 5', unit: 'mg/L', range: 'below 5' },
    { text: 'Potassium', value: '5.60', unit: 'mmol/L', abnormal: true, range: '3.50–5.1' },
    { text: 'Malaria smear', value: 'negative' },
    { text: 'pending', unit: 'g/L' },
  ],
  radiologyReports: [
    {
      text: 'Chest clear.\nNo effusion.',
      code: { system: 'http://loinc.org', code: '36643-5' },
      abnormal: false,
    },
  ],
};

describe('eight sections as a FHIR R4 document', () => {
  const bundle = toDocumentBundle(sections, context);

  test('come back exactly as they were written', () => {
    expect(sectionsOf(sealed(bundle))).toEqual(sections);
    expect(madeOfSections(sealed(bundle))).toBe(true);
  });

  test('are a document: Composition first, every entry with a fullUrl, every reference inside', () => {
    expect(documentErrors(bundle)).toEqual([]);
    expect(bundle.type).toBe('document');
    expect(bundle['identifier']).toEqual({
      system: 'urn:ietf:rfc:3986',
      value: expect.stringMatching(/^urn:uuid:/),
    });
    expect(bundle['timestamp']).toMatch(/Z$/);
    expect(bundle.entry[0]?.resource.resourceType).toBe('Composition');
    const urls = bundle.entry.map(({ fullUrl }) => fullUrl);
    expect(urls.every((url) => url?.startsWith('urn:uuid:'))).toBe(true);
    expect(new Set(urls).size).toBe(urls.length);
    const references = [...JSON.stringify(bundle).matchAll(/"reference":"([^"]+)"/g)].map(
      ([, reference]) => reference,
    );
    expect(references.length).toBeGreaterThan(12);
    for (const reference of references) expect(urls).toContain(reference);
  });

  test('have the LOINC code of each section, with title and text', () => {
    const written = bundle.entry[0]?.resource['section'] as {
      title: string;
      code: { coding: { system: string; code: string }[] };
      text: { status: string; div: string };
    }[];
    expect(written.map(({ code }) => code.coding[0]?.code)).toEqual([
      '11506-3',
      '11450-4',
      '10160-0',
      '8716-3',
      '11348-0',
      '11369-6',
      '30954-2',
      '18748-4',
    ]);
    for (const { title, code, text } of written) {
      expect(title).not.toBe('');
      expect(code.coding[0]?.system).toBe('http://loinc.org');
      expect(text.div).toMatch(/^<div xmlns="http:\/\/www.w3.org\/1999\/xhtml">.*<\/div>$/s);
    }
    expect(written[0]?.text.div).toContain('Fever since &lt;three&gt; days &amp; &quot;chills&quot;');
  });

  test('use a number with its unit where the value is one', () => {
    const temperature = bundle.entry.find(
      ({ resource }) => resource['valueQuantity'] !== undefined,
    )?.resource;
    expect(temperature?.['valueQuantity']).toEqual({
      value: 38.9,
      _value: {
        extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/quantity-precision', valueInteger: 2 }],
      },
      unit: 'Cel',
      system: 'http://unitsofmeasure.org',
      code: 'Cel',
    });
  });

  test('tell a reference range with two ends by its numbers, any other by its words', () => {
    const ranges = bundle.entry
      .map(({ resource }) => (resource['referenceRange'] as Record<string, unknown>[] | undefined)?.[0])
      .filter((range) => range !== undefined);
    expect(ranges).toEqual([
      { text: 'below 5' },
      {
        low: expect.objectContaining({ value: 3.5, unit: 'mmol/L', code: 'mmol/L' }),
        high: { value: 5.1, unit: 'mmol/L', system: 'http://unitsofmeasure.org', code: 'mmol/L' },
        text: '3.50–5.1',
      },
    ]);
  });

  test('carry ids, never a name', () => {
    expect(JSON.stringify(bundle.entry.slice(1, 4))).toContain(context.ledgerId);
    expect(bundle.entry[1]?.resource['name']).toBeUndefined();
  });

  test('an empty section stays an empty section', () => {
    const some: Sections = { problems: [], labData: [{ text: 'Hb', value: 13 }] };
    expect(sectionsOf(sealed(toDocumentBundle(some, context)))).toEqual(some);
  });

  const text = fc.string({ minLength: 1, unit: 'grapheme' }).filter((value) => value.trim() !== '');
  const day = fc
    .date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));
  const item: fc.Arbitrary<Item> = fc.record(
    {
      text,
      code: fc.record({ system: text, code: text, display: text }, { requiredKeys: ['system', 'code'] }),
      value: fc.oneof(
        text,
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
        fc.stringMatching(/^-?(0|[1-9]\d{0,8})\.\d{1,6}$/),
        fc
          .stringMatching(/^-?(0|[1-9]\d{0,8})\.\d{1,6}$/)
          .map((digits) => (String(Number(digits)) === digits ? Number(digits) : new WrittenNumber(digits))),
      ),
      unit: text,
      date: day,
      abnormal: fc.boolean(),
    },
    { requiredKeys: ['text'] },
  );
  const observed = fc
    .tuple(item, fc.option(fc.oneof(text, fc.constant('1.50-2'))))
    .map(([fields, range]) => (range === null ? fields : { ...fields, range }));
  const anySections = fc.record(
    Object.fromEntries(
      SECTION_NAMES.map((name) => [name, fc.array(OBSERVED.has(name) ? observed : item, { maxLength: 4 })]),
    ),
    { requiredKeys: [] },
  ) as fc.Arbitrary<Sections>;

  test('any sections come back exactly', () => {
    fc.assert(
      fc.property(anySections, (any) => {
        expect(sectionsOf(sealed(toDocumentBundle(any, context)))).toEqual(any);
      }),
      { numRuns: 300 },
    );
  });
});

describe('decimals', () => {
  const written =
    '{"a":1.50,"b":[{"v":-0.0},2,1e3],"c":"1.50 \\" 2.0","d":12345678901234567890.1,"e":{"f":3,"_f":{"id":"x"}},"g":0.1}';

  test('are written again digit by digit', () => {
    expect(stringifyLossless(parseLossless(written))).toBe(written);
  });

  test('keep their digits through canonical JSON', () => {
    const bundle = parseLossless(
      '{"value":1.50,"unit":"mg","_value":{"id":"n1"},"low":{"value":2.0},"high":{"value":7}}',
    );
    const text = canonicalJson(foldDecimals(bundle), { decimals: true });
    const opened = unfoldDecimals(parseCanonicalJson(text, { decimals: true }));
    expect(JSON.parse(stringifyLossless(opened))).toEqual({ ...JSON.parse(stringifyLossless(bundle)) });
    expect(stringifyLossless(opened)).toContain('"value":1.50');
    expect(stringifyLossless(opened)).toContain('"low":{"value":2.0}');
    expect(stringifyLossless(opened)).toContain('"high":{"value":7}');
    expect(stringifyLossless(opened)).toContain('"_value":{"id":"n1"}');
  });

  test('a text that says another number than the decimal is not believed', () => {
    const forged = {
      value: 1.5,
      _value: { extension: [{ url: 'urn:medseal:fhir:decimal-text', valueString: '9.50' }] },
    };
    expect(stringifyLossless(unfoldDecimals(forged))).toContain('"value":1.5,');
  });

  test('any JSON text is written as it was read', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const parsed = parseLossless(text);
        expect(JSON.parse(stringifyLossless(parsed))).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each(['', '{', '{"a":01}', '1.', '{"a":NaN}'])('%j is not JSON', (text) => {
    expect(() => parseLossless(text)).toThrow(SyntaxError);
  });
});

describe('a document is refused, with field and remedy,', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'document'],
    ['a text', 'fever', 'document'],
    ['an array', [], 'document'],
    ['no content', {}, 'document'],
    ['empty sections only', { problems: [] }, 'document'],
    ['an unknown section', { allergies: [] }, 'document.allergies'],
    ['a section that is no array', { problems: 'fever' }, 'document.problems'],
    ['an item that is a text', { problems: ['fever'] }, 'document.problems[0]'],
    ['an item without text', { problems: [{ value: 3 }] }, 'document.problems[0].text'],
    ['a blank text', { problems: [{ text: '  ' }] }, 'document.problems[0].text'],
    ['an unknown field', { problems: [{ text: 'x', note: 'y' }] }, 'document.problems[0].note'],
    [
      'a day that does not exist',
      { problems: [{ text: 'x', date: '2019-02-29' }] },
      'document.problems[0].date',
    ],
    ['an object as value', { labData: [{ text: 'x', value: {} }] }, 'document.labData[0].value'],
    ['abnormal as text', { labData: [{ text: 'x', abnormal: 'yes' }] }, 'document.labData[0].abnormal'],
    [
      'a reference range of what is not measured',
      { problems: [{ text: 'x', range: '1-2' }] },
      'document.problems[0].range',
    ],
    [
      'a code without system',
      { labData: [{ text: 'x', code: { code: '1' } }] },
      'document.labData[0].code.system',
    ],
    ['half a character', { problems: [{ text: '\ud800' }] }, 'document.problems[0].text'],
    ['a prototype', { problems: [JSON.parse('{"text":"x","__proto__":{}}')] }, 'document.problems[0]'],
    ['another Bundle', { resourceType: 'Bundle', type: 'collection', entry: [] }, 'document.type'],
    ['another resource', { resourceType: 'Patient' }, 'document.type'],
    ['a Bundle without entries', { resourceType: 'Bundle', type: 'document', entry: [] }, 'document.entry'],
    [
      'a Bundle that starts otherwise',
      { resourceType: 'Bundle', type: 'document', entry: [{ resource: { resourceType: 'Patient' } }] },
      'document.entry[0].resource',
    ],
    [
      'an entry without resource',
      { resourceType: 'Bundle', type: 'document', entry: [{}] },
      'document.entry[0].resource',
    ],
  ])('%s', (_title, document, field) => {
    const errors = documentErrors(document);
    expect(errors[0]?.field).toBe(field);
    expect(errors[0]?.message).toMatch(/\w{3}/);
  });

  test('at most twenty errors are told', () => {
    expect(documentErrors({ problems: Array.from({ length: 100 }, () => ({})) })).toHaveLength(20);
  });
});

describe('the eight sections, sanitised', () => {
  const bundle = foldDecimals(toDocumentBundle(sections, context)) as DocumentBundle;
  const sanitised = (profile: 'minimal' | 'research'): DocumentBundle => {
    const laidOut = layOutDocument(bundle, { profile, researchConsentId: 'c-1' });
    expect(canonicalJson(originalDocument(laidOut.bytes), { decimals: true })).toBe(
      canonicalJson(bundle, { decimals: true }),
    );
    const layout = layoutOf(laidOut.bytes.length, 32);
    const bytes = withWildcards(layout, [...laidOut.personal, ...laidOut.organisation], laidOut.bytes);
    return unfoldDecimals(sanitisedDocument(bytes)) as unknown as DocumentBundle;
  };

  it('are a document without faults, before and after', () => {
    expect(documentFaults(bundle)).toEqual([]);
    for (const profile of ['minimal', 'research'] as const) {
      expect(documentErrors(sanitised(profile))).toEqual([]);
      expect(madeOfSections(sanitised(profile))).toBe(true);
    }
  });

  it('read in research as they were written, but for the dates', () => {
    const withoutDates = (written: Sections): unknown =>
      JSON.parse(stringifyLossless(written), (name, value: unknown) => (name === 'date' ? undefined : value));
    expect(withoutDates(sectionsOf(sanitised('research')))).toEqual(withoutDates(sections));
    expect(JSON.stringify(sanitised('research'))).not.toMatch(/\d{4}-\d{2}-\d{2}(?!T00:00:00Z)/);
  });

  it('say in minimal how many items each has, and nothing of them', () => {
    const document = sanitised('minimal');
    const text = JSON.stringify(document);
    expect(text).not.toMatch(/Fever|R50|8310|38\.9|Tetanus|negative|CityMSP|2020|aaaa|bbbb/);
    const composition = document.entry[0]?.resource as unknown as { section: { entry?: unknown[] }[] };
    expect(composition.section.map(({ entry }) => entry?.length ?? 0)).toEqual(
      SECTION_NAMES.map((name) => sections[name]?.length ?? 0),
    );
  });
});
