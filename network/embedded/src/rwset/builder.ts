import type { SimulationResults, Version } from '../types.js';
import { sha256 } from '../protos/hashes.js';
import { compareUtf8 } from './byte-order.js';
import {
  type CollectionHashedRwSet,
  type HashedMetadataWrite,
  type HashedRead,
  type HashedWrite,
  type KvMetadataWrite,
  type KvRead,
  type KvWrite,
  type MetadataEntry,
  type NamespaceRwSet,
  type PrivateNamespaceRwSet,
  type RangeQueryInfo,
  encodeKvRwSet,
  encodePrivateRwSet,
  encodeTxRwSet,
} from './messages.js';
import { RangeResults } from './range-results.js';

const NOTHING: Buffer = Buffer.alloc(0);

interface CollectionParts {
  /** Sorted by plain key, as Fabric does; the keys themselves stay out of the public set. */
  readonly hashedReads: Map<string, HashedRead>;
  readonly hashedWrites: Map<string, HashedWrite>;
  readonly hashedMetadata: Map<string, HashedMetadataWrite>;
  readonly writes: Map<string, KvWrite>;
  readonly metadataWrites: Map<string, KvMetadataWrite>;
  readsValues: boolean;
}

interface NamespaceParts {
  readonly reads: Map<string, KvRead>;
  readonly writes: Map<string, KvWrite>;
  readonly metadataWrites: Map<string, KvMetadataWrite>;
  readonly rangeQueries: RangeQueryRecorder[];
  readonly collections: Map<string, CollectionParts>;
}

/** A range query under way. Fabric bounds it by the last key handed out until its end was seen. */
export class RangeQueryRecorder {
  private readonly results = new RangeResults();
  private boundary = '';
  private ended = false;

  constructor(
    private readonly startKey: string,
    private readonly endKey: string,
  ) {}

  /** A result that was handed out, look-ahead included. */
  read(key: string, version: Version): void {
    this.boundary = key;
    this.results.add({ key, version });
  }

  /** The query was asked for a further result and had none. */
  exhausted(): void {
    this.ended = true;
    this.boundary = this.endKey;
  }

  info(): RangeQueryInfo {
    const results = this.results.done();
    const bounds = { startKey: this.startKey, endKey: this.boundary, itrExhausted: this.ended };
    if (results.merkle !== undefined) return { ...bounds, merkle: results.merkle };
    return results.rawReads.length > 0 ? { ...bounds, rawReads: results.rawReads } : bounds;
  }
}

/**
 * Collects what a simulation reads and writes and gives Fabric's bytes for it (rwsetutil/rwset_builder.go): keys sorted
 * by their UTF-8 bytes, the last write of a key wins, an empty value is a deletion.
 */
export class RWSetBuilder {
  private readonly namespaces = new Map<string, NamespaceParts>();

  addRead(namespace: string, key: string, version: Version | undefined): void {
    this.namespace(namespace).reads.set(key, { key, version });
  }

  addWrite(namespace: string, key: string, value: Buffer): void {
    this.namespace(namespace).writes.set(key, kvWrite(key, value));
  }

  addDelete(namespace: string, key: string): void {
    this.addWrite(namespace, key, NOTHING);
  }

  /** `metadata` empty or undefined deletes the key's metadata. */
  addMetadataWrite(namespace: string, key: string, metadata?: ReadonlyMap<string, Buffer>): void {
    this.namespace(namespace).metadataWrites.set(key, { key, entries: metadataEntries(metadata) });
  }

  /** Records a range query while its results are handed out; it enters the set, in order of its start, at `build`. */
  startRangeQuery(namespace: string, startKey: string, endKey: string): RangeQueryRecorder {
    const recorder = new RangeQueryRecorder(startKey, endKey);
    this.namespace(namespace).rangeQueries.push(recorder);
    return recorder;
  }

  /** `readsValue` false when only the hash was read (GetPrivateDataHash, metadata). */
  addHashedRead(
    namespace: string,
    collection: string,
    key: string,
    version: Version | undefined,
    readsValue: boolean,
  ): void {
    const parts = this.collection(namespace, collection);
    parts.hashedReads.set(key, { keyHash: keyHash(key), version });
    if (readsValue) parts.readsValues = true;
  }

  addPrivateWrite(namespace: string, collection: string, key: string, value: Buffer): void {
    const isDelete = value.length === 0;
    this.addPrivate(namespace, collection, key, value, {
      keyHash: keyHash(key),
      isDelete,
      valueHash: isDelete ? NOTHING : sha256(value),
      isPurge: false,
    });
  }

  addPrivateDelete(namespace: string, collection: string, key: string): void {
    this.addPrivateWrite(namespace, collection, key, NOTHING);
  }

  addPrivatePurge(namespace: string, collection: string, key: string): void {
    this.addPrivate(namespace, collection, key, NOTHING, {
      keyHash: keyHash(key),
      isDelete: true,
      valueHash: NOTHING,
      isPurge: true,
    });
  }

  /** The private set names the key only; the metadata stands beside its hash. */
  addPrivateMetadataWrite(
    namespace: string,
    collection: string,
    key: string,
    metadata?: ReadonlyMap<string, Buffer>,
  ): void {
    const parts = this.collection(namespace, collection);
    parts.metadataWrites.set(key, { key, entries: [] });
    parts.hashedMetadata.set(key, { keyHash: keyHash(key), entries: metadataEntries(metadata) });
  }

  /** Whether anything was written, publicly or privately. */
  get writes(): boolean {
    for (const parts of this.namespaces.values()) {
      if (parts.writes.size > 0 || parts.metadataWrites.size > 0) return true;
      for (const collection of parts.collections.values()) {
        if (collection.hashedWrites.size > 0 || collection.hashedMetadata.size > 0) return true;
      }
    }
    return false;
  }

  build(): SimulationResults {
    const publicSets: NamespaceRwSet[] = [];
    const privateSets: PrivateNamespaceRwSet[] = [];
    const touched = new Map<string, Map<string, { reads: boolean; writes: boolean }>>();
    for (const [namespace, parts] of sorted(this.namespaces)) {
      const collections: CollectionHashedRwSet[] = [];
      const privateCollections: { collection: string; rwset: Buffer }[] = [];
      for (const [collection, c] of sorted(parts.collections)) {
        const writes = c.writes.size > 0 || c.metadataWrites.size > 0;
        const rwset = writes
          ? encodeKvRwSet({
              reads: [],
              rangeQueries: [],
              writes: sortedValues(c.writes),
              metadataWrites: sortedValues(c.metadataWrites),
            })
          : NOTHING;
        if (writes) privateCollections.push({ collection, rwset });
        collections.push({
          collection,
          hashed: {
            reads: sortedValues(c.hashedReads),
            writes: sortedValues(c.hashedWrites),
            metadataWrites: sortedValues(c.hashedMetadata),
          },
          privateHash: writes ? sha256(rwset) : NOTHING,
        });
        const byNamespace = touched.get(namespace) ?? new Map<string, { reads: boolean; writes: boolean }>();
        touched.set(namespace, byNamespace.set(collection, { reads: c.readsValues, writes }));
      }
      publicSets.push({
        namespace,
        kv: {
          reads: sortedValues(parts.reads),
          rangeQueries: distinctQueries(parts.rangeQueries),
          writes: sortedValues(parts.writes),
          metadataWrites: sortedValues(parts.metadataWrites),
        },
        collections,
      });
      if (privateCollections.length > 0) privateSets.push({ namespace, collections: privateCollections });
    }
    return {
      publicBytes: encodeTxRwSet(publicSets),
      privateBytes: privateSets.length > 0 ? encodePrivateRwSet(privateSets) : undefined,
      collections: touched,
    };
  }

  private addPrivate(
    namespace: string,
    collection: string,
    key: string,
    value: Buffer,
    hashed: HashedWrite,
  ): void {
    const parts = this.collection(namespace, collection);
    parts.writes.set(key, kvWrite(key, value));
    parts.hashedWrites.set(key, hashed);
  }

  private namespace(name: string): NamespaceParts {
    let parts = this.namespaces.get(name);
    if (parts === undefined) {
      parts = {
        reads: new Map(),
        writes: new Map(),
        metadataWrites: new Map(),
        rangeQueries: [],
        collections: new Map(),
      };
      this.namespaces.set(name, parts);
    }
    return parts;
  }

  private collection(namespace: string, name: string): CollectionParts {
    const { collections } = this.namespace(namespace);
    let parts = collections.get(name);
    if (parts === undefined) {
      parts = {
        hashedReads: new Map(),
        hashedWrites: new Map(),
        hashedMetadata: new Map(),
        writes: new Map(),
        metadataWrites: new Map(),
        readsValues: false,
      };
      collections.set(name, parts);
    }
    return parts;
  }
}

function kvWrite(key: string, value: Buffer): KvWrite {
  return { key, isDelete: value.length === 0, value };
}

function keyHash(key: string): Buffer {
  return sha256(Buffer.from(key, 'utf8'));
}

function metadataEntries(metadata: ReadonlyMap<string, Buffer> | undefined): MetadataEntry[] {
  return sorted(metadata ?? new Map<string, Buffer>()).map(([name, value]) => ({ name, value }));
}

/** Of queries with the same bounds the first counts. */
function distinctQueries(recorders: readonly RangeQueryRecorder[]): RangeQueryInfo[] {
  const queries = new Map<string, RangeQueryInfo>();
  for (const recorder of recorders) {
    const info = recorder.info();
    const bounds = JSON.stringify([info.startKey, info.endKey, info.itrExhausted]);
    if (!queries.has(bounds)) queries.set(bounds, info);
  }
  return [...queries.values()];
}

function sorted<V>(map: ReadonlyMap<string, V>): [string, V][] {
  return [...map].sort(([a], [b]) => compareUtf8(a, b));
}

function sortedValues<V>(map: ReadonlyMap<string, V>): V[] {
  return sorted(map).map(([, value]) => value);
}
