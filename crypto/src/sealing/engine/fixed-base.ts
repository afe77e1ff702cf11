import { encodeScalar, SCALAR_BYTES } from '../../scalar.js';
import type { PairingBackend } from './engine.js';

/** Bits of a digit: 512 multiples a point, so that 32 points take about 15 MB and a twentieth of a second to make. */
const WINDOW = 10;
const HALF = 1 << (WINDOW - 1);
const DIGITS = Math.ceil((8 * SCALAR_BYTES) / WINDOW);

type Additions<A> = Pick<
  PairingBackend<A, unknown, unknown>,
  'addG1' | 'subtractG1' | 'doubleG1' | 'normalizeG1' | 'multiplyG1' | 'generatorG1'
>;

/**
 * Sums of multiples of fixed points by signed digits: one addition a digit and point, and the doublings of a single
 * multiplication shared by all. A point's multiples are made when it is first used.
 */
export const fixedBaseTables = <A>(backend: Additions<A>, points: A[]): ((scalars: bigint[]) => A) => {
  const tables: A[][] = [];
  const tableOf = (i: number): A[] => (tables[i] ??= multiplesOf(backend, points[i] as A));
  return (scalars) => {
    const used = scalars.flatMap((scalar, i) =>
      scalar === 0n ? [] : [{ table: tableOf(i), digits: signedDigits(scalar) }],
    );
    let sum: A | undefined;
    for (let place = DIGITS - 1; place >= 0; place--) {
      for (let k = 0; sum !== undefined && k < WINDOW; k++) sum = backend.doubleG1(sum);
      for (const { table, digits } of used) {
        const digit = digits[place] ?? 0;
        if (digit === 0) continue;
        const multiple = table[Math.abs(digit) - 1] as A;
        sum ??= backend.multiplyG1(backend.generatorG1, 0n);
        sum = digit > 0 ? backend.addG1(sum, multiple) : backend.subtractG1(sum, multiple);
      }
    }
    return sum ?? backend.multiplyG1(backend.generatorG1, 0n);
  };
};

/** [1]point to [HALF]point. */
const multiplesOf = <A>(backend: Additions<A>, point: A): A[] => {
  const multiples = [point];
  let last = point;
  for (let k = 2; k <= HALF; k++) {
    last = k === 2 ? backend.doubleG1(point) : backend.addG1(last, point);
    multiples.push(last);
  }
  return backend.normalizeG1(multiples);
};

/** Digits from -HALF to HALF - 1, the least first; the order's bits leave no carry over. */
const signedDigits = (scalar: bigint): Int16Array => {
  const bytes = encodeScalar(scalar);
  const digits = new Int16Array(DIGITS);
  let carry = 0;
  for (let place = 0; place < DIGITS; place++) {
    const digit = bitsAt(bytes, place * WINDOW) + carry;
    carry = digit >= HALF ? 1 : 0;
    digits[place] = digit - 2 * HALF * carry;
  }
  return digits;
};

/** WINDOW bits of a big-endian number from a place on, counted from its least bit. */
const bitsAt = (bytes: Uint8Array, from: number): number => {
  const last = bytes.length - 1 - (from >> 3);
  const three = ((bytes[last - 2] ?? 0) << 16) | ((bytes[last - 1] ?? 0) << 8) | (bytes[last] ?? 0);
  return (three >> (from & 7)) & (2 * HALF - 1);
};
