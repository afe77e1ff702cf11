export * from './bytes.js';
export * from './json.js';
export * from './commitment.js';
