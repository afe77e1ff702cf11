import type { CommittedDefinition, Policy, Version } from '../types.js';

/**
 * State before the block under validation. Public keys have collection ''; keys of collections are SHA-256 hashes as
 * `latin1` strings, because hashes are compared and sorted by byte, and their values are value hashes.
 */
export interface CommittedView {
  version(namespace: string, collection: string, key: string): Version | undefined;
  value(namespace: string, collection: string, key: string): Buffer | undefined;
  /** Marshalled `kvrwset.KVMetadataWrite` without its key; undefined when the key does not exist, empty without metadata. */
  metadata(namespace: string, collection: string, key: string): Buffer | undefined;
  /** Public keys from `start` (inclusive) to `end` (exclusive; '' open) in byte order. */
  keys(namespace: string, start: string, end: string): IterableIterator<{ key: string; version: Version }>;
  /** The `_lifecycle` definition of that name. */
  definition(chaincode: string): CommittedDefinition | undefined;
  /** Endorsement policy of changes to definitions. */
  lifecyclePolicy(): Policy;
  /** Endorsement policy of an organisation's implicit collection; undefined when the channel has no such organisation. */
  implicitPolicy(mspId: string): Policy | undefined;
}
