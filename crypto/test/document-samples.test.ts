import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  canonicalJson,
  documentFaults,
  layOutDocument,
  layoutOf,
  leftToReplace,
  originalDocument,
  sanitisedDocument,
  withWildcards,
} from '../src/index.js';
import type { Json, JsonObject } from '../src/document/json.js';
import { textsOf } from '../src/document/json.js';
import { figure } from '../../test/support/figures';

/** How many of the sample patients; all of them in the drill. */
const PATIENTS = Number(process.env.MEDSEAL_SAMPLE_PATIENTS ?? '2');
const FOLDER = path.join(__dirname, '../../scripts/demo/fhir');
jest.setTimeout(120_000);

const resources = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.ndjson'))
  .flatMap((name) => readFileSync(path.join(FOLDER, name), 'utf8').trim().split('\n'))
  .map((line) => withoutEmpty(JSON.parse(line) as JsonObject) as JsonObject);

/** FHIR has no empty arrays; the samples do. */
function withoutEmpty(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => !Array.isArray(member) || member.length > 0)
      .map(([name, member]) => [name, withoutEmpty(member)]),
  );
}

const idOf = (resource: JsonObject): string =>
  `${String(resource['resourceType'])}/${String(resource['id'])}`;
const isOf = (patient: string, resource: JsonObject): boolean =>
  [resource['subject'], resource['patient']].some(
    (one) => (one as JsonObject | undefined)?.['reference'] === patient,
  );

/** All that there is of a patient, under a Composition whose text names them in several ways. */
const documentOf = (patient: JsonObject): JsonObject => {
  const [name] = patient['name'] as { family: string; given: string[] }[];
  const mine = resources.filter((resource) => isOf(idOf(patient), resource));
  const note = `${name?.family.toUpperCase() ?? ''}, ${name?.given[0] ?? ''} and ${name?.given[0]?.[0] ?? ''}. ${name?.family ?? ''} born ${String(patient['birthDate'])}, ${textsOf(patient['telecom'] ?? null).join(' ')}`;
  return {
    resourceType: 'Bundle',
    type: 'document',
    identifier: { system: 'urn:samples', value: String(patient['id']) },
    timestamp: '2025-02-16T08:00:00Z',
    entry: [
      {
        resourceType: 'Composition',
        id: 'c-1',
        status: 'final',
        type: { text: 'Summary' },
        subject: { reference: idOf(patient) },
        date: '2025-02-16',
        author: [{ display: 'Dr. Orlando Field' }],
        title: 'Summary',
        section: [
          {
            title: 'Notes',
            text: {
              status: 'additional',
              div: `<div xmlns="http://www.w3.org/1999/xhtml"><p>${note}</p></div>`,
            },
            entry: mine.map((resource) => ({ reference: idOf(resource) })),
          },
        ],
      },
      patient,
      ...mine,
    ].map((resource) => ({ fullUrl: `https://samples.example/${idOf(resource)}`, resource })),
  };
};

/** Names, numbers, addresses and whole dates of a patient, and every id. */
const secretsOf = (patient: JsonObject, document: JsonObject): string[] => {
  const { name, telecom, address, identifier, contact } = patient;
  const said = [name, contact]
    .flatMap((part) => (part as JsonObject[] | undefined) ?? [])
    .map((one) => one['name'] ?? one);
  const words = [
    ...said.flatMap(textsOf),
    ...textsOf(identifier ?? null).filter((one) => /\d{3}/.test(one) && !one.includes(':')),
  ];
  const numbers = (telecom as { value: string }[]).map(({ value }) => value);
  const lines = (address as { line: string[]; postalCode: string; city: string }[]).flatMap((one) => [
    ...one.line,
    one.postalCode,
    one.city,
  ]);
  const entries = document['entry'] as { resource: JsonObject }[];
  return [
    ...words,
    ...numbers,
    ...lines,
    String(patient['birthDate']),
    ...entries.map(({ resource }) => String(resource['id'])),
  ].filter((one) => one.length > 3 && one !== 'official');
};

describe('sample patients', () => {
  const patients = resources.filter(({ resourceType }) => resourceType === 'Patient');

  it.each(patients.slice(0, PATIENTS).map((patient) => [String(patient['id']), patient] as const))(
    '%s: nothing personal is left, in either profile',
    (_id, patient) => {
      const document = documentOf(patient);
      expect(documentFaults(document)).toEqual([]);
      const secrets = secretsOf(patient, document);
      expect(secrets.length).toBeGreaterThan(10);
      for (const profile of ['minimal', 'research'] as const) {
        const laidOut = layOutDocument(document, { profile, researchConsentId: 'c-1' });
        expect(canonicalJson(originalDocument(laidOut.bytes), { decimals: true })).toBe(
          canonicalJson(document, { decimals: true }),
        );
        const layout = layoutOf(laidOut.bytes.length, 32);
        const bytes = withWildcards(layout, [...laidOut.personal, ...laidOut.organisation], laidOut.bytes);
        const shown = sanitisedDocument(bytes);
        expect(leftToReplace(shown, { profile })).toEqual([]);
        const text = JSON.stringify(shown);
        const left = secrets.filter((secret) =>
          new RegExp(`(?<![\\p{L}\\p{N}])${escaped(secret)}(?![\\p{L}\\p{N}])`, 'iu').test(text),
        );
        expect(left).toEqual([]);
        expect(text).not.toMatch(/\d{4}-\d{2}-\d{2}(?!T00:00:00Z)/);
        figure({
          profile,
          canonicalBytes: JSON.stringify(document).length,
          bytes: laidOut.bytes.length,
          shownBytes: text.length,
          blocks: laidOut.coverage.blocks,
          contentShare: Number(laidOut.coverage.contentShare.toFixed(3)),
          keptShare: Number(laidOut.coverage.keptShare.toFixed(3)),
        });
      }
    },
  );
});

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
