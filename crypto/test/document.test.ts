import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  blindDocument,
  canonicalJson,
  decodeSanitisingPackage,
  documentFaults,
  type KnownPeople,
  layOutDocument,
  layoutOf,
  type LaidOutDocument,
  type LayOutOptions,
  mclEngine,
  nobleEngine,
  openSanitisingPackage,
  originalDocument,
  sanitise,
  sanitisedDocument,
  SECTOR_BYTES,
  type SectorPosition,
  withWildcards,
} from '../src/index.js';
import type { Json, JsonObject } from '../src/document/json.js';
import { newSigner } from './support/audit.js';
import { refusal } from './support/refusal.js';

const VISIT = JSON.parse(readFileSync(path.join(__dirname, 'documents/visit.json'), 'utf8')) as JsonObject;
const canonical = (value: unknown): string => canonicalJson(value, { decimals: true });
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const urn = (n: number): string => `urn:uuid:7f3c0000-1111-4222-8333-00000000000${n}`;

/** A document with one resource beside Composition and patient. */
const documentWith = (resource: JsonObject, composition: JsonObject = {}): JsonObject => ({
  resourceType: 'Bundle',
  type: 'document',
  identifier: { system: 'urn:ietf:rfc:3986', value: 'urn:uuid:5ad0c14e-0000-4000-8000-0123456789ab' },
  timestamp: '2025-03-04T10:15:00Z',
  entry: [
    {
      fullUrl: urn(1),
      resource: {
        resourceType: 'Composition',
        id: 'visit-77',
        status: 'final',
        type: { coding: [{ system: 'http://loinc.org', code: '11488-4', display: 'Consult note' }] },
        subject: { reference: urn(2), display: 'Ottoline Marsh' },
        date: '2025-03-04',
        author: [{ reference: 'Practitioner/p-9', display: 'Dr. Bertil Quayle' }],
        title: 'Visit of Ottoline Marsh',
        ...composition,
      },
    },
    {
      fullUrl: urn(2),
      resource: {
        resourceType: 'Patient',
        id: 'rec-552817',
        name: [{ family: 'Marsh', given: ['Ottoline', 'Eve'] }],
        birthDate: '1931-12-30',
        gender: 'female',
      },
    },
    { fullUrl: urn(3), resource },
  ],
});

const sanitisedBytes = (laidOut: LaidOutDocument, sectorsPerBlock = 32): Uint8Array<ArrayBuffer> =>
  withWildcards(
    layoutOf(laidOut.bytes.length, sectorsPerBlock),
    [...laidOut.personal, ...laidOut.organisation],
    laidOut.bytes,
  );

/** The third entry's resource, sanitised. */
const sanitised = (
  resource: JsonObject,
  profile: LayOutOptions['profile'],
  people: KnownPeople = {},
): JsonObject => {
  const laidOut = layOutDocument(documentWith(resource), { profile, researchConsentId: 'c-1', people });
  const entries = sanitisedDocument(sanitisedBytes(laidOut))['entry'] as { resource: JsonObject }[];
  return entries[2]?.resource ?? {};
};

/** What stands in some sectors. */
const inSectors = ({ bytes }: LaidOutDocument, positions: SectorPosition[]): string =>
  positions
    .map(({ block, sector }) =>
      text(bytes.subarray((block * 32 + sector) * SECTOR_BYTES).subarray(0, SECTOR_BYTES)),
    )
    .join('');

const OBSERVATION: JsonObject = {
  resourceType: 'Observation',
  id: 'obs-31',
  status: 'final',
  category: [
    {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' }],
    },
  ],
  code: {
    coding: [{ system: 'http://loinc.org', code: '4548-4', display: 'Hemoglobin A1c' }],
    text: 'HbA1c',
  },
  subject: { reference: urn(2) },
  effectiveDateTime: '2025-03-04T09:00:00Z',
  issued: '2025-03-04T11:00:00Z',
  valueQuantity: { value: 7.25, unit: '%', system: 'http://unitsofmeasure.org', code: '%' },
  _valueQuantity: { id: 'x' },
  note: [{ text: 'Told E. Marsh by phone.', time: '2025-03-04' }],
};

describe('a laid out document', () => {
  const laidOut = layOutDocument(VISIT, { profile: 'minimal' });

  it('is the document itself, to JSON.parse', () => {
    expect(canonical(JSON.parse(text(laidOut.bytes)))).toBe(canonical(VISIT));
    expect(canonical(originalDocument(laidOut.bytes))).toBe(canonical(VISIT));
  });

  it('is canonical JSON but for spaces between tokens and the masked values', () => {
    const spacesOut = text(laidOut.bytes).replace(/("(?:[^"\\]|\\.)*")| +/g, '$1');
    expect(spacesOut.startsWith('{"entry":[{"fullUrl":"urn:uuid:')).toBe(true);
    expect(JSON.parse(spacesOut)).toEqual(JSON.parse(text(laidOut.bytes)));
  });

  it('says where what is replaced, and never what', () => {
    expect(laidOut.fields).toContainEqual({
      path: 'entry[0].resource.date',
      kind: 'personal',
      field: 'Composition.date',
      masked: true,
    });
    expect(laidOut.fields).toContainEqual(
      expect.objectContaining({ field: 'Practitioner.name', kind: 'organisation', masked: false }),
    );
    expect(Object.keys(laidOut.fields[0] ?? {})).toEqual(['path', 'kind', 'field', 'masked']);
  });

  it('counts the blocks of which something stays', () => {
    const { blocks, blocksWithContent, contentShare, keptShare } = laidOut.coverage;
    expect(blocksWithContent).toBeGreaterThan(0.8 * blocks);
    expect(contentShare).toBe(blocksWithContent / blocks);
    expect(keptShare).toBeGreaterThan(0.2);
  });

  it('is refused for what is no document, without a consent for research, and for what cannot be laid out', async () => {
    const lay = (bundle: unknown, options: LayOutOptions = { profile: 'minimal' }): Promise<unknown> =>
      refusal(() => layOutDocument(bundle, options));
    expect(await lay({ ...VISIT, type: 'collection' })).toBe('BAD_ARGUMENT');
    expect(await lay({ ...VISIT, entry: (VISIT['entry'] as Json[]).slice(1) })).toBe('BAD_ARGUMENT');
    expect(await lay(VISIT, { profile: 'research' })).toBe('BAD_ARGUMENT');
    expect(await lay(VISIT, { profile: 'minimal', sectorsPerBlock: 7 })).toBe('BAD_ARGUMENT');
    expect(await lay(documentWith({ resourceType: 'Basic', '[pieces]': ['a'] }))).toBe('BAD_ARGUMENT');
    expect(await lay(documentWith({ resourceType: 'Basic', code: undefined as unknown as Json }))).toBe(
      'NOT_CANONICAL',
    );
  });
});

describe('a sanitised document', () => {
  it('is the same from both engines, and FHIR', async () => {
    const small = documentWith(OBSERVATION);
    const laidOut = layOutDocument(small, {
      profile: 'research',
      researchConsentId: 'c-1',
      sectorsPerBlock: 8,
    });
    const { bytes: content, personal, organisation } = laidOut;
    for (const engine of [await mclEngine(), nobleEngine()]) {
      const signer = await newSigner(engine, 8);
      const blinded = blindDocument(engine, { ...signer, content, personal, organisation });
      const clean = sanitise(engine, { ...signer, package: blinded.package });
      expect(clean.content).toEqual(sanitisedBytes(laidOut, 8));
      expect(documentFaults(sanitisedDocument(clean.content))).toEqual([]);
      expect(text(clean.content)).not.toMatch(/Marsh|Ottoline|Quayle|552817|1931|03-04|obs-31/);
      const opened = openSanitisingPackage(engine, { ...signer, package: blinded.package });
      const shown = opened.sectors.filter(({ kind }) => kind === 'organisation');
      expect(shown).toHaveLength(organisation.length);
      expect(decodeSanitisingPackage(blinded.package).content).not.toEqual(content);
    }
  });

  it('keeps structure and categories in minimal', () => {
    expect(sanitised(OBSERVATION, 'minimal')).toEqual({
      resourceType: 'Observation',
      status: 'final',
      category: OBSERVATION['category'],
      code: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason', code: 'masked' }],
      },
      subject: { reference: 'urn:uuid:00000000-0000-4000-8000-000000000002' },
    });
  });

  it('keeps coded content, years and scanned text in research', () => {
    expect(sanitised(OBSERVATION, 'research')).toEqual({
      resourceType: 'Observation',
      status: 'final',
      category: OBSERVATION['category'],
      code: OBSERVATION['code'],
      subject: { reference: 'urn:uuid:00000000-0000-4000-8000-000000000002' },
      effectiveDateTime: '2025',
      valueQuantity: OBSERVATION['valueQuantity'],
      note: [{ text: 'Told [masked] by phone.', time: '2025' }],
    });
  });

  it('replaces what the table does not name, local codes, and resources that it does not know', () => {
    const odd: JsonObject = {
      ...OBSERVATION,
      soulColour: 'violet',
      code: { coding: [{ system: 'http://hospital.example/codes', code: 'rec-552817' }], text: 'x' },
      method: { coding: [{ system: 'http://snomed.info/sct', code: 'not a code' }] },
      extension: [{ url: 'http://hospital.example/x', valueString: 'secret' }],
      contained: [{ resourceType: 'Patient' }],
    };
    const { code, ...others } = sanitised(odd, 'research');
    expect(code).toEqual({ text: 'x' });
    for (const name of ['soulColour', 'method', 'extension', 'contained'])
      expect(others).not.toHaveProperty(name);
    const laidOut = layOutDocument(
      documentWith(
        { resourceType: 'Basic', author: { display: 'Somebody' } },
        { section: [{ title: 'Notes', entry: [{ reference: urn(3) }] }] },
      ),
      { profile: 'research', researchConsentId: 'c-1' },
    );
    const document = sanitisedDocument(sanitisedBytes(laidOut));
    expect(document['entry']).toHaveLength(2);
    expect(text(sanitisedBytes(laidOut))).not.toContain('Somebody');
  });

  it('leaves no list behind in which only places are left', () => {
    const allergy: JsonObject = {
      resourceType: 'AllergyIntolerance',
      patient: { reference: urn(2) },
      category: [null, 'of Ottoline'],
      _category: [{ extension: [{ url: 'http://hospital.example/x', valueString: 'secret' }] }, null],
    };
    expect(sanitised(allergy, 'research')).toEqual({
      resourceType: 'AllergyIntolerance',
      patient: { reference: 'urn:uuid:00000000-0000-4000-8000-000000000002' },
    });
  });

  it('tells no age over 89: neither from a birth year nor from a quantity nor from a date long past', () => {
    const old = layOutDocument(documentWith(OBSERVATION), { profile: 'research', researchConsentId: 'c-1' });
    expect(text(sanitisedBytes(old))).not.toContain('1931');
    const young = {
      ...OBSERVATION,
      valueQuantity: { value: 89, unit: 'years' },
      effectiveDateTime: '1936-03-04',
    };
    expect(sanitised(young, 'research')).toMatchObject({
      valueQuantity: { value: 89 },
      effectiveDateTime: '1936',
    });
    const aged = {
      ...OBSERVATION,
      valueQuantity: { value: 90, unit: 'years' },
      effectiveDateTime: '1935-03-04',
    };
    expect(sanitised(aged, 'research')).not.toHaveProperty('valueQuantity');
    expect(sanitised(aged, 'research')).not.toHaveProperty('effectiveDateTime');
  });

  it('keeps required elements, with values that say nothing', () => {
    const shot: JsonObject = {
      resourceType: 'Immunization',
      status: 'completed',
      vaccineCode: { text: 'MMR' },
      patient: { reference: 'Patient/elsewhere' },
      occurrenceDateTime: '2024-01-02',
      lotNumber: 'L-99',
    };
    expect(sanitised(shot, 'minimal')).toEqual({
      resourceType: 'Immunization',
      status: 'completed',
      vaccineCode: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason', code: 'masked' }],
      },
      patient: { display: '[masked]' },
      occurrenceDateTime: '0001',
    });
  });

  it('reads narratives as their readers do, and shows no attribute, comment or strange markup', () => {
    const div = (inner: string): JsonObject => ({
      ...OBSERVATION,
      text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>` },
    });
    const shown = (inner: string): unknown =>
      (sanitised(div(inner), 'research')['text'] as { div: string } | undefined)?.div.replace(
        /<\/?div[^>]*>/g,
        '',
      );
    expect(shown('HbA1c &lt; 7 &#37;')).toBe('HbA1c &lt; 7 &#37;');
    expect(shown('Mrs <b>Mar</b>sh&#44; well')).toBe('Mrs <b>[masked]</b>&#44; well');
    expect(shown('Otto&shy;line')).toBeUndefined();
    expect(shown('O&#116;toline is well')).toBe('[masked] is well');
    expect(shown('<p title="Marsh">fine</p><!-- Marsh -->')).toBe('<p>fine</p>');
    expect(shown('<script>Marsh</script>')).toBeUndefined();
    expect(shown('<p>open')).toBeUndefined();
    expect(shown('<!-- open')).toBeUndefined();
    expect(shown('<!--'.repeat(50_000))).toBeUndefined();
  });

  it('numbers entries anew, however a reference names them', () => {
    const composition = (reference: string): JsonObject => ({ section: [{ entry: [{ reference }] }] });
    for (const reference of [
      urn(3),
      'Observation/obs-31',
      'https://h.example/fhir/Observation/obs-31/_history/2',
    ]) {
      const laidOut = layOutDocument(documentWith(OBSERVATION, composition(reference)), {
        profile: 'minimal',
      });
      const document = text(sanitisedBytes(laidOut));
      expect(document).toContain('"reference":"urn:uuid:00000000-0000-4000-8000-000000000003"');
      expect(document).not.toContain('7f3c0000');
    }
  });

  it('keeps digits as they were written beside a number that stays, and nothing else of that kind', () => {
    const digits = (valueString: string): JsonObject => ({
      ...OBSERVATION,
      valueQuantity: {
        value: 98.6,
        _value: { extension: [{ url: 'urn:medseal:fhir:decimal-text', valueString }] },
      },
    });
    expect(sanitised(digits('98.60'), 'research')['valueQuantity']).toEqual(digits('98.60')['valueQuantity']);
    expect(sanitised(digits('98.60 Marsh'), 'research')['valueQuantity']).toEqual({ value: 98.6 });
  });
});

describe('a text that is longer than a block', () => {
  const long = `${'é"\\\n漢🩺 '.repeat(900)}end`;
  const bundle = documentWith({ ...OBSERVATION, valueString: long, note: [{ text: long }] });

  it.each([8, 32, 256])('comes back to the letter, %s sectors a block', (sectorsPerBlock) => {
    const laidOut = layOutDocument(bundle, { profile: 'minimal', sectorsPerBlock });
    expect(canonical(originalDocument(laidOut.bytes))).toBe(canonical(bundle));
    const clean = sanitisedBytes(laidOut, sectorsPerBlock);
    expect(documentFaults(sanitisedDocument(clean))).toEqual([]);
    expect(text(clean)).not.toMatch(/[é漢🩺]/u);
  });
});

describe('what the sanitiser sees', () => {
  it('is the organisation’s, unless it names the patient', () => {
    const team = (name: string): LaidOutDocument =>
      layOutDocument(documentWith({ resourceType: 'CareTeam', status: 'active', name }), {
        profile: 'minimal',
      });
    const plain = team('Team of ward seven');
    expect(inSectors(plain, plain.organisation)).toContain('Team of ward seven');
    const named = team('Team of Ottoline Marsh');
    expect(inSectors(named, named.organisation)).not.toContain('Marsh');
    expect(inSectors(named, named.personal)).toContain('Team of Ottoline Marsh');
  });

  it('leaves what is unknown to the patient’s part', () => {
    const laidOut = layOutDocument(documentWith({ ...OBSERVATION, soulColour: 'violet' }), {
      profile: 'minimal',
    });
    expect(inSectors(laidOut, laidOut.personal)).toContain('violet');
    expect(inSectors(laidOut, laidOut.organisation)).not.toContain('violet');
  });
});
