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
import type { WrappedSeed } from '../api.js';

/**
 * What a device took for true when it made its keys and keeps to: under a key of its seed, so that the gateway, which
 * keeps the keyring, can exchange none of it later.
 */
export interface DeviceFacts {
  /** SHA-256 of the ministry's root, hex. */
  root: string;
}

/** Of a patient's device. */
export interface ActivationFacts extends DeviceFacts {
  /** scopeIds. */
  general: string;
  sensitive: string;
}

/** Comes with facts; 0.1.0 wrapped seeds of version 1, without. */
const SEED_VERSION = 2;

/**
 * The blobs that the gateway keeps: the seed under the passphrase, the facts under the seed.
 *
 * @param subject ledgerId or staff id
 */
export const wrapKeyring = async <Facts extends DeviceFacts>(
  seed: Uint8Array,
  passphrase: string,
  subject: string,
  facts: Facts,
  options?: WrapOptions,
): Promise<{ seed: string; facts: string }> => ({
  seed: await wrapSeed(seed, passphrase, { userId: subject, version: SEED_VERSION }, options),
  facts: toBase64(await sealPrivateValue(factsKey(seed), subject, canonicalJson(facts))),
});

/**
 * @returns facts: undefined for a keyring of 0.1.0
 * @throws CryptoError `WRONG_PASSPHRASE`; `OPEN_FAILED` for facts that are not of this seed
 */
export const unwrapKeyring = async <Facts extends DeviceFacts = ActivationFacts>(
  keyring: WrappedSeed,
  passphrase: string,
  subject: string,
): Promise<{ seed: Uint8Array; facts: Facts | undefined }> => {
  const version = keyring.facts === undefined ? 1 : SEED_VERSION;
  const seed = await unwrapSeed(String(keyring.seed), passphrase, { userId: subject, version });
  return {
    seed,
    facts: keyring.facts === undefined ? undefined : await openFacts<Facts>(seed, subject, keyring),
  };
};

/** @throws CryptoError `OPEN_FAILED` for those of another seed, or changed; `BAD_ENCODING` */
export const openFacts = async <Facts extends DeviceFacts = ActivationFacts>(
  seed: Uint8Array,
  subject: string,
  { facts }: WrappedSeed,
): Promise<Facts> => {
  const sealed = fromBase64(facts ?? '', 'facts');
  return JSON.parse(utf8Decode(await openPrivateValue(factsKey(seed), subject, sealed))) as Facts;
};

const factsKey = (seed: Uint8Array): Uint8Array => derivedSecret(seed, 'activation-facts');
