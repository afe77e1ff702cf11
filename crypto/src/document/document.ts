import { utf8Decode } from '../canonical/bytes.js';
import { MAX_SECTORS_PER_BLOCK, SECTOR_BYTES, DEFAULT_SECTORS_PER_BLOCK } from '../audit/suite.js';
import {
  checkReplacedSet,
  coverageOf,
  type ReplacedCoverage,
  type SectorPosition,
} from '../audit/replaced-set.js';
import { type BlockLayout, layoutOf } from '../audit/sectors.js';
import { CryptoError } from '../errors.js';
import { type KnownPeople, peopleOf } from './free-text/people.js';
import { freeTextScan } from './free-text/scan.js';
import { checkNames, isObject, type Json, type JsonObject, objectsOf, textOf, writeJson } from './json.js';
import { joinPieces, writePlan } from './laying-out.js';
import { isNumbered, linksOf } from './links.js';
import { planDocument, type Profile } from './masking.js';
import { type Plan, replacedFields, type ReplacedField } from './plan.js';
import { SectorWriter } from './sector-writer.js';
import { documentFaults } from './structure.js';

export interface LayOutOptions {
  /** `research` needs the owner's research consent, which the caller has looked at and names. */
  profile: Profile;
  researchConsentId?: string;
  /** Beside what the document itself says about its people: our own documents name nobody. */
  people?: KnownPeople;
  /** s of the network's audit parameters, 8 to 256. */
  sectorsPerBlock?: number;
}

export interface DocumentCoverage extends ReplacedCoverage {
  /** Blocks of which something other than spaces stays. An audit of the others says that their spaces are there. */
  blocksWithContent: number;
  /** blocksWithContent / blocks, from 0 to 1. */
  contentShare: number;
}

/** A document as `blindDocument` takes it. */
export interface LaidOutDocument {
  /** JSON of the original: `originalDocument` reads it. Secret until it is sanitised. */
  bytes: Uint8Array<ArrayBuffer>;
  /** K1 and K2: whole sectors, ascending, never all of a block. */
  personal: SectorPosition[];
  organisation: SectorPosition[];
  coverage: DocumentCoverage;
  /** What is replaced, by place and row of the published table. Paths say what kinds of things a document holds. */
  fields: ReplacedField[];
}

/** Below it a name of FHIR's with its marks might not fit into a block beside the sector that stays. */
const FEWEST_SECTORS = 8;
const SPACE = 0x20;

/**
 * Lays a FHIR R4 document Bundle out in sectors, so that everything that is personal or the organisation's fills
 * sectors of its own, and the document with wildcards (spaces) in them is a FHIR document with masked values.
 *
 * The same document, people, profile and sectors give the same bytes, whatever the order of members. A document without
 * faults (`documentFaults`) has none afterwards.
 *
 * @param bundle plain JSON: a Bundle of type `document`, its Composition first
 * @throws CryptoError `BAD_ARGUMENT` for anything else, for `research` without the id of a consent, and for a number of
 *   sectors out of range; `NOT_CANONICAL` naming the place of what JSON does not have
 */
export const layOutDocument = (bundle: unknown, options: LayOutOptions): LaidOutDocument => {
  const document = checked(bundle);
  const sectorsPerBlock = checkedSectors(options.sectorsPerBlock ?? DEFAULT_SECTORS_PER_BLOCK);
  if (options.profile === 'research' && (options.researchConsentId ?? '') === '')
    throw new CryptoError(
      'BAD_ARGUMENT',
      'profile research needs researchConsentId: without consent use minimal',
    );
  const plan = planned(document, options.profile, peopleOf(document, options.people ?? {}));
  const paper = new SectorWriter(sectorsPerBlock);
  writePlan(paper, plan);
  const { bytes, personal, organisation } = paper.finish();
  const layout = layoutOf(bytes.length, sectorsPerBlock);
  const positions = [...personal, ...organisation].sort(
    (left, right) => left.block - right.block || left.sector - right.sector,
  );
  checkReplacedSet(layout, positions);
  return {
    bytes,
    personal,
    organisation,
    coverage: documentCoverage(layout, positions, bytes),
    fields: replacedFields(plan),
  };
};

/**
 * The document that laid out bytes are of, before anything was replaced: JSON.parse, and texts that were too long for a
 * block put together again.
 *
 * @throws CryptoError `BAD_ENCODING`
 */
export const originalDocument = (laidOut: Uint8Array): JsonObject => {
  const document = joinPieces(parse(laidOut));
  if (!isObject(document)) throw new CryptoError('BAD_ENCODING', 'the document is no JSON object');
  return document;
};

/**
 * Reads a sanitised document, and holds it against FHIR's structure.
 *
 * @throws CryptoError `BAD_ENCODING` naming the first place that is wrong
 */
export const sanitisedDocument = (sanitised: Uint8Array): JsonObject => {
  const document = parse(sanitised);
  const [fault] = documentFaults(document);
  if (fault !== undefined)
    throw new CryptoError(
      'BAD_ENCODING',
      `the sanitised document is no FHIR document: ${fault.path} ${fault.message}`,
    );
  return document as JsonObject;
};

/**
 * What a sanitised document still holds that its profile replaces: nothing, of one that was sanitised by these rules.
 *
 * @param people as `layOutDocument` takes them; without them names in free text are not known
 */
export const leftToReplace = (
  sanitised: unknown,
  { profile, people }: Pick<LayOutOptions, 'profile' | 'people'>,
): ReplacedField[] => {
  const document = checked(sanitised);
  // Its own people are masked: what stands for them is nobody's name.
  const plan = planned(document, profile, peopleOf({}, people ?? {}));
  return replacedFields(
    plan,
    ({ original, mask }) =>
      mask === undefined ||
      (writeJson(mask) !== writeJson(original) && !(isNumbered(mask) && isNumbered(original))),
  );
};

const planned = (document: JsonObject, profile: Profile, people: ReturnType<typeof peopleOf>): Plan =>
  planDocument(document, {
    profile,
    scan: freeTextScan(people),
    links: linksOf(document),
    year: yearOf(document),
  });

const parse = (bytes: Uint8Array): Json => {
  try {
    return JSON.parse(utf8Decode(bytes)) as Json;
  } catch {
    // The parser's own error quotes the text.
    throw new CryptoError('BAD_ENCODING', 'the document is not JSON');
  }
};

const checked = (bundle: unknown): JsonObject => {
  const [first] = objectsOf(isObject(bundle) ? bundle['entry'] : undefined);
  const resource = first?.['resource'];
  if (
    !isObject(bundle) ||
    bundle['resourceType'] !== 'Bundle' ||
    bundle['type'] !== 'document' ||
    !isObject(resource) ||
    resource['resourceType'] !== 'Composition'
  )
    throw new CryptoError(
      'BAD_ARGUMENT',
      'bundle must be a FHIR R4 Bundle of type "document" with its Composition first',
    );
  checkNames(bundle);
  return bundle;
};

const checkedSectors = (sectors: number): number => {
  if (!Number.isInteger(sectors) || sectors < FEWEST_SECTORS || sectors > MAX_SECTORS_PER_BLOCK)
    throw new CryptoError(
      'BAD_ARGUMENT',
      `sectorsPerBlock must be from ${FEWEST_SECTORS} to ${MAX_SECTORS_PER_BLOCK} for documents`,
    );
  return sectors;
};

/** The year in which a document was written: its own date, or the time of the Bundle. */
const yearOf = (document: JsonObject): number | undefined => {
  const composition = objectsOf(document['entry'])[0]?.['resource'];
  const date = isObject(composition) ? composition['date'] : undefined;
  const written = /^(\d{4})(?:-|$)/.exec(textOf(date) ?? textOf(document['timestamp']) ?? '');
  return written === null ? undefined : Number(written[1]);
};

/** @param bytes before or after wildcards were put in: both are spaces where nothing is */
export const documentCoverage = (
  layout: BlockLayout,
  positions: SectorPosition[],
  bytes: Uint8Array,
): DocumentCoverage => {
  const place = ({ block, sector }: SectorPosition): number => block * layout.sectorsPerBlock + sector;
  const replaced = new Set(positions.map(place));
  let blocksWithContent = 0;
  for (let block = 0; block < layout.blocks; block++) {
    const first = block * layout.sectorsPerBlock;
    const hasContent = Array.from({ length: layout.sectorsPerBlock }, (_, j) => first + j).some(
      (sector) =>
        !replaced.has(sector) &&
        bytes.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES).some((byte) => byte !== SPACE),
    );
    if (hasContent) blocksWithContent++;
  }
  return {
    ...coverageOf(layout, positions),
    blocksWithContent,
    contentShare: blocksWithContent / layout.blocks,
  };
};
