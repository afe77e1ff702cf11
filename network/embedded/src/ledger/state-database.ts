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
import type { Change } from './world-index.js';

/** What a pass over the database found. */
export interface DatabaseContents {
  readonly savepoint: Savepoint | undefined;
  readonly digest: Buffer;
  /** Keys whose record fails its check. */
  readonly altered: readonly Buffer[];
  /** All records, sound or not, the savepoint included. */
  readonly records: number;
}

/** The shared state and index in LevelDB, laid out as `stateKeys` says; values framed and checked as in `records.ts`. */
export class StateDatabase {
  private constructor(
    private readonly location: string,
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

  /** Hands every sound record to `visit`. @throws CorruptDatabaseError when LevelDB itself gives up */
  async read(visit: (key: Buffer, record: Record, check: string) => void): Promise<DatabaseContents> {
    const digest = new SetDigest();
    const altered: Buffer[] = [];
    let records = 0;
    let savepoint: Savepoint | undefined;
    const iterator = this.database.iterator({ highWaterMarkBytes: 1024 * 1024 });
    try {
      for (let batch = await iterator.nextv(1000); batch.length > 0; batch = await iterator.nextv(1000)) {
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
          visit(key, record, record.check);
        }
      }
    } catch (error) {
      throw new CorruptDatabaseError(this.location, error);
    } finally {
      await iterator.close();
    }
    return { savepoint, digest: digest.bytes(), altered, records };
  }

  /** The record under `key` when it is exactly the one with this check; undefined when it was lost or altered. */
  get(key: Buffer, check: string): Buffer | undefined {
    try {
      const stored = this.database.getSync(key);
      const record = stored === undefined ? undefined : decodeRecord(key, stored);
      return record?.check === check ? record.value : undefined;
    } catch {
      return undefined;
    }
  }

  async write(changes: readonly Change[], savepoint: Savepoint): Promise<void> {
    await this.database.batch([
      ...changes.map(({ key, record, check }) =>
        record === undefined || check === undefined
          ? { type: 'del' as const, key }
          : { type: 'put' as const, key, value: encodeRecord(check, record) },
      ),
      { type: 'put' as const, key: SAVEPOINT_KEY, value: encodeSavepoint(savepoint) },
    ]);
  }

  async close(): Promise<void> {
    await this.database.close();
  }
}

export function sameVersion(a: Version | undefined, b: Version | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.blockNum === b.blockNum && a.txNum === b.txNum;
}
