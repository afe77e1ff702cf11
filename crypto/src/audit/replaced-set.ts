import { concat, u32, utf8 } from '../canonical/bytes.js';
import { sha256Bytes } from '../canonical/commitment.js';
import { CryptoError } from '../errors.js';
import { type BlockLayout, sectorLength, sectorOffset } from './sectors.js';
import { WILDCARD_BYTE } from './suite.js';
import { concatAll, readFields, u16 } from './wire.js';

/** A sector of the replaced set K. */
export interface SectorPosition {
  block: number;
  sector: number;
}

/** Of each position in its encoding. */
export const POSITION_BYTES = 6;
const COUNT_BYTES = 4;

/** What of an object an audit says something about: the replaced sectors carry the wildcard and nothing else. */
export interface ReplacedCoverage {
  blocks: number;
  replacedSectors: number;
  byteLength: number;
  /** Bytes that were not replaced. */
  keptBytes: number;
  /** keptBytes / byteLength, from 0 to 1. */
  keptShare: number;
  /** Fewest kept bytes of any block. */
  leastKeptInBlock: number;
}

/**
 * K as bytes: u32 count, then (u32 block, u16 sector) strictly ascending (cryptography.md T2).
 *
 * @throws CryptoError `BAD_REPLACED_SET` naming the position
 */
export const encodeReplacedSet = (
  layout: BlockLayout,
  positions: SectorPosition[],
): Uint8Array<ArrayBuffer> => {
  checkReplacedSet(layout, positions);
  return concatAll([
    u32(positions.length),
    ...positions.map(({ block, sector }) => concat(u32(block, 'block'), u16(sector, 'sector'))),
  ]);
};

/** @throws CryptoError `BAD_REPLACED_SET` */
export const decodeReplacedSet = (layout: BlockLayout, bytes: Uint8Array): SectorPosition[] => {
  if (bytes.length < COUNT_BYTES || (bytes.length - COUNT_BYTES) % POSITION_BYTES !== 0)
    throw bad('has not the length of a list of positions');
  const read = readFields('replaced set', bytes);
  if (read.u32('count') !== (bytes.length - COUNT_BYTES) / POSITION_BYTES)
    throw bad('does not have as many positions as it says');
  const positions = Array.from({ length: (bytes.length - COUNT_BYTES) / POSITION_BYTES }, () => ({
    block: read.u32('block'),
    sector: read.u16('sector'),
  }));
  checkReplacedSet(layout, positions);
  return positions;
};

/** kd = SHA-256("MS-K" || bytes), 32 bytes. */
export const replacedSetDigest = (bytes: Uint8Array): Uint8Array => sha256Bytes(concat(utf8('MS-K'), bytes));

/** The set without any sector, of sealed objects. */
export const EMPTY_REPLACED_SET: Uint8Array = new Uint8Array(COUNT_BYTES);

/**
 * Strictly ascending, within the object, and in every block at least one sector with bytes is left, so that no block
 * passes an audit without its data.
 */
export const checkReplacedSet = (layout: BlockLayout, positions: SectorPosition[]): void => {
  let last = -1;
  for (const { block, sector } of positions) {
    const at = `(${block}, ${sector})`;
    if (!Number.isInteger(block) || block < 0 || block >= layout.blocks)
      throw bad(`names ${at}, and the object has ${layout.blocks} blocks`);
    if (!Number.isInteger(sector) || sector < 0 || sector >= layout.sectorsPerBlock)
      throw bad(`names ${at}, and a block has ${layout.sectorsPerBlock} sectors`);
    if (sectorLength(layout, block, sector) === 0) throw bad(`names ${at}, which lies after the last byte`);
    const place = block * layout.sectorsPerBlock + sector;
    if (place <= last) throw bad(`is not strictly ascending at ${at}`);
    last = place;
  }
  for (const [block, { kept }] of countsByBlock(layout, positions)) {
    if (kept === 0) throw bad(`leaves no sector of block ${block}`);
  }
};

/** How much of the object stays. */
export const coverageOf = (layout: BlockLayout, positions: SectorPosition[]): ReplacedCoverage => {
  let replacedBytes = 0;
  for (const { block, sector } of positions) replacedBytes += sectorLength(layout, block, sector);
  const keptBytes = layout.byteLength - replacedBytes;
  const lastBlock = layout.blocks - 1;
  const lengthOf = (block: number): number =>
    Math.min(sectorOffset(layout, block + 1, 0), layout.byteLength) - sectorOffset(layout, block, 0);
  let leastKeptInBlock = Math.min(lengthOf(0), lengthOf(lastBlock));
  for (const [block, { replaced }] of countsByBlock(layout, positions))
    leastKeptInBlock = Math.min(leastKeptInBlock, lengthOf(block) - replaced);
  return {
    blocks: layout.blocks,
    replacedSectors: positions.length,
    byteLength: layout.byteLength,
    keptBytes,
    keptShare: keptBytes / layout.byteLength,
    leastKeptInBlock,
  };
};

/** Sectors of the set, block by block. */
export const sectorsByBlock = (positions: SectorPosition[]): Map<number, Set<number>> => {
  const byBlock = new Map<number, Set<number>>();
  for (const { block, sector } of positions) {
    const sectors = byBlock.get(block) ?? new Set<number>();
    byBlock.set(block, sectors.add(sector));
  }
  return byBlock;
};

/** A copy of the object with the wildcard in every sector of the set. */
export const withWildcards = (
  layout: BlockLayout,
  positions: SectorPosition[],
  content: Uint8Array,
): Uint8Array<ArrayBuffer> => {
  const replaced = concat(content);
  for (const { block, sector } of positions) {
    const from = sectorOffset(layout, block, sector);
    replaced.fill(WILDCARD_BYTE, from, from + sectorLength(layout, block, sector));
  }
  return replaced;
};

const countsByBlock = (
  layout: BlockLayout,
  positions: SectorPosition[],
): Map<number, { kept: number; replaced: number }> => {
  const counts = new Map<number, { kept: number; replaced: number }>();
  for (const [block, sectors] of sectorsByBlock(positions)) {
    const count = { kept: 0, replaced: 0 };
    for (let sector = 0; sector < layout.sectorsPerBlock; sector++) {
      const length = sectorLength(layout, block, sector);
      if (sectors.has(sector)) count.replaced += length;
      else count.kept += length;
    }
    counts.set(block, count);
  }
  return counts;
};

const bad = (what: string): CryptoError => new CryptoError('BAD_REPLACED_SET', `replaced set ${what}`);
