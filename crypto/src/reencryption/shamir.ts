import { equalBytes } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { GROUP_ORDER, invertScalar, modulo } from '../scalar.js';

/** f(x) modulo r, f given by its coefficients from f(0) upward. */
export const evaluatePolynomial = (coefficients: bigint[], x: number): bigint =>
  coefficients.reduceRight((sum, coefficient) => modulo(sum * BigInt(x) + coefficient, GROUP_ORDER), 0n);

export interface Interpolation {
  /** Small whole numbers, none of them zero. */
  numerators: bigint[];
  denominator: bigint;
}

/**
 * How f(0) follows from f at `indices`: the sum of numerators[i] * f(indices[i]), divided by the denominator
 * (Lagrange). Over a common denominator the numbers stay small, and powers with them cheap.
 */
export const interpolationAtZero = (indices: number[]): Interpolation => {
  if (new Set(indices).size !== indices.length || indices.length === 0)
    throw new CryptoError('BAD_ARGUMENT', 'indices must be different from each other');
  const points = indices.map((index) => {
    if (!Number.isInteger(index) || index < 1) throw new CryptoError('BAD_ARGUMENT', 'indices begin at 1');
    return BigInt(index);
  });
  const parts = points.map((x) => {
    const others = points.filter((other) => other !== x);
    return { top: product(others), bottom: product(others.map((other) => other - x)) };
  });
  const common = parts.reduce((multiple, { bottom }) => leastCommonMultiple(multiple, bottom), 1n);
  const numerators = parts.map(({ top, bottom }) => (top * common) / bottom);
  const shared = numerators.reduce((left, right) => greatestCommonDivisor(left, right), common);
  return {
    numerators: numerators.map((numerator) => numerator / shared),
    denominator: common / shared,
  };
};

/** The same as scalars modulo r: f(0) = sum of weights[i] * f(indices[i]). */
export const weightsAtZero = (indices: number[]): bigint[] => {
  const { numerators, denominator } = interpolationAtZero(indices);
  const inverse = invertScalar(denominator);
  return numerators.map((numerator) => modulo(numerator * inverse, GROUP_ORDER));
};

/**
 * Checks points [f(1)]B … [f(n)]B of an unknown polynomial against [f(0)]B (cryptography.md T3): each, with the first
 * t - 1, interpolates to it, and the first t - 1 alone do not, so that no fewer than t ever will.
 *
 * @param expected encoding of [f(0)]B
 * @param combine encoding of the weighted sum of points
 * @returns undefined if all is well, the place of the first point that is off, or `fewer` if fewer than t suffice
 */
export const offPolynomial = <P>(
  expected: Uint8Array,
  points: P[],
  threshold: number,
  combine: (points: P[], weights: bigint[]) => Uint8Array,
): number | 'fewer' | undefined => {
  const leads = (places: number[]): boolean => {
    try {
      const chosen = points.filter((_, place) => places.includes(place));
      return equalBytes(combine(chosen, weightsAtZero(places.map((place) => place + 1))), expected);
    } catch (error) {
      // The identity has no encoding, and is not what is expected either.
      if (error instanceof CryptoError && error.code === 'IDENTITY_ELEMENT') return false;
      throw error;
    }
  };
  const fixed = Array.from({ length: threshold - 1 }, (_, place) => place);
  if (leads(fixed)) return 'fewer';
  for (let place = threshold - 1; place < points.length; place++) {
    if (!leads([...fixed, place])) return place;
  }
  return undefined;
};

/** All ways to choose `size` of `items`, in order. */
export function* subsets<T>(items: readonly T[], size: number, from = 0): Generator<T[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let i = from; i + size <= items.length; i++) {
    const item = items[i] as T;
    for (const rest of subsets(items, size - 1, i + 1)) yield [item, ...rest];
  }
}

const product = (values: bigint[]): bigint => values.reduce((left, right) => left * right, 1n);

const absolute = (value: bigint): bigint => (value < 0n ? -value : value);

const greatestCommonDivisor = (left: bigint, right: bigint): bigint => {
  let [a, b] = [absolute(left), absolute(right)];
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
};

const leastCommonMultiple = (left: bigint, right: bigint): bigint =>
  absolute(left * right) / greatestCommonDivisor(left, right);
