import type {
  ChannelConfig,
  CommittedDefinition,
  DamageReport,
  Policy,
  StateValue,
  Version,
} from '../types.js';
import { decodeBlock, transactionsFilter } from '../protos/blocks.js';
import { HeaderType } from '../protos/envelopes.js';
import { Reader, Writer } from '../protos/wire.js';
import { type MetadataEntry, decodeEntry, encodeEntries } from '../rwset/messages.js';
import { CONFIG_KEY, CONFIG_NAMESPACE, replayBlock } from '../validation/block-validator.js';
import { TxCode } from '../validation/codes.js';
import type { CommittedView } from '../validation/committed-view.js';
import { parseValidTransaction } from '../validation/transaction.js';
import type { ValidatedBlock } from '../validation/block-validator.js';
import type { BlockFiles } from './block-files.js';
import { LIFECYCLE, implicitCollection, organizationEndorsement, readDefinition } from './definitions.js';
import { type Savepoint, recordCheck } from './records.js';
import type { CheckedRecord, StateDatabase } from './state-database.js';
import { type Recovery, type WorldIndex, stateKeys } from './world-index.js';

/** A value that neither the database nor the blocks hold any more. */
export class LostStateError extends Error {
  constructor(what: string) {
    super(
      `${what} is lost: its record was altered and its block is damaged; restore the ledger folder from a copy`,
    );
    this.name = 'LostStateError';
  }
}

/** What a valid transaction did to one key; a write without value is a deletion. */
interface Written {
  readonly write?: { readonly value?: Buffer };
  readonly metadata?: readonly MetadataEntry[];
}

/**
 * Committed public state and hashes of private state, as the database has them. A record that was altered or lost while
 * the network runs is made again from the blocks, and the damage is reported.
 */
export class WorldState implements CommittedView {
  private current: { database: StateDatabase; index: WorldIndex } | undefined;
  private readonly definitions = new Map<string, CommittedDefinition | undefined>();
  private readonly organizationPolicies = new Map<string, Policy>();

  constructor(
    private readonly blocks: BlockFiles,
    private readonly config: ChannelConfig,
    /** MSP id → name of the organisation's group in the configuration. */
    private readonly groups: ReadonlyMap<string, string>,
    private readonly report: (damage: DamageReport) => void,
  ) {}

  /** The ledger's index. @throws Error before `use` */
  get index(): WorldIndex {
    if (this.current === undefined) throw new Error('the state has no database yet');
    return this.current.index;
  }

  use(database: StateDatabase, index: WorldIndex): void {
    this.current = { database, index };
    this.definitions.clear();
  }

  /** Records that cannot be read are looked for in the blocks. */
  readonly recover: Recovery = (namespace, collection, key) => {
    const what = describeStateKey(namespace, collection, key);
    const record = this.recordFromBlocks(namespace, collection, key);
    if (record === undefined) {
      this.report({ where: 'state', what, remedy: 'lost' });
      throw new LostStateError(what);
    }
    this.report({ where: 'state', what, remedy: 'rebuilt' });
    this.current?.database.stage(record);
    return record.record;
  };

  version(namespace: string, collection: string, key: string): Version | undefined {
    return this.index.entry(namespace, collection, key)?.version;
  }

  metadata(namespace: string, collection: string, key: string): Buffer | undefined {
    return this.index.entry(namespace, collection, key)?.metadata;
  }

  /** @throws LostStateError, as everything that reads a record */
  value(namespace: string, collection: string, key: string): Buffer | undefined {
    return this.index.entry(namespace, collection, key)?.value;
  }

  *keys(namespace: string, start: string, end: string): IterableIterator<{ key: string; version: Version }> {
    for (const key of this.index.keys(namespace, start, end)) {
      const version = this.version(namespace, '', key);
      if (version !== undefined) yield { key, version };
    }
  }

  state(namespace: string, key: string): StateValue | undefined {
    const entry = this.index.entry(namespace, '', key);
    if (entry === undefined) return undefined;
    return { value: entry.value, version: entry.version, metadata: metadataMap(entry.metadata) };
  }

  hashedState(
    namespace: string,
    collection: string,
    keyHash: string,
  ): { valueHash: Buffer; version: Version; metadata?: ReadonlyMap<string, Buffer> } | undefined {
    const entry = this.index.entry(namespace, collection, keyHash);
    if (entry === undefined) return undefined;
    return { valueHash: entry.value, version: entry.version, metadata: metadataMap(entry.metadata) };
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

  /** Makes a block's changes visible; they are on disk with the next `write`. */
  apply(number: number, block: ValidatedBlock): void {
    this.index.apply(number, block, (namespace, collection) =>
      namespace === LIFECYCLE ? 0 : (this.definition(namespace)?.collection(collection)?.blockToLive ?? 0),
    );
    for (const { namespace } of block.updates.all()) {
      if (namespace === LIFECYCLE) this.definitions.clear();
    }
  }

  async write(savepoint: Savepoint): Promise<void> {
    await this.current?.database.write(savepoint);
  }

  /** Reads a block's updates back from the block itself, trusting its flags. */
  replay(number: number, bytes: Buffer): ValidatedBlock {
    const block = decodeBlock(bytes);
    return replayBlock(number, block.data, transactionsFilter(block), this);
  }

  /** The record that the newest writes of value and of metadata make; undefined when blocks that matter are damaged. */
  private recordFromBlocks(
    namespace: string,
    collection: string,
    key: string,
  ): { key: Buffer; record: CheckedRecord } | undefined {
    let version: Version | undefined;
    let value: Buffer | undefined;
    let entries: readonly MetadataEntry[] | undefined;
    try {
      for (let number = this.blocks.height - 1; number >= 0 && !(value && entries); number -= 1) {
        const block = decodeBlock(this.blocks.read(number));
        const filter = transactionsFilter(block);
        for (let txNum = block.data.length - 1; txNum >= 0 && !(value && entries); txNum -= 1) {
          if (filter[txNum] !== TxCode.valid) continue;
          const written = writtenBy(block.data[txNum] as Buffer, namespace, collection, key);
          if (written === undefined) continue;
          // What was before a deletion is gone.
          if (written.write !== undefined && written.write.value === undefined) {
            number = 0;
            break;
          }
          version ??= { blockNum: number, txNum };
          value ??= written.write?.value;
          entries ??= written.metadata;
        }
      }
    } catch {
      return undefined;
    }
    if (version === undefined || value === undefined) return undefined;
    const metadata = encodeEntries(new Writer(), entries ?? []).finish();
    const dbKey =
      collection === '' ? stateKeys.public(namespace, key) : stateKeys.hashed(namespace, collection, key);
    const record = { version, metadata, value };
    return { key: dbKey, record: { ...record, check: recordCheck(dbKey, record) } };
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
    for (const place of this.index.history(namespace, '', key)) {
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

/** What the transaction in an envelope did to a key; undefined when nothing. @throws MalformedMessageError */
function writtenBy(
  envelope: Buffer,
  namespace: string,
  collection: string,
  key: string,
): Written | undefined {
  const transaction = parseValidTransaction(envelope);
  if (namespace === CONFIG_NAMESPACE)
    return key === CONFIG_KEY && transaction.type === HeaderType.config
      ? { write: { value: transaction.data } }
      : undefined;
  const set = transaction.rwset.find((candidate) => candidate.namespace === namespace);
  if (collection === '') {
    const write = set?.kv.writes.findLast((candidate) => candidate.key === key);
    const metadata = set?.kv.metadataWrites.findLast((candidate) => candidate.key === key)?.entries;
    if (write === undefined) return metadata && { metadata };
    return { write: write.isDelete || write.value.length === 0 ? {} : { value: write.value }, metadata };
  }
  const hashed = set?.collections.find((candidate) => candidate.collection === collection)?.hashed;
  const isKey = ({ keyHash }: { keyHash: Buffer }): boolean => keyHash.toString('latin1') === key;
  const write = hashed?.writes.findLast(isKey);
  const metadata = hashed?.metadataWrites.findLast(isKey)?.entries;
  if (write === undefined) return metadata && { metadata };
  return {
    write: write.isDelete || write.valueHash.length === 0 ? {} : { value: write.valueHash },
    metadata,
  };
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
