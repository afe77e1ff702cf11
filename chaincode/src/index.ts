/** What the gateway and the tests share with the contracts: the ledger's types, keys, hashes and refusals. */
export { collectionsFor, type CollectionConfig } from './collections.js';
export * from './errors.js';
export {
  DEMOGRAPHIC_GROUPS,
  type DemographicGroup,
  implicitCollection,
  parsePrivateKey,
  parseWorldKey,
  privateKeys,
  STAFF_COLLECTION,
  type WorldKey,
  worldKeys,
  type WorldKeyType,
} from './ledger/keys.js';
export {
  isSignedByOwnCertificate,
  organizationAuthoritiesStatement,
  organizationKeyStatement,
} from './ledger/certificates.js';
export { grantOf } from './ledger/reencryption-checks.js';
export { grantedScopes } from './ledger/scopes.js';
export type { CreateArgument, KeySlotArgument } from './model/arguments.js';
export { argumentChecks } from './model/argument-checks.js';
export type { CareTeamArgument, GrantArgument } from './model/consent-arguments.js';
export type {
  AttestArgument,
  AuditFilter,
  AuditParametersArgument,
  BlindArgument,
  ReturnArgument,
  SanitizeArgument,
  UploadArgument,
} from './model/integrity-arguments.js';
export * from './model/consent-entries.js';
export * from './model/content-hash.js';
export * from './model/emergency-entries.js';
export * from './model/entries.js';
export * from './model/erasure-entries.js';
export * from './model/integrity-entries.js';
export { type ListPage, MAX_PAGE } from './model/paging.js';
export * from './model/record-steps.js';
