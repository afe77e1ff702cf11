import type { Version } from '../types.js';
import type { ValidatedBlock } from '../validation/block-validator.js';
import { type Record, SetDigest, recordCheck } from './records.js';
import { SortedKeys } from './sorted-keys.js';

/** What memory keeps of a stored record: enough for validation, and to notice any other record in its place. */
export interface IndexEntry {
  readonly version: Version;
  readonly metadata: Buffer;
  readonly check: string;
}

/** One change of the database; without `record` the key is removed. */
export interface Change {
  readonly key: Buffer;
  readonly record?: Record;
  readonly check?: string;
}

export interface TransactionPlace {
  readonly blockNum: number;
  readonly txNum: number;
  readonly code: number;
}

/** A key hash that expires with a block unless it was written again meanwhile. */
export interface Expiry {
  readonly namespace: string;
  readonly collection: string;
  readonly keyHash: string;
  readonly version: Version;
}

interface Namespace {
  readonly sorted: SortedKeys;
  readonly entries: Map<string, IndexEntry>;
}

const NOTHING: Buffer = Buffer.alloc(0);
const TX_RADIX = 2 ** 20;

/**
 * Keys of the state database (one letter, then parts separated by U+0000; numbers big endian):
 *
 *     s <namespace> 0 <key>                              public value
 *     p <namespace> 0 <collection> 0 <key hash>          private value's hash
 *     t <transaction id>                                 validation code (one byte); the version is its place
 *     h <namespace> 0 <key> 0 <block 8><tx 4>            public write at that place
 *     g <namespace> 0 <collection> 0 <key hash><block 8><tx 4>   private write at that place
 *     x <block 8><namespace> 0 <collection> 0 <key hash> expiry with that block; the version is the expiring one
 *     m                                                  savepoint (records.ts)
 */
export const stateKeys = {
  public: (namespace: string, key: string): Buffer => Buffer.from(`s${namespace}\u0000${key}`, 'utf8'),
  hashed: (namespace: string, collection: string, keyHash: string): Buffer =>
    Buffer.concat([
      Buffer.from(`p${namespace}\u0000${collection}\u0000`, 'utf8'),
      Buffer.from(keyHash, 'latin1'),
    ]),
  transaction: (txId: string): Buffer => Buffer.from(`t${txId}`, 'utf8'),
  history: (namespace: string, key: string, version: Version): Buffer =>
    Buffer.concat([Buffer.from(`h${namespace}\u0000${key}\u0000`, 'utf8'), place(version)]),
  hashedHistory: (namespace: string, collection: string, keyHash: string, version: Version): Buffer =>
    Buffer.concat([
      Buffer.from(`g${namespace}\u0000${collection}\u0000`, 'utf8'),
      Buffer.from(keyHash, 'latin1'),
      place(version),
    ]),
  expiry: (block: number, { namespace, collection, keyHash }: Expiry): Buffer =>
    Buffer.concat([
      Buffer.from('x'),
      place({ blockNum: block, txNum: 0 }).subarray(0, 8),
      Buffer.from(`${namespace}\u0000${collection}\u0000`, 'utf8'),
      Buffer.from(keyHash, 'latin1'),
    ]),
};

function place({ blockNum, txNum }: Version): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64BE(BigInt(blockNum), 0);
  bytes.writeUInt32BE(txNum, 8);
  return bytes;
}

/**
 * The ledger's index in memory: which keys exist, at which version and with which check, transactions by id, writes by
 * key. It is read from the blocks or from the state database at every start, so a key that the database loses at run time
 * is missed.
 */
export class WorldIndex {
  private readonly namespaces = new Map<string, Namespace>();
  private readonly hashed = new Map<string, Map<string, IndexEntry>>();
  private readonly transactions = new Map<string, number>();
  private readonly writes = new Map<string, number[]>();
  private readonly expiries = new Map<number, Expiry[]>();
  /** Checks of all records of the database, by key as `latin1`. */
  private readonly checks = new Map<string, string>();
  readonly digest = new SetDigest();

  entry(namespace: string, collection: string, key: string): IndexEntry | undefined {
    return collection === ''
      ? this.namespaces.get(namespace)?.entries.get(key)
      : this.hashed.get(`${namespace}\u0000${collection}`)?.get(key);
  }

  *keys(namespace: string, start: string, end: string): IterableIterator<{ key: string; entry: IndexEntry }> {
    const found = this.namespaces.get(namespace);
    if (found === undefined) return;
    for (const key of found.sorted.range(start, end))
      yield { key, entry: found.entries.get(key) as IndexEntry };
  }

  *publicEntries(): IterableIterator<{ namespace: string; key: string; entry: IndexEntry }> {
    for (const [namespace, { entries }] of this.namespaces) {
      for (const [key, entry] of entries) yield { namespace, key, entry };
    }
  }

  *hashedEntries(): IterableIterator<{
    namespace: string;
    collection: string;
    keyHash: string;
    entry: IndexEntry;
  }> {
    for (const [id, entries] of this.hashed) {
      const [namespace, collection] = id.split('\u0000') as [string, string];
      for (const [keyHash, entry] of entries) yield { namespace, collection, keyHash, entry };
    }
  }

  transaction(txId: string): TransactionPlace | undefined {
    const packed = this.transactions.get(txId);
    if (packed === undefined) return undefined;
    const position = Math.floor(packed / 256);
    return { ...unpack(position), code: packed % 256 };
  }

  /** Places that wrote a public key, oldest first. */
  history(namespace: string, key: string): Version[] {
    return (this.writes.get(`h${namespace}\u0000${key}`) ?? []).map(unpack);
  }

  /** Places that wrote a private key of this hash, oldest first. */
  hashedHistory(namespace: string, collection: string, keyHash: string): Version[] {
    return (this.writes.get(`g${namespace}\u0000${collection}\u0000${keyHash}`) ?? []).map(unpack);
  }

  /** Key hashes that expire with `block` and were not written since. */
  expiring(block: number): Expiry[] {
    return (this.expiries.get(block) ?? []).filter(({ namespace, collection, keyHash, version }) => {
      const entry = this.entry(namespace, collection, keyHash);
      return entry !== undefined && pack(entry.version) === pack(version);
    });
  }

  /**
   * Applies a block and gives the changes that bring the database to the same state.
   * @param blockToLive of a collection; 0 for ever
   */
  apply(
    number: number,
    block: ValidatedBlock,
    blockToLive: (namespace: string, collection: string) => number,
  ): Change[] {
    const changes: Change[] = [];
    const expired = this.expiring(number);
    block.transactions.forEach(({ txId, code }, txNum) => {
      if (txId === '' || this.transactions.has(txId)) return;
      const version = { blockNum: number, txNum };
      this.transactions.set(txId, pack(version) * 256 + code);
      this.note(changes, stateKeys.transaction(txId), {
        version,
        metadata: NOTHING,
        value: Buffer.from([code]),
      });
    });
    for (const { namespace, collection, key, update } of block.updates.all()) {
      const { version, metadata, value } = update;
      const isPublic = collection === '';
      const id = isPublic ? `h${namespace}\u0000${key}` : `g${namespace}\u0000${collection}\u0000${key}`;
      append(this.writes, id, pack(version));
      const mark = isPublic
        ? stateKeys.history(namespace, key, version)
        : stateKeys.hashedHistory(namespace, collection, key, version);
      this.note(changes, mark, { version, metadata: NOTHING, value: NOTHING });
      const dbKey = isPublic
        ? stateKeys.public(namespace, key)
        : stateKeys.hashed(namespace, collection, key);
      this.set(
        changes,
        namespace,
        collection,
        key,
        dbKey,
        value === undefined ? undefined : { version, metadata, value },
      );
      const life = isPublic || value === undefined ? 0 : blockToLive(namespace, collection);
      if (life > 0) {
        const expiry = { namespace, collection, keyHash: key, version };
        append(this.expiries, number + life + 1, expiry);
        this.note(changes, stateKeys.expiry(number + life + 1, expiry), {
          version,
          metadata: NOTHING,
          value: NOTHING,
        });
      }
    }
    for (const { namespace, collection, keyHash, version } of expired) {
      const entry = this.entry(namespace, collection, keyHash);
      if (entry === undefined || pack(entry.version) !== pack(version)) continue;
      this.set(
        changes,
        namespace,
        collection,
        keyHash,
        stateKeys.hashed(namespace, collection, keyHash),
        undefined,
      );
    }
    for (const expiry of this.expiries.get(number) ?? [])
      this.remove(changes, stateKeys.expiry(number, expiry));
    this.expiries.delete(number);
    return changes;
  }

  /** Takes over a record of the database, whose check was verified. False when the key is of no known kind. */
  load(key: Buffer, record: Record, check: string): boolean {
    const parts = parseStateKey(key);
    if (parts === undefined) return false;
    this.digest.add(check);
    const { version, metadata, value } = record;
    switch (parts.kind) {
      case 's':
      case 'p':
        this.put(parts.namespace, parts.collection, parts.key, {
          version,
          metadata: Buffer.from(metadata),
          check,
        });
        break;
      case 't':
        this.transactions.set(parts.key, pack(version) * 256 + (value[0] ?? 0));
        break;
      case 'h':
        append(this.writes, `h${parts.namespace}\u0000${parts.key}`, pack(version));
        break;
      case 'g':
        append(this.writes, `g${parts.namespace}\u0000${parts.collection}\u0000${parts.key}`, pack(version));
        break;
      case 'x':
        append(this.expiries, parts.block, {
          namespace: parts.namespace,
          collection: parts.collection,
          keyHash: parts.key,
          version,
        });
        break;
    }
    this.checks.set(key.toString('latin1'), check);
    return true;
  }

  /** After `load`: records come in the order of their keys, places have to be in the order of time. */
  finishLoading(): void {
    for (const places of this.writes.values()) places.sort((a, b) => a - b);
  }

  /** Check of the record that belongs under a database key; undefined when none does. */
  expectedCheck(key: Buffer): string | undefined {
    return this.checks.get(key.toString('latin1'));
  }

  /** Number of records that belong into the database, the savepoint not counted. */
  get size(): number {
    return this.checks.size;
  }

  /** All database keys with their checks. */
  *records(): IterableIterator<{ key: Buffer; check: string }> {
    for (const [key, check] of this.checks) yield { key: Buffer.from(key, 'latin1'), check };
  }

  private set(
    changes: Change[],
    namespace: string,
    collection: string,
    key: string,
    dbKey: Buffer,
    record: Record | undefined,
  ): void {
    const old = this.entry(namespace, collection, key);
    if (old !== undefined) this.digest.remove(old.check);
    if (record === undefined) {
      if (old === undefined) return;
      this.drop(namespace, collection, key);
      this.checks.delete(dbKey.toString('latin1'));
      changes.push({ key: dbKey });
      return;
    }
    const check = recordCheck(dbKey, record);
    this.digest.add(check);
    this.checks.set(dbKey.toString('latin1'), check);
    this.put(namespace, collection, key, { version: record.version, metadata: record.metadata, check });
    changes.push({ key: dbKey, record, check });
  }

  private note(changes: Change[], key: Buffer, record: Record): void {
    const id = key.toString('latin1');
    const old = this.checks.get(id);
    if (old !== undefined) this.digest.remove(old);
    const check = recordCheck(key, record);
    this.checks.set(id, check);
    this.digest.add(check);
    changes.push({ key, record, check });
  }

  private remove(changes: Change[], key: Buffer): void {
    const id = key.toString('latin1');
    const old = this.checks.get(id);
    if (old === undefined) return;
    this.checks.delete(id);
    this.digest.remove(old);
    changes.push({ key });
  }

  private put(namespace: string, collection: string, key: string, entry: IndexEntry): void {
    if (collection !== '') {
      const id = `${namespace}\u0000${collection}`;
      let entries = this.hashed.get(id);
      if (entries === undefined) this.hashed.set(id, (entries = new Map()));
      entries.set(key, entry);
      return;
    }
    let found = this.namespaces.get(namespace);
    if (found === undefined)
      this.namespaces.set(namespace, (found = { sorted: new SortedKeys(), entries: new Map() }));
    if (!found.entries.has(key)) found.sorted.add(key);
    found.entries.set(key, entry);
  }

  private drop(namespace: string, collection: string, key: string): void {
    if (collection !== '') {
      this.hashed.get(`${namespace}\u0000${collection}`)?.delete(key);
      return;
    }
    const found = this.namespaces.get(namespace);
    if (found?.entries.delete(key) === true) found.sorted.delete(key);
  }
}

interface StateKeyParts {
  readonly kind: 's' | 'p' | 't' | 'h' | 'g' | 'x';
  readonly namespace: string;
  readonly collection: string;
  /** Key, key hash as `latin1`, or transaction id. */
  readonly key: string;
  readonly block: number;
}

/** Takes a key of the state database apart; undefined when it is not one. */
export function parseStateKey(key: Buffer): StateKeyParts | undefined {
  const kind = String.fromCharCode(key[0] ?? 0);
  const rest = key.subarray(1);
  const none = { namespace: '', collection: '', key: '', block: 0 };
  switch (kind) {
    case 't':
      return { ...none, kind, key: rest.toString('utf8') };
    case 's': {
      const parts = split(rest, 1);
      return parts && { ...none, kind, namespace: parts[0] as string, key: parts.rest.toString('utf8') };
    }
    case 'h': {
      const parts = split(rest, 1);
      if (parts === undefined || parts.rest.length < 13) return undefined;
      return {
        ...none,
        kind,
        namespace: parts[0] as string,
        key: parts.rest.subarray(0, -13).toString('utf8'),
      };
    }
    case 'p':
    case 'g': {
      const parts = split(rest, 2);
      if (parts === undefined) return undefined;
      const hash = kind === 'p' ? parts.rest : parts.rest.subarray(0, -12);
      return {
        ...none,
        kind,
        namespace: parts[0] as string,
        collection: parts[1] as string,
        key: hash.toString('latin1'),
      };
    }
    case 'x': {
      if (rest.length < 8) return undefined;
      const parts = split(rest.subarray(8), 2);
      if (parts === undefined) return undefined;
      return {
        kind,
        namespace: parts[0] as string,
        collection: parts[1] as string,
        key: parts.rest.toString('latin1'),
        block: Number(rest.readBigUInt64BE(0)),
      };
    }
    default:
      return undefined;
  }
}

function split(bytes: Buffer, count: number): (string[] & { rest: Buffer }) | undefined {
  const parts: string[] = [];
  let rest = bytes;
  for (let i = 0; i < count; i += 1) {
    const end = rest.indexOf(0);
    if (end < 0) return undefined;
    parts.push(rest.toString('utf8', 0, end));
    rest = rest.subarray(end + 1);
  }
  return Object.assign(parts, { rest });
}

function pack({ blockNum, txNum }: Version): number {
  return blockNum * TX_RADIX + txNum;
}

function unpack(position: number): Version {
  return { blockNum: Math.floor(position / TX_RADIX), txNum: position % TX_RADIX };
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
