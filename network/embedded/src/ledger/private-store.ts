/**
 * One organisation's private values in a LevelDB of their own. Keys (numbers big endian, parts separated by U+0000),
 * values framed and checked as in `records.ts`:
 *
 *     v <namespace> 0 <collection> 0 <key>   current value
 *     b <block 8><tx 4>                      marshalled rwset.TxPvtReadWriteSet of a committed transaction
 *     x <block 8><tx 4><namespace> 0 <collection>   write set that the organisation should have but never received
 *     r <transaction id>                     write set waiting for its transaction; version: height at receipt
 *     m                                      savepoint
 *
 * A block's write sets are on disk (fsync) before the block is; current values follow from them after a crash.
 */
import type { DamageReport, Version } from '../types.js';
import { sha256 } from '../protos/hashes.js';
import {
  type PrivateNamespaceRwSet,
  decodeKvRwSet,
  decodePrivateRwSet,
  encodeKvRwSet,
  encodePrivateRwSet,
} from '../rwset/messages.js';
import {
  type Record,
  SAVEPOINT_KEY,
  type Savepoint,
  SetDigest,
  decodeRecord,
  decodeSavepoint,
  encodeRecord,
  encodeSavepoint,
  recordCheck,
} from './records.js';
import { salvage } from './salvage.js';
import { SortedKeys } from './sorted-keys.js';
import { sameVersion } from './state-database.js';
import { CorruptDatabaseError, type Database, openDatabase, removeDirectory } from './storage.js';
import type { WorldIndex } from './world-index.js';

const NOTHING: Buffer = Buffer.alloc(0);
/** Around all other keys; exist only while erased values are driven out of the files. */
const LOWEST = Buffer.from([0x00]);
const HIGHEST = Buffer.from([0xff]);
/** Blocks after which a write set whose transaction never came is dropped (core.yaml transientstoreMaxBlockRetention). */
const TRANSIENT_BLOCKS = 1000;

type Operation = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer };

interface PrivateEntry {
  readonly version: Version;
  readonly check: string;
}

interface CollectionIndex {
  readonly sorted: SortedKeys;
  readonly entries: Map<string, PrivateEntry>;
  readonly byHash: Map<string, string>;
}

/** A key hash to erase, with the places whose write sets hold its values. */
export interface Erasure {
  readonly namespace: string;
  readonly collection: string;
  readonly keyHash: string;
  readonly places: readonly Version[];
  /** Erase the current value only when it has this version; any when undefined. */
  readonly version?: Version;
}

/** What a committed block means for one organisation. */
export interface PrivateBlock {
  readonly number: number;
  /** Position → the organisation's part of the transaction's write set. */
  readonly writeSets: ReadonlyMap<number, readonly PrivateNamespaceRwSet[]>;
  readonly missing: readonly { txNum: number; namespace: string; collection: string }[];
  readonly transactionIds: readonly string[];
  readonly erasures: readonly Erasure[];
}

export class PrivateStore {
  private readonly collections = new Map<string, CollectionIndex>();
  private readonly writeSets = new Map<number, Map<number, string>>();
  private readonly missing = new Map<string, string>();
  private readonly transient = new Map<string, { bytes: Buffer; height: number }>();
  private readonly digest = new SetDigest();
  private readonly waiting = new Map<string, Promise<void>>();
  private readonly arriving = new Map<string, Buffer>();
  private database!: Database;
  private savedHeight = 0;
  private sound = true;
  private erasing: Promise<void> = Promise.resolve();

  private constructor(
    readonly mspId: string,
    private readonly location: string,
    private readonly report: (damage: DamageReport) => void,
  ) {}

  /**
   * Reads the organisation's values and reconciles them with the ledger: what a crash left undone is done, what was
   * altered or lost is taken from the stored write sets or named.
   * @param isMember whether the organisation should hold a collection's values
   */
  static async open(
    location: string,
    mspId: string,
    height: number,
    index: WorldIndex,
    isMember: (namespace: string, collection: string) => boolean,
    pendingErasures: (fromBlock: number) => Erasure[],
    report: (damage: DamageReport) => void,
  ): Promise<PrivateStore> {
    const store = new PrivateStore(mspId, location, report);
    const values = new Map<string, Record>();
    const sets = new Map<string, Record>();
    await store.read(values, sets);
    const rewrite = !store.sound;
    await store.reconcile(height, index, isMember, pendingErasures, values, sets);
    if (rewrite) await store.rewrite(height, values, sets);
    return store;
  }

  get(namespace: string, collection: string, key: string): { value: Buffer; version: Version } | undefined {
    const entry = this.collections.get(collectionId(namespace, collection))?.entries.get(key);
    if (entry === undefined) return undefined;
    const dbKey = valueKey(namespace, collection, key);
    const value = this.arriving.get(dbKey.toString('latin1')) ?? this.stored(dbKey, entry.check);
    if (value !== undefined) return { value, version: entry.version };
    const keyHash = sha256(Buffer.from(key, 'utf8'));
    const saved = this.valueFromWriteSet(namespace, collection, keyHash, entry.version);
    this.reportValue(namespace, collection, keyHash, saved === undefined ? 'lost' : 'rebuilt');
    return saved === undefined ? undefined : { value: saved.value, version: entry.version };
  }

  *range(
    namespace: string,
    collection: string,
    start: string,
    end: string,
  ): IterableIterator<{ key: string; value: Buffer; version: Version }> {
    const found = this.collections.get(collectionId(namespace, collection));
    if (found === undefined) return;
    for (const key of found.sorted.range(start, end)) {
      const record = this.get(namespace, collection, key);
      if (record !== undefined) yield { key, ...record };
    }
  }

  /** Write sets of a block, erased values left out. */
  blockWrites(number: number): Map<number, Buffer> {
    const result = new Map<number, Buffer>();
    for (const [txNum, check] of this.writeSets.get(number) ?? []) {
      const key = setKey({ blockNum: number, txNum });
      const bytes = this.arriving.get(key.toString('latin1')) ?? this.stored(key, check);
      if (bytes === undefined) this.reportSet({ blockNum: number, txNum });
      else result.set(txNum, bytes);
    }
    return result;
  }

  transientOf(txId: string): Buffer | undefined {
    return this.transient.get(txId)?.bytes;
  }

  /** Resolves when a killed process would still have it. */
  async storeTransient(txId: string, bytes: Buffer, height: number): Promise<void> {
    this.transient.set(txId, { bytes, height });
    const key = transientKey(txId);
    const record = { version: { blockNum: height, txNum: 0 }, metadata: NOTHING, value: bytes };
    const written = this.database.put(key, encodeRecord(recordCheck(key, record), record));
    this.waiting.set(txId, written);
    try {
      await written;
    } finally {
      if (this.waiting.get(txId) === written) this.waiting.delete(txId);
    }
  }

  /** Makes a block's write sets durable, before the block itself is. */
  async prepare(block: PrivateBlock): Promise<void> {
    await Promise.all(block.transactionIds.map((txId) => this.waiting.get(txId)));
    const operations: Operation[] = [];
    for (const [txNum, namespaces] of block.writeSets) {
      const version = { blockNum: block.number, txNum };
      this.putSet(operations, version, encodePrivateRwSet(namespaces));
    }
    for (const { txNum, namespace, collection } of block.missing) {
      const version = { blockNum: block.number, txNum };
      this.putRecord(operations, missingKey(version, namespace, collection), {
        version,
        metadata: NOTHING,
        value: NOTHING,
      });
    }
    if (operations.length === 0) return;
    await this.write(operations, block.number, true);
  }

  /** Brings current values up to a block that is durable. */
  async apply(block: PrivateBlock, index: WorldIndex): Promise<void> {
    const operations: Operation[] = [];
    for (const [txNum, namespaces] of block.writeSets) {
      this.applyWriteSet(operations, namespaces, { blockNum: block.number, txNum }, index);
    }
    for (const txId of block.transactionIds) this.dropTransient(operations, txId);
    const erased = this.erase(operations, block.erasures);
    if (block.number % 100 === 0) this.expireTransient(operations, block.number);
    if (operations.length === 0 && block.number % 100 !== 0) return;
    await this.write(operations, block.number + 1, false);
    if (erased) this.eraseFromDisk();
  }

  async close(): Promise<void> {
    await this.erasing;
    await this.database.close();
  }

  // ------------------------------------------------------------------ opening

  private async read(values: Map<string, Record>, sets: Map<string, Record>): Promise<void> {
    try {
      this.database = await openDatabase(this.location);
    } catch (error) {
      if (!(error instanceof CorruptDatabaseError)) throw error;
      this.sound = false;
      await salvage(this.location);
      this.database = await openDatabase(this.location);
    }
    const digest = new SetDigest();
    let expected: Buffer | undefined;
    let records = 0;
    const iterator = this.database.iterator({ highWaterMarkBytes: 1024 * 1024 });
    try {
      for (let batch = await iterator.nextv(1000); batch.length > 0; batch = await iterator.nextv(1000)) {
        for (const [key, stored] of batch) {
          if (key.equals(LOWEST) || key.equals(HIGHEST)) continue;
          records += 1;
          if (key.equals(SAVEPOINT_KEY)) {
            const savepoint = decodeSavepoint(stored);
            this.savedHeight = savepoint?.height ?? 0;
            expected = savepoint?.digest;
            continue;
          }
          const record = decodeRecord(key, stored);
          if (record === undefined) {
            this.sound = false;
            continue;
          }
          this.takeRecord(key, record, values, sets, digest);
        }
      }
    } catch {
      this.sound = false;
    } finally {
      await iterator.close();
    }
    const empty = records === 0;
    const transientOnly =
      expected === undefined && values.size === 0 && sets.size === 0 && this.missing.size === 0;
    if (!empty && !transientOnly && expected?.equals(digest.bytes()) !== true) this.sound = false;
    if (empty) this.savedHeight = 0;
  }

  private takeRecord(
    key: Buffer,
    record: Record & { check: string },
    values: Map<string, Record>,
    sets: Map<string, Record>,
    digest: SetDigest,
  ): void {
    const id = key.toString('latin1');
    switch (id[0]) {
      case 'r':
        this.transient.set(key.toString('utf8', 1), {
          bytes: Buffer.from(record.value),
          height: record.version.blockNum,
        });
        return;
      case 'v':
        values.set(id, record);
        break;
      case 'b':
        sets.set(id, record);
        break;
      case 'x':
        this.missing.set(id, record.check);
        this.digest.add(record.check);
        break;
      default:
        this.sound = false;
        return;
    }
    digest.add(record.check);
  }

  /** Fits values and write sets to the ledger; fills the index. */
  private async reconcile(
    height: number,
    index: WorldIndex,
    isMember: (namespace: string, collection: string) => boolean,
    pendingErasures: (fromBlock: number) => Erasure[],
    values: Map<string, Record>,
    sets: Map<string, Record>,
  ): Promise<void> {
    const operations: Operation[] = [];
    for (const [id, record] of sets) {
      if (record.version.blockNum < height) {
        this.indexSet(record.version, recordCheck(Buffer.from(id, 'latin1'), record));
      } else {
        sets.delete(id);
        operations.push({ type: 'del', key: Buffer.from(id, 'latin1') });
      }
    }
    for (const id of [...this.missing.keys()]) {
      const key = Buffer.from(id, 'latin1');
      if (Number(key.readBigUInt64BE(1)) >= height) {
        this.digest.remove(this.missing.get(id) as string);
        this.missing.delete(id);
        operations.push({ type: 'del', key });
      }
    }
    for (const [id, record] of values) {
      const [namespace, collection, key] = parseValueKey(Buffer.from(id, 'latin1'));
      const entry = index.entry(namespace, collection, sha256(Buffer.from(key, 'utf8')).toString('latin1'));
      if (entry === undefined) {
        values.delete(id);
        operations.push({ type: 'del', key: Buffer.from(id, 'latin1') });
      } else {
        this.indexValue(
          namespace,
          collection,
          key,
          record.version,
          recordCheck(Buffer.from(id, 'latin1'), record),
        );
      }
    }
    await this.restoreValues(operations, index, isMember, values, sets);
    const erased = this.erase(operations, this.savedHeight < height ? pendingErasures(this.savedHeight) : []);
    if (operations.length > 0 && this.sound) await this.write(operations, height, true);
    if (erased && this.sound) this.eraseFromDisk();
  }

  /** Puts back current values that the write sets still have; names those that are lost. */
  private async restoreValues(
    operations: Operation[],
    index: WorldIndex,
    isMember: (namespace: string, collection: string) => boolean,
    values: Map<string, Record>,
    sets: Map<string, Record>,
  ): Promise<void> {
    for await (const { namespace, collection, keyHash, entry } of index.hashedEntries()) {
      const { version } = entry;
      if (this.sound && version.blockNum < this.savedHeight) continue;
      if (!isMember(namespace, collection)) continue;
      const found = this.collections.get(collectionId(namespace, collection));
      const key = found?.byHash.get(keyHash);
      if (key !== undefined && sameVersion(found?.entries.get(key)?.version, version)) continue;
      const saved = this.writtenValue(namespace, collection, keyHash, index, version, sets);
      if (saved !== undefined) {
        const record = { version, metadata: NOTHING, value: saved.value };
        this.putValue(operations, namespace, collection, saved.key, record);
        values.set(valueKey(namespace, collection, saved.key).toString('latin1'), record);
        if (!this.sound) this.reportValue(namespace, collection, Buffer.from(keyHash, 'latin1'), 'rebuilt');
      } else if (!this.isMissing(index, namespace, collection, keyHash)) {
        this.reportValue(namespace, collection, Buffer.from(keyHash, 'latin1'), 'lost');
      }
    }
  }

  /** Newest value of a key hash among the write sets at or before its version. */
  private writtenValue(
    namespace: string,
    collection: string,
    keyHash: string,
    index: WorldIndex,
    version: Version,
    sets: Map<string, Record>,
  ): { key: string; value: Buffer } | undefined {
    for (const place of index.history(namespace, collection, keyHash)) {
      if (compareVersions(place, version) > 0) continue;
      const record = sets.get(setKey(place).toString('latin1'));
      if (record === undefined) return undefined;
      const found = findWrite(record.value, namespace, collection, Buffer.from(keyHash, 'latin1'));
      if (found?.value !== undefined) return { key: found.key, value: found.value };
    }
    return undefined;
  }

  private isMissing(index: WorldIndex, namespace: string, collection: string, keyHash: string): boolean {
    return [...index.history(namespace, collection, keyHash)].some((place) =>
      this.missing.has(missingKey(place, namespace, collection).toString('latin1')),
    );
  }

  /** Replaces a damaged database by a new one with everything that is still sound. */
  private async rewrite(
    height: number,
    values: Map<string, Record>,
    sets: Map<string, Record>,
  ): Promise<void> {
    await this.database.close();
    await removeDirectory(this.location);
    this.database = await openDatabase(this.location);
    const operations: Operation[] = [];
    for (const [id, record] of [...values, ...sets]) {
      const key = Buffer.from(id, 'latin1');
      operations.push({ type: 'put', key, value: encodeRecord(recordCheck(key, record), record) });
    }
    for (const id of this.missing.keys()) {
      const key = Buffer.from(id, 'latin1');
      const version = { blockNum: Number(key.readBigUInt64BE(1)), txNum: key.readUInt32BE(9) };
      const record = { version, metadata: NOTHING, value: NOTHING };
      operations.push({ type: 'put', key, value: encodeRecord(recordCheck(key, record), record) });
    }
    for (const [txId, { bytes, height: received }] of this.transient) {
      const key = transientKey(txId);
      const record = { version: { blockNum: received, txNum: 0 }, metadata: NOTHING, value: bytes };
      operations.push({ type: 'put', key, value: encodeRecord(recordCheck(key, record), record) });
    }
    await this.write(operations, height, true);
    this.report({ where: 'private', what: `private ${this.mspId}`, remedy: 'rebuilt' });
    this.sound = true;
  }

  // ------------------------------------------------------------------ changes

  private applyWriteSet(
    operations: Operation[],
    namespaces: readonly PrivateNamespaceRwSet[],
    version: Version,
    index: WorldIndex,
  ): void {
    for (const { namespace, collections } of namespaces) {
      for (const { collection, rwset } of collections) {
        const { writes, metadataWrites } = decodeKvRwSet(rwset);
        const written = new Set<string>();
        for (const { key, isDelete, value } of writes) {
          written.add(key);
          if (isDelete || value.length === 0) this.deleteValue(operations, namespace, collection, key);
          else this.putValue(operations, namespace, collection, key, { version, metadata: NOTHING, value });
        }
        for (const { key } of metadataWrites) {
          const keyHash = sha256(Buffer.from(key, 'utf8')).toString('latin1');
          if (written.has(key) || !sameVersion(index.entry(namespace, collection, keyHash)?.version, version))
            continue;
          const current = this.get(namespace, collection, key);
          if (current === undefined) continue;
          this.putValue(operations, namespace, collection, key, {
            version,
            metadata: NOTHING,
            value: current.value,
          });
        }
      }
    }
  }

  /** Removes values from the current state and from the write sets that brought them. */
  private erase(operations: Operation[], erasures: readonly Erasure[]): boolean {
    for (const { namespace, collection, keyHash, places, version } of erasures) {
      const found = this.collections.get(collectionId(namespace, collection));
      const key = found?.byHash.get(keyHash);
      const current = key === undefined ? undefined : found?.entries.get(key)?.version;
      const isLater = current !== undefined && !places.some((place) => sameVersion(place, current));
      if (key !== undefined && !isLater && (version === undefined || sameVersion(current, version))) {
        this.deleteValue(operations, namespace, collection, key);
      }
      for (const place of places)
        this.redact(operations, place, namespace, collection, Buffer.from(keyHash, 'latin1'));
    }
    return erasures.length > 0;
  }

  private redact(
    operations: Operation[],
    place: Version,
    namespace: string,
    collection: string,
    keyHash: Buffer,
  ): void {
    const check = this.writeSets.get(place.blockNum)?.get(place.txNum);
    if (check === undefined) return;
    const key = setKey(place);
    const bytes = this.arriving.get(key.toString('latin1')) ?? this.stored(key, check);
    if (bytes === undefined) return;
    const remaining = withoutWrites(decodePrivateRwSet(bytes), namespace, collection, keyHash);
    if (remaining.length > 0) {
      this.putSet(operations, place, encodePrivateRwSet(remaining));
      return;
    }
    this.digest.remove(check);
    this.writeSets.get(place.blockNum)?.delete(place.txNum);
    this.arriving.delete(key.toString('latin1'));
    operations.push({ type: 'del', key });
  }

  private dropTransient(operations: Operation[], txId: string): void {
    if (this.transient.delete(txId)) operations.push({ type: 'del', key: transientKey(txId) });
  }

  private expireTransient(operations: Operation[], height: number): void {
    for (const [txId, { height: received }] of this.transient) {
      if (received + TRANSIENT_BLOCKS < height) this.dropTransient(operations, txId);
    }
  }

  private putValue(
    operations: Operation[],
    namespace: string,
    collection: string,
    key: string,
    record: Record,
  ): void {
    const dbKey = valueKey(namespace, collection, key);
    const check = recordCheck(dbKey, record);
    this.indexValue(namespace, collection, key, record.version, check);
    this.arriving.set(dbKey.toString('latin1'), record.value);
    operations.push({ type: 'put', key: dbKey, value: encodeRecord(check, record) });
  }

  private deleteValue(operations: Operation[], namespace: string, collection: string, key: string): void {
    const found = this.collections.get(collectionId(namespace, collection));
    const entry = found?.entries.get(key);
    if (found === undefined || entry === undefined) return;
    this.digest.remove(entry.check);
    found.entries.delete(key);
    found.sorted.delete(key);
    found.byHash.delete(sha256(Buffer.from(key, 'utf8')).toString('latin1'));
    const dbKey = valueKey(namespace, collection, key);
    this.arriving.delete(dbKey.toString('latin1'));
    operations.push({ type: 'del', key: dbKey });
  }

  private putSet(operations: Operation[], version: Version, bytes: Buffer): void {
    const key = setKey(version);
    const record = { version, metadata: NOTHING, value: bytes };
    const check = recordCheck(key, record);
    this.indexSet(version, check);
    this.arriving.set(key.toString('latin1'), bytes);
    operations.push({ type: 'put', key, value: encodeRecord(check, record) });
  }

  private putRecord(operations: Operation[], key: Buffer, record: Record): void {
    const id = key.toString('latin1');
    const old = this.missing.get(id);
    if (old !== undefined) this.digest.remove(old);
    const check = recordCheck(key, record);
    this.missing.set(id, check);
    this.digest.add(check);
    operations.push({ type: 'put', key, value: encodeRecord(check, record) });
  }

  private indexValue(
    namespace: string,
    collection: string,
    key: string,
    version: Version,
    check: string,
  ): void {
    const id = collectionId(namespace, collection);
    let found = this.collections.get(id);
    if (found === undefined) {
      found = { sorted: new SortedKeys(), entries: new Map(), byHash: new Map() };
      this.collections.set(id, found);
    }
    const old = found.entries.get(key);
    if (old === undefined) {
      found.sorted.add(key);
      found.byHash.set(sha256(Buffer.from(key, 'utf8')).toString('latin1'), key);
    } else {
      this.digest.remove(old.check);
    }
    found.entries.set(key, { version, check });
    this.digest.add(check);
  }

  private indexSet({ blockNum, txNum }: Version, check: string): void {
    let sets = this.writeSets.get(blockNum);
    if (sets === undefined) this.writeSets.set(blockNum, (sets = new Map()));
    const old = sets.get(txNum);
    if (old !== undefined) this.digest.remove(old);
    sets.set(txNum, check);
    this.digest.add(check);
  }

  private async write(operations: readonly Operation[], height: number, sync: boolean): Promise<void> {
    const savepoint: Savepoint = {
      height,
      headerHash: NOTHING,
      commitHash: NOTHING,
      blocksHash: NOTHING,
      digest: this.digest.bytes(),
      signer: NOTHING,
      signature: NOTHING,
    };
    const all: Operation[] = [
      ...operations,
      { type: 'put', key: SAVEPOINT_KEY, value: encodeSavepoint(savepoint) },
    ];
    await this.database.batch(all, { sync });
    for (const { key } of operations) this.arriving.delete(key.toString('latin1'));
    this.savedHeight = height;
  }

  /**
   * LevelDB keeps deleted bytes in its files until a compaction. Two small records around all others make the compaction
   * rewrite every file; its log is renewed by it.
   */
  private eraseFromDisk(): void {
    this.erasing = this.erasing
      .then(async () => {
        for (let pass = 0; pass < 2; pass += 1) {
          await this.database.batch([
            { type: 'put', key: LOWEST, value: NOTHING },
            { type: 'put', key: HIGHEST, value: NOTHING },
          ]);
          await this.database.batch([
            { type: 'del', key: LOWEST },
            { type: 'del', key: HIGHEST },
          ]);
          await this.database.compactRange(LOWEST, HIGHEST);
        }
      })
      .catch((error: unknown) => {
        this.report({
          where: 'private',
          what: `private ${this.mspId}: erased values may still be in ${this.location} (${(error as Error).message})`,
          remedy: 'restore the file from a copy',
        });
      });
  }

  /** Resolves when everything erased so far is off the disk. */
  async erased(): Promise<void> {
    await this.erasing;
  }

  private stored(key: Buffer, check: string): Buffer | undefined {
    try {
      const stored = this.database.getSync(key);
      const record = stored === undefined ? undefined : decodeRecord(key, stored);
      return record?.check === check ? record.value : undefined;
    } catch {
      return undefined;
    }
  }

  private valueFromWriteSet(
    namespace: string,
    collection: string,
    keyHash: Buffer,
    version: Version,
  ): { key: string; value: Buffer } | undefined {
    const check = this.writeSets.get(version.blockNum)?.get(version.txNum);
    const bytes = check === undefined ? undefined : this.stored(setKey(version), check);
    const found = bytes === undefined ? undefined : findWrite(bytes, namespace, collection, keyHash);
    return found?.value === undefined ? undefined : { key: found.key, value: found.value };
  }

  private reportValue(
    namespace: string,
    collection: string,
    keyHash: Buffer,
    remedy: 'rebuilt' | 'lost',
  ): void {
    this.report({
      where: 'private',
      what: `private ${this.mspId} ${namespace}/${collection}/${keyHash.toString('hex')}`,
      remedy,
    });
  }

  private reportSet({ blockNum, txNum }: Version): void {
    this.report({
      where: 'private',
      what: `private ${this.mspId} block ${blockNum} transaction ${txNum}`,
      remedy: 'lost',
    });
  }
}

function findWrite(
  bytes: Buffer,
  namespace: string,
  collection: string,
  keyHash: Buffer,
): { key: string; value?: Buffer } | undefined {
  const set = decodePrivateRwSet(bytes)
    .find((candidate) => candidate.namespace === namespace)
    ?.collections.find((candidate) => candidate.collection === collection);
  if (set === undefined) return undefined;
  const { writes, metadataWrites } = decodeKvRwSet(set.rwset);
  const isWanted = ({ key }: { key: string }): boolean => sha256(Buffer.from(key, 'utf8')).equals(keyHash);
  return writes.findLast(isWanted) ?? metadataWrites.map(({ key }) => ({ key })).find(isWanted);
}

function withoutWrites(
  namespaces: readonly PrivateNamespaceRwSet[],
  namespace: string,
  collection: string,
  keyHash: Buffer,
): PrivateNamespaceRwSet[] {
  const keep = ({ key }: { key: string }): boolean => !sha256(Buffer.from(key, 'utf8')).equals(keyHash);
  return namespaces
    .map((set) => ({
      namespace: set.namespace,
      collections: set.collections
        .map((candidate) => {
          if (set.namespace !== namespace || candidate.collection !== collection) return candidate;
          const { reads, rangeQueries, writes, metadataWrites } = decodeKvRwSet(candidate.rwset);
          const rest = {
            reads,
            rangeQueries,
            writes: writes.filter(keep),
            metadataWrites: metadataWrites.filter(keep),
          };
          return { collection: candidate.collection, rwset: encodeKvRwSet(rest) };
        })
        .filter(({ rwset }) => rwset.length > 0),
    }))
    .filter(({ collections }) => collections.length > 0);
}

function collectionId(namespace: string, collection: string): string {
  return `${namespace}\u0000${collection}`;
}

function valueKey(namespace: string, collection: string, key: string): Buffer {
  return Buffer.from(`v${namespace}\u0000${collection}\u0000${key}`, 'utf8');
}

function parseValueKey(dbKey: Buffer): [namespace: string, collection: string, key: string] {
  const text = dbKey.toString('utf8', 1);
  const first = text.indexOf('\u0000');
  const second = text.indexOf('\u0000', first + 1);
  return [text.slice(0, first), text.slice(first + 1, second), text.slice(second + 1)];
}

function setKey({ blockNum, txNum }: Version): Buffer {
  const key = Buffer.alloc(13);
  key.write('b');
  key.writeBigUInt64BE(BigInt(blockNum), 1);
  key.writeUInt32BE(txNum, 9);
  return key;
}

function missingKey(version: Version, namespace: string, collection: string): Buffer {
  const place = setKey(version);
  place.write('x');
  return Buffer.concat([place, Buffer.from(`${namespace}\u0000${collection}`, 'utf8')]);
}

function transientKey(txId: string): Buffer {
  return Buffer.from(`r${txId}`, 'utf8');
}

function compareVersions(a: Version, b: Version): number {
  return a.blockNum - b.blockNum || a.txNum - b.txNum;
}
