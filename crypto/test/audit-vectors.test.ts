import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mclEngine, nobleEngine } from '../src/index.js';
import {
  type AuditVectors,
  CHECKED,
  checkAuditVectors,
  computeAuditVectors,
} from './support/audit-vectors.js';

const FILE = join(__dirname, 'audit-vectors.json');

/** `MEDSEAL_WRITE_VECTORS=1` writes the file anew from the reference engine: only for a new version of the format. */
const loadVectors = async (): Promise<AuditVectors> => {
  if (process.env.MEDSEAL_WRITE_VECTORS === '1')
    writeFileSync(FILE, `${JSON.stringify(await computeAuditVectors(nobleEngine()), null, 2)}\n`);
  return JSON.parse(readFileSync(FILE, 'utf8')) as AuditVectors;
};

describe('recorded vectors of integrity auditing', () => {
  let vectors: AuditVectors;
  beforeAll(async () => {
    vectors = await loadVectors();
  });

  it('are reproduced to the byte by both engines', async () => {
    expect(await computeAuditVectors(await mclEngine())).toEqual(vectors);
    expect(await computeAuditVectors(nobleEngine())).toEqual(vectors);
  });

  it('hold in both engines', async () => {
    for (const engine of [await mclEngine(), nobleEngine()])
      expect(checkAuditVectors(engine, vectors)).toEqual(CHECKED);
  });
});
