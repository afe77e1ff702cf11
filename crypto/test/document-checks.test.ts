import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  blindDocument,
  compareSanitised,
  decodeSanitisingPackage,
  documentCoverage,
  layOutDocument,
  layoutOf,
  type LayOutOptions,
  leftToReplace,
  mclEngine,
  replacedPlaces,
  sanitisedDocument,
  utf8,
  withWildcards,
} from '../src/index.js';
import type { JsonObject } from '../src/document/json.js';
import { newSigner } from './support/audit.js';
import { refusal } from './support/refusal.js';

/** What a sanitiser and a verifier check of a document. */
const VISIT = JSON.parse(readFileSync(path.join(__dirname, 'documents/visit.json'), 'utf8')) as JsonObject;
const MINIMAL: LayOutOptions = { profile: 'minimal' };
const RESEARCH: LayOutOptions = { profile: 'research', researchConsentId: 'c-1' };

const sanitised = (document: JsonObject, options: LayOutOptions): Uint8Array<ArrayBuffer> => {
  const { bytes, personal, organisation } = layOutDocument(document, options);
  return withWildcards(layoutOf(bytes.length, 32), [...personal, ...organisation], bytes);
};
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const clone = (value: JsonObject): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;
interface Entry {
  resource: JsonObject;
}
const entriesOf = (document: JsonObject): Entry[] => document['entry'] as unknown as Entry[];
const resourceOf = (document: JsonObject, type: string): JsonObject =>
  entriesOf(document).find(({ resource }) => resource['resourceType'] === type)!.resource;

describe.each([
  ['minimal', MINIMAL],
  ['research', RESEARCH],
] as const)('a document sanitised for %s', (_, options) => {
  const stored = sanitised(VISIT, options);

  it('has nothing left to replace, and no difference from its original', () => {
    expect(leftToReplace(sanitisedDocument(stored), options)).toEqual([]);
    expect(compareSanitised(VISIT, stored, options)).toEqual([]);
  });

  it('tells what was left in it', () => {
    const shown = sanitisedDocument(stored);
    resourceOf(shown, 'Patient')['birthDate'] = resourceOf(VISIT, 'Patient')['birthDate']!;
    expect(leftToReplace(shown, options)).toContainEqual(
      expect.objectContaining({ field: 'Patient.birthDate', kind: 'personal' }),
    );
    expect(compareSanitised(VISIT, utf8(JSON.stringify(shown)), options)).toContainEqual({
      kind: 'left',
      path: 'entry.resource.birthDate',
    });
  });

  it('tells what is gone from it, and what never was in the original', () => {
    const shown = sanitisedDocument(stored);
    resourceOf(shown, 'Composition')['status'] = 'amended';
    expect(compareSanitised(VISIT, utf8(JSON.stringify(shown)), options)).toEqual([
      { kind: 'foreign', path: 'entry.resource.status' },
      { kind: 'lost', path: 'entry.resource.status' },
    ]);
  });

  it('covers what the layout says that it covers', () => {
    const { bytes, personal, organisation, coverage } = layOutDocument(VISIT, options);
    const layout = layoutOf(bytes.length, 32);
    const positions = [...personal, ...organisation];
    expect(documentCoverage(layout, positions, stored)).toEqual(coverage);
    expect(documentCoverage(layout, positions, bytes)).toEqual(coverage);
  });
});

test('a name that is known later only is no difference where it was not masked; one that is left is told', () => {
  const document = clone(VISIT);
  const composition = resourceOf(document, 'Composition');
  composition['title'] = 'Zebedee Quill was here';
  const knowing = { ...RESEARCH, people: { staff: { names: ['Zebedee Quill'] } } };
  const masked = sanitised(document, knowing);
  expect(text(masked)).not.toContain('Zebedee');
  expect(compareSanitised(document, masked, RESEARCH)).toEqual([]);
  const differences = compareSanitised(document, sanitised(document, RESEARCH), knowing);
  expect(differences).toContainEqual({ kind: 'left', path: 'entry.resource.title' });
});

test('places of replaced sectors are read from the bytes: personal by their element, the others by name', async () => {
  const engine = await mclEngine();
  const laidOut = layOutDocument(VISIT, MINIMAL);
  const { package: bytes } = blindDocument(engine, {
    ...(await newSigner(engine, 32)),
    content: laidOut.bytes,
    personal: laidOut.personal,
    organisation: laidOut.organisation,
  });
  const { tag, sectors, content } = decodeSanitisingPackage(bytes);
  const places = replacedPlaces(layoutOf(tag.byteLength, tag.sectorsPerBlock), sectors, content);
  const total = places.reduce((sum, place) => sum + place.sectors, 0);
  expect(total).toBe(laidOut.coverage.replacedSectors);
  const patientAt = entriesOf(VISIT).findIndex(({ resource }) => resource['resourceType'] === 'Patient');
  expect(places).toContainEqual(
    expect.objectContaining({ path: `entry[${patientAt}].resource`, kind: 'personal' }),
  );
  // An entry that is gone is not counted.
  const unnumbered = (at: string): string => at.replace(/\[\d+\]/g, '');
  const named = laidOut.fields
    .filter(({ kind }) => kind === 'organisation')
    .map(({ path: at }) => unnumbered(at));
  const found = places
    .filter(({ kind }) => kind === 'organisation')
    .flatMap(({ path: at }) => at.split(', ').map(unnumbered));
  expect(new Set(found)).toEqual(new Set(named));
});

test('what is no document is refused before it is compared', async () => {
  expect(await refusal(() => compareSanitised(VISIT, utf8('{"resourceType":"Patient"}'), MINIMAL))).toBe(
    'BAD_ENCODING',
  );
});
