import fc from 'fast-check';
import {
  concat,
  fromHex,
  joinSeed,
  newReceivingKeyPair,
  newSeed,
  openRecoveryShare,
  randomBytes,
  RECOVERY_SHARE_BYTES,
  RECOVERY_WORDS,
  sealRecoveryShare,
  seedToWords,
  splitSeed,
  unwrapSeed,
  wordsToSeed,
  wrapSeed,
} from '../src/index.js';
import { flipBit, refusal } from './support/refusal.js';

const OWNER = { userId: 'u-1', version: 1 };
const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('recovery words', () => {
  // Vectors of BIP 39.
  it.each([
    ['00'.repeat(32), `${'abandon '.repeat(23)}art`],
    ['ff'.repeat(32), `${'zoo '.repeat(23)}vote`],
    [
      'f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f',
      'void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing screen patrol group space point ten exist slush involve unfold',
    ],
  ])('of %s are those of BIP 39', (seed, words) => {
    expect(seedToWords(fromHex(seed))).toBe(words);
    expect(wordsToSeed(words)).toEqual(fromHex(seed));
  });

  it('give every seed back, however they are typed', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const words = seedToWords(seed);
        expect(words.split(' ')).toHaveLength(RECOVERY_WORDS);
        expect(wordsToSeed(words)).toEqual(seed);
        expect(wordsToSeed(`  ${words.toUpperCase().replaceAll(' ', '\n ')} `)).toEqual(seed);
      }),
      { numRuns: 20 },
    );
  });

  it('are refused with a word missing, unknown, exchanged or repeated', async () => {
    const words = seedToWords(
      fromHex('f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f'),
    ).split(' ');
    const changed = [
      words.slice(1),
      [...words, 'art'],
      words.map((word, i) => (i === 3 ? 'medseal' : word)),
      [words[1], words[0], ...words.slice(2)],
      [...words.slice(0, 23), 'zoo'],
      [''],
    ];
    for (const list of changed) expect(await refusal(() => wordsToSeed(list.join(' ')))).toBe('BAD_ENCODING');
    expect(() => wordsToSeed(changed[2]?.join(' ') ?? '')).toThrow('word 4 is not in the list');
    expect(await refusal(() => seedToWords(randomBytes(16)))).toBe('BAD_LENGTH');
  });
});

describe('recovery shares', () => {
  it('give the seed back from any two of three, and from all', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const [one, two, three] = await splitSeed(seed, OWNER);
        if (one === undefined || two === undefined || three === undefined) throw new Error('no shares');
        expect(one.length).toBe(RECOVERY_SHARE_BYTES);
        for (const shares of [
          [one, two],
          [three, one],
          [two, three],
          [three, two, one],
        ])
          expect(await joinSeed(shares, OWNER)).toEqual(seed);
      }),
      { numRuns: 10 },
    );
  });

  it('say nothing alone: a share goes with every seed', async () => {
    const [one] = await splitSeed(newSeed(), OWNER);
    expect(await refusal(() => joinSeed([one ?? new Uint8Array(0)], OWNER))).toBe('TOO_FEW_ANSWERS');
    expect(await refusal(() => joinSeed([], OWNER))).toBe('TOO_FEW_ANSWERS');
    // The values of one share over many splits of one seed take every value: 33 bytes, the last its place.
    const seen = new Set<number>();
    const seed = new Uint8Array(32);
    for (let i = 0; i < 60; i++)
      for (const byte of (await splitSeed(seed, OWNER))[0]?.slice(33, 65) ?? []) seen.add(byte);
    expect(seen.size).toBeGreaterThan(240);
  });

  it('are refused damaged, mixed, twice or for another user, and a third good one helps', async () => {
    const [one, two, three] = await splitSeed(newSeed(), OWNER);
    const [foreign] = await splitSeed(newSeed(), OWNER);
    if (one === undefined || two === undefined || three === undefined || foreign === undefined)
      throw new Error('no shares');
    const bad = flipBit(two, 40);
    for (const [shares, code] of [
      [[one, bad], 'OPEN_FAILED'],
      [[one, foreign], 'WRONG_CONTEXT'],
      [[one, one], 'BAD_ARGUMENT'],
      [[one, flipBit(two, 5)], 'WRONG_CONTEXT'],
      [[one, flipBit(two, 20)], 'WRONG_CONTEXT'],
      [[one, flipBit(two, 0, 1)], 'UNSUPPORTED_VERSION'],
      [[one, two.subarray(1)], 'BAD_LENGTH'],
      [[one, concat(two.subarray(0, 65), Uint8Array.of(0))], 'BAD_ENCODING'],
    ] as const) {
      expect(await refusal(() => joinSeed([...shares], OWNER))).toBe(code);
    }
    expect(await joinSeed([bad, one, three], OWNER)).toEqual(await joinSeed([one, two], OWNER));
    for (const owner of [
      { ...OWNER, userId: 'u-2' },
      { ...OWNER, version: 2 },
    ])
      expect(await refusal(() => joinSeed([one, two], owner))).toBe('OPEN_FAILED');
    expect(await refusal(() => splitSeed(randomBytes(31), OWNER))).toBe('BAD_LENGTH');
  });

  it('are sealed to their holder', async () => {
    const [share] = await splitSeed(newSeed(), OWNER);
    if (share === undefined) throw new Error('no share');
    const [holder, other] = [newReceivingKeyPair(), newReceivingKeyPair()];
    const sealed = await sealRecoveryShare(holder.publicKey, share, OWNER);
    expect(await openRecoveryShare(holder.secretKey, sealed, OWNER)).toEqual(share);
    expect(await refusal(() => openRecoveryShare(other.secretKey, sealed, OWNER))).toBe('OPEN_FAILED');
    expect(
      await refusal(() => openRecoveryShare(holder.secretKey, sealed, { ...OWNER, userId: 'u-2' })),
    ).toBe('OPEN_FAILED');
    expect(await refusal(() => openRecoveryShare(holder.secretKey, flipBit(sealed, 60), OWNER))).toBe(
      'OPEN_FAILED',
    );
    expect(await refusal(() => sealRecoveryShare(holder.publicKey, share.subarray(1), OWNER))).toBe(
      'BAD_LENGTH',
    );
  });
});

describe('a wrapped seed from a hostile store', () => {
  it('is refused before any work where its cost would stall the device', async () => {
    const wrapped = await wrapSeed(newSeed(), 'p', OWNER, {
      cost: { kdf: 'argon2id', memoryKiB: 64, passes: 1 },
    });
    for (const cost of [
      { kdf: 'argon2id', memoryKiB: 2_097_152, passes: 1 },
      { kdf: 'argon2id', memoryKiB: 262_144, passes: 16 },
      { kdf: 'argon2id', memoryKiB: 64, passes: 1000 },
      { kdf: 'argon2id', memoryKiB: 0, passes: 1 },
      { kdf: 'argon2id', memoryKiB: 64.5, passes: 1 },
      { kdf: 'pbkdf2-sha256', iterations: 1e9 },
      { kdf: 'pbkdf2-sha256', iterations: -1 },
      { kdf: 'scrypt', n: 1 },
    ]) {
      const planted = JSON.stringify({ ...(JSON.parse(wrapped) as object), cost: sorted(cost) });
      expect(await refusal(() => unwrapSeed(planted, 'p', OWNER))).toMatch(/BAD_ENCODING|NOT_CANONICAL/);
    }
  });
});

const sorted = (value: object): object =>
  Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
