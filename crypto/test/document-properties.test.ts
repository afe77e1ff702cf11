import fc from 'fast-check';
import {
  blindDocument,
  canonicalJson,
  documentFaults,
  checkReplacedSet,
  layOutDocument,
  layoutOf,
  type LayOutOptions,
  mclEngine,
  originalDocument,
  type PairingEngine,
  sanitise,
  sanitisedDocument,
  SECTOR_BYTES,
  withWildcards,
} from '../src/index.js';
import type { Json } from '../src/document/json.js';
import { newSigner } from './support/audit.js';
import { MARKERS, randomDocument } from './support/documents.js';
import { figure } from '../../test/support/figures';

const RUNS = Number(process.env.MEDSEAL_DOCUMENT_RUNS ?? '6');
const MOST_BYTES = Number(process.env.MEDSEAL_DOCUMENT_BYTES ?? '15000');
jest.setTimeout(30_000 * Math.max(4, RUNS));

const PROFILES = ['minimal', 'research'] as const;
const seeds = fc.integer({ min: 1, max: 2 ** 31 - 2 });
const options: fc.Arbitrary<LayOutOptions> = fc.record({
  profile: fc.constantFrom(...PROFILES),
  researchConsentId: fc.constant('c-1'),
  sectorsPerBlock: fc.constantFrom(8, 32, 32, 64),
});
const canonical = (value: unknown): string => canonicalJson(value, { decimals: true });

/** Every member in another order, which says the same. */
const turned = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, turned(member)]),
  );
};

const decoded = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('random documents', () => {
  it('come back whole, are FHIR documents when sanitised, and hold nothing that was planted', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: MOST_BYTES }), options, (seed, bytes, chosen) => {
        const { bundle, people } = randomDocument(seed, bytes);
        expect(documentFaults(bundle)).toEqual([]);
        const laidOut = layOutDocument(bundle, { ...chosen, people });
        const text = decoded(laidOut.bytes);
        expect(canonical(originalDocument(laidOut.bytes))).toBe(canonical(bundle));
        if (!text.includes('"[pieces]"')) expect(canonical(JSON.parse(text))).toBe(canonical(bundle));
        // Nothing but spaces was added between tokens.
        expect(laidOut.bytes.length % SECTOR_BYTES).toBe(0);
        const layout = layoutOf(laidOut.bytes.length, chosen.sectorsPerBlock ?? 32);
        const place = (at: { block: number; sector: number }): number =>
          at.block * layout.sectorsPerBlock + at.sector;
        const positions = [...laidOut.personal, ...laidOut.organisation].sort((a, b) => place(a) - place(b));
        checkReplacedSet(layout, positions);
        const sanitised = withWildcards(layout, positions, laidOut.bytes);
        const document = sanitisedDocument(sanitised);
        expect(documentFaults(document)).toEqual([]);
        expect(MARKERS.exec(decoded(sanitised))).toBeNull();
        expect(layOutDocument(turned(bundle), { ...chosen, people }).bytes).toEqual(laidOut.bytes);
        expect(laidOut.coverage.leastKeptInBlock).toBeGreaterThanOrEqual(SECTOR_BYTES);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('random documents, blinded and sanitised', () => {
  const wholeWay = async (
    engine: PairingEngine,
    seed: number,
    bytes: number,
    profile: LayOutOptions['profile'],
  ) => {
    const signer = await newSigner(engine, 32);
    const { bundle, people } = randomDocument(seed, bytes);
    expect(documentFaults(bundle)).toEqual([]);
    const began = performance.now();
    const laidOut = layOutDocument(bundle, { profile, researchConsentId: 'c-1', people });
    const layoutMs = performance.now() - began;
    const { bytes: content, personal, organisation } = laidOut;
    const blinded = blindDocument(engine, { ...signer, content, personal, organisation });
    const clean = sanitise(engine, { ...signer, package: blinded.package });
    const document = sanitisedDocument(clean.content);
    expect(MARKERS.exec(decoded(clean.content))).toBeNull();
    expect(MARKERS.exec(JSON.stringify(document))).toBeNull();
    // What is personal does not even reach the sanitiser.
    expect(laidOut.coverage).toMatchObject(clean.coverage);
    return { bytes: content.length, layoutMs: Math.round(layoutMs), ...laidOut.coverage };
  };

  it('are FHIR documents when they are large', async () => {
    const engine = await mclEngine();
    for (const profile of MOST_BYTES > 100_000 ? PROFILES : PROFILES.slice(1))
      figure({ profile, ...(await wholeWay(engine, 77, MOST_BYTES, profile)) });
  });
});
