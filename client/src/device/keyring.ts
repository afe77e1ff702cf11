import {
  canonicalJson,
  derivedSecret,
  fromBase64,
  openPrivateValue,
  sealPrivateValue,
  toBase64,
  unwrapSeed,
  utf8Decode,
  type WrapOptions,
  wrapSeed,
} from '@medseal/crypto';
import type { Keyring } from '../api.js';

/**
 * What the device took for true at the activation and keeps to: under a key of its seed, so that the gateway, which keeps
 * the keyring, can exchange none of it later.
 */
export interface ActivationFacts {
  /** SHA-256 of the ministry's root, hex. */
  root: string;
  /** scopeIds. */
  general: string;
  sensitive: string;
}

/** Comes with facts; 0.1.0 wrapped seeds of version 1, without. */
const SEED_VERSION = 2;

/** The blobs that the gateway keeps: the seed under the passphrase, the facts under the seed. */
export const wrapKeyring = async (
  seed: Uint8Array,
  passphrase: string,
  ledgerId: string,
  { root, general, sensitive }: ActivationFacts,
  options?: WrapOptions,
): Promise<{ seed: string; facts: string }> => ({
  seed: await wrapSeed(seed, passphrase, { userId: ledgerId, version: SEED_VERSION }, options),
  facts: toBase64(
    await sealPrivateValue(factsKey(seed), ledgerId, canonicalJson({ root, general, sensitive })),
  ),
});

/**
 * @returns facts: undefined for a keyring of 0.1.0
 * @throws CryptoError `WRONG_PASSPHRASE`; `OPEN_FAILED` for facts that are not of this seed
 */
export const unwrapKeyring = async (
  keyring: Keyring,
  passphrase: string,
  ledgerId: string,
): Promise<{ seed: Uint8Array; facts: ActivationFacts | undefined }> => {
  const version = keyring.facts === undefined ? 1 : SEED_VERSION;
  const seed = await unwrapSeed(String(keyring.seed), passphrase, { userId: ledgerId, version });
  return { seed, facts: keyring.facts === undefined ? undefined : await openFacts(seed, ledgerId, keyring) };
};

/** @throws CryptoError `OPEN_FAILED` for those of another seed, or changed; `BAD_ENCODING` */
export const openFacts = async (
  seed: Uint8Array,
  ledgerId: string,
  { facts }: Keyring,
): Promise<ActivationFacts> => {
  const sealed = fromBase64(facts ?? '', 'facts');
  return JSON.parse(utf8Decode(await openPrivateValue(factsKey(seed), ledgerId, sealed))) as ActivationFacts;
};

const factsKey = (seed: Uint8Array): Uint8Array => derivedSecret(seed, 'activation-facts');
