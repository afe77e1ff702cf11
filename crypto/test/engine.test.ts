import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import {
  bigintToBytes,
  CLEARING_EXPONENT,
  decodeNonZeroScalar,
  decodeScalar,
  encodeScalar,
  fromHex,
  GROUP_ORDER,
  HASH_TO_G1_TAG,
  invertScalar,
  mclEngine,
  nobleEngine,
  pairingEngine,
  type PairingEngine,
  randomBytes,
  toHex,
} from '../src/index.js';
import { refusal } from './support/refusal.js';

const { Fp, Fp12 } = bls12_381.fields;
const scalar = fc.bigInt({ min: 1n, max: GROUP_ORDER - 1n });
const NAMES = ['mcl', 'noble'] as const;

const isSquare = (value: bigint): boolean => Fp.pow(value, (Fp.ORDER - 1n) / 2n) === 1n;

let mcl: PairingEngine;
const noble = nobleEngine();
const engineOf = (name: (typeof NAMES)[number]): PairingEngine => (name === 'mcl' ? mcl : noble);

beforeAll(async () => {
  mcl = await mclEngine();
});

describe('the two engines', () => {
  it('are set up once', async () => {
    expect(await mclEngine()).toBe(mcl);
    expect(toHex(mcl.encodeG1(mcl.generatorG1)).slice(0, 16)).toBe('97f1d3a73197d794');
    expect(toHex(mcl.encodeG2(mcl.generatorG2)).slice(0, 16)).toBe('93e02b6052719f60');
    expect(mcl.encodeG1(mcl.generatorG1)).toEqual(noble.encodeG1(noble.generatorG1));
    expect(mcl.encodeG2(mcl.generatorG2)).toEqual(noble.encodeG2(noble.generatorG2));
  });

  it('give the same bytes for every operation', () => {
    fc.assert(
      fc.property(scalar, scalar, scalar, (a, b, c) => {
        const [left, right] = [mcl, noble].map((engine) => {
          const p = engine.multiplyG1(engine.generatorG1, a);
          const q = engine.multiplyG2(engine.generatorG2, b);
          const e = engine.pair(p, q);
          return [
            engine.encodeG1(p),
            engine.encodeG2(q),
            engine.encodeG1(engine.combineG1([p, engine.generatorG1, p], [b, c, a])),
            engine.encodeG2(engine.combineG2([q, engine.generatorG2], [c, a])),
            engine.encodeG1(engine.addG1(p, engine.generatorG1)),
            engine.encodeG1(engine.hashToG1(encodeScalar(a))),
            engine.encodeGT(e),
            engine.encodeGT(engine.pairAll([p, engine.generatorG1], [q, q])),
            engine.encodeGT(engine.powerGT(e, c)),
            engine.encodeGT(engine.multiplyGT(e, engine.powerGT(e, b))),
            engine.encodeGT(engine.clearCofactor(engine.decodeGT(engine.encodeGT(e)))),
          ].map(toHex);
        });
        expect(left).toEqual(right);
      }),
      { numRuns: 5 },
    );
  });

  it('read each other’s bytes back to the same bytes', () => {
    fc.assert(
      fc.property(scalar, (k) => {
        for (const [from, to] of [
          [mcl, noble],
          [noble, mcl],
        ] as const) {
          const p = from.encodeG1(from.multiplyG1(from.generatorG1, k));
          const q = from.encodeG2(from.multiplyG2(from.generatorG2, k));
          expect(to.encodeG1(to.decodeG1(p))).toEqual(p);
          expect(to.encodeG2(to.decodeG2(q))).toEqual(q);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('combine more points than fit on mcl’s stack', () => {
    const count = 10_001;
    const points = Array.from({ length: count }, () => mcl.generatorG1);
    const scalars = Array.from({ length: count }, (_, i) => BigInt(i));
    const sum = BigInt((count * (count - 1)) / 2);
    expect(mcl.encodeG1(mcl.combineG1(points, scalars))).toEqual(
      noble.encodeG1(noble.multiplyG1(noble.generatorG1, sum)),
    );
  });
});

describe.each(NAMES)('sums over tables in %s', (name) => {
  it('are the sums of multiples, for scalars of any size', () => {
    const engine = engineOf(name);
    const points = Array.from({ length: 4 }, (_, i) => engine.hashToG1(Uint8Array.of(i)));
    const tables = engine.fixedBaseG1(points);
    const edge = fc.constantFrom(
      0n,
      1n,
      511n,
      512n,
      513n,
      1023n,
      2n ** 248n - 1n,
      2n ** 250n,
      GROUP_ORDER - 1n,
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(scalar, edge), { minLength: 4, maxLength: 4 }), (scalars) => {
        fc.pre(scalars.some((one) => one !== 0n));
        expect(engine.encodeG1(tables.combine(scalars))).toEqual(
          engine.encodeG1(engine.combineG1(points, scalars)),
        );
      }),
      { numRuns: 30, examples: [[[512n, 1023n, GROUP_ORDER - 1n, 2n ** 250n]], [[0n, 0n, 0n, 1n]]] },
    );
  });

  it('take fewer scalars than points, not more, and none beyond the order', async () => {
    const engine = engineOf(name);
    const tables = engine.fixedBaseG1([engine.generatorG1, engine.hashToG1(Uint8Array.of(1))]);
    expect(engine.encodeG1(tables.combine([3n]))).toEqual(
      engine.encodeG1(engine.multiplyG1(engine.generatorG1, 3n)),
    );
    expect(await refusal(() => engine.encodeG1(tables.combine([0n, 0n])))).toBe('IDENTITY_ELEMENT');
    expect(await refusal(() => tables.combine([]))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => tables.combine([1n, 1n, 1n]))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => tables.combine([GROUP_ORDER]))).toBe('BAD_SCALAR');
    expect(await refusal(() => engine.fixedBaseG1([]))).toBe('BAD_ARGUMENT');
  });
});

describe.each(NAMES)('hashing to G1 in %s', (name) => {
  it('is the suite of RFC 9380 under the tag of BLS signatures', () => {
    const engine = engineOf(name);
    const point = bls12_381.G1.hashToCurve(Buffer.from('abc'), { DST: HASH_TO_G1_TAG });
    expect(engine.encodeG1(engine.hashToG1(Buffer.from('abc')))).toEqual(
      bls12_381.G1.Point.fromAffine(point.toAffine()).toBytes(true),
    );
  });
});

describe('the engine of a host', () => {
  const webAssembly = globalThis.WebAssembly;
  const hostWith = (value: unknown): void => {
    Object.defineProperty(globalThis, 'WebAssembly', { value, configurable: true, writable: true });
  };
  afterEach(() => hostWith(webAssembly));

  it('is mcl where WebAssembly runs, and the reference where it is missing or forbidden', async () => {
    expect((await pairingEngine()).name).toBe('mcl');
    hostWith(undefined);
    expect((await pairingEngine()).name).toBe('noble');
    const Module = (): never => {
      throw new webAssembly.CompileError('violates the content-security policy');
    };
    hostWith({ Module: jest.fn(Module) });
    expect((await pairingEngine()).name).toBe('noble');
  });
});

describe.each(NAMES)('pairing in %s', (name) => {
  it('multiplies several, and knows when they cancel', async () => {
    const engine = engineOf(name);
    const g1 = (k: bigint): ReturnType<typeof engine.multiplyG1> => engine.multiplyG1(engine.generatorG1, k);
    const g2 = (k: bigint): ReturnType<typeof engine.multiplyG2> => engine.multiplyG2(engine.generatorG2, k);
    const one = engine.pairAll([g1(2n), g1(3n), g1(GROUP_ORDER - 31n)], [g2(5n), g2(7n), g2(1n)]);
    expect(engine.isOneGT(one)).toBe(true);
    expect(engine.isOneGT(engine.pairAll([g1(2n), g1(3n)], [g2(5n), g2(7n)]))).toBe(false);
    expect(await refusal(() => engine.pairAll([g1(1n), g1(0n)], [g2(1n), g2(1n)]))).toBe('IDENTITY_ELEMENT');
    expect(await refusal(() => engine.pairAll([g1(1n), g1(1n)], [g2(0n), g2(1n)]))).toBe('IDENTITY_ELEMENT');
    expect(await refusal(() => engine.pairAll([g1(1n)], []))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => engine.pairAll([], []))).toBe('BAD_ARGUMENT');
  });

  it('is bilinear', () => {
    const engine = engineOf(name);
    const [a, b] = [123456789n, GROUP_ORDER - 5n];
    const left = engine.pair(
      engine.multiplyG1(engine.generatorG1, a),
      engine.multiplyG2(engine.generatorG2, b),
    );
    const right = engine.powerGT(engine.pair(engine.generatorG1, engine.generatorG2), (a * b) % GROUP_ORDER);
    expect(engine.encodeGT(left)).toEqual(engine.encodeGT(right));
  });

  it('compares two pairings as if both were computed', async () => {
    const engine = engineOf(name);
    const g1 = (k: bigint): ReturnType<typeof engine.multiplyG1> => engine.multiplyG1(engine.generatorG1, k);
    const g2 = (k: bigint): ReturnType<typeof engine.multiplyG2> => engine.multiplyG2(engine.generatorG2, k);
    expect(engine.pairingsAgree(g1(6n), g2(35n), g1(10n), g2(21n))).toBe(true);
    expect(engine.pairingsAgree(g1(6n), g2(35n), g1(10n), g2(22n))).toBe(false);
    expect(engine.pairingsAgree(g1(6n), g2(35n), g1(GROUP_ORDER - 10n), g2(21n))).toBe(false);
    for (const points of [
      [g1(0n), g2(1n), g1(1n), g2(1n)],
      [g1(1n), g2(0n), g1(1n), g2(1n)],
      [g1(1n), g2(1n), g1(0n), g2(1n)],
      [g1(1n), g2(1n), g1(1n), g2(0n)],
    ] as const)
      expect(await refusal(() => engine.pairingsAgree(...points))).toBe('IDENTITY_ELEMENT');
  });
});

/** Encodings and what every engine must say to them (F.3, 2 and 3). */
describe.each(NAMES)('strict decoding in %s', (name) => {
  const p = Fp.ORDER;
  const flagged = (x: bigint, flags: number): Uint8Array => {
    const bytes = bigintToBytes(x, 48);
    bytes[0] = (bytes[0] ?? 0) | flags;
    return bytes;
  };
  const generatorX = BigInt(`0x${toHex(noble.encodeG1(noble.generatorG1)).replace(/^9/, '1')}`);
  const smallX = ((): { x: bigint; flags: number } => {
    for (let k = 1n; ; k++) {
      const bytes = noble.encodeG1(noble.multiplyG1(noble.generatorG1, k));
      const flags = (bytes[0] ?? 0) & 0xe0;
      bytes[0] = (bytes[0] ?? 0) & 0x1f;
      const x = BigInt(`0x${toHex(bytes)}`);
      if (x + p < 2n ** 381n) return { x, flags };
    }
  })();
  const offSubgroupG1 = ((): Uint8Array => {
    for (let x = 1n; ; x++) {
      const y2 = Fp.add(Fp.pow(x, 3n), 4n);
      try {
        const point = bls12_381.G1.Point.fromAffine({ x, y: Fp.sqrt(y2) });
        if (!point.isTorsionFree()) return flagged(x, 0x80);
      } catch {
        // No point has this x.
      }
    }
  })();
  const notOnCurveG1 = ((): Uint8Array => {
    for (let x = 1n; ; x++) if (!isSquare(Fp.add(Fp.pow(x, 3n), 4n))) return flagged(x, 0x80);
  })();

  const uncompressedGenerator = bls12_381.G1.Point.BASE.toBytes(false);
  const rows: [string, Uint8Array, string][] = [
    ['47 bytes', noble.encodeG1(noble.generatorG1).subarray(1), 'BAD_LENGTH'],
    ['49 bytes', Buffer.concat([noble.encodeG1(noble.generatorG1), Buffer.of(0)]), 'BAD_LENGTH'],
    ['no bytes', new Uint8Array(0), 'BAD_LENGTH'],
    ['an uncompressed point', uncompressedGenerator, 'BAD_LENGTH'],
    ['an uncompressed point cut to 48 bytes', uncompressedGenerator.subarray(0, 48), 'BAD_ENCODING'],
    ['no compression bit', flagged(generatorX, 0), 'BAD_ENCODING'],
    ['infinity C0 00..00', flagged(0n, 0xc0), 'IDENTITY_ELEMENT'],
    ['C0 00..01', flagged(1n, 0xc0), 'IDENTITY_ELEMENT'],
    ['E0 00..00', flagged(0n, 0xe0), 'IDENTITY_ELEMENT'],
    ['uncompressed infinity', flagged(0n, 0x40), 'BAD_ENCODING'],
    ['zeros', new Uint8Array(48), 'BAD_ENCODING'],
    ['x = p', flagged(p, 0x80), 'BAD_ENCODING'],
    ['a good x plus p', flagged(smallX.x + p, smallX.flags), 'BAD_ENCODING'],
    ['x = 2^381 - 1', flagged(2n ** 381n - 1n, 0x80), 'BAD_ENCODING'],
    ['a point of order three', flagged(0n, 0x80), 'NOT_IN_SUBGROUP'],
    ['a point outside the subgroup', offSubgroupG1, 'NOT_IN_SUBGROUP'],
    ['an x that no point has', notOnCurveG1, 'BAD_ENCODING'],
  ];
  it.each(rows)('refuses for G1: %s', async (_, bytes, code) => {
    expect(await refusal(() => engineOf(name).decodeG1(bytes))).toBe(code);
  });

  const g2 = noble.encodeG2(noble.generatorG2);
  const half = (x: bigint): Uint8Array => bigintToBytes(x, 48);
  const g2Row = (c1: bigint, c0: bigint, flags: number): Uint8Array =>
    Buffer.concat([flagged(c1, flags), half(c0)]);
  const { Fp2 } = bls12_381.fields;
  const pointOfG2 = (onCurve: boolean): Uint8Array => {
    for (let c0 = 1n; ; c0++) {
      const x = Fp2.fromBigTuple([c0, 0n]);
      const y2 = Fp2.add(Fp2.pow(x, 3n), Fp2.fromBigTuple([4n, 4n]));
      let found = true;
      try {
        Fp2.sqrt(y2);
      } catch {
        found = false;
      }
      if (found === onCurve) return g2Row(0n, c0, 0x80);
    }
  };
  const g2Rows: [string, Uint8Array, string][] = [
    ['95 bytes', g2.subarray(1), 'BAD_LENGTH'],
    ['97 bytes', Buffer.concat([g2, Buffer.of(0)]), 'BAD_LENGTH'],
    ['an uncompressed point', bls12_381.G2.Point.BASE.toBytes(false), 'BAD_LENGTH'],
    ['no compression bit', Buffer.concat([Buffer.of((g2[0] ?? 0) & 0x7f), g2.subarray(1)]), 'BAD_ENCODING'],
    ['infinity', g2Row(0n, 0n, 0xc0), 'IDENTITY_ELEMENT'],
    ['C0 00..01', g2Row(0n, 1n, 0xc0), 'IDENTITY_ELEMENT'],
    ['E0 00..00', g2Row(0n, 0n, 0xe0), 'IDENTITY_ELEMENT'],
    ['first half = p', g2Row(p, 1n, 0x80), 'BAD_ENCODING'],
    ['second half = p', g2Row(1n, p, 0x80), 'BAD_ENCODING'],
    ['second half with flags', Buffer.concat([flagged(1n, 0x80), flagged(1n, 0x80)]), 'BAD_ENCODING'],
    ['a point outside the subgroup', pointOfG2(true), 'NOT_IN_SUBGROUP'],
    ['an x that no point has', pointOfG2(false), 'BAD_ENCODING'],
  ];
  it.each(g2Rows)('refuses for G2: %s', async (_, bytes, code) => {
    expect(await refusal(() => engineOf(name).decodeG2(bytes))).toBe(code);
  });

  const gt = noble.encodeGT(noble.pair(noble.generatorG1, noble.generatorG2));
  const withChunk = (i: number, x: bigint): Uint8Array => {
    const bytes = Uint8Array.from(gt);
    bytes.set(half(x), 48 * i);
    return bytes;
  };
  const gtRows: [string, Uint8Array, string][] = [
    ['575 bytes', gt.subarray(1), 'BAD_LENGTH'],
    ['577 bytes', Buffer.concat([gt, Buffer.of(0)]), 'BAD_LENGTH'],
    ['zero', new Uint8Array(576), 'BAD_ENCODING'],
    ['first coefficient = p', withChunk(0, p), 'BAD_ENCODING'],
    ['last coefficient = 2^384 - 1', withChunk(11, 2n ** 384n - 1n), 'BAD_ENCODING'],
  ];
  it.each(gtRows)('refuses for GT: %s', async (_, bytes, code) => {
    expect(await refusal(() => engineOf(name).decodeGT(bytes))).toBe(code);
  });

  it.each([1n, 2n, 3n, 11n, 10177n])(
    'refuses a GT element of order %d once its cofactor is cleared',
    async (order) => {
      const engine = engineOf(name);
      const element = engine.decodeGT(Fp12.toBytes(ofOrder(order)));
      expect(await refusal(() => engine.clearCofactor(element))).toBe('IDENTITY_ELEMENT');
    },
  );

  it.each([2n, 3n, 11n, 10177n])('clears a factor of order %d from a genuine GT element', (order) => {
    const engine = engineOf(name);
    const k = 987654321n;
    const genuine = engine.powerGT(engine.pair(engine.generatorG1, engine.generatorG2), k);
    const mauled = Fp12.toBytes(Fp12.mul(Fp12.fromBytes(engine.encodeGT(genuine)), ofOrder(order)));
    const cleared = engine.clearCofactor(engine.decodeGT(mauled));
    const restored = engine.powerGT(cleared, invertScalar(CLEARING_EXPONENT));
    expect(engine.encodeGT(restored)).toEqual(engine.encodeGT(genuine));
  });

  it('lets no identity in or out, and no scalar beyond the order', async () => {
    const engine = engineOf(name);
    const zeroG1 = engine.multiplyG1(engine.generatorG1, 0n);
    const zeroG2 = engine.multiplyG2(engine.generatorG2, 0n);
    const sum = engine.combineG1([engine.generatorG1, engine.generatorG1], [1n, GROUP_ORDER - 1n]);
    for (const action of [
      () => engine.encodeG1(zeroG1),
      () => engine.encodeG1(engine.multiplyG1(zeroG1, 5n)),
      () => engine.encodeG1(sum),
      () => engine.encodeG2(zeroG2),
      () => engine.encodeG2(engine.multiplyG2(zeroG2, 5n)),
      () => engine.pair(zeroG1, engine.generatorG2),
      () => engine.pair(engine.generatorG1, zeroG2),
    ]) {
      expect(await refusal(action)).toBe('IDENTITY_ELEMENT');
    }
    for (const bad of [-1n, GROUP_ORDER, GROUP_ORDER + 1n, 5 as unknown as bigint]) {
      expect(await refusal(() => engine.multiplyG1(engine.generatorG1, bad))).toBe('BAD_SCALAR');
      expect(await refusal(() => engine.combineG2([engine.generatorG2], [bad]))).toBe('BAD_SCALAR');
    }
    expect(await refusal(() => engine.combineG1([engine.generatorG1], []))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => engine.combineG1([], []))).toBe('BAD_ARGUMENT');
  });

  it('takes no element of the other engine', async () => {
    const other = engineOf(name === 'mcl' ? 'noble' : 'mcl');
    expect(await refusal(() => engineOf(name).encodeG1(other.generatorG1))).toBe('BAD_ARGUMENT');
  });
});

describe('scalars', () => {
  it('are 32 bytes below the order', async () => {
    fc.assert(fc.property(scalar, (k) => expect(decodeScalar(encodeScalar(k))).toBe(k)));
    for (const [bytes, code] of [
      [randomBytes(31), 'BAD_LENGTH'],
      [randomBytes(33), 'BAD_LENGTH'],
      [bigintToBytes(GROUP_ORDER, 32), 'BAD_SCALAR'],
      [bigintToBytes(GROUP_ORDER + 7n, 32), 'BAD_SCALAR'],
      [fromHex('ff'.repeat(32)), 'BAD_SCALAR'],
    ] as const) {
      expect(await refusal(() => decodeScalar(bytes))).toBe(code);
    }
    expect(await refusal(() => decodeNonZeroScalar(new Uint8Array(32)))).toBe('BAD_SCALAR');
    expect(await refusal(() => encodeScalar(-1n))).toBe('BAD_SCALAR');
    expect(await refusal(() => encodeScalar(GROUP_ORDER))).toBe('BAD_SCALAR');
  });

  it('have inverses, but for zero', async () => {
    fc.assert(fc.property(scalar, (k) => expect((k * invertScalar(k)) % GROUP_ORDER).toBe(1n)));
    expect(await refusal(() => invertScalar(0n))).toBe('BAD_SCALAR');
    expect(await refusal(() => invertScalar(GROUP_ORDER))).toBe('BAD_SCALAR');
  });
});

const smallOrder = new Map<bigint, typeof Fp12.ONE>([[1n, Fp12.ONE]]);

/** An element of the target field's multiplicative group of exactly this (prime) order. */
const ofOrder = (order: bigint): typeof Fp12.ONE => {
  const exponent = (Fp.ORDER ** 12n - 1n) / order;
  for (let start = 2n; !smallOrder.has(order); start++) {
    const coefficients = Array.from({ length: 12 }, (_, i) => start + BigInt(i));
    const element = Fp12.pow(Fp12.fromBigTwelve(coefficients as Twelve), exponent);
    if (!Fp12.eql(element, Fp12.ONE)) smallOrder.set(order, element);
  }
  return smallOrder.get(order) ?? Fp12.ONE;
};

type Twelve = Parameters<typeof Fp12.fromBigTwelve>[0];
