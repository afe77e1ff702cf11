import type { Version } from '../types.js';
import { Writer } from '../protos/wire.js';
import { compareUtf8 } from '../rwset/byte-order.js';
import { type MetadataEntry, type NamespaceRwSet, encodeEntries } from '../rwset/messages.js';
import { sha256 } from '../protos/hashes.js';
import type { CommittedView } from './committed-view.js';

/** New content of a key; `value` undefined deletes it. */
export interface Update {
  readonly value: Buffer | undefined;
  readonly metadata: Buffer;
  readonly version: Version;
}

/** A key hash whose private values, all earlier ones too, have to be erased. */
export interface Purge {
  readonly namespace: string;
  readonly collection: string;
  readonly keyHash: string;
  readonly version: Version;
}

/** Flags that Fabric adds up per key (validation/tx_ops.go); a repeated write of one kind carries into the next, as there. */
const Op = { upsert: 1, metadataUpdate: 2, metadataDelete: 4, delete: 8 } as const;

interface KeyOps {
  readonly namespace: string;
  readonly collection: string;
  readonly key: string;
  flags: number;
  value: Buffer | undefined;
  metadata: Buffer;
}

const NOTHING: Buffer = Buffer.alloc(0);
const HASH_OF_NOTHING = sha256(NOTHING);

/** Writes of a block's valid transactions so far: public keys under collection '', hashed keys as `latin1`. */
export class UpdateBatch {
  private readonly namespaces = new Map<string, Map<string, Map<string, Update>>>();
  readonly purges: Purge[] = [];

  get(namespace: string, collection: string, key: string): Update | undefined {
    return this.namespaces.get(namespace)?.get(collection)?.get(key);
  }

  /** Updates of public keys in byte order, `end` exclusive, '' open. */
  publicRange(namespace: string, start: string, end: string): [string, Update][] {
    const updates = this.namespaces.get(namespace)?.get('');
    if (updates === undefined) return [];
    return [...updates]
      .filter(([key]) => compareUtf8(key, start) >= 0 && (end === '' || compareUtf8(key, end) < 0))
      .sort(([a], [b]) => compareUtf8(a, b));
  }

  *all(): IterableIterator<{ namespace: string; collection: string; key: string; update: Update }> {
    for (const [namespace, collections] of this.namespaces) {
      for (const [collection, updates] of collections) {
        for (const [key, update] of updates) yield { namespace, collection, key, update };
      }
    }
  }

  put(namespace: string, collection: string, key: string, update: Update): void {
    let collections = this.namespaces.get(namespace);
    if (collections === undefined) this.namespaces.set(namespace, (collections = new Map()));
    let updates = collections.get(collection);
    if (updates === undefined) collections.set(collection, (updates = new Map()));
    updates.set(key, update);
  }

  /** Adds a valid transaction's writes (validation/types.go applyWriteSet). */
  apply(rwset: readonly NamespaceRwSet[], version: Version, view: CommittedView): void {
    for (const ops of this.finalOps(rwset, view)) {
      const deleted = (ops.flags & Op.delete) !== 0;
      this.put(ops.namespace, ops.collection, ops.key, {
        value: deleted ? undefined : ops.value,
        metadata: deleted ? NOTHING : ops.metadata,
        version,
      });
    }
    for (const { namespace, collections } of rwset) {
      for (const { collection, hashed } of collections) {
        for (const { keyHash, isPurge } of hashed.writes) {
          if (isPurge)
            this.purges.push({ namespace, collection, keyHash: keyHash.toString('latin1'), version });
        }
      }
    }
  }

  /**
   * The bytes that the commit hash covers (txmgr/update_batch_bytes.go): namespaces sorted, public keys before
   * collections, names only where they change. Configuration (namespace '') is left out.
   */
  deterministicBytes(): Buffer {
    const writer = new Writer();
    for (const [namespace, collections] of sorted(this.namespaces, compareUtf8)) {
      if (namespace === '') continue;
      let pendingNamespace = namespace;
      for (const [collection, updates] of sorted(collections, compareUtf8)) {
        let pendingCollection = collection;
        for (const [key, update] of sorted(updates, collection === '' ? compareUtf8 : compareBytes)) {
          writer.message(
            1,
            new Writer()
              .string(1, pendingNamespace)
              .string(2, pendingCollection)
              .bytes(3, Buffer.from(key, collection === '' ? 'utf8' : 'latin1'))
              .bool(4, update.value === undefined)
              .bytes(5, update.value)
              .bytes(6, encodeHeight(update.version))
              .finish(),
          );
          pendingNamespace = '';
          pendingCollection = '';
        }
      }
    }
    return writer.finish();
  }

  private finalOps(rwset: readonly NamespaceRwSet[], view: CommittedView): KeyOps[] {
    const result: KeyOps[] = [];
    for (const ops of collectOps(rwset)) {
      const deletes = (ops.flags & Op.delete) !== 0;
      const writesBoth =
        (ops.flags & Op.upsert) !== 0 && (ops.flags & (Op.metadataUpdate | Op.metadataDelete)) !== 0;
      if (!deletes && !writesBoth) {
        const { namespace, collection, key } = ops;
        const earlier = this.get(namespace, collection, key);
        if ((ops.flags | Op.upsert) === Op.upsert) {
          ops.metadata =
            (earlier === undefined ? view.metadata(namespace, collection, key) : earlier.metadata) ?? NOTHING;
        } else {
          ops.value = earlier === undefined ? view.value(namespace, collection, key) : earlier.value;
          // Metadata of a key that does not exist, or no longer, changes nothing.
          if (ops.value === undefined) continue;
        }
      }
      result.push(ops);
    }
    return result;
  }
}

function collectOps(rwset: readonly NamespaceRwSet[]): Iterable<KeyOps> {
  const all = new Map<string, KeyOps>();
  const entry = (namespace: string, collection: string, key: string): KeyOps => {
    const id = `${namespace}\u0000${collection}\u0000${key}`;
    let ops = all.get(id);
    if (ops === undefined) {
      ops = { namespace, collection, key, flags: 0, value: undefined, metadata: NOTHING };
      all.set(id, ops);
    }
    return ops;
  };
  for (const { namespace, kv, collections } of rwset) {
    for (const { key, isDelete, value } of kv.writes) {
      write(entry(namespace, '', key), isDelete || value.length === 0, value);
    }
    for (const { key, entries } of kv.metadataWrites) writeMetadata(entry(namespace, '', key), entries);
    for (const { collection, hashed } of collections) {
      for (const { keyHash, isDelete, valueHash } of hashed.writes) {
        const deletes = isDelete || valueHash.length === 0 || valueHash.equals(HASH_OF_NOTHING);
        write(entry(namespace, collection, keyHash.toString('latin1')), deletes, valueHash);
      }
      for (const { keyHash, entries } of hashed.metadataWrites) {
        writeMetadata(entry(namespace, collection, keyHash.toString('latin1')), entries);
      }
    }
  }
  return all.values();
}

function write(ops: KeyOps, deletes: boolean, value: Buffer): void {
  ops.flags += deletes ? Op.delete : Op.upsert;
  if (!deletes) ops.value = value;
}

function writeMetadata(ops: KeyOps, entries: readonly MetadataEntry[]): void {
  if (entries.length === 0) {
    ops.flags += Op.metadataDelete;
  } else {
    ops.flags += Op.metadataUpdate;
    ops.metadata = encodeEntries(new Writer(), entries).finish();
  }
}

function sorted<V>(map: ReadonlyMap<string, V>, compare: (a: string, b: string) => number): [string, V][] {
  return [...map].sort(([a], [b]) => compare(a, b));
}

function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Fabric's order-preserving height: each number as its length and its big-endian bytes without leading zeros. */
export function encodeHeight(version: Version): Buffer {
  return Buffer.from([...orderPreserving(version.blockNum), ...orderPreserving(version.txNum)]);
}

function orderPreserving(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [bytes.length, ...bytes];
}
