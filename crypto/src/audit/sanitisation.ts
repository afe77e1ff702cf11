import { CryptoError } from '../errors.js';
import { GROUP_ORDER, modulo } from '../scalar.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import {
  checkAuthenticators,
  type FilePoints,
  filePoints,
  holdsUnlessIdentity,
  randomWeight,
} from './authenticators.js';
import { generatorsOf } from './generators.js';
import { type ReplacedCoverage, coverageOf, withWildcards } from './replaced-set.js';
import { decodeSanitisingPackage, type SanitisingPackage } from './sanitising-package.js';
import { layoutOf, wildcardOf } from './sectors.js';
import { checkStoredObject, encodeSignedFile } from './signed-file.js';
import { blockValues } from './signing.js';
import { checkTag, type ExpectedFile } from './tag.js';

export interface SanitiseInput extends Omit<ExpectedFile, 'kind'> {
  package: Uint8Array;
}

export interface Sanitised {
  /** The document with wildcards, as it is stored. */
  content: Uint8Array;
  /** Tag, replaced set and authenticators that hold for `content`; stored beside it. */
  signedFile: Uint8Array;
  coverage: ReplacedCoverage;
}

/**
 * What a sanitiser opens and is shown before replacing anything: everything in the package is genuine.
 *
 * @throws CryptoError `BAD_AUTHENTICATOR` naming the first block, or the column of a value to transform with, that does
 *   not hold; `DIGEST_MISMATCH` where the document is not the one of the tag; as `decodeSanitisingPackage` and `checkTag`
 */
export const openSanitisingPackage = (engine: PairingEngine, input: SanitiseInput): SanitisingPackage => {
  const opened = decodeSanitisingPackage(input.package);
  const tag = checkTag(engine, opened.tag.bytes, { ...input, kind: 'sanitised' });
  const layout = layoutOf(tag.byteLength, tag.sectorsPerBlock);
  const content = withWildcards(layout, opened.sectors, opened.content);
  checkStoredObject(tag, opened.salt, content);
  const points = filePoints(engine, tag, input, generatorsOf(engine, tag.sectorsPerBlock));
  checkTransformation(engine, points, opened.transformation);
  checkAuthenticators(engine, points, opened.authenticators, blockValues(layout, content, opened.sectors));
  return { ...opened, content };
};

/**
 * The sanitiser's step, without the signer's key: replaces every sector of the set by the wildcard, and transforms the
 * authenticators, sigma'_i = sigma_i + sum_j [wildcard - m*_ij]beta_j.
 *
 * @throws CryptoError as `openSanitisingPackage`
 */
export const sanitise = (engine: PairingEngine, input: SanitiseInput): Sanitised => {
  const { tag, salt, content, replacedSet, sectors, transformation, authenticators } = openSanitisingPackage(
    engine,
    input,
  );
  const layout = layoutOf(tag.byteLength, tag.sectorsPerBlock);
  const beta = new Map(
    transformation.map(({ sector, point }) => [sector, engine.decodeG1(point, `transformation[${sector}]`)]),
  );
  const changes = new Map<number, { sector: number; by: bigint }[]>();
  for (const { block, sector, value } of sectors) {
    const by = modulo(wildcardOf(layout, block, sector) - value, GROUP_ORDER);
    changes.set(block, [...(changes.get(block) ?? []), { sector, by }]);
  }
  const transformed = authenticators.map((authenticator, block) => {
    const ofBlock = changes.get(block);
    if (ofBlock === undefined) return authenticator;
    return engine.encodeG1(
      engine.addG1(
        engine.decodeG1(authenticator, `authenticators[${block}]`),
        engine.combineG1(
          ofBlock.map(({ sector }) => beta.get(sector) ?? engine.generatorG1),
          ofBlock.map(({ by }) => by),
        ),
      ),
    );
  });
  return {
    content,
    signedFile: encodeSignedFile({ tag, salt, replacedSet, authenticators: transformed }),
    coverage: coverageOf(layout, sectors),
  };
};

/** e(sum [d_j]beta_j, G) = e(sum [d_j]w_j, R); a batch that does not hold is looked at column by column. */
const checkTransformation = (
  engine: PairingEngine,
  { generators, filePart }: FilePoints,
  transformation: SanitisingPackage['transformation'],
): void => {
  if (transformation.length === 0) return;
  const columns = transformation.map(({ sector, point }) => ({
    sector,
    beta: engine.decodeG1(point, `transformation[${sector}]`),
    generator: generators.w[sector] ?? engine.generatorG1,
  }));
  const hold = (some: typeof columns): boolean => {
    const weights = some.map(() => randomWeight());
    return holdsUnlessIdentity(() =>
      engine.pairingsAgree(
        engine.combineG1(
          some.map(({ beta }) => beta),
          weights,
        ),
        engine.generatorG2,
        engine.combineG1(
          some.map(({ generator }) => generator),
          weights,
        ),
        filePart,
      ),
    );
  };
  if (hold(columns)) return;
  const bad = columns.find((column) => !hold([column]));
  throw new CryptoError(
    'BAD_AUTHENTICATOR',
    `the value to transform column ${bad?.sector ?? 'unknown'} with does not hold`,
  );
};
