import { CryptoError } from '../../errors.js';
import { GROUP_ORDER } from '../../scalar.js';
import { checkG1Bytes, checkG2Bytes, checkGTBytes, pointRefusal } from '../decoding.js';
import { fixedBaseTables } from './fixed-base.js';

export type EngineName = 'mcl' | 'noble';
type Group = 'G1' | 'G2' | 'GT' | 'Fp12';

/** An element inside an engine; only the engine that made it can read it. */
export class GroupElement<G extends Group> {
  constructor(
    readonly group: G,
    readonly engine: EngineName,
    readonly value: unknown,
  ) {}
}

export type G1Point = GroupElement<'G1'>;
export type G2Point = GroupElement<'G2'>;
/** An element of the subgroup of order r of the target field. */
export type GTElement = GroupElement<'GT'>;
/** A non-zero element of the target field that may lie outside GT: good for `clearCofactor` only. */
export type UncheckedGT = GroupElement<'Fp12'>;

/**
 * The exponent that `clearCofactor` raises an element of GT to: 3(p^12 - 1)/r mod r. Whoever clears divides by it later.
 */
export const CLEARING_EXPONENT = 0x69fd599ad882439c706822817881a27e04ff3fff9ffe7ffe2n;

/** The suite that mcl has built in; uses are told apart by what the message begins with. */
export const HASH_TO_G1_TAG = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_';

/** Tables of multiples of fixed points, made as they are used. */
export interface FixedBaseG1 {
  /** Sum of [scalars[i]]points[i]; as many scalars as points, or fewer. */
  combine(scalars: bigint[]): G1Point;
}

/**
 * Arithmetic of BLS12-381. Both implementations give and take the same bytes and refuse the same input: points are
 * compressed in the ZCash format, GT is twelve field elements in noble's order, scalars are bigints in [0, r).
 * The identity is refused wherever it would enter or leave. Errors are CryptoErrors naming `field`.
 */
export interface PairingEngine {
  readonly name: EngineName;
  readonly generatorG1: G1Point;
  readonly generatorG2: G2Point;

  /** 48 bytes: curve and subgroup checked. */
  decodeG1(bytes: Uint8Array, field?: string): G1Point;
  /** 96 bytes: curve and subgroup checked. */
  decodeG2(bytes: Uint8Array, field?: string): G2Point;
  /** 576 bytes: canonical and not zero; membership in GT is not checked but forced, by `clearCofactor`. */
  decodeGT(bytes: Uint8Array, field?: string): UncheckedGT;
  encodeG1(point: G1Point): Uint8Array;
  encodeG2(point: G2Point): Uint8Array;
  encodeGT(element: GTElement): Uint8Array;

  multiplyG1(point: G1Point, scalar: bigint): G1Point;
  multiplyG2(point: G2Point, scalar: bigint): G2Point;
  /** Sum of [scalar]point over equally long lists, for public values. */
  combineG1(points: G1Point[], scalars: bigint[]): G1Point;
  combineG2(points: G2Point[], scalars: bigint[]): G2Point;
  addG1(left: G1Point, right: G1Point): G1Point;
  /** Sums of multiples of points that stay the same, for public values: faster than `combineG1` from a few dozen sums on. */
  fixedBaseG1(points: G1Point[]): FixedBaseG1;
  /** Hash to G1 by BLS12381G1_XMD:SHA-256_SSWU_RO_ of RFC 9380 with the tag HASH_TO_G1_TAG: nobody knows its logarithm. */
  hashToG1(message: Uint8Array): G1Point;
  pair(left: G1Point, right: G2Point): GTElement;
  /** Whether e(a, b) = e(c, d), for one final exponentiation instead of two. */
  pairingsAgree(a: G1Point, b: G2Point, c: G1Point, d: G2Point): boolean;
  /** Product of e(left[i], right[i]), for one final exponentiation. */
  pairAll(left: G1Point[], right: G2Point[]): GTElement;
  isOneGT(element: GTElement): boolean;
  multiplyGT(left: GTElement, right: GTElement): GTElement;
  powerGT(element: GTElement, scalar: bigint): GTElement;
  /**
   * Final exponentiation: kills every part of small order that a dishonest agent could have multiplied in, and raises
   * what is left to CLEARING_EXPONENT. An element of small order alone is refused.
   */
  clearCofactor(element: UncheckedGT): GTElement;
  /**
   * `clearCofactor` of the product of element^exponent: one final exponentiation for all, as it is a homomorphism.
   *
   * @param exponents whole numbers but zero, negative ones allowed; meant to be small, such as Lagrange numerators
   */
  clearProduct(elements: UncheckedGT[], exponents: bigint[]): GTElement;
}

/** What an engine does once its input is checked. `A`, `B`, `C` are its own types of G1, G2 and target field. */
export interface PairingBackend<A, B, C> {
  readonly name: EngineName;
  readonly generatorG1: A;
  readonly generatorG2: B;
  /** Throws anything for a point off the curve or outside the subgroup. */
  decodeG1(bytes: Uint8Array): A;
  decodeG2(bytes: Uint8Array): B;
  decodeGT(bytes: Uint8Array): C;
  encodeG1(point: A): Uint8Array;
  encodeG2(point: B): Uint8Array;
  encodeGT(element: C): Uint8Array;
  isIdentityG1(point: A): boolean;
  isIdentityG2(point: B): boolean;
  isIdentityGT(element: C): boolean;
  multiplyG1(point: A, scalar: bigint): A;
  multiplyG2(point: B, scalar: bigint): B;
  combineG1(points: A[], scalars: bigint[]): A;
  combineG2(points: B[], scalars: bigint[]): B;
  addG1(left: A, right: A): A;
  subtractG1(left: A, right: A): A;
  doubleG1(point: A): A;
  /** The same points in the form that is cheapest to add. */
  normalizeG1(points: A[]): A[];
  hashToG1(message: Uint8Array): A;
  pair(left: A, right: B): C;
  pairAll(left: A[], right: B[]): C;
  pairingsAgree(a: A, b: B, c: A, d: B): boolean;
  multiplyGT(left: C, right: C): C;
  powerGT(element: C, scalar: bigint): C;
  /** In the whole field, as `multiplyGT` is, and not only in its subgroup. */
  invertGT(element: C): C;
  finalExponentiation(element: C): C;
}

/** Puts the strict decoder and the refusal of identities in front of a backend. */
export const createEngine = <A, B, C>(backend: PairingBackend<A, B, C>): PairingEngine => {
  const { name } = backend;
  const wrap = <G extends Group>(group: G, value: unknown): GroupElement<G> =>
    new GroupElement(group, name, value);
  const unwrap = (element: GroupElement<Group>): unknown => {
    if (element.engine !== name) {
      throw new CryptoError('BAD_ARGUMENT', `an element of engine ${element.engine} came to engine ${name}`);
    }
    return element.value;
  };
  const g1 = (point: G1Point): A => unwrap(point) as A;
  const g2 = (point: G2Point): B => unwrap(point) as B;
  const gt = (element: GTElement | UncheckedGT): C => unwrap(element) as C;
  const decode = <T>(bytes: Uint8Array, field: string, decoder: (bytes: Uint8Array) => T): T => {
    try {
      return decoder(bytes);
    } catch (cause) {
      throw pointRefusal(bytes, field, cause);
    }
  };
  const refuseIdentity = (identity: boolean, group: string): void => {
    if (identity) throw new CryptoError('IDENTITY_ELEMENT', `the identity of ${group} is refused`);
  };
  const refuseIdentities = (left: G1Point[], right: G2Point[]): void => {
    for (const point of left) refuseIdentity(backend.isIdentityG1(g1(point)), 'G1');
    for (const point of right) refuseIdentity(backend.isIdentityG2(g2(point)), 'G2');
  };
  const clear = (element: C): GTElement => {
    const cleared = backend.finalExponentiation(element);
    refuseIdentity(backend.isIdentityGT(cleared), 'GT');
    return wrap('GT', cleared);
  };
  const scalars = (list: bigint[], count: number): bigint[] => {
    if (list.length !== count || count === 0) {
      throw new CryptoError('BAD_ARGUMENT', `${count} points and ${list.length} scalars cannot be combined`);
    }
    return list.map(checkScalar);
  };

  return {
    name,
    generatorG1: wrap('G1', backend.generatorG1),
    generatorG2: wrap('G2', backend.generatorG2),
    decodeG1: (bytes, field = 'G1 point') =>
      wrap(
        'G1',
        decode(checkG1Bytes(bytes, field), field, (checked) => backend.decodeG1(checked)),
      ),
    decodeG2: (bytes, field = 'G2 point') =>
      wrap(
        'G2',
        decode(checkG2Bytes(bytes, field), field, (checked) => backend.decodeG2(checked)),
      ),
    decodeGT: (bytes, field = 'GT element') => wrap('Fp12', backend.decodeGT(checkGTBytes(bytes, field))),
    encodeG1: (point) => {
      refuseIdentity(backend.isIdentityG1(g1(point)), 'G1');
      return backend.encodeG1(g1(point));
    },
    encodeG2: (point) => {
      refuseIdentity(backend.isIdentityG2(g2(point)), 'G2');
      return backend.encodeG2(g2(point));
    },
    encodeGT: (element) => backend.encodeGT(gt(element)),
    multiplyG1: (point, scalar) => wrap('G1', backend.multiplyG1(g1(point), checkScalar(scalar))),
    multiplyG2: (point, scalar) => wrap('G2', backend.multiplyG2(g2(point), checkScalar(scalar))),
    combineG1: (points, list) => wrap('G1', backend.combineG1(points.map(g1), scalars(list, points.length))),
    combineG2: (points, list) => wrap('G2', backend.combineG2(points.map(g2), scalars(list, points.length))),
    addG1: (left, right) => wrap('G1', backend.addG1(g1(left), g1(right))),
    fixedBaseG1: (points) => {
      if (points.length === 0) throw new CryptoError('BAD_ARGUMENT', 'no points to make tables of');
      const tables = fixedBaseTables(backend, points.map(g1));
      return {
        combine: (list) => {
          if (list.length > points.length || list.length === 0) {
            throw new CryptoError(
              'BAD_ARGUMENT',
              `${points.length} points and ${list.length} scalars cannot be combined`,
            );
          }
          return wrap('G1', tables(list.map(checkScalar)));
        },
      };
    },
    hashToG1: (message) => wrap('G1', backend.hashToG1(message)),
    pairAll: (left, right) => {
      if (left.length !== right.length || left.length === 0) {
        throw new CryptoError(
          'BAD_ARGUMENT',
          `${left.length} and ${right.length} points cannot be paired with each other`,
        );
      }
      refuseIdentities(left, right);
      return wrap('GT', backend.pairAll(left.map(g1), right.map(g2)));
    },
    isOneGT: (element) => backend.isIdentityGT(gt(element)),
    pair: (left, right) => {
      refuseIdentities([left], [right]);
      return wrap('GT', backend.pair(g1(left), g2(right)));
    },
    pairingsAgree: (a, b, c, d) => {
      refuseIdentities([a, c], [b, d]);
      return backend.pairingsAgree(g1(a), g2(b), g1(c), g2(d));
    },
    multiplyGT: (left, right) => wrap('GT', backend.multiplyGT(gt(left), gt(right))),
    powerGT: (element, scalar) => wrap('GT', backend.powerGT(gt(element), checkScalar(scalar))),
    clearCofactor: (element) => clear(gt(element)),
    clearProduct: (elements, exponents) => {
      if (elements.length !== exponents.length || elements.length === 0) {
        throw new CryptoError(
          'BAD_ARGUMENT',
          `${elements.length} elements and ${exponents.length} exponents cannot be combined`,
        );
      }
      const powers = elements.map((element, i) => wholePower(backend, gt(element), exponents[i] ?? 0n));
      return clear(powers.reduce((left, right) => backend.multiplyGT(left, right)));
    },
  };
};

/** Square and multiply with the field's own product: an engine's power function may presume the subgroup. */
const wholePower = <A, B, C>(backend: PairingBackend<A, B, C>, element: C, exponent: bigint): C => {
  if (exponent === 0n) throw new CryptoError('BAD_ARGUMENT', 'an exponent is zero');
  const base = exponent < 0n ? backend.invertGT(element) : element;
  const bits = (exponent < 0n ? -exponent : exponent).toString(2).slice(1);
  let power = base;
  for (const bit of bits) {
    power = backend.multiplyGT(power, power);
    if (bit === '1') power = backend.multiplyGT(power, base);
  }
  return power;
};

const checkScalar = (scalar: bigint): bigint => {
  if (typeof scalar !== 'bigint' || scalar < 0n || scalar >= GROUP_ORDER) {
    throw new CryptoError('BAD_SCALAR', 'scalar is not within [0, r)');
  }
  return scalar;
};
