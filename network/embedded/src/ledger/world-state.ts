import type {
  ChannelConfig,
  CommittedDefinition,
  DamageReport,
  Policy,
  StateValue,
  Version,
} from '../types.js';
import { decodeBlock, transactionsFilter } from '../protos/blocks.js';
import { Reader } from '../protos/wire.js';
import { decodeEntry } from '../rwset/messages.js';
import { CONFIG_KEY, CONFIG_NAMESPACE, replayBlock } from '../validation/block-validator.js';
import { TxCode } from '../validation/codes.js';
import type { CommittedView } from '../validation/committed-view.js';
import { parseValidTransaction } from '../validation/transaction.js';
import type { ValidatedBlock } from '../validation/block-validator.js';
import type { BlockFiles } from './block-files.js';
import { LIFECYCLE, implicitCollection, organizationEndorsement, readDefinition } from './definitions.js';
import type { Savepoint } from './records.js';
import type { StateDatabase } from './state-database.js';
import { type Change, WorldIndex, stateKeys } from './world-index.js';

/** A value that neither the database nor the blocks hold any more. */
export class LostStateError extends Error {
  constructor(what: string) {
    super(
      `${what} is lost: its record was altered and its block is damaged; restore the ledger folder from a copy`,
    );
    this.name = 'LostStateError';
  }
}

/**
 * Committed public state and hashes of private state: versions from the index in memory, values from the database. A
 * value whose record is not the one the index expects is taken from its block instead, and the damage is reported.
 */
export class WorldState implements CommittedView {
  index = new WorldIndex();
  private database: StateDatabase | undefined;
  /** Values that are committed and on their way into the database. */
  private readonly arriving = new Map<string, Buffer>();
  private readonly definitions = new Map<string, CommittedDefinition | undefined>();
  private readonly organizationPolicies = new Map<string, Policy>();

  constructor(
    private readonly blocks: BlockFiles,
    private readonly config: ChannelConfig,
    /** MSP id → name of the organisation's group in the configuration. */
    private readonly groups: ReadonlyMap<string, string>,
    private readonly report: (damage: DamageReport) => void,
  ) {}

  useDatabase(database: StateDatabase | undefined): void {
    this.database = database;
  }

  useIndex(index: WorldIndex): void {
    this.index = index;
    this.definitions.clear();
  }

  version(namespace: string, collection: string, key: string): Version | undefined {
    return this.index.entry(namespace, collection, key)?.version;
  }

  metadata(namespace: string, collection: string, key: string): Buffer | undefined {
    return this.index.entry(namespace, collection, key)?.metadata;
  }

  /** @throws LostStateError */
  value(namespace: string, collection: string, key: string): Buffer | undefined {
    const entry = this.index.entry(namespace, collection, key);
    if (entry === undefined) return undefined;
    const dbKey =
      collection === '' ? stateKeys.public(namespace, key) : stateKeys.hashed(namespace, collection, key);
    const arriving = this.arriving.size > 0 ? this.arriving.get(dbKey.toString('latin1')) : undefined;
    if (arriving !== undefined) return arriving;
    const stored = this.database?.get(dbKey, entry.check);
    if (stored !== undefined) return stored;
    const what = describeStateKey(namespace, collection, key);
    const fromBlocks = this.valueFromBlocks(namespace, collection, key, entry.version);
    if (fromBlocks === undefined) {
      this.report({ where: 'state', what, remedy: 'lost' });
      throw new LostStateError(what);
    }
    if (this.database !== undefined) this.report({ where: 'state', what, remedy: 'rebuilt' });
    return fromBlocks;
  }

  *keys(namespace: string, start: string, end: string): IterableIterator<{ key: string; version: Version }> {
    for (const { key, entry } of this.index.keys(namespace, start, end))
      yield { key, version: entry.version };
  }

  state(namespace: string, key: string): StateValue | undefined {
    const value = this.value(namespace, '', key);
    const entry = this.index.entry(namespace, '', key);
    if (value === undefined || entry === undefined) return undefined;
    return { value, version: entry.version, metadata: metadataMap(entry.metadata) };
  }

  hashedState(
    namespace: string,
    collection: string,
    keyHash: string,
  ): { valueHash: Buffer; version: Version; metadata?: ReadonlyMap<string, Buffer> } | undefined {
    const valueHash = this.value(namespace, collection, keyHash);
    const entry = this.index.entry(namespace, collection, keyHash);
    if (valueHash === undefined || entry === undefined) return undefined;
    return { valueHash, version: entry.version, metadata: metadataMap(entry.metadata) };
  }

  definition(chaincode: string): CommittedDefinition | undefined {
    if (!this.definitions.has(chaincode)) {
      this.definitions.set(
        chaincode,
        readDefinition(chaincode, (key) => this.value(LIFECYCLE, '', key), {
          config: this.config,
          implicitPolicy: (mspId) => this.implicitPolicy(mspId),
        }),
      );
    }
    return this.definitions.get(chaincode);
  }

  lifecyclePolicy(): Policy {
    return this.config.policy('/Channel/Application/LifecycleEndorsement');
  }

  implicitPolicy(mspId: string): Policy | undefined {
    if (!this.config.applicationMspIds.includes(mspId)) return undefined;
    let policy = this.organizationPolicies.get(mspId);
    if (policy === undefined) {
      policy = organizationEndorsement(this.config, this.groups.get(mspId) ?? mspId, mspId);
      this.organizationPolicies.set(mspId, policy);
    }
    return policy;
  }

  /** Organisations that may hold a collection's values. */
  members(namespace: string, collection: string): readonly string[] {
    if (namespace === LIFECYCLE) {
      const context = { config: this.config, implicitPolicy: (mspId: string) => this.implicitPolicy(mspId) };
      return implicitCollection(collection, context)?.memberOrgs ?? [];
    }
    return this.definition(namespace)?.collection(collection)?.memberOrgs ?? [];
  }

  /** Makes a block's changes visible; the database follows with `write`. */
  apply(number: number, block: ValidatedBlock): Change[] {
    const changes = this.index.apply(number, block, (namespace, collection) =>
      namespace === LIFECYCLE ? 0 : (this.definition(namespace)?.collection(collection)?.blockToLive ?? 0),
    );
    for (const { namespace } of block.updates.all()) {
      if (namespace === LIFECYCLE) this.definitions.clear();
    }
    return changes;
  }

  /** Brings the database to the state in memory; until it has, reads take the new values from memory. */
  async write(changes: readonly Change[], savepoint: Savepoint): Promise<void> {
    for (const { key, record } of changes) {
      if (record !== undefined) this.arriving.set(key.toString('latin1'), record.value);
    }
    await this.database?.write(changes, savepoint);
    this.arriving.clear();
  }

  /** Reads a block's updates back from the block itself, trusting its flags. */
  replay(number: number, bytes: Buffer): ValidatedBlock {
    const block = decodeBlock(bytes);
    return replayBlock(number, block.data, transactionsFilter(block), this);
  }

  /** Value that the place, or an earlier one with a later change of metadata only, wrote. */
  private valueFromBlocks(
    namespace: string,
    collection: string,
    key: string,
    version: Version,
  ): Buffer | undefined {
    const places =
      collection === ''
        ? this.index.history(namespace, key)
        : this.index.hashedHistory(namespace, collection, key);
    for (const place of places.reverse()) {
      if (place.blockNum > version.blockNum) continue;
      if (place.blockNum === version.blockNum && place.txNum > version.txNum) continue;
      const value = this.writtenAt(place, namespace, collection, key);
      if (value === 'unreadable') return undefined;
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Value written at a place; undefined when it wrote only metadata there. */
  private writtenAt(
    place: Version,
    namespace: string,
    collection: string,
    key: string,
  ): Buffer | undefined | 'unreadable' {
    try {
      const block = decodeBlock(this.blocks.read(place.blockNum));
      const transaction = parseValidTransaction(block.data[place.txNum] as Buffer);
      if (namespace === CONFIG_NAMESPACE && key === CONFIG_KEY) return transaction.data;
      const set = transaction.rwset.find((candidate) => candidate.namespace === namespace);
      if (collection === '') return set?.kv.writes.findLast((write) => write.key === key)?.value;
      return set?.collections
        .find((candidate) => candidate.collection === collection)
        ?.hashed.writes.findLast(({ keyHash }) => keyHash.toString('latin1') === key)?.valueHash;
    } catch {
      return 'unreadable';
    }
  }

  /** Value, time and kind of every valid write of a key, newest first. */
  *writesOf(
    namespace: string,
    key: string,
  ): IterableIterator<{
    txId: string;
    value: Buffer;
    timestamp: { seconds: number; nanos: number };
    isDelete: boolean;
  }> {
    for (const place of this.index.history(namespace, key).reverse()) {
      const block = decodeBlock(this.blocks.read(place.blockNum));
      if (transactionsFilter(block)[place.txNum] !== TxCode.valid) continue;
      const { txId, timestamp, rwset } = parseValidTransaction(block.data[place.txNum] as Buffer);
      const set = rwset.find((candidate) => candidate.namespace === namespace);
      const write = set?.kv.writes.findLast((candidate) => candidate.key === key);
      if (write === undefined) continue;
      yield { txId, value: write.value, timestamp, isDelete: write.isDelete || write.value.length === 0 };
    }
  }
}

export function metadataMap(metadata: Buffer): ReadonlyMap<string, Buffer> | undefined {
  if (metadata.length === 0) return undefined;
  const map = new Map<string, Buffer>();
  const reader = new Reader(metadata, 'kvrwset.KVMetadataWrite');
  while (reader.next()) {
    if (reader.field !== 2) continue;
    const { name, value } = decodeEntry(reader.slice());
    map.set(name, value);
  }
  return map;
}

/** How damage reports name a key; hashes in hex. */
export function describeStateKey(namespace: string, collection: string, key: string): string {
  return collection === ''
    ? `state ${namespace}/${key}`
    : `state ${namespace}/${collection}/${Buffer.from(key, 'latin1').toString('hex')}`;
}
