export * from './password.js';
export * from './seed.js';
export * from './derivation.js';
export * from './scope.js';
export * from './recovery.js';
