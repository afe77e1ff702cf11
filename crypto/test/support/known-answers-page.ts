// Bundled by test/support/bundle.mjs for test/browser/known-answers.test.ts.
import { mclEngine, nobleEngine } from '../../src/index.js';
import { type AuditVectors, checkAuditVectors, computeAuditVectors } from './audit-vectors.js';
import {
  computeReencryptionVectors,
  openReencryptionVectors,
  type ReencryptionVectors,
} from './reencryption-vectors.js';

/** For a browser: what it answers, recomputed values, the keys found and what was checked, of both engines. */
export interface KnownAnswers {
  engine: string;
  computed: Record<string, string>;
  opened: string[];
  audit: { computed: Record<string, string>; checked: string[] };
}

const run = async (vectors: ReencryptionVectors, audit: AuditVectors): Promise<KnownAnswers[]> => {
  const answers: KnownAnswers[] = [];
  for (const engine of [await mclEngine(), nobleEngine()]) {
    answers.push({
      engine: engine.name,
      computed: await computeReencryptionVectors(engine),
      opened: await openReencryptionVectors(engine, vectors),
      audit: {
        computed: await computeAuditVectors(engine),
        checked: checkAuditVectors(engine, audit),
      },
    });
  }
  return answers;
};

Object.assign(globalThis, { knownAnswers: run });
