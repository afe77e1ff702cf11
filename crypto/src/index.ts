export * from './errors.js';
export * from './canonical/index.js';
export * from './scalar.js';
export * from './functions.js';
export * from './private-values.js';
export * from './signing.js';
export * from './keys/index.js';
export * from './sealing/index.js';
