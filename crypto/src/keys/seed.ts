import { exactly, randomBytes } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { unwrapWithPassword, wrapWithPassword, type WrapOptions } from './password.js';

export const SEED_BYTES = 32;

/** Everything a device needs comes from one seed of 32 random bytes. */
export const newSeed = (): Uint8Array<ArrayBuffer> => randomBytes(SEED_BYTES);

export interface SeedOwner {
  userId: string;
  /** Raised when the seed is replaced, so that an old blob cannot be put back unnoticed. */
  version: number;
}

/** Wraps the seed under the owner's passphrase; see `wrapWithPassword`. */
export const wrapSeed = async (
  seed: Uint8Array,
  passphrase: string,
  owner: SeedOwner,
  options: WrapOptions = {},
): Promise<string> =>
  wrapWithPassword(exactly(seed, SEED_BYTES, 'seed'), passphrase, { purpose: 'seed', ...owner }, options);

/** @throws CryptoError as `unwrapWithPassword` does */
export const unwrapSeed = async (
  wrapped: string,
  passphrase: string,
  owner: SeedOwner,
): Promise<Uint8Array<ArrayBuffer>> => {
  const seed = await unwrapWithPassword(wrapped, passphrase, { purpose: 'seed', ...owner });
  if (seed.length !== SEED_BYTES) throw new CryptoError('BAD_LENGTH', 'wrapped secret is not a seed');
  return seed;
};
