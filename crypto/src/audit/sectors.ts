import { CryptoError } from '../errors.js';
import { bytesToBigint } from '../scalar.js';
import { checkSectorsPerBlock } from './generators.js';
import { MAX_BLOCKS, SECTOR_BYTES, WILDCARD_BYTE } from './suite.js';

/** How an object falls into blocks of s sectors of 31 bytes; the last sector may be shorter, sectors after it are zero. */
export interface BlockLayout {
  byteLength: number;
  sectorsPerBlock: number;
  /** n = ceil(byteLength / 31 s), at least one. */
  blocks: number;
}

/** @throws CryptoError `BAD_ARGUMENT` for an empty object or one of more than MAX_BLOCKS blocks */
export const layoutOf = (byteLength: number, sectorsPerBlock: number): BlockLayout => {
  checkSectorsPerBlock(sectorsPerBlock);
  if (!Number.isSafeInteger(byteLength) || byteLength < 1)
    throw new CryptoError('BAD_ARGUMENT', 'an object must have at least one byte');
  const blocks = Math.ceil(byteLength / (SECTOR_BYTES * sectorsPerBlock));
  if (blocks > MAX_BLOCKS)
    throw new CryptoError('BAD_ARGUMENT', `an object must have at most ${MAX_BLOCKS} blocks`);
  return { byteLength, sectorsPerBlock, blocks };
};

/** Bytes of a sector: 31, fewer in the last, none after it. */
export const sectorLength = (
  { byteLength, sectorsPerBlock }: BlockLayout,
  block: number,
  sector: number,
): number => {
  const from = (block * sectorsPerBlock + sector) * SECTOR_BYTES;
  return Math.max(0, Math.min(SECTOR_BYTES, byteLength - from));
};

/** Where a sector begins in the object. */
export const sectorOffset = ({ sectorsPerBlock }: BlockLayout, block: number, sector: number): number =>
  (block * sectorsPerBlock + sector) * SECTOR_BYTES;

/** First byte of a block and the byte after its last. */
export const blockRange = (
  { byteLength, sectorsPerBlock }: BlockLayout,
  block: number,
): { start: number; end: number } => {
  const length = SECTOR_BYTES * sectorsPerBlock;
  return { start: block * length, end: Math.min(byteLength, (block + 1) * length) };
};

/** Sectors of a block as whole numbers below 2^248, s of them. */
export const sectorsOf = (
  { sectorsPerBlock }: Pick<BlockLayout, 'sectorsPerBlock'>,
  block: Uint8Array,
): bigint[] =>
  Array.from({ length: sectorsPerBlock }, (_, j) =>
    bytesToBigint(block.subarray(j * SECTOR_BYTES, (j + 1) * SECTOR_BYTES)),
  );

/** The value of a sector of the replaced set, which everybody computes for themselves. */
export const wildcardOf = (layout: BlockLayout, block: number, sector: number): bigint =>
  bytesToBigint(new Uint8Array(sectorLength(layout, block, sector)).fill(WILDCARD_BYTE));
