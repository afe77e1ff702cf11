import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mclEngine, nobleEngine } from '../src/index.js';
import {
  computeReencryptionVectors,
  makeOpenedVectors,
  openReencryptionVectors,
  type ReencryptionVectors,
} from './support/reencryption-vectors.js';

const FILE = join(__dirname, 'reencryption-vectors.json');

/**
 * `MEDSEAL_WRITE_VECTORS=1` writes the file anew from the reference engine. What it computes must come out as it was;
 * what was once sealed at random is kept, for data stored since must open with it.
 */
const loadVectors = async (): Promise<ReencryptionVectors> => {
  const read = (): ReencryptionVectors => JSON.parse(readFileSync(FILE, 'utf8')) as ReencryptionVectors;
  if (process.env.MEDSEAL_WRITE_VECTORS !== '1') return read();
  const engine = nobleEngine();
  const vectors = {
    computed: await computeReencryptionVectors(engine),
    opened: existsSync(FILE) ? read().opened : await makeOpenedVectors(engine),
  };
  writeFileSync(FILE, `${JSON.stringify(vectors, null, 2)}\n`);
  return vectors;
};

describe('recorded vectors of re-encryption', () => {
  let vectors: ReencryptionVectors;
  beforeAll(async () => {
    vectors = await loadVectors();
  });

  it('are reproduced to the byte by both engines', async () => {
    expect(await computeReencryptionVectors(await mclEngine())).toEqual(vectors.computed);
    expect(await computeReencryptionVectors(nobleEngine())).toEqual(vectors.computed);
  });

  it('open in both engines, by grant and by emergency', async () => {
    for (const engine of [await mclEngine(), nobleEngine()]) {
      const keys = await openReencryptionVectors(engine, vectors);
      expect(new Set(keys)).toEqual(new Set([vectors.computed.kek]));
      expect(keys).toHaveLength(4);
    }
  });
});
