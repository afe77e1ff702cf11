export * from './data-key.js';
export * from './envelope.js';
