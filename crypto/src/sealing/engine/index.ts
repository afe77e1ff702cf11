export {
  CLEARING_EXPONENT,
  type EngineName,
  type G1Point,
  type G2Point,
  type GTElement,
  type PairingEngine,
  type UncheckedGT,
} from './engine.js';
export { mclEngine } from './mcl.js';
export { nobleEngine } from './noble.js';
export { pairingEngine } from './choice.js';
