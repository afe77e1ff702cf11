import { bls12_381 } from '@noble/curves/bls12-381.js';
import { createEngine, HASH_TO_G1_TAG, type PairingEngine } from './engine.js';

const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
const { Fp12 } = bls12_381.fields;

/** @noble/curves, the independent reference: no WebAssembly, ready at once, about five times slower than mcl. */
export const nobleEngine = (): PairingEngine => engine;

const engine = createEngine<InstanceType<typeof G1>, InstanceType<typeof G2>, typeof Fp12.ONE>({
  name: 'noble',
  generatorG1: G1.BASE,
  generatorG2: G2.BASE,
  decodeG1: (bytes) => G1.fromBytes(bytes),
  decodeG2: (bytes) => G2.fromBytes(bytes),
  decodeGT: (bytes) => Fp12.fromBytes(bytes),
  encodeG1: (point) => point.toBytes(true),
  encodeG2: (point) => point.toBytes(true),
  encodeGT: (element) => Fp12.toBytes(element),
  isIdentityG1: (point) => point.is0(),
  isIdentityG2: (point) => point.is0(),
  isIdentityGT: (element) => Fp12.eql(element, Fp12.ONE),
  // noble's constant-time multiplication knows no zero.
  multiplyG1: (point, scalar) => (scalar === 0n || point.is0() ? G1.ZERO : point.multiply(scalar)),
  multiplyG2: (point, scalar) => (scalar === 0n || point.is0() ? G2.ZERO : point.multiply(scalar)),
  combineG1: (points, scalars) => G1.msm(points, scalars),
  combineG2: (points, scalars) => G2.msm(points, scalars),
  addG1: (left, right) => left.add(right),
  subtractG1: (left, right) => left.subtract(right),
  doubleG1: (point) => point.double(),
  // noble's additions are the same for every form.
  normalizeG1: (points) => points,
  hashToG1: (message) => G1.fromAffine(bls12_381.G1.hashToCurve(message, { DST: HASH_TO_G1_TAG }).toAffine()),
  pairAll: (left, right) =>
    bls12_381.pairingBatch(left.map((g1, i) => ({ g1, g2: right[i] as InstanceType<typeof G2> }))),
  pair: (left, right) => bls12_381.pairing(left, right),
  pairingsAgree: (a, b, c, d) =>
    Fp12.eql(
      bls12_381.pairingBatch([
        { g1: a, g2: b },
        { g1: c.negate(), g2: d },
      ]),
      Fp12.ONE,
    ),
  multiplyGT: (left, right) => Fp12.mul(left, right),
  powerGT: (element, scalar) => Fp12.pow(element, scalar),
  invertGT: (element) => Fp12.inv(element),
  finalExponentiation: (element) => Fp12.finalExponentiate(element),
});
