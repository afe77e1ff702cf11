import type { Version } from '../types.js';
import type { ValidatedBlock } from '../validation/block-validator.js';
import { type Record, SetDigest, recordCheck } from './records.js';
import { SortedKeys } from './sorted-keys.js';
import { type CheckedRecord, type StateDatabase, UNREADABLE, sameVersion } from './state-database.js';

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

const NOTHING: Buffer = Buffer.alloc(0);
/** First bytes of the records that memory keeps something of. */
const LOADED_KINDS = new Set<number | undefined>(Buffer.from('sx'));

/**
 * Keys of the state database (one letter, then parts separated by U+0000; numbers big endian):
 *
 *     s <namespace> 0 <key>                              public value
 *     p <namespace> 0 <collection> 0 <key hash>          private value's hash
 *     t <transaction id>                                 validation code (one byte); the version is its place
 *     h <namespace> 0 <key>                              newest public write, its place as the version; none for a
 *                                                        value that was written once
 *     i <namespace> 0 <key> 0 <block 8><tx 4>            place of the write before the one at that place (12 bytes)
 *     g <namespace> 0 <collection> 0 <key hash>          newest private write, likewise
 *     j <namespace> 0 <collection> 0 <key hash><block 8><tx 4>   place of the one before
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
  newestWrite: (namespace: string, collection: string, key: string): Buffer =>
    collection === ''
      ? Buffer.from(`h${namespace}\u0000${key}`, 'utf8')
      : Buffer.concat([
          Buffer.from(`g${namespace}\u0000${collection}\u0000`, 'utf8'),
          Buffer.from(key, 'latin1'),
        ]),
  earlierWrite: (namespace: string, collection: string, key: string, version: Version): Buffer =>
    collection === ''
      ? Buffer.concat([Buffer.from(`i${namespace}\u0000${key}\u0000`, 'utf8'), place(version)])
      : Buffer.concat([
          Buffer.from(`j${namespace}\u0000${collection}\u0000`, 'utf8'),
          Buffer.from(key, 'latin1'),
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

function versionAt(bytes: Buffer): Version {
  return { blockNum: Number(bytes.readBigUInt64BE(0)), txNum: bytes.readUInt32BE(8) };
}

/** An index record was altered while the network ran; a restart makes it again from the blocks. */
export class AlteredIndexError extends Error {
  constructor() {
    super(
      'a record of the index was altered on disk; stop the network and start it again, which rebuilds it',
    );
    this.name = 'AlteredIndexError';
  }
}

/** Finds a public or hashed record again whose stored form is gone or altered; undefined when the key has no value. */
export type Recovery = (namespace: string, collection: string, key: string) => CheckedRecord | undefined;

/**
 * The ledger's index: values with their versions, transactions by id, writes by key. All of it is in the database; memory
 * has the public keys in order, which tell when the database lost one, and what will expire.
 */
export class WorldIndex {
  private readonly namespaces = new Map<string, SortedKeys>();
  private readonly expiries = new Map<number, Expiry[]>();
  readonly digest: SetDigest;

  private constructor(
    private readonly database: StateDatabase,
    private readonly recover: Recovery,
    digest: SetDigest,
  ) {
    this.digest = digest;
  }

  static empty(database: StateDatabase, recover: Recovery): WorldIndex {
    return new WorldIndex(database, recover, new SetDigest());
  }

  /** Of a database that was read whole: `visit` its records with `load`. */
  static loading(
    database: StateDatabase,
    recover: Recovery,
  ): { load: (key: Buffer, record: Record) => void; finish: (digest: SetDigest) => WorldIndex } {
    const loaded = new WorldIndex(database, recover, new SetDigest());
    return {
      load: (key, record) => loaded.load(key, record),
      finish: (digest) => {
        const index = new WorldIndex(database, recover, digest);
        for (const [name, keys] of loaded.namespaces) index.namespaces.set(name, keys);
        for (const [block, expiries] of loaded.expiries) index.expiries.set(block, expiries);
        return index;
      },
    };
  }

  entry(namespace: string, collection: string, key: string): CheckedRecord | undefined {
    if (collection === '' && this.namespaces.get(namespace)?.has(key) !== true) return undefined;
    const dbKey = stateKey(namespace, collection, key);
    const record = this.database.get(dbKey);
    if (record === UNREADABLE || (record === undefined && collection === ''))
      return this.recover(namespace, collection, key);
    return record;
  }

  /** Public keys in byte order, `end` exclusive, '' open. */
  *keys(namespace: string, start: string, end: string): IterableIterator<string> {
    const found = this.namespaces.get(namespace);
    if (found !== undefined) yield* found.range(start, end);
  }

  /** Private values' hashes as they are on disk; call it while nothing is being committed. */
  async *hashedEntries(): AsyncIterableIterator<{
    namespace: string;
    collection: string;
    keyHash: string;
    entry: Record;
  }> {
    for await (const [key, entry] of this.database.ofKind('p')) {
      const parts = parseStateKey(key);
      if (parts !== undefined)
        yield { namespace: parts.namespace, collection: parts.collection, keyHash: parts.key, entry };
    }
  }

  transaction(txId: string): TransactionPlace | undefined {
    const record = this.read(stateKeys.transaction(txId));
    return record === undefined ? undefined : { ...record.version, code: record.value[0] ?? 0 };
  }

  /** Places that wrote a key, newest first. Public keys have collection '', others are hashes as `latin1`. */
  *history(namespace: string, collection: string, key: string): IterableIterator<Version> {
    let at = this.newestWrite(namespace, collection, key);
    while (at !== undefined) {
      yield at;
      const earlier = this.read(stateKeys.earlierWrite(namespace, collection, key, at));
      at = earlier === undefined ? undefined : versionAt(earlier.value);
    }
  }

  /** Key hashes that expire with `block` and were not written since. */
  expiring(block: number): Expiry[] {
    return (this.expiries.get(block) ?? []).filter(({ namespace, collection, keyHash, version }) =>
      sameVersion(this.entry(namespace, collection, keyHash)?.version ?? { blockNum: -1, txNum: 0 }, version),
    );
  }

  /**
   * Applies a block: its changes are visible at once, and on disk when the database is written.
   * @param blockToLive of a collection; 0 for ever
   */
  apply(
    number: number,
    block: ValidatedBlock,
    blockToLive: (namespace: string, collection: string) => number,
  ): void {
    const expired = this.expiring(number);
    block.transactions.forEach(({ txId, code }, txNum) => {
      if (txId === '') return;
      const key = stateKeys.transaction(txId);
      if (this.read(key) !== undefined) return;
      this.store(key, {
        version: { blockNum: number, txNum },
        metadata: NOTHING,
        value: Buffer.from([code]),
      });
    });
    for (const { namespace, collection, key, update } of block.updates.all()) {
      const { version, metadata, value } = update;
      this.noteWrite(namespace, collection, key, version, value === undefined);
      if (value === undefined) this.drop(namespace, collection, key);
      else this.put(namespace, collection, key, { version, metadata, value });
      const life = collection === '' || value === undefined ? 0 : blockToLive(namespace, collection);
      if (life > 0) {
        const expiry = { namespace, collection, keyHash: key, version };
        append(this.expiries, number + life + 1, expiry);
        this.store(stateKeys.expiry(number + life + 1, expiry), {
          version,
          metadata: NOTHING,
          value: NOTHING,
        });
      }
    }
    for (const { namespace, collection, keyHash, version } of expired) {
      const entry = this.entry(namespace, collection, keyHash);
      if (entry === undefined || !sameVersion(entry.version, version)) continue;
      this.noteNewest(namespace, collection, keyHash, version);
      this.drop(namespace, collection, keyHash);
    }
    for (const expiry of this.expiries.get(number) ?? []) this.remove(stateKeys.expiry(number, expiry));
    this.expiries.delete(number);
  }

  /** Takes records over that another database has and this one lacks. */
  adopt(records: readonly { key: Buffer; record: CheckedRecord }[]): void {
    for (const { key, record } of records) {
      this.load(key, record);
      this.store(key, record);
    }
  }

  private load(key: Buffer, { version }: Record): void {
    if (!LOADED_KINDS.has(key[0])) return;
    const parts = parseStateKey(key);
    if (parts?.kind === 's') this.keysOf(parts.namespace).add(parts.key);
    if (parts?.kind === 'x') {
      const { block, collection, key: keyHash, namespace } = parts;
      append(this.expiries, block, { namespace, collection, keyHash, version });
    }
  }

  private read(key: Buffer): CheckedRecord | undefined {
    const record = this.database.get(key);
    if (record === UNREADABLE) throw new AlteredIndexError();
    return record;
  }

  private newestWrite(namespace: string, collection: string, key: string): Version | undefined {
    const noted = this.read(stateKeys.newestWrite(namespace, collection, key));
    return (noted ?? this.entry(namespace, collection, key))?.version;
  }

  private noteWrite(
    namespace: string,
    collection: string,
    key: string,
    version: Version,
    deletes: boolean,
  ): void {
    const earlier = this.newestWrite(namespace, collection, key);
    if (earlier !== undefined) {
      this.store(stateKeys.earlierWrite(namespace, collection, key, version), {
        version,
        metadata: NOTHING,
        value: place(earlier),
      });
    }
    if (earlier !== undefined || deletes) this.noteNewest(namespace, collection, key, version);
  }

  private noteNewest(namespace: string, collection: string, key: string, version: Version): void {
    this.store(stateKeys.newestWrite(namespace, collection, key), {
      version,
      metadata: NOTHING,
      value: NOTHING,
    });
  }

  private put(namespace: string, collection: string, key: string, record: Record): void {
    this.heal(namespace, collection, key);
    this.store(stateKey(namespace, collection, key), record);
    if (collection === '') this.keysOf(namespace).add(key);
  }

  private drop(namespace: string, collection: string, key: string): void {
    this.heal(namespace, collection, key);
    this.remove(stateKey(namespace, collection, key));
    if (collection === '') this.namespaces.get(namespace)?.delete(key);
  }

  /** A record whose check must leave the digest has to be known; reading it restores one that was altered. */
  private heal(namespace: string, collection: string, key: string): void {
    this.entry(namespace, collection, key);
  }

  private store(key: Buffer, record: Record): void {
    this.forget(key);
    const check = recordCheck(key, record);
    this.digest.add(check);
    this.database.stage({ key, record: { ...record, check } });
  }

  private remove(key: Buffer): void {
    if (this.forget(key)) this.database.stage({ key });
  }

  private forget(key: Buffer): boolean {
    const old = this.read(key);
    if (old !== undefined) this.digest.remove(old.check);
    return old !== undefined;
  }

  private keysOf(namespace: string): SortedKeys {
    let keys = this.namespaces.get(namespace);
    if (keys === undefined) this.namespaces.set(namespace, (keys = new SortedKeys()));
    return keys;
  }
}

function stateKey(namespace: string, collection: string, key: string): Buffer {
  return collection === '' ? stateKeys.public(namespace, key) : stateKeys.hashed(namespace, collection, key);
}

interface StateKeyParts {
  readonly kind: 's' | 'p' | 't' | 'h' | 'i' | 'g' | 'j' | 'x';
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
    case 's':
    case 'h':
    case 'i': {
      const parts = split(rest, 1);
      if (parts === undefined || (kind === 'i' && parts.rest.length < 13)) return undefined;
      const key = kind === 'i' ? parts.rest.subarray(0, -13) : parts.rest;
      return { ...none, kind, namespace: parts[0] as string, key: key.toString('utf8') };
    }
    case 'p':
    case 'g':
    case 'j': {
      const parts = split(rest, 2);
      if (parts === undefined) return undefined;
      const hash = kind === 'j' ? parts.rest.subarray(0, -12) : parts.rest;
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

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
