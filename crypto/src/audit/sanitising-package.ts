import { concat, exactly, lp } from '../canonical/bytes.js';
import { decodeScalar, encodeScalar, SCALAR_BYTES } from '../scalar.js';
import { G1_BYTES } from '../sealing/decoding.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import { coverageOf, type ReplacedCoverage } from './replaced-set.js';
import { layoutOf, sectorLength } from './sectors.js';
import { replacedOf } from './signed-file.js';
import { type Signed, type SignedSector, signFile, type SignInput } from './signing.js';
import { decodeTag, type FileTag, TAG_BYTES } from './tag.js';
import { concatAll, encodeWire, readWire, u16, u8, type WireReader } from './wire.js';

/**
 * What goes from the author to the sanitiser, sealed to the sanitiser and never stored: with it and the file's
 * authenticators later, wildcards could be put in a second time and nothing else.
 */
export interface SanitisingPackage {
  tag: FileTag;
  salt: Uint8Array;
  /** The object with wildcards in the replaced sectors. */
  content: Uint8Array;
  replacedSet: Uint8Array;
  /** What was signed at the replaced sectors: blinded where personal. */
  sectors: SignedSector[];
  transformation: { sector: number; point: Uint8Array }[];
  authenticators: Uint8Array[];
}

const DOCUMENT = 'sanitising package';
const MOST_BYTES = 0xffff_ffff;
const KINDS: SignedSector['kind'][] = ['personal', 'organisation'];

export interface Blinded {
  /** For the ledger, 555 bytes. */
  tag: Uint8Array;
  /** For the named sanitiser, over TLS and sealed to them. */
  package: Uint8Array;
  coverage: ReplacedCoverage;
}

/**
 * The author's step: signs a document of which the sanitiser will replace `personal` and `organisation` sectors.
 *
 * @throws CryptoError `BAD_REPLACED_SET` where the sets overlap, go beyond the document or take a whole block
 */
export const blindDocument = (engine: PairingEngine, input: Omit<SignInput, 'kind'>): Blinded => {
  const signed = signFile(engine, { ...input, kind: 'sanitised' });
  return {
    tag: signed.tag,
    package: encodeSanitisingPackage(signed),
    coverage: coverageOf(signed.layout, signed.sectors),
  };
};

/**
 * tag(555) || salt(32) || lp(content) || lp(K) || for each position of K: u8 kind (1 personal, 2 organisation) ||
 * m*(32) || u16 count || (u16 sector || beta(48)) ascending || sigma_i(48) for every block
 */
const encodeSanitisingPackage = (signed: Signed): Uint8Array<ArrayBuffer> =>
  encodeWire(
    DOCUMENT,
    exactly(signed.tag, TAG_BYTES, 'tag'),
    signed.salt,
    lp(signed.stored),
    lp(signed.replacedSet),
    concatAll(
      signed.sectors.map(({ kind, value }) => concat(u8(KINDS.indexOf(kind) + 1), encodeScalar(value))),
    ),
    u16(signed.transformation.length),
    ...signed.transformation.map(({ sector, point }) => concat(u16(sector), point)),
    concatAll(signed.authenticators),
  );

/** @throws CryptoError `BAD_ENCODING`, `BAD_LENGTH`, `BAD_SCALAR`, `DIGEST_MISMATCH`, `BAD_REPLACED_SET`, `TRAILING_DATA` */
export const decodeSanitisingPackage = (bytes: Uint8Array): SanitisingPackage => {
  const read = readWire(DOCUMENT, bytes);
  const tag = decodeTag(read.bytes(TAG_BYTES, 'tag'));
  const salt = read.bytes(32, 'salt');
  const content = read.lp('content', MOST_BYTES);
  if (content.length !== tag.byteLength) throw read.refuse('content', 'has not the length of the tag');
  const replacedSet = read.lp('replaced set', MOST_BYTES);
  const sectors = replacedOf(tag, replacedSet).map((at, k) => ({
    ...at,
    ...decodeSector(read, tag, at, `sectors[${k}]`),
  }));
  const columns = [...new Set(sectors.map(({ sector }) => sector))].sort((left, right) => left - right);
  if (read.u16('columns') !== columns.length)
    throw read.refuse('transformation', 'has not the columns of the replaced set');
  const transformation = columns.map((column) => {
    const sector = read.u16('column');
    if (sector !== column) throw read.refuse('transformation', 'has not the columns of the replaced set');
    return { sector, point: read.bytes(G1_BYTES, `transformation[${column}]`) };
  });
  const authenticators = Array.from({ length: tag.blocks }, (_, i) =>
    read.bytes(G1_BYTES, `authenticators[${i}]`),
  );
  read.end();
  return { tag, salt, content, replacedSet, sectors, transformation, authenticators };
};

const decodeSector = (
  read: WireReader,
  tag: FileTag,
  at: { block: number; sector: number },
  field: string,
): Pick<SignedSector, 'kind' | 'value'> => {
  const kind = KINDS[read.u8(`${field}.kind`) - 1];
  if (kind === undefined) throw read.refuse(`${field}.kind`, 'must be 1 (personal) or 2 (organisation)');
  const value = decodeScalar(read.bytes(SCALAR_BYTES, `${field}.value`), `${field}.value`);
  const length = sectorLength(layoutOf(tag.byteLength, tag.sectorsPerBlock), at.block, at.sector);
  if (kind === 'organisation' && value >= 256n ** BigInt(length))
    throw read.refuse(`${field}.value`, 'is longer than its sector');
  return { kind, value };
};
