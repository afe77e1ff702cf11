import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import {
  DEFAULT_COST,
  derivedSecret,
  FALLBACK_COST,
  newReceivingKeyPair,
  newSeed,
  openPrivateValue,
  type PasswordCost,
  randomBytes,
  receivingKeyPair,
  receivingKeyPairOf,
  sealPrivateValue,
  signDigest,
  signingKeyJwk,
  signingKeyPair,
  toLowS,
  unwrapSeed,
  unwrapWithPassword,
  utf8,
  utf8Decode,
  verifyDigest,
  wrapSeed,
  wrapWithPassword,
} from '../src/index.js';
import { refusal } from './support/refusal.js';

const QUICK: PasswordCost = { kdf: 'argon2id', memoryKiB: 64, passes: 1 };
const QUICK_PBKDF2: PasswordCost = { kdf: 'pbkdf2-sha256', iterations: 10 };
const OWNER = { userId: 'u-1', version: 1 };

describe('seed wrapped under a passphrase', () => {
  it.each([QUICK, QUICK_PBKDF2])('opens with its passphrase and no other, cost %j', async (cost) => {
    const seed = newSeed();
    const wrapped = await wrapSeed(seed, 'correct horse', OWNER, { cost });
    expect(await unwrapSeed(wrapped, 'correct horse', OWNER)).toEqual(seed);
    expect(await refusal(() => unwrapSeed(wrapped, 'correct horsf', OWNER))).toBe('WRONG_PASSPHRASE');
    expect(await refusal(() => unwrapSeed(wrapped, 'correct horse', { ...OWNER, userId: 'u-2' }))).toBe(
      'WRONG_PASSPHRASE',
    );
    expect(await refusal(() => unwrapSeed(wrapped, 'correct horse', { ...OWNER, version: 2 }))).toBe(
      'WRONG_CONTEXT',
    );
    expect(
      await refusal(() => unwrapWithPassword(wrapped, 'correct horse', { ...OWNER, purpose: 'staff-keys' })),
    ).toBe('WRONG_CONTEXT');
  });

  it('costs 64 MiB and three passes by default, and says so in the blob', async () => {
    const seed = newSeed();
    const wrapped = await wrapSeed(seed, 'p', OWNER);
    expect(JSON.parse(wrapped)).toMatchObject({ cost: DEFAULT_COST });
    expect(await unwrapSeed(wrapped, 'p', OWNER)).toEqual(seed);
  });

  it('falls back to PBKDF2 where WebAssembly is refused, and names the reason when it must open Argon2id there', async () => {
    const seed = newSeed();
    const argon = await wrapSeed(seed, 'p', OWNER, { cost: { ...QUICK, memoryKiB: 128 } });
    const webAssembly = globalThis.WebAssembly;
    jest.resetModules();
    Object.defineProperty(globalThis, 'WebAssembly', {
      value: undefined,
      configurable: true,
      writable: true,
    });
    try {
      // A fresh copy: the Argon2id code keeps a module that it has compiled.
      const fresh = await import('../src/keys/index.js');
      const wrapped = await fresh.wrapSeed(seed, 'p', OWNER);
      expect(JSON.parse(wrapped)).toMatchObject({ cost: FALLBACK_COST });
      expect(await fresh.unwrapSeed(wrapped, 'p', OWNER)).toEqual(seed);
      await expect(fresh.unwrapSeed(argon, 'p', OWNER)).rejects.toMatchObject({ code: 'KDF_UNAVAILABLE' });
    } finally {
      Object.defineProperty(globalThis, 'WebAssembly', {
        value: webAssembly,
        configurable: true,
        writable: true,
      });
    }
  });

  it('takes composed and decomposed spellings of a passphrase for one', async () => {
    const seed = newSeed();
    const wrapped = await wrapSeed(seed, 'caf\u00e9', OWNER, { cost: QUICK });
    expect(await unwrapSeed(wrapped, 'cafe\u0301', OWNER)).toEqual(seed);
  });

  it('never gives the same blob twice', async () => {
    const seed = newSeed();
    const wrap = (): Promise<string> => wrapSeed(seed, 'p', OWNER, { cost: QUICK });
    expect(await wrap()).not.toBe(await wrap());
  });

  it('refuses every changed field', async () => {
    const wrapped = await wrapSeed(newSeed(), 'p', OWNER, { cost: QUICK });
    const blob = JSON.parse(wrapped) as Record<string, unknown>;
    const other = JSON.parse(await wrapSeed(newSeed(), 'p', OWNER, { cost: QUICK })) as Record<
      string,
      unknown
    >;
    const changed = (fields: Record<string, unknown>): string =>
      JSON.stringify(
        Object.fromEntries(Object.entries({ ...blob, ...fields }).sort(([a], [b]) => (a < b ? -1 : 1))),
      );
    for (const [fields, code] of [
      [{ salt: other.salt }, 'WRONG_PASSPHRASE'],
      [{ nonce: other.nonce }, 'WRONG_PASSPHRASE'],
      [{ ciphertext: other.ciphertext }, 'WRONG_PASSPHRASE'],
      [{ cost: { kdf: 'argon2id', memoryKiB: 64, passes: 2 } }, 'WRONG_PASSPHRASE'],
      [{ cost: QUICK_PBKDF2 }, 'BAD_ENCODING'],
      [{ cost: { kdf: 'argon2id', memoryKiB: 2 ** 24, passes: 1 } }, 'BAD_ENCODING'],
      [{ cost: { kdf: 'none' } }, 'BAD_ENCODING'],
      [{ cost: null }, 'BAD_ENCODING'],
      [{ format: 'medseal/wrapped/2' }, 'UNSUPPORTED_VERSION'],
      [{ salt: 'AAAA' }, 'BAD_ENCODING'],
      [{ ciphertext: 'AAAA' }, 'BAD_ENCODING'],
      [{ ciphertext: 5 }, 'BAD_ENCODING'],
      [{ more: 1 }, 'BAD_ENCODING'],
      [{ version: 2 }, 'WRONG_CONTEXT'],
      [{ purpose: 'other' }, 'WRONG_CONTEXT'],
    ] as const) {
      expect([fields, await refusal(() => unwrapSeed(changed(fields), 'p', OWNER))]).toEqual([fields, code]);
    }
    for (const text of ['', 'null', '[]', '"x"', `${wrapped} `]) {
      expect(await refusal(() => unwrapSeed(text, 'p', OWNER))).toMatch(/BAD_ENCODING|UNSUPPORTED_VERSION/);
    }
  });

  it('refuses what cannot be wrapped', async () => {
    expect(await refusal(() => wrapSeed(randomBytes(31), 'p', OWNER))).toBe('BAD_LENGTH');
    expect(await refusal(() => wrapSeed(newSeed(), '', OWNER))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => wrapSeed(newSeed(), '\ud800', OWNER))).toBe('BAD_ENCODING');
    expect(await refusal(() => wrapSeed(newSeed(), 'p', OWNER, { cost: { ...QUICK, passes: 0 } }))).toBe(
      'BAD_ARGUMENT',
    );
    const short = await wrapWithPassword(randomBytes(5), 'p', { purpose: 'seed', ...OWNER }, { cost: QUICK });
    expect(await refusal(() => unwrapSeed(short, 'p', OWNER))).toBe('BAD_LENGTH');
  });

  it('wraps secrets of any length for any purpose', async () => {
    const context = { purpose: 'staff-keys', userId: 'u-9', version: 3 };
    const secret = randomBytes(1000);
    const wrapped = await wrapWithPassword(secret, 'p', context, { cost: QUICK });
    expect(await unwrapWithPassword(wrapped, 'p', context)).toEqual(secret);
  });
});

describe('keys of a seed', () => {
  it('are the same every time and differ from seed to seed and use to use', () => {
    const seed = newSeed();
    expect(signingKeyPair(seed)).toEqual(signingKeyPair(Uint8Array.from(seed)));
    expect(receivingKeyPair(seed)).toEqual(receivingKeyPair(Buffer.from(seed)));
    expect(signingKeyPair(seed)).not.toEqual(signingKeyPair(newSeed()));
    expect(receivingKeyPair(seed).secretKey).not.toEqual(signingKeyPair(seed).secretKey);
    expect(derivedSecret(seed, 'a')).not.toEqual(derivedSecret(seed, 'b'));
    expect(() => signingKeyPair(randomBytes(16))).toThrow('seed must be 32 bytes');
    expect(() => derivedSecret(seed, '')).toThrow('use is empty');
  });

  it('serve the platform’s own P-256', () => {
    const pair = signingKeyPair(newSeed());
    const key = createPrivateKey({ key: signingKeyJwk(pair), format: 'jwk' });
    const message = randomBytes(100);
    const digest = createHash('sha256').update(message).digest();
    const signature = toLowS(sign('sha256', message, key));
    expect(verifyDigest(pair.publicKey, digest, signature)).toBe(true);
    expect(verify('sha256', message, createPublicKey(key), signDigest(pair.secretKey, digest))).toBe(true);
  });

  it('make X25519 pairs again from their secret half', () => {
    const pair = newReceivingKeyPair();
    expect(receivingKeyPairOf(pair.secretKey)).toEqual(pair);
    expect(pair).not.toEqual(newReceivingKeyPair());
  });
});

describe('P-256 signatures', () => {
  it('are low-S, deterministic, and verify for their digest and key only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (digest) => {
        const pair = signingKeyPair(newSeed());
        const signature = signDigest(pair.secretKey, digest);
        expect(signDigest(pair.secretKey, digest)).toEqual(signature);
        expect(toLowS(signature)).toEqual(signature);
        expect(verifyDigest(pair.publicKey, digest, signature)).toBe(true);
        expect(verifyDigest(pair.publicKey, randomBytes(32), signature)).toBe(false);
        expect(verifyDigest(signingKeyPair(newSeed()).publicKey, digest, signature)).toBe(false);
      }),
      { numRuns: 20 },
    );
  });

  it('are refused with a high S until normalised', () => {
    const pair = signingKeyPair(newSeed());
    const key = createPrivateKey({ key: signingKeyJwk(pair), format: 'jwk' });
    let high = 0;
    for (let i = 0; i < 40; i++) {
      const message = randomBytes(8);
      const digest = createHash('sha256').update(message).digest();
      const signature = sign('sha256', message, key);
      if (!verifyDigest(pair.publicKey, digest, signature)) high++;
      expect(verifyDigest(pair.publicKey, digest, toLowS(signature))).toBe(true);
    }
    expect(high).toBeGreaterThan(0);
    expect(high).toBeLessThan(40);
  });

  it('refuse malformed input', () => {
    const pair = signingKeyPair(newSeed());
    const digest = randomBytes(32);
    const signature = signDigest(pair.secretKey, digest);
    expect(verifyDigest(pair.publicKey, digest, signature.subarray(1))).toBe(false);
    expect(verifyDigest(pair.publicKey, digest, Buffer.concat([signature, Buffer.of(0)]))).toBe(false);
    expect(verifyDigest(randomBytes(65), digest, signature)).toBe(false);
    expect(verifyDigest(pair.publicKey, digest.subarray(1), signature)).toBe(false);
    expect(() => signDigest(new Uint8Array(32), digest)).toThrow('not a P-256 key');
    expect(() => signDigest(pair.secretKey, digest.subarray(1))).toThrow('digest must be 32 bytes');
    expect(() => toLowS(digest)).toThrow('not a P-256 signature');
  });
});

describe('private values', () => {
  it('open under their key and context only', async () => {
    const key = randomBytes(32);
    const sealed = await sealPrivateValue(key, 'demographics/l-1', 'Anuradha');
    expect(utf8Decode(await openPrivateValue(key, 'demographics/l-1', sealed))).toBe('Anuradha');
    expect(await refusal(() => openPrivateValue(key, 'demographics/l-2', sealed))).toBe('OPEN_FAILED');
    expect(await refusal(() => openPrivateValue(randomBytes(32), 'demographics/l-1', sealed))).toBe(
      'OPEN_FAILED',
    );
    expect(Buffer.from(sealed).includes('Anuradha')).toBe(false);
    expect(await sealPrivateValue(key, 'demographics/l-1', 'Anuradha')).not.toEqual(sealed);
  });

  it('refuse every changed or missing byte', async () => {
    const key = randomBytes(32);
    const sealed = await sealPrivateValue(key, 'c', utf8('value'));
    for (let offset = 0; offset < sealed.length; offset++) {
      const changed = Uint8Array.from(sealed);
      changed[offset] = (changed[offset] ?? 0) ^ 1;
      expect(await refusal(() => openPrivateValue(key, 'c', changed))).toBe(
        offset === 0 ? 'UNSUPPORTED_VERSION' : 'OPEN_FAILED',
      );
      expect(await refusal(() => openPrivateValue(key, 'c', sealed.subarray(0, offset)))).toMatch(
        /BAD_ENCODING|OPEN_FAILED/,
      );
    }
    expect(await refusal(() => sealPrivateValue(randomBytes(16), 'c', 'v'))).toBe('BAD_LENGTH');
  });
});
