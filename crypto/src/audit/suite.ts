/**
 * The one suite of integrity audits: hardened, identity by hash, generators by hash (cryptography.md T2). Tags carry its
 * number, and no other is accepted.
 */
export const AUDIT_SUITE = 1;

/** 31 bytes lie below r whatever they are, so that two sectors never sign alike. */
export const SECTOR_BYTES = 31;
export const DEFAULT_SECTORS_PER_BLOCK = 32;
export const MAX_SECTORS_PER_BLOCK = 256;
/** As many as 4 GB have at the default of 32 sectors. */
export const MAX_BLOCKS = 4_194_304;

/** Files of no more blocks are audited whole. */
export const WHOLE_AUDIT_BLOCKS = 512;
/** Fewer blocks are never drawn of a longer file: 99 % to see one bad block in a hundred. */
export const MIN_SAMPLE_SIZE = 460;
export const MAX_SAMPLE_SIZE = 16_384;

/**
 * What replaces a byte of the replaced set. A space, so that JSON stays JSON whether a replaced sector lies inside a
 * text or takes in whole members.
 */
export const WILDCARD_BYTE = 0x20;

/** Sixteen bytes each, so that no label with a message is the beginning of another. */
export const HASH_LABELS = {
  generatorU: 'HRS-V1|GEN-U|G1|',
  generatorW: 'HRS-V1|GEN-W|G1|',
  identity: 'HRS-V1|IDENT|G1|',
  block: 'HRS-V1|BLOCK|G1|',
  tag: 'HRS-V1|TAGSG|G1|',
  parameter: 'HRS-V1|PARAM|G1|',
} as const;
