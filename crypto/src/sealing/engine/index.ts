export {
  CLEARING_EXPONENT,
  type EngineName,
  type FixedBaseG1,
  type G1Point,
  type G2Point,
  type GTElement,
  HASH_TO_G1_TAG,
  type PairingEngine,
  type UncheckedGT,
} from './engine.js';
export { mclEngine } from './mcl.js';
export { nobleEngine } from './noble.js';
export { pairingEngine } from './choice.js';
