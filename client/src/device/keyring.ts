import { sha256 } from '@noble/hashes/sha2.js';
import { canonicalJson, unwrapSeed, utf8, type WrapOptions, wrapSeed } from '@medseal/crypto';
import type { Keyring } from '../api.js';

type ScopeIds = Pick<Keyring['scopes'], 'general' | 'sensitive'>;

/** What a device binds its seed to: ledgerId, the root's SHA-256 (hex), which scope is which. */
export interface SeedFacts {
  ledgerId: string;
  root: string;
  scopes: ScopeIds;
}

/** 0.1.0 wrapped seeds of version 1, bound to the ledgerId alone. */
const SEED_VERSION = 2;

/** The blobs that the gateway keeps: the seed under the passphrase, and the root that it is bound to. */
export const wrapKeyring = async (
  seed: Uint8Array,
  passphrase: string,
  facts: SeedFacts,
  options?: WrapOptions,
): Promise<{ seed: string; root: string }> => ({
  seed: await wrapSeed(
    seed,
    passphrase,
    { userId: facts.ledgerId, version: SEED_VERSION, bound: digestOf(facts.root, facts.scopes) },
    options,
  ),
  root: facts.root,
});

/**
 * The seed, which opens only with the root and the scopes of the activation: the gateway can exchange neither later.
 *
 * @throws CryptoError `WRONG_PASSPHRASE`
 */
export const unwrapKeyring = (
  { seed, root, scopes }: Keyring,
  passphrase: string,
  ledgerId: string,
): Promise<Uint8Array<ArrayBuffer>> =>
  unwrapSeed(String(seed), passphrase, {
    userId: ledgerId,
    ...(root === undefined ? { version: 1 } : { version: SEED_VERSION, bound: digestOf(root, scopes) }),
  });

const digestOf = (root: string, { general, sensitive }: ScopeIds): Uint8Array =>
  sha256(utf8(canonicalJson({ root, general, sensitive })));
