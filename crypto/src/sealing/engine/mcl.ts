import {
  add,
  BLS12_381,
  curveType,
  dbl,
  finalExp,
  Fr,
  G1,
  G2,
  GT,
  hashAndMapToG1,
  init,
  inv,
  IRTF,
  millerLoop,
  mul,
  mulVec,
  neg,
  normalizeVec,
  pairing,
  pow,
  setETHserialization,
  setMapToMode,
  sub,
  verifyOrderG1,
  verifyOrderG2,
} from 'mcl-wasm';
import { CryptoError } from '../../errors.js';
import { encodeScalar } from '../../scalar.js';
import { createEngine, type PairingEngine } from './engine.js';
import { GENERATOR_G1, GENERATOR_G2 } from './generators.js';

const CHUNK = 48;
/** mcl copies the operands of a multi-scalar multiplication to the WebAssembly stack, which holds no more than a few thousand. */
const COMBINE_AT_ONCE = 512;

let engine: Promise<PairingEngine> | undefined;

/** mcl in WebAssembly: the engine for gateways, chaincode and workers. Its state is global to the process and set up once. */
export const mclEngine = (): Promise<PairingEngine> => {
  engine ??= start().catch((error: unknown) => {
    engine = undefined;
    throw error;
  });
  return engine;
};

const start = async (): Promise<PairingEngine> => {
  if (curveType === undefined) await init(BLS12_381);
  if (curveType !== BLS12_381) {
    throw new CryptoError(
      'BAD_ARGUMENT',
      'mcl-wasm is in use in this process for another curve than BLS12-381',
    );
  }
  setETHserialization(true);
  setMapToMode(IRTF);
  verifyOrderG1(true);
  verifyOrderG2(true);
  const generatorG1 = decodeG1(GENERATOR_G1);
  const generatorG2 = decodeG2(GENERATOR_G2);
  return createEngine<G1, G2, GT>({
    name: 'mcl',
    generatorG1,
    generatorG2,
    decodeG1,
    decodeG2,
    decodeGT: (bytes) => {
      const element = new GT();
      element.deserialize(swapChunks(bytes));
      return element;
    },
    encodeG1: (point) => point.serialize(),
    encodeG2: (point) => point.serialize(),
    encodeGT: (element) => swapChunks(element.serialize()),
    isIdentityG1: (point) => point.isZero(),
    isIdentityG2: (point) => point.isZero(),
    isIdentityGT: (element) => element.isOne(),
    multiplyG1: (point, scalar) => mul(point, fr(scalar)),
    multiplyG2: (point, scalar) => mul(point, fr(scalar)),
    combineG1: combine,
    combineG2: combine,
    addG1: (left, right) => add(left, right),
    subtractG1: (left, right) => sub(left, right),
    doubleG1: (point) => dbl(point),
    normalizeG1: (points) => {
      const copies = points.map((point) => point.clone());
      for (let i = 0; i < copies.length; i += COMBINE_AT_ONCE)
        normalizeVec(copies.slice(i, i + COMBINE_AT_ONCE));
      return copies;
    },
    hashToG1: (message) => hashAndMapToG1(message),
    pairAll: (left, right) =>
      finalExp(
        left.map((point, i) => millerLoop(point, right[i] as G2)).reduce((product, one) => mul(product, one)),
      ),
    pair: (left, right) => pairing(left, right),
    pairingsAgree: (a, b, c, d) => finalExp(mul(millerLoop(a, b), millerLoop(neg(c), d))).isOne(),
    multiplyGT: (left, right) => mul(left, right),
    powerGT: (element, scalar) => pow(element, fr(scalar)),
    invertGT: (element) => inv(element),
    finalExponentiation: (element) => finalExp(element),
  });
};

const decodeG1 = (bytes: Uint8Array): G1 => {
  const point = new G1();
  point.deserialize(bytes);
  return point;
};

const decodeG2 = (bytes: Uint8Array): G2 => {
  const point = new G2();
  point.deserialize(bytes);
  return point;
};

const fr = (scalar: bigint): Fr => {
  const element = new Fr();
  element.deserialize(encodeScalar(scalar));
  return element;
};

const combine = <P extends G1 | G2>(points: P[], scalars: bigint[]): P => {
  const sums: P[] = [];
  for (let i = 0; i < points.length; i += COMBINE_AT_ONCE) {
    const piece = points.slice(i, i + COMBINE_AT_ONCE);
    sums.push(mulVec(piece, scalars.slice(i, i + COMBINE_AT_ONCE).map(fr)));
  }
  return sums.reduce((left, right) => add(left, right));
};

/** mcl and noble order the twelve coefficients of GT differently: neighbours change places. */
const swapChunks = (bytes: Uint8Array): Uint8Array => {
  const swapped = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i += 2 * CHUNK) {
    swapped.set(bytes.subarray(i + CHUNK, i + 2 * CHUNK), i);
    swapped.set(bytes.subarray(i, i + CHUNK), i + CHUNK);
  }
  return swapped;
};
