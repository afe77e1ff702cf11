import { equalBytes } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import type { G1Point, PairingEngine } from '../sealing/engine/index.js';
import { type BlockValues, checkAuthenticators, failingBlocks, filePoints } from './authenticators.js';
import { generatorsOf } from './generators.js';
import { withWildcards } from './replaced-set.js';
import { layoutOf, wildcardOf } from './sectors.js';
import { checkStoredObject, decodeSignedFile, type SignedFile } from './signed-file.js';
import { blockValues } from './signing.js';
import { checkTag, type ExpectedFile } from './tag.js';

export interface CheckFileInput extends ExpectedFile {
  signedFile: Uint8Array;
  /** The object as it is stored. */
  stored: Uint8Array;
}

/**
 * Checks a whole file against its tag: by whoever stores it, verifies it, or doubts it.
 *
 * @throws CryptoError `BAD_AUTHENTICATOR` naming the first block that does not hold, `DIGEST_MISMATCH`,
 *   `BAD_REPLACED_SET` where a replaced sector holds something else than the wildcard; as `decodeSignedFile`, `checkTag`
 */
export const checkFile = (engine: PairingEngine, input: CheckFileInput): SignedFile => {
  const file = decodeSignedFile(input.signedFile);
  checkTag(engine, file.tag.bytes, input);
  checkStoredObject(file.tag, file.salt, input.stored);
  checkWildcards(file, input.stored);
  const points = filePoints(engine, file.tag, input, generatorsOf(engine, file.tag.sectorsPerBlock));
  checkAuthenticators(engine, points, file.authenticators, valuesOf(file, input.stored));
  return file;
};

/** A part of a file that does not hold, and what is wrong with it. */
export interface FileFault {
  part: 'signed file' | 'tag' | 'digest' | 'replaced sectors' | 'authenticators';
  what: string;
}

/** Blocks that an examination names; a file that is another one altogether has no end of them. */
const NAMED_BLOCKS_MAX = 20;

/** All that does not hold of what `checkFile` checks; nothing of a file that holds. */
export const examineFile = (engine: PairingEngine, input: CheckFileInput): FileFault[] => {
  const faults: FileFault[] = [];
  const attempt = <T>(part: FileFault['part'], check: () => T): T | undefined => {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      faults.push({ part, what: error.message });
      return undefined;
    }
  };
  const file = attempt('signed file', () => decodeSignedFile(input.signedFile));
  if (file === undefined) return faults;
  attempt('tag', () => checkTag(engine, file.tag.bytes, input));
  attempt('digest', () => checkStoredObject(file.tag, file.salt, input.stored));
  attempt('replaced sectors', () => checkWildcards(file, input.stored));
  attempt('authenticators', () => {
    const points = filePoints(engine, file.tag, input, generatorsOf(engine, file.tag.sectorsPerBlock));
    const decoded = file.authenticators.map((one) => pointOf(engine, one));
    const found = failingBlocks(engine, points, decoded, valuesOf(file, input.stored), NAMED_BLOCKS_MAX + 1);
    if (found.length === 0) return;
    const named = found.slice(0, NAMED_BLOCKS_MAX).join(', ');
    const more = found.length > NAMED_BLOCKS_MAX ? ' and more' : '';
    throw new CryptoError(
      'BAD_AUTHENTICATOR',
      `the authenticators of these of the ${file.tag.blocks} blocks do not hold: ${named}${more}`,
    );
  });
  return faults;
};

const checkWildcards = ({ tag, replaced }: SignedFile, stored: Uint8Array): void => {
  const layout = layoutOf(tag.byteLength, tag.sectorsPerBlock);
  if (!equalBytes(withWildcards(layout, replaced, stored), stored))
    throw new CryptoError('BAD_REPLACED_SET', 'a replaced sector holds something else than the wildcard');
};

/** Of a stored object whose replaced sectors carry the wildcard. */
const valuesOf = ({ tag, replaced }: SignedFile, stored: Uint8Array): ((block: number) => BlockValues) => {
  const layout = layoutOf(tag.byteLength, tag.sectorsPerBlock);
  const sectors = replaced.map((at) => ({ ...at, value: wildcardOf(layout, at.block, at.sector) }));
  return blockValues(layout, stored, sectors);
};

const pointOf = (engine: PairingEngine, authenticator: Uint8Array): G1Point | undefined => {
  try {
    return engine.decodeG1(authenticator, 'authenticator');
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
};
