/**
 * Fabric's read-write sets (ledger/rwset and kvrwset protos), decoded to plain objects and encoded to exactly the bytes
 * of Go's marshaller. Lists keep their order.
 */
import type { Version } from '../types.js';
import { Reader, Writer } from '../protos/wire.js';

export interface KvRead {
  readonly key: string;
  /** Absent when the key did not exist. */
  readonly version?: Version;
}

export interface KvWrite {
  readonly key: string;
  readonly isDelete: boolean;
  readonly value: Buffer;
}

export interface MetadataEntry {
  readonly name: string;
  readonly value: Buffer;
}

export interface KvMetadataWrite {
  readonly key: string;
  readonly entries: readonly MetadataEntry[];
}

export interface MerkleSummary {
  readonly maxDegree: number;
  readonly maxLevel: number;
  readonly maxLevelHashes: readonly Buffer[];
}

export interface RangeQueryInfo {
  readonly startKey: string;
  readonly endKey: string;
  readonly itrExhausted: boolean;
  readonly rawReads?: readonly KvRead[];
  readonly merkle?: MerkleSummary;
}

export interface KvRwSet {
  readonly reads: readonly KvRead[];
  readonly rangeQueries: readonly RangeQueryInfo[];
  readonly writes: readonly KvWrite[];
  readonly metadataWrites: readonly KvMetadataWrite[];
}

export interface HashedRead {
  readonly keyHash: Buffer;
  readonly version?: Version;
}

export interface HashedWrite {
  readonly keyHash: Buffer;
  readonly isDelete: boolean;
  readonly valueHash: Buffer;
  readonly isPurge: boolean;
}

export interface HashedMetadataWrite {
  readonly keyHash: Buffer;
  readonly entries: readonly MetadataEntry[];
}

export interface HashedRwSet {
  readonly reads: readonly HashedRead[];
  readonly writes: readonly HashedWrite[];
  readonly metadataWrites: readonly HashedMetadataWrite[];
}

export interface CollectionHashedRwSet {
  readonly collection: string;
  readonly hashed: HashedRwSet;
  /** SHA-256 of the collection's private write set; empty when nothing private was written. */
  readonly privateHash: Buffer;
}

export interface NamespaceRwSet {
  readonly namespace: string;
  readonly kv: KvRwSet;
  readonly collections: readonly CollectionHashedRwSet[];
}

export interface PrivateCollectionRwSet {
  readonly collection: string;
  /** Marshalled `kvrwset.KVRWSet`; its SHA-256 is in the public set. */
  readonly rwset: Buffer;
}

export interface PrivateNamespaceRwSet {
  readonly namespace: string;
  readonly collections: readonly PrivateCollectionRwSet[];
}

const NOTHING: Buffer = Buffer.alloc(0);

/** `rwset.TxReadWriteSet`. @throws MalformedMessageError */
export function decodeTxRwSet(bytes: Buffer): NamespaceRwSet[] {
  const namespaces: NamespaceRwSet[] = [];
  const reader = new Reader(bytes, 'rwset.TxReadWriteSet');
  while (reader.next()) if (reader.field === 2) namespaces.push(decodeNamespace(reader.slice()));
  return namespaces;
}

export function encodeTxRwSet(namespaces: readonly NamespaceRwSet[]): Buffer {
  const writer = new Writer();
  for (const { namespace, kv, collections } of namespaces) {
    const inner = new Writer().string(1, namespace).bytes(2, encodeKvRwSet(kv));
    for (const { collection, hashed, privateHash } of collections) {
      inner.message(
        3,
        new Writer().string(1, collection).bytes(2, encodeHashedRwSet(hashed)).bytes(3, privateHash).finish(),
      );
    }
    writer.message(2, inner.finish());
  }
  return writer.finish();
}

/** `rwset.TxPvtReadWriteSet`. @throws MalformedMessageError */
export function decodePrivateRwSet(bytes: Buffer): PrivateNamespaceRwSet[] {
  const namespaces: PrivateNamespaceRwSet[] = [];
  const reader = new Reader(bytes, 'rwset.TxPvtReadWriteSet');
  while (reader.next()) {
    if (reader.field !== 2) continue;
    let namespace = '';
    const collections: PrivateCollectionRwSet[] = [];
    const inner = new Reader(reader.slice(), 'rwset.NsPvtReadWriteSet');
    while (inner.next()) {
      if (inner.field === 1) namespace = inner.string();
      else if (inner.field === 2) collections.push(decodePrivateCollection(inner.slice()));
    }
    namespaces.push({ namespace, collections });
  }
  return namespaces;
}

export function encodePrivateRwSet(namespaces: readonly PrivateNamespaceRwSet[]): Buffer {
  const writer = new Writer();
  for (const { namespace, collections } of namespaces) {
    const inner = new Writer().string(1, namespace);
    for (const { collection, rwset } of collections) {
      inner.message(2, new Writer().string(1, collection).bytes(2, rwset).finish());
    }
    writer.message(2, inner.finish());
  }
  return writer.finish();
}

/** `kvrwset.KVRWSet`. @throws MalformedMessageError */
export function decodeKvRwSet(bytes: Buffer): KvRwSet {
  const reads: KvRead[] = [];
  const rangeQueries: RangeQueryInfo[] = [];
  const writes: KvWrite[] = [];
  const metadataWrites: KvMetadataWrite[] = [];
  const reader = new Reader(bytes, 'kvrwset.KVRWSet');
  while (reader.next()) {
    if (reader.field === 1) reads.push(decodeRead(reader.slice()));
    else if (reader.field === 2) rangeQueries.push(decodeRangeQuery(reader.slice()));
    else if (reader.field === 3) writes.push(decodeWrite(reader.slice()));
    else if (reader.field === 4) metadataWrites.push(decodeMetadataWrite(reader.slice()));
  }
  return { reads, rangeQueries, writes, metadataWrites };
}

export function encodeKvRwSet(set: KvRwSet): Buffer {
  const writer = new Writer();
  for (const read of set.reads) writer.message(1, encodeRead(read));
  for (const query of set.rangeQueries) writer.message(2, encodeRangeQuery(query));
  for (const { key, isDelete, value } of set.writes) {
    writer.message(3, new Writer().string(1, key).bool(2, isDelete).bytes(3, value).finish());
  }
  for (const { key, entries } of set.metadataWrites) {
    writer.message(4, encodeEntries(new Writer().string(1, key), entries).finish());
  }
  return writer.finish();
}

export function encodeHashedRwSet(set: HashedRwSet): Buffer {
  const writer = new Writer();
  for (const { keyHash, version } of set.reads) {
    const inner = new Writer().bytes(1, keyHash);
    if (version !== undefined) inner.message(2, encodeVersion(version));
    writer.message(1, inner.finish());
  }
  for (const { keyHash, isDelete, valueHash, isPurge } of set.writes) {
    writer.message(
      2,
      new Writer().bytes(1, keyHash).bool(2, isDelete).bytes(3, valueHash).bool(4, isPurge).finish(),
    );
  }
  for (const { keyHash, entries } of set.metadataWrites) {
    writer.message(3, encodeEntries(new Writer().bytes(1, keyHash), entries).finish());
  }
  return writer.finish();
}

/** `kvrwset.QueryReads`: what a range query's Merkle leaves hash. */
export function encodeQueryReads(reads: readonly KvRead[]): Buffer {
  const writer = new Writer();
  for (const read of reads) writer.message(1, encodeRead(read));
  return writer.finish();
}

function decodeNamespace(bytes: Buffer): NamespaceRwSet {
  let namespace = '';
  let rwset = NOTHING;
  const collections: CollectionHashedRwSet[] = [];
  const reader = new Reader(bytes, 'rwset.NsReadWriteSet');
  while (reader.next()) {
    if (reader.field === 1) namespace = reader.string();
    else if (reader.field === 2) rwset = reader.slice();
    else if (reader.field === 3) collections.push(decodeCollection(reader.slice()));
  }
  return { namespace, kv: decodeKvRwSet(rwset), collections };
}

function decodeCollection(bytes: Buffer): CollectionHashedRwSet {
  let collection = '';
  let hashed = NOTHING;
  let privateHash = NOTHING;
  const reader = new Reader(bytes, 'rwset.CollectionHashedReadWriteSet');
  while (reader.next()) {
    if (reader.field === 1) collection = reader.string();
    else if (reader.field === 2) hashed = reader.slice();
    else if (reader.field === 3) privateHash = reader.slice();
  }
  return { collection, hashed: decodeHashedRwSet(hashed), privateHash };
}

function decodePrivateCollection(bytes: Buffer): PrivateCollectionRwSet {
  let collection = '';
  let rwset = NOTHING;
  const reader = new Reader(bytes, 'rwset.CollectionPvtReadWriteSet');
  while (reader.next()) {
    if (reader.field === 1) collection = reader.string();
    else if (reader.field === 2) rwset = reader.slice();
  }
  return { collection, rwset };
}

function decodeHashedRwSet(bytes: Buffer): HashedRwSet {
  const reads: HashedRead[] = [];
  const writes: HashedWrite[] = [];
  const metadataWrites: HashedMetadataWrite[] = [];
  const reader = new Reader(bytes, 'kvrwset.HashedRWSet');
  while (reader.next()) {
    if (reader.field === 1) {
      let keyHash = NOTHING;
      let version: Version | undefined;
      const inner = new Reader(reader.slice(), 'kvrwset.KVReadHash');
      while (inner.next()) {
        if (inner.field === 1) keyHash = inner.slice();
        else if (inner.field === 2) version = decodeVersion(inner.slice());
      }
      reads.push({ keyHash, version });
    } else if (reader.field === 2) {
      let keyHash = NOTHING;
      let isDelete = false;
      let valueHash = NOTHING;
      let isPurge = false;
      const inner = new Reader(reader.slice(), 'kvrwset.KVWriteHash');
      while (inner.next()) {
        if (inner.field === 1) keyHash = inner.slice();
        else if (inner.field === 2) isDelete = inner.bool();
        else if (inner.field === 3) valueHash = inner.slice();
        else if (inner.field === 4) isPurge = inner.bool();
      }
      writes.push({ keyHash, isDelete, valueHash, isPurge });
    } else if (reader.field === 3) {
      let keyHash = NOTHING;
      const entries: MetadataEntry[] = [];
      const inner = new Reader(reader.slice(), 'kvrwset.KVMetadataWriteHash');
      while (inner.next()) {
        if (inner.field === 1) keyHash = inner.slice();
        else if (inner.field === 2) entries.push(decodeEntry(inner.slice()));
      }
      metadataWrites.push({ keyHash, entries });
    }
  }
  return { reads, writes, metadataWrites };
}

function decodeRead(bytes: Buffer): KvRead {
  let key = '';
  let version: Version | undefined;
  const reader = new Reader(bytes, 'kvrwset.KVRead');
  while (reader.next()) {
    if (reader.field === 1) key = reader.string();
    else if (reader.field === 2) version = decodeVersion(reader.slice());
  }
  return { key, version };
}

function encodeRead(read: KvRead): Buffer {
  const writer = new Writer().string(1, read.key);
  if (read.version !== undefined) writer.message(2, encodeVersion(read.version));
  return writer.finish();
}

function decodeWrite(bytes: Buffer): KvWrite {
  let key = '';
  let isDelete = false;
  let value = NOTHING;
  const reader = new Reader(bytes, 'kvrwset.KVWrite');
  while (reader.next()) {
    if (reader.field === 1) key = reader.string();
    else if (reader.field === 2) isDelete = reader.bool();
    else if (reader.field === 3) value = reader.slice();
  }
  return { key, isDelete, value };
}

function decodeMetadataWrite(bytes: Buffer): KvMetadataWrite {
  let key = '';
  const entries: MetadataEntry[] = [];
  const reader = new Reader(bytes, 'kvrwset.KVMetadataWrite');
  while (reader.next()) {
    if (reader.field === 1) key = reader.string();
    else if (reader.field === 2) entries.push(decodeEntry(reader.slice()));
  }
  return { key, entries };
}

export function decodeEntry(bytes: Buffer): MetadataEntry {
  let name = '';
  let value = NOTHING;
  const reader = new Reader(bytes, 'kvrwset.KVMetadataEntry');
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) value = reader.slice();
  }
  return { name, value };
}

export function encodeEntries(writer: Writer, entries: readonly MetadataEntry[]): Writer {
  for (const { name, value } of entries)
    writer.message(2, new Writer().string(1, name).bytes(2, value).finish());
  return writer;
}

function decodeRangeQuery(bytes: Buffer): RangeQueryInfo {
  let startKey = '';
  let endKey = '';
  let itrExhausted = false;
  let rawReads: KvRead[] | undefined;
  let merkle: MerkleSummary | undefined;
  const reader = new Reader(bytes, 'kvrwset.RangeQueryInfo');
  while (reader.next()) {
    if (reader.field === 1) startKey = reader.string();
    else if (reader.field === 2) endKey = reader.string();
    else if (reader.field === 3) itrExhausted = reader.bool();
    else if (reader.field === 4) {
      rawReads = [];
      merkle = undefined;
      const inner = new Reader(reader.slice(), 'kvrwset.QueryReads');
      while (inner.next()) if (inner.field === 1) rawReads.push(decodeRead(inner.slice()));
    } else if (reader.field === 5) {
      merkle = decodeMerkle(reader.slice());
      rawReads = undefined;
    }
  }
  return { startKey, endKey, itrExhausted, rawReads, merkle };
}

function encodeRangeQuery(query: RangeQueryInfo): Buffer {
  const writer = new Writer().string(1, query.startKey).string(2, query.endKey).bool(3, query.itrExhausted);
  if (query.merkle !== undefined) {
    const inner = new Writer().number(1, query.merkle.maxDegree).number(2, query.merkle.maxLevel);
    for (const hash of query.merkle.maxLevelHashes) inner.message(3, hash);
    writer.message(5, inner.finish());
  } else if (query.rawReads !== undefined) {
    writer.message(4, encodeQueryReads(query.rawReads));
  }
  return writer.finish();
}

function decodeMerkle(bytes: Buffer): MerkleSummary {
  let maxDegree = 0;
  let maxLevel = 0;
  const maxLevelHashes: Buffer[] = [];
  const reader = new Reader(bytes, 'kvrwset.QueryReadsMerkleSummary');
  while (reader.next()) {
    if (reader.field === 1) maxDegree = reader.number();
    else if (reader.field === 2) maxLevel = reader.number();
    else if (reader.field === 3) maxLevelHashes.push(reader.slice());
  }
  return { maxDegree, maxLevel, maxLevelHashes };
}

function decodeVersion(bytes: Buffer): Version {
  let blockNum = 0;
  let txNum = 0;
  const reader = new Reader(bytes, 'kvrwset.Version');
  while (reader.next()) {
    if (reader.field === 1) blockNum = reader.number();
    else if (reader.field === 2) txNum = reader.number();
  }
  return { blockNum, txNum };
}

function encodeVersion(version: Version): Buffer {
  return new Writer().number(1, version.blockNum).number(2, version.txNum).finish();
}
