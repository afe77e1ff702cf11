import { fieldOf, REPLACED_FIELDS, REQUIRED, RESOURCE_TYPES } from '../../src/document/fields.js';
import type { Json, JsonObject } from '../../src/document/json.js';
import type { KnownPeople } from '../../src/index.js';

/** People whose names and numbers are planted in every text of a random document. */
export const PLANTED: Required<KnownPeople> = {
  patient: {
    names: ['Qzarvelina Åsa Thoxbury-Wend'],
    numbers: ['+99 771 904 42851', 'ZKREG-5518203347'],
    addresses: ['81 Xylophant Street, Grubnitz 40917'],
    emails: ['qz.thoxbury@example.org'],
  },
  staff: { names: ['Dr. Mirquade Vostrelli'], institutions: ['Pelumbra General Hospital'] },
};
/** How they are written in texts. */
const WRITINGS = [
  'Qzarvelina Thoxbury-Wend',
  'THOXBURY WEND, Qzarvelina',
  'Asa Thoxbury',
  'Q. Thoxbury',
  'Thox-\nbury',
  'T h o x b u r y W e n d',
  'call 0771 904 428 51',
  'no. ZKREG 5518203347',
  '81 Xylophant St, Grubnitz',
  'QZ.Thoxbury@example.org',
  'Dr M. Vostrelli',
  'Pelumbra General Hospital',
  'born 1961-08-23',
  'on 23 August 1961',
];
/** What none of the writings may leave behind, and every value planted elsewhere has. */
export const MARKERS =
  /zk[0-9a-z]{6,}|thox-?\s*bury|qzarvelin|vostrelli|mirquade|xylophant|grubnitz|pelumbra|5518203347|0771 904|1961-08|23 aug|t h o x/i;

export interface RandomDocument {
  bundle: JsonObject;
  people: KnownPeople;
}

/** Lehmer's generator: numbers from 0 to 1, the same for the same seed. */
const generator = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

/**
 * A document without faults, made from the table of fields: resources of every type with elements of every rule, some
 * that the table does not know, and planted values in all of them. It has at least `bytes` bytes of content, some of
 * them in texts longer than a block.
 */
export const randomDocument = (seed: number, bytes: number): RandomDocument => {
  const draw = generator(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(draw() * from.length)] as T;
  const marker = (): string =>
    `ZK${Math.floor(draw() * 0xffff_ffff)
      .toString(36)
      .padStart(7, '0')}`;
  const count = 2 + Math.floor(draw() * 6);
  const types = ['Composition', 'Patient', ...Array.from({ length: count }, () => pick(TYPES))];
  const url = (i: number): string =>
    seed % 3 === 0
      ? `urn:uuid:${uuid(seed, i)}`
      : `https://zkhospital.example/fhir/${types[i] ?? ''}/${ID}-${seed}-${i}`;
  const reference = (): Json => {
    const to = Math.floor(draw() * types.length);
    const where = draw();
    // Also by type and id, and to what lies outside.
    if (where < 0.2) return { reference: `Patient/${marker()}`, display: pick(WRITINGS) };
    return {
      reference: where < 0.6 && seed % 3 !== 0 ? `${types[to] ?? ''}/${ID}-${seed}-${to}` : url(to),
      display: marker(),
    };
  };
  const words = (length: number): string => {
    const parts: string[] = [];
    for (let size = 0; size < length; size += parts.at(-1)?.length ?? 0)
      parts.push(draw() < 0.15 ? `(${pick(WRITINGS)})` : pick(WORDS));
    return parts.join(' ');
  };
  /** Empty rather than blank, which FHIR does not have. */
  const text = (): string => {
    const written = words(draw() < 0.05 ? 3_000 : 40 * draw());
    return written.trim() === '' ? '' : written;
  };
  const date = (): string =>
    pick(['2024-11-03', '2019', '2025-02-14T09:31:00Z', '1961-08-23', '2020-07', '1911-03-30']);
  const object = (owner: string, depth: number): JsonObject => {
    const made: JsonObject = {};
    const rows = [...(REPLACED_FIELDS.get(owner)?.keys() ?? [])];
    const required = REQUIRED[owner] ?? [];
    for (const name of rows) {
      const demanded = required.some(
        (one) => one === name || (one.endsWith('[x]') && isFirstForm(one, name, rows)),
      );
      const otherForm = required.some((one) => one.endsWith('[x]') && name.startsWith(one.slice(0, -3)));
      if (!demanded && (otherForm || depth > 5 || draw() > 0.4)) continue;
      const { field } = fieldOf(owner, name);
      made[name] =
        LISTS.has(`${owner}.${name}`) || draw() < 0.2 ? list(field.type, depth) : value(field.type, depth);
    }
    if (draw() < 0.1) made['unheardOf'] = { deep: [marker(), { [`x${Math.floor(draw() * 9)}`]: marker() }] };
    if (Object.keys(made).length === 0) made['unlisted'] = marker();
    return made;
  };
  const list = (type: string, depth: number): Json =>
    Array.from({ length: 1 + Math.floor(draw() * 3) }, () => value(type, depth));
  const value = (type: string, depth: number): Json => {
    switch (type) {
      case 'code':
        return pick(['final', 'active', 'completed', 'unknown', 'male']);
      case 'boolean':
        return draw() < 0.5;
      case 'number':
        return draw() < 0.1 ? 5518203347 : Math.round(draw() * 1_000) / 10;
      case 'string':
        return text() || 'none';
      case 'dateTime':
        return date();
      case 'instant':
        return '2025-02-14T09:31:00.250Z';
      case 'xhtml':
        return `<div xmlns="http://www.w3.org/1999/xhtml"><p title="${marker()}">${words(60)} <b>Thox</b>bury</p><!-- ${marker()} --></div>`;
      case 'Reference':
        return reference();
      case 'Coding':
        return pick<Json>([
          { system: 'http://loinc.org', code: '8480-6', display: text() || 'Systolic' },
          { system: 'http://snomed.info/sct', code: '38341003' },
          { system: 'http://zkhospital.example/codes', code: marker(), display: marker() },
        ]);
      case 'CodeableConcept':
        return { coding: [value('Coding', depth)], text: text() || 'concept' };
      case 'Quantity':
        return pick<Json>([
          { value: 3.75, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' },
          { value: 97, unit: 'years' },
          { value: 12, unit: 'tablets', system: 'http://zkhospital.example/units', code: marker() },
        ]);
      case 'Identifier':
        return { system: `urn:zkhospital:${marker()}`, value: marker() };
      case 'Narrative':
        return { status: 'generated', div: value('xhtml', depth) };
      case 'Extension':
        return pick<Json>([
          { url: 'urn:medseal:fhir:item', extension: [{ url: 'unit', valueString: text() || 'mg' }] },
          { url: 'http://zkhospital.example/extension', valueString: marker() },
        ]);
      case 'Annotation':
        return { text: text() || 'note', authorString: marker(), time: date() };
      default:
        return REPLACED_FIELDS.has(type) ? object(type, depth + 1) : leaf(draw, marker);
    }
  };
  const resource = (type: string, i: number): JsonObject => {
    const made = object(type, 0);
    if (type === 'Composition') Object.assign(made, { author: [{ reference: url(1) }], section: sections() });
    if (type === 'Organization') made['name'] = marker();
    return {
      ...made,
      resourceType: type,
      id: `${ID}-${seed}-${i}`,
      ...(draw() < 0.5 ? { meta: { lastUpdated: '2025-02-14T09:31:00Z', source: marker() } } : {}),
    };
  };
  const sections = (): Json =>
    Array.from({ length: 1 + Math.floor(draw() * 3) }, () => ({
      title: text() || 'Notes',
      ...(draw() < 0.5 && { text: value('Narrative', 0) }),
      entry: [reference()],
      ...(draw() < 0.2 && { section: [{ title: text() || 'More', entry: [reference()] }] }),
    }));
  const entry: Json[] = types.map((type, i) => ({ fullUrl: url(i), resource: resource(type, i) }));
  if (draw() < 0.5)
    entry.push({
      fullUrl: url(types.length),
      resource: { resourceType: 'Basic', id: marker(), author: { display: marker() } },
    });
  const bundle: JsonObject = {
    resourceType: 'Bundle',
    type: 'document',
    identifier: { system: 'urn:zkhospital', value: marker() },
    timestamp: '2025-02-14T09:31:00Z',
    entry,
  };
  for (let missing = bytes - JSON.stringify(bundle).length, i = types.length + 1; missing > 0; i++) {
    const size = Math.min(missing, draw() < 0.5 ? 500_000 : 2_000);
    entry.push({ fullUrl: url(i), resource: filler(i, size) });
    missing -= size;
  }
  return { bundle, people: PLANTED };

  function filler(i: number, size: number): JsonObject {
    const common = {
      resourceType: 'DiagnosticReport',
      id: `${ID}-${seed}-${i}`,
      status: 'final',
      code: { text: 'x-ray' },
    };
    return draw() < 0.7
      ? { ...common, presentedForm: [{ contentType: 'image/png', data: 'ZKimage0'.repeat(size / 8) }] }
      : { ...common, conclusion: words(size) };
  }
};

const ID = 'zkidentity';
const TYPES = [...RESOURCE_TYPES].filter((type) => type !== 'Bundle' && type !== 'Composition');
const WORDS =
  'pain since three days, stable on treatment; cough and fever — ünïcödé 漢字 🩺 \u2028 "quoted" back\\slash'.split(
    ' ',
  );
/** Elements that are lists in every document. */
const LISTS = new Set([
  'Composition.author',
  'Composition.section',
  'AllergyIntolerance.reaction.manifestation',
  'Bundle.entry',
]);

const isFirstForm = (required: string, name: string, rows: string[]): boolean =>
  rows.find((row) => row.startsWith(required.slice(0, -3)) && row !== required.slice(0, -3)) === name;

const uuid = (seed: number, i: number): string =>
  `${seed.toString(16).padStart(8, '0')}-1111-4222-8333-${i.toString(16).padStart(12, '0')}`;

const leaf = (draw: () => number, marker: () => string): Json =>
  draw() < 0.5 ? marker() : { value: marker(), system: 'phone', line: [marker(), marker()] };
