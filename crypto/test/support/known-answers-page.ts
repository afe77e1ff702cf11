// Bundled by test/support/bundle.mjs for test/browser/known-answers.test.ts.
import { mclEngine, nobleEngine } from '../../src/index.js';
import {
  computeReencryptionVectors,
  openReencryptionVectors,
  type ReencryptionVectors,
} from './reencryption-vectors.js';

/** For a browser: what it answers, recomputed values and the keys found, of both engines. */
export interface KnownAnswers {
  engine: string;
  computed: Record<string, string>;
  opened: string[];
}

const run = async (vectors: ReencryptionVectors): Promise<KnownAnswers[]> => {
  const answers: KnownAnswers[] = [];
  for (const engine of [await mclEngine(), nobleEngine()]) {
    answers.push({
      engine: engine.name,
      computed: await computeReencryptionVectors(engine),
      opened: await openReencryptionVectors(engine, vectors),
    });
  }
  return answers;
};

Object.assign(globalThis, { knownAnswers: run });
