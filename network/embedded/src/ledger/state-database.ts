import { rename } from 'node:fs/promises';
import type { Version } from '../types.js';
import {
  type Record,
  SAVEPOINT_KEY,
  type Savepoint,
  SetDigest,
  decodeRecord,
  decodeSavepoint,
  encodeRecord,
  encodeSavepoint,
} from './records.js';
import { CorruptDatabaseError, type Database, openDatabase, removeDirectory } from './storage.js';

/** A record with the check that is stored beside it. */
export type CheckedRecord = Record & { readonly check: string };

/** One change of the database; without `record` the key is removed. */
export interface Change {
  readonly key: Buffer;
  readonly record?: CheckedRecord;
}

/** What a pass over the database found. */
export interface DatabaseContents {
  readonly savepoint: Savepoint | undefined;
  readonly digest: SetDigest;
  /** Keys whose record fails its check. */
  readonly altered: readonly Buffer[];
  /** All records, sound or not, the savepoint included. */
  readonly records: number;
}

/** Recently read or written records that are kept in memory, and the size above which a value is not kept. */
const CACHED_RECORDS = 4000;
const CACHED_BYTES = 2048;
const BATCH = 1000;

/** A record that is there but is not what was written, or that LevelDB cannot read. */
export const UNREADABLE = Symbol('unreadable record');

/**
 * The shared state and index in LevelDB, laid out as `stateKeys` says; values framed and checked as in `records.ts`.
 * Staged changes are visible at once and reach the disk with `write`.
 */
export class StateDatabase {
  private readonly staged = new Map<string, Change>();
  private readonly cache = new Map<string, CheckedRecord>();

  private constructor(
    private location: string,
    private database: Database,
  ) {}

  /** @throws CorruptDatabaseError, StorageError, LedgerInUseError */
  static async open(location: string): Promise<StateDatabase> {
    return new StateDatabase(location, await openDatabase(location));
  }

  /** A new, empty database in place of whatever is there. */
  static async recreate(location: string): Promise<StateDatabase> {
    await removeDirectory(location);
    return StateDatabase.open(location);
  }

  /** Hands every sound record to `visit`, in the order of keys. @throws CorruptDatabaseError when LevelDB itself gives up */
  async read(visit: (key: Buffer, record: CheckedRecord) => void): Promise<DatabaseContents> {
    const digest = new SetDigest();
    const altered: Buffer[] = [];
    let records = 0;
    let savepoint: Savepoint | undefined;
    for await (const batch of this.batches()) {
      records += batch.length;
      for (const [key, stored] of batch) {
        if (key.equals(SAVEPOINT_KEY)) {
          savepoint = decodeSavepoint(stored);
          continue;
        }
        const record = decodeRecord(key, stored);
        if (record === undefined) {
          altered.push(key);
          continue;
        }
        digest.add(record.check);
        visit(key, record);
      }
    }
    return { savepoint, digest, altered, records };
  }

  /** Sound records of one kind (`stateKeys`' first letter) as they are on disk. @throws CorruptDatabaseError */
  async *ofKind(kind: string): AsyncIterableIterator<[key: Buffer, record: CheckedRecord]> {
    const end = String.fromCharCode(kind.charCodeAt(0) + 1);
    for await (const batch of this.batches({ gte: Buffer.from(kind), lt: Buffer.from(end) })) {
      for (const [key, stored] of batch) {
        const record = decodeRecord(key, stored);
        if (record !== undefined) yield [key, record];
      }
    }
  }

  /** Sound records on disk, savepoint left out, each key with its record's check. @throws CorruptDatabaseError */
  async *checks(): AsyncIterableIterator<[key: Buffer, check: string]> {
    for await (const batch of this.batches()) {
      for (const [key, stored] of batch) {
        const record = key.equals(SAVEPOINT_KEY) ? undefined : decodeRecord(key, stored);
        if (record !== undefined) yield [key, record.check];
      }
    }
  }

  async savepoint(): Promise<Savepoint | undefined> {
    return decodeSavepoint(await this.database.get(SAVEPOINT_KEY));
  }

  /** The record under a key; undefined when there is none. */
  get(key: Buffer): CheckedRecord | typeof UNREADABLE | undefined {
    const id = key.toString('latin1');
    const change = this.staged.get(id);
    if (change !== undefined) return change.record;
    const cached = this.cache.get(id);
    if (cached !== undefined) {
      this.cache.delete(id);
      this.cache.set(id, cached);
      return cached;
    }
    let stored: Buffer | undefined;
    try {
      stored = this.database.getSync(key);
    } catch {
      return UNREADABLE;
    }
    if (stored === undefined) return undefined;
    const record = decodeRecord(key, stored);
    if (record === undefined) return UNREADABLE;
    this.remember(id, record);
    return record;
  }

  /** Makes a change visible; the next `write` puts it on disk. */
  stage(change: Change): void {
    this.staged.set(change.key.toString('latin1'), change);
  }

  /** Puts all staged changes and the savepoint on disk together. */
  async write(savepoint: Savepoint): Promise<void> {
    const written = [...this.staged];
    await this.database.batch([
      ...written.map(([, { key, record }]) =>
        record === undefined
          ? { type: 'del' as const, key }
          : { type: 'put' as const, key, value: encodeRecord(record.check, record) },
      ),
      { type: 'put' as const, key: SAVEPOINT_KEY, value: encodeSavepoint(savepoint) },
    ]);
    for (const [id, change] of written) {
      this.cache.delete(id);
      if (change.record !== undefined) this.remember(id, change.record);
      if (this.staged.get(id) === change) this.staged.delete(id);
    }
  }

  /** Changes that are not on disk yet. */
  get waiting(): number {
    return this.staged.size;
  }

  /** Takes the place of whatever is at another location. */
  async moveTo(location: string): Promise<void> {
    await this.database.close();
    await removeDirectory(location);
    await rename(this.location, location);
    this.location = location;
    this.database = await openDatabase(location);
  }

  async close(): Promise<void> {
    await this.database.close();
  }

  private remember(id: string, record: CheckedRecord): void {
    if (record.value.length > CACHED_BYTES) return;
    this.cache.set(id, record);
    if (this.cache.size <= CACHED_RECORDS) return;
    const [oldest] = this.cache.keys();
    this.cache.delete(oldest as string);
  }

  private async *batches(
    range: { gte?: Buffer; lt?: Buffer } = {},
  ): AsyncIterableIterator<[key: Buffer, stored: Buffer][]> {
    const iterator = this.database.iterator({ highWaterMarkBytes: 1024 * 1024, fillCache: false, ...range });
    try {
      for (let batch = await iterator.nextv(BATCH); batch.length > 0; batch = await iterator.nextv(BATCH))
        yield batch;
    } catch (error) {
      throw new CorruptDatabaseError(this.location, error);
    } finally {
      await iterator.close();
    }
  }
}

/** Keys under which two databases do not have the same record, in order. */
export async function* differingKeys(
  one: StateDatabase,
  other: StateDatabase,
): AsyncIterableIterator<Buffer> {
  const left = one.checks();
  const right = other.checks();
  let a = await left.next();
  let b = await right.next();
  while (!a.done || !b.done) {
    const order = a.done ? 1 : b.done ? -1 : Buffer.compare(a.value[0], b.value[0]);
    if (order < 0) yield (a.value as [Buffer, string])[0];
    else if (order > 0) yield (b.value as [Buffer, string])[0];
    else if ((a.value as [Buffer, string])[1] !== (b.value as [Buffer, string])[1])
      yield (a.value as [Buffer, string])[0];
    if (order <= 0) a = await left.next();
    if (order >= 0) b = await right.next();
  }
}

export function sameVersion(a: Version | undefined, b: Version | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.blockNum === b.blockNum && a.txNum === b.txNum;
}
