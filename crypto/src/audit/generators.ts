import { concat, u32, utf8 } from '../canonical/bytes.js';
import { sha256Bytes } from '../canonical/commitment.js';
import { CryptoError } from '../errors.js';
import type { FixedBaseG1, G1Point, PairingEngine } from '../sealing/engine/index.js';
import { HASH_LABELS, MAX_SECTORS_PER_BLOCK } from './suite.js';

/** The public points of the scheme, all by hash to the curve, so that nobody knows a relation between them. */
export interface Generators {
  sectorsPerBlock: number;
  /** g2 of the scheme, which master keys are multiples of. */
  base: G1Point;
  /** h, which masks the authenticator in a proof. */
  mask: G1Point;
  /** u_j, for sectors that stay. */
  u: G1Point[];
  /** w_j, for sectors of the replaced set. */
  w: G1Point[];
  uTables: FixedBaseG1;
  wTables: FixedBaseG1;
  /** genDigest = SHA-256 of all u_j, then all w_j; 32 bytes. */
  digest: Uint8Array;
}

const made = new WeakMap<PairingEngine, Map<number, Generators>>();

/** The generators for blocks of so many sectors; made once a process and engine. */
export const generatorsOf = (engine: PairingEngine, sectorsPerBlock: number): Generators => {
  checkSectorsPerBlock(sectorsPerBlock);
  const ofEngine = made.get(engine) ?? new Map<number, Generators>();
  made.set(engine, ofEngine);
  const generators = ofEngine.get(sectorsPerBlock) ?? makeGenerators(engine, sectorsPerBlock);
  ofEngine.set(sectorsPerBlock, generators);
  return generators;
};

/** HashToG1 of a 16-byte label and a message. */
export const hashLabelled = (
  engine: PairingEngine,
  label: (typeof HASH_LABELS)[keyof typeof HASH_LABELS],
  ...message: Uint8Array[]
): G1Point => engine.hashToG1(concat(utf8(label), ...message));

/** H_i = HashToG1("HRS-V1|BLOCK|G1|" || name || u32 i). */
export const blockPoint = (engine: PairingEngine, name: Uint8Array, block: number): G1Point =>
  hashLabelled(engine, HASH_LABELS.block, name, u32(block, 'block'));

export const checkSectorsPerBlock = (sectorsPerBlock: number): void => {
  if (!Number.isInteger(sectorsPerBlock) || sectorsPerBlock < 1 || sectorsPerBlock > MAX_SECTORS_PER_BLOCK)
    throw new CryptoError(
      'BAD_ARGUMENT',
      `sectorsPerBlock must be a whole number from 1 to ${MAX_SECTORS_PER_BLOCK}`,
    );
};

const makeGenerators = (engine: PairingEngine, sectorsPerBlock: number): Generators => {
  const family = (label: typeof HASH_LABELS.generatorU | typeof HASH_LABELS.generatorW): G1Point[] =>
    Array.from({ length: sectorsPerBlock }, (_, j) => hashLabelled(engine, label, u32(j)));
  const [u, w] = [family(HASH_LABELS.generatorU), family(HASH_LABELS.generatorW)];
  const encodings = [...u, ...w].map((point) => engine.encodeG1(point));
  return {
    sectorsPerBlock,
    base: hashLabelled(engine, HASH_LABELS.parameter, utf8('g2')),
    mask: hashLabelled(engine, HASH_LABELS.parameter, utf8('hmask')),
    u,
    w,
    uTables: engine.fixedBaseG1(u),
    wTables: engine.fixedBaseG1(w),
    digest: sha256Bytes(concat(...encodings)),
  };
};
