import { createHash, hkdfSync } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import {
  bytesToBigint,
  CAPSULE_BYTES,
  checkCapsule,
  concat,
  encapsulate,
  encodeScalar,
  GROUP_ORDER,
  Hr,
  hedgedScalar,
  hkdf256,
  lp,
  mclEngine,
  newScopeId,
  newSeed,
  nobleEngine,
  openCapsule,
  openWithSharedElement,
  type PairingEngine,
  randomBytes,
  type ScopeKeyPair,
  scopeKeyPair,
  type SealingContext,
  sealingContext,
  sha256Hex,
  toHex,
  u32,
  utf8,
} from '../src/index.js';
import { flipBit, refusal } from './support/refusal.js';

const NAMES = ['mcl', 'noble'] as const;
const noble = nobleEngine();
let mcl: PairingEngine;
const engineOf = (name: (typeof NAMES)[number]): PairingEngine => (name === 'mcl' ? mcl : noble);

beforeAll(async () => {
  mcl = await mclEngine();
});

const CONTEXT: SealingContext = {
  channel: 'health',
  recordId: 'r-1',
  version: 1,
  owner: 'l-1',
  scopeId: '0123456789abcdef0123456789abcdef',
  epoch: 1,
  sealedDigest: sha256Hex('content'),
};
const context = sealingContext(CONTEXT);
const keyOf = (seed: Uint8Array, scopeId = CONTEXT.scopeId, epoch = 1): ScopeKeyPair =>
  scopeKeyPair(noble, seed, scopeId, epoch);

describe('scope keys', () => {
  it('are the same in both engines, and differ by seed, scope and epoch', () => {
    const seed = newSeed();
    const key = keyOf(seed);
    expect(scopeKeyPair(mcl, seed, CONTEXT.scopeId, 1)).toEqual(key);
    for (const other of [keyOf(newSeed()), keyOf(seed, newScopeId()), keyOf(seed, CONTEXT.scopeId, 2)]) {
      expect(other.secretKey).not.toEqual(key.secretKey);
    }
  });

  it('need a scope', async () => {
    expect(await refusal(() => keyOf(newSeed(), '00'.repeat(16)))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => keyOf(newSeed(), 'ab'))).toBe('BAD_ENCODING');
    expect(await refusal(() => keyOf(newSeed(), CONTEXT.scopeId, -1))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => keyOf(randomBytes(31)))).toBe('BAD_LENGTH');
  });
});

describe('sealing context', () => {
  it('is the documented encoding', () => {
    const part = (text: string): Buffer =>
      Buffer.concat([Buffer.of(0, 0, 0, text.length), Buffer.from(text)]);
    const expected = Buffer.concat([
      part('health'),
      part('r-1'),
      Buffer.of(0, 0, 0, 1),
      part('l-1'),
      Buffer.of(0, 0, 0, 16),
      Buffer.from(CONTEXT.scopeId, 'hex'),
      Buffer.of(0, 0, 0, 1),
      createHash('sha256').update('content').digest(),
    ]);
    expect(toHex(context)).toBe(expected.toString('hex'));
  });

  const name = fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom('a', 'b', '|', '\u0000', ':') });
  const anyContext = fc.record({
    channel: name,
    recordId: name,
    version: fc.nat({ max: 3 }),
    owner: name,
    scopeId: fc.constantFrom('00'.repeat(16), '01'.repeat(16)),
    epoch: fc.nat({ max: 3 }),
    sealedDigest: fc.constantFrom('aa'.repeat(32), 'bb'.repeat(32)),
  });

  it('has other bytes for every other context, separators and trailing zeros included', () => {
    fc.assert(
      fc.property(anyContext, anyContext, (left, right) => {
        const same = JSON.stringify(left) === JSON.stringify(right);
        expect(toHex(sealingContext(left)) === toHex(sealingContext(right))).toBe(same);
      }),
      { numRuns: 1000 },
    );
    const bytes = (channel: string, recordId: string): string =>
      toHex(sealingContext({ ...CONTEXT, channel, recordId }));
    expect(bytes('a|b', 'c')).not.toBe(bytes('a', 'b|c'));
    expect(bytes('a', 'b')).not.toBe(bytes('a\0', 'b'));
    expect(bytes('ab', 'c')).not.toBe(bytes('a', 'bc'));
  });

  it.each<[Partial<SealingContext>, string]>([
    [{ channel: '' }, 'BAD_ARGUMENT'],
    [{ recordId: '' }, 'BAD_ARGUMENT'],
    [{ owner: 'a\ud800' }, 'BAD_ENCODING'],
    [{ version: 1.5 }, 'BAD_ARGUMENT'],
    [{ version: -1 }, 'BAD_ARGUMENT'],
    [{ epoch: 2 ** 32 }, 'BAD_ARGUMENT'],
    [{ scopeId: CONTEXT.scopeId.toUpperCase() }, 'BAD_ENCODING'],
    [{ scopeId: CONTEXT.scopeId.slice(2) }, 'BAD_ENCODING'],
    [{ sealedDigest: 'aa' }, 'BAD_ENCODING'],
  ])('refuses %j', async (change, code) => {
    expect(await refusal(() => sealingContext({ ...CONTEXT, ...change }))).toBe(code);
  });
});

describe('functions', () => {
  it('Hr is HKDF-SHA-512 over length-prefixed parts, modulo r', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 90 }), { minLength: 1, maxLength: 5 }),
        (parts) => {
          const ikm = Buffer.concat(parts.map((part) => Buffer.concat([u32(part.length), part])));
          const wide = new Uint8Array(hkdfSync('sha512', ikm, Buffer.alloc(0), 'MS-TEST', 64));
          expect(Hr('MS-TEST', parts)).toBe(bytesToBigint(wide) % GROUP_ORDER);
        },
      ),
    );
  });

  it('Hr and HKDF tell neighbours and trailing zeros apart', () => {
    expect(Hr('L', [utf8('a'), utf8('bc')])).not.toBe(Hr('L', [utf8('ab'), utf8('c')]));
    expect(Hr('L', [utf8('a')])).not.toBe(Hr('L', [utf8('a\0')]));
    expect(Hr('L', [utf8('a')])).not.toBe(Hr('L', [utf8('a'), utf8('')]));
    const ikm = utf8('key');
    expect(hkdf256({ ikm, info: 'a' })).not.toEqual(hkdf256({ ikm, info: 'a\0' }));
    expect(toHex(hkdf256({ ikm, salt: utf8('s'), info: 'a', length: 70 }))).toBe(
      Buffer.from(hkdfSync('sha256', 'key', 's', 'a', 70)).toString('hex'),
    );
  });

  it('hedged scalars depend on fresh randomness, secret, label and object, and need whole digests', async () => {
    const base = {
      label: 'MS-R',
      secret: randomBytes(32),
      nonce: randomBytes(32),
      objectDigest: randomBytes(32),
    };
    const fresh = randomBytes(32);
    const value = hedgedScalar({ ...base, fresh });
    expect(hedgedScalar({ ...base, fresh })).toBe(value);
    const ikm = Buffer.concat([fresh, base.secret]);
    const info = Buffer.concat([Buffer.from('MS-R'), base.nonce, base.objectDigest]);
    expect(value).toBe(bytesToBigint(new Uint8Array(hkdfSync('sha512', ikm, '', info, 64))) % GROUP_ORDER);
    for (const other of [
      { fresh: randomBytes(32) },
      { fresh, secret: randomBytes(32) },
      { fresh, label: 'MS-Q' },
      { fresh, nonce: randomBytes(32) },
      { fresh, objectDigest: randomBytes(32) },
    ]) {
      expect(hedgedScalar({ ...base, ...other })).not.toBe(value);
    }
    expect(hedgedScalar(base)).not.toBe(hedgedScalar(base));
    expect(await refusal(() => hedgedScalar({ ...base, nonce: randomBytes(31) }))).toBe('BAD_LENGTH');
    expect(await refusal(() => hedgedScalar({ ...base, fresh: randomBytes(31) }))).toBe('BAD_LENGTH');
  });
});

describe('capsules between the engines', () => {
  it('are the same bytes for the same randomness', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (random) => {
        const ownerPublicKey = keyOf(random).publicKey;
        const [left, right] = [mcl, noble].map((engine) =>
          encapsulate(engine, { ownerPublicKey, context, random }),
        );
        expect(left).toEqual(right);
      }),
      { numRuns: 5 },
    );
  });

  it('are exactly what the equations say, computed here once more from the paper', () => {
    const seed = newSeed();
    const random = randomBytes(32);
    const { secretKey, publicKey } = keyOf(seed);
    const { capsule, kek } = encapsulate(mcl, { ownerPublicKey: publicKey, context, random });

    const P = bls12_381.G1.Point.BASE;
    const a = bytesToBigint(secretKey);
    const scalarOf = (label: string, ...parts: Uint8Array[]): bigint => {
      const ikm = Buffer.concat(parts.map((part) => Buffer.concat([Buffer.from(u32(part.length)), part])));
      return bytesToBigint(new Uint8Array(hkdfSync('sha512', ikm, '', label, 64))) % GROUP_ORDER;
    };
    const pk1 = P.multiply(a).toBytes(true);
    const k = scalarOf('MS-K', random, pk1, context);
    const c1 = P.multiply(a).multiply(k).toBytes(true);
    const z = bls12_381.fields.Fp12.toBytes(bls12_381.pairing(P.multiply(k), bls12_381.G2.Point.BASE));
    const pad = new Uint8Array(hkdfSync('sha256', z, c1, Buffer.concat([Buffer.from('MS-CAP'), pk1]), 32));
    const c2 = random.map((byte, i) => byte ^ (pad[i] ?? 0));
    const w = scalarOf('MS-W', random, pk1, context);
    const e = scalarOf('MS-POK', pk1, c1, c2, context, P.multiply(a).multiply(w).toBytes(true));
    const expected = concat(c1, c2, encodeScalar(e), encodeScalar((w + e * k) % GROUP_ORDER));
    expect(toHex(capsule)).toBe(toHex(expected));
    expect(toHex(kek)).toBe(
      Buffer.from(
        hkdfSync('sha256', random, '', Buffer.concat([Buffer.from('MS-KEK'), context]), 32),
      ).toString('hex'),
    );
  });

  it.each([
    ['mcl', 'noble'],
    ['noble', 'mcl'],
  ] as const)('made by %s are checked and opened by %s', (maker, opener) => {
    const key = keyOf(newSeed());
    const { capsule, kek } = encapsulate(engineOf(maker), { ownerPublicKey: key.publicKey, context });
    expect(checkCapsule(engineOf(opener), capsule, key.publicKey, context)).toBe(true);
    expect(openCapsule(engineOf(opener), key.secretKey, capsule, context)).toEqual(kek);
  });
});

describe.each(NAMES)('capsules in %s', (name) => {
  const key = keyOf(newSeed());
  const made = encapsulate(noble, { ownerPublicKey: key.publicKey, context });
  const check = (capsule: Uint8Array, ctx = context, pk1 = key.publicKey): boolean =>
    checkCapsule(engineOf(name), capsule, pk1, ctx);
  const open = (capsule: Uint8Array, ctx = context, secret = key.secretKey): (() => Uint8Array) => {
    return () => openCapsule(engineOf(name), secret, capsule, ctx);
  };

  it('hold a fresh key every time', () => {
    const engine = engineOf(name);
    const one = encapsulate(engine, { ownerPublicKey: key.publicKey, context });
    const two = encapsulate(engine, { ownerPublicKey: key.publicKey, context });
    expect(one.capsule.length).toBe(CAPSULE_BYTES);
    expect(one.kek).not.toEqual(two.kek);
    expect(one.capsule).not.toEqual(two.capsule);
    expect(open(one.capsule)()).toEqual(one.kek);
  });

  it('open from the shared element alone, which is how a reader will come by it', () => {
    const engine = engineOf(name);
    const random = randomBytes(32);
    const { capsule, kek } = encapsulate(engine, { ownerPublicKey: key.publicKey, context, random });
    const k = Hr('MS-K', [random, key.publicKey, context]);
    const shared = engine.powerGT(engine.pair(engine.generatorG1, engine.generatorG2), k);
    expect(openWithSharedElement(engine, shared, capsule, key.publicKey, context)).toEqual(kek);
    const other = engine.powerGT(shared, 2n);
    expect(() => openWithSharedElement(engine, other, capsule, key.publicKey, context)).toThrow(
      'capsule does not open',
    );
  });

  it.each<[string, Partial<SealingContext>]>([
    ['channel', { channel: 'health2' }],
    ['record', { recordId: 'r-2' }],
    ['version', { version: 2 }],
    ['owner', { owner: 'l-2' }],
    ['scope', { scopeId: 'ff'.repeat(16) }],
    ['epoch', { epoch: 2 }],
    ['sealed content', { sealedDigest: sha256Hex('other') }],
  ])('are refused for another %s', async (_, change) => {
    const other = sealingContext({ ...CONTEXT, ...change });
    expect(check(made.capsule)).toBe(true);
    expect(check(made.capsule, other)).toBe(false);
    expect(await refusal(open(made.capsule, other))).toBe('OPEN_FAILED');
  });

  it('are refused for another key: other owner, other epoch, other scope', async () => {
    for (const other of [keyOf(newSeed()), keyOf(newSeed(), CONTEXT.scopeId, 2)]) {
      expect(check(made.capsule, context, other.publicKey)).toBe(false);
      expect(await refusal(open(made.capsule, context, other.secretKey))).toBe('OPEN_FAILED');
    }
  });

  it('cannot be mauled: [d]C1 of another record is refused, with the proof kept, scaled or of another capsule', () => {
    const engine = engineOf(name);
    const d = 7n;
    const c1 = made.capsule.subarray(0, 48);
    const c2 = made.capsule.subarray(48, 80);
    const e = made.capsule.subarray(80, 112);
    const z = bytesToBigint(made.capsule.subarray(112));
    const mauled = engine.encodeG1(engine.multiplyG1(engine.decodeG1(c1), d));
    const scaled = encodeScalar((z * d) % GROUP_ORDER);
    const attackerContext = sealingContext({ ...CONTEXT, recordId: 'r-attacker' });
    const own = encapsulate(engine, { ownerPublicKey: key.publicKey, context: attackerContext }).capsule;
    for (const ctx of [context, attackerContext]) {
      expect(check(concat(mauled, made.capsule.subarray(48)), ctx)).toBe(false);
      expect(check(concat(mauled, c2, e, scaled), ctx)).toBe(false);
      expect(check(concat(c1, c2, own.subarray(80)), ctx)).toBe(false);
      expect(check(concat(c1, own.subarray(48)), ctx)).toBe(false);
      expect(check(concat(own.subarray(0, 48), made.capsule.subarray(48)), ctx)).toBe(false);
    }
    expect(check(own, attackerContext)).toBe(true);
    expect(check(made.capsule, attackerContext)).toBe(false);
  });

  it('are refused with any bit flipped: by the check, and by the owner', async () => {
    for (let offset = 0; offset < CAPSULE_BYTES; offset += 11) {
      const changed = flipBit(made.capsule, offset, offset % 8);
      expect(check(changed)).toBe(false);
      expect(await refusal(open(changed))).toMatch(
        /OPEN_FAILED|BAD_ENCODING|NOT_IN_SUBGROUP|IDENTITY_ELEMENT/,
      );
    }
  });

  it('are refused malformed, and that is a verdict, not an error', async () => {
    const { capsule } = made;
    const infinity = concat(Uint8Array.of(0xc0), new Uint8Array(47));
    const outside = concat(Uint8Array.of(0x80), new Uint8Array(47));
    const order = concat(encodeScalar(GROUP_ORDER - 1n)).map((byte, i) => (i === 31 ? byte + 1 : byte));
    const rows: [string, Uint8Array][] = [
      ['143 bytes', capsule.subarray(1)],
      ['145 bytes', concat(capsule, Uint8Array.of(0))],
      ['nothing', new Uint8Array(0)],
      ['zeros', new Uint8Array(CAPSULE_BYTES)],
      ['C1 at infinity', concat(infinity, capsule.subarray(48))],
      ['C1 outside the subgroup', concat(outside, capsule.subarray(48))],
      ['e = 0', concat(capsule.subarray(0, 80), new Uint8Array(32), capsule.subarray(112))],
      ['e = r', concat(capsule.subarray(0, 80), order, capsule.subarray(112))],
      ['z = r', concat(capsule.subarray(0, 112), order)],
      ['z + r', concat(capsule.subarray(0, 112), plusOrder(capsule.subarray(112)))],
    ];
    for (const [what, bytes] of rows) {
      expect([what, check(bytes)]).toEqual([what, false]);
      expect([what, (await refusal(open(bytes))) === undefined]).toEqual([what, false]);
    }
    expect(check(capsule, context, infinity)).toBe(false);
    expect(check(capsule, context, outside)).toBe(false);
    expect(check(capsule, context, new Uint8Array(0))).toBe(false);
    expect(check(capsule, new Uint8Array(0))).toBe(false);
    expect(check(undefined as unknown as Uint8Array)).toBe(false);
    expect(
      checkCapsule(engineOf(name), Buffer.from(capsule), Buffer.from(key.publicKey), Buffer.from(context)),
    ).toBe(true);
  });

  it('are made for and opened with genuine keys only', async () => {
    const engine = engineOf(name);
    const infinity = concat(Uint8Array.of(0xc0), new Uint8Array(47));
    expect(await refusal(() => encapsulate(engine, { ownerPublicKey: infinity, context }))).toBe(
      'IDENTITY_ELEMENT',
    );
    expect(
      await refusal(() =>
        encapsulate(engine, { ownerPublicKey: key.publicKey, context, random: randomBytes(31) }),
      ),
    ).toBe('BAD_LENGTH');
    expect(await refusal(open(made.capsule, context, new Uint8Array(32)))).toBe('BAD_SCALAR');
    expect(await refusal(open(made.capsule, context, randomBytes(31)))).toBe('BAD_LENGTH');
  });

  it('are checked without randomness: the same verdict from the same bytes', () => {
    const random = jest.spyOn(globalThis.crypto, 'getRandomValues');
    try {
      expect(check(made.capsule)).toBe(true);
      expect(check(made.capsule)).toBe(true);
      expect(random).not.toHaveBeenCalled();
    } finally {
      random.mockRestore();
    }
  });
});

const plusOrder = (bytes: Uint8Array): Uint8Array => {
  const sum = bytesToBigint(bytes) + GROUP_ORDER;
  return sum < 2n ** 256n
    ? Buffer.from(sum.toString(16).padStart(64, '0'), 'hex')
    : new Uint8Array(32).fill(0xff);
};

it('length prefixes bytes and text alike', () => {
  expect(lp('é')).toEqual(lp(utf8('é')));
});
