/** What the gateway and the tests share with the contracts: the ledger's types, hashes and refusals. */
export * from './errors.js';
export * from './model/content-hash.js';
export * from './model/entries.js';
