import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  checkCapsule,
  fromHex,
  hpkeOpen,
  mclEngine,
  nobleEngine,
  openCapsule,
  openContent,
  openPrivateValue,
  receivingKeyPair,
  unwrapSeed,
  utf8,
  utf8Decode,
  verifyDigest,
} from '../src/index.js';
import { bytesFrom, computeVectors, VECTOR_CONTENT } from './support/compute-vectors.js';
import { flipBit } from './support/refusal.js';

interface Vectors {
  /** Functions of their input: recomputed. */
  computed: Record<string, string>;
  /** Made once with fresh randomness: opened. */
  opened: {
    wrappedSeedArgon2id: string;
    wrappedSeedPbkdf2: string;
    privateValue: string;
    hpkeEnc: string;
    hpkeCt: string;
  };
}

const vectors = JSON.parse(readFileSync(join(__dirname, 'vectors.json'), 'utf8')) as Vectors;
const seed = bytesFrom(0, 32);
const given = (name: string): Uint8Array => fromHex(vectors.computed[name] ?? '', undefined, name);

describe('recorded vectors', () => {
  it('are reproduced to the byte by both engines', async () => {
    expect(await computeVectors(await mclEngine())).toEqual(vectors.computed);
    expect(await computeVectors(nobleEngine())).toEqual(vectors.computed);
  });

  it('open in both engines', async () => {
    for (const engine of [await mclEngine(), nobleEngine()]) {
      const [capsule, context, publicKey] = [given('capsule'), given('context'), given('scopePublicKey')];
      expect(checkCapsule(engine, capsule, publicKey, context)).toBe(true);
      expect(checkCapsule(engine, flipBit(capsule, 60), publicKey, context)).toBe(false);
      expect(openCapsule(engine, given('scopeSecretKey'), capsule, context)).toEqual(given('kek'));
    }
    expect(utf8Decode(await openContent(given('sealedContent'), bytesFrom(0x40, 32)))).toBe(VECTOR_CONTENT);
    expect(verifyDigest(given('signingPublicKey'), bytesFrom(0x80, 32), given('signature'))).toBe(true);
  });

  it('that were made with randomness still open', async () => {
    const { wrappedSeedArgon2id, wrappedSeedPbkdf2, privateValue, hpkeEnc, hpkeCt } = vectors.opened;
    for (const wrapped of [wrappedSeedArgon2id, wrappedSeedPbkdf2]) {
      expect(await unwrapSeed(wrapped, 'correct horse', { userId: 'u-1', version: 1 })).toEqual(seed);
    }
    expect(utf8Decode(await openPrivateValue(seed, 'demographics/l-1', fromHex(privateValue)))).toBe(
      VECTOR_CONTENT,
    );
    const sealed = { enc: fromHex(hpkeEnc), ct: fromHex(hpkeCt) };
    expect(await hpkeOpen(receivingKeyPair(seed).secretKey, sealed, utf8('vector'))).toEqual(
      bytesFrom(0x60, 32),
    );
  });
});
