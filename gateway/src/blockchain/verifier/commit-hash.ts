import { common } from '@hyperledger/fabric-protos';
import { sha256 } from './block-bytes.js';
import type { LedgerTransaction } from './transaction-bytes.js';

interface Update {
  readonly value: Buffer | undefined;
  readonly version: Buffer;
}

/**
 * Fabric's running hash over transactions filter, applied updates and the hash before (core/ledger/kvledger
 * addBlockCommitHash, txmgr/update_batch_bytes.go). A changed filter or a changed flag changes it.
 *
 * @param transactions by position; undefined where the envelope cannot be read.
 * @param filter one validation code a transaction.
 * @returns undefined when a key's metadata was written: the value that goes into the hash is then not in the block.
 */
export function commitHash(
  blockNumber: number,
  transactions: readonly (LedgerTransaction | undefined)[],
  filter: Buffer,
  previous: Buffer,
): Buffer | undefined {
  const updates = new Map<
    string,
    { own: Map<string, Update>; collections: Map<string, Map<string, Update>> }
  >();
  for (const [position, transaction] of transactions.entries()) {
    if (filter[position] !== 0 || transaction?.type !== common.HeaderType.ENDORSER_TRANSACTION) continue;
    const version = Buffer.concat([orderPreserving(blockNumber), orderPreserving(position)]);
    for (const namespace of transaction.action?.namespaces ?? []) {
      if (namespace.hasMetadataWrites || namespace.collections.some((each) => each.hasMetadataWrites))
        return undefined;
      const target = entryOf(updates, namespace.namespace, () => ({
        own: new Map(),
        collections: new Map(),
      }));
      for (const { key, value, isDelete } of namespace.writes) {
        // Latin-1 keeps the key's bytes one to one, for sorting by bytes.
        target.own.set(Buffer.from(key, 'utf8').toString('latin1'), {
          value: isDelete ? undefined : value,
          version,
        });
      }
      for (const collection of namespace.collections) {
        const hashed = entryOf(target.collections, collection.collection, () => new Map<string, Update>());
        for (const { keyHash, valueHash, isDelete } of collection.writes) {
          hashed.set(keyHash.toString('latin1'), { value: isDelete ? undefined : valueHash, version });
        }
      }
    }
  }
  const writes: Buffer[] = [];
  for (const [namespace, { own, collections }] of sorted(updates)) {
    if (namespace === '') continue;
    let first = true;
    const add = (collection: string | undefined, keys: Map<string, Update>): void => {
      let label = collection;
      for (const [key, update] of sorted(keys)) {
        writes.push(keyWrite(first ? namespace : '', label ?? '', Buffer.from(key, 'latin1'), update));
        first = false;
        label = undefined;
      }
    };
    add(undefined, own);
    for (const [collection, keys] of sorted(collections)) add(collection, keys);
  }
  return sha256(varint(filter.length), filter, ...writes, previous);
}

/** Field 1 of `Updates`: a `KVWrite` with its fields in ascending order, defaults left out. */
function keyWrite(namespace: string, collection: string, key: Buffer, update: Update): Buffer {
  const message = Buffer.concat([
    field(1, Buffer.from(namespace, 'utf8')),
    field(2, Buffer.from(collection, 'utf8')),
    field(3, key),
    update.value === undefined ? Buffer.of(4 << 3, 1) : field(5, update.value),
    field(6, update.version),
  ]);
  return Buffer.concat([Buffer.of((1 << 3) | 2), varint(message.length), message]);
}

const field = (number: number, bytes: Buffer): Buffer =>
  bytes.length === 0 ? bytes : Buffer.concat([Buffer.of((number << 3) | 2), varint(bytes.length), bytes]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.of(...bytes, rest);
}

/** Fabric common/ledger/util EncodeOrderPreservingVarUint64: number of bytes, then the bytes without leading zeros. */
function orderPreserving(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  let start = 0;
  while (start < 8 && bytes[start] === 0) start += 1;
  return Buffer.concat([Buffer.of(8 - start), bytes.subarray(start)]);
}

function entryOf<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** By UTF-16 units, which for Latin-1 keys and ASCII names is by bytes. */
const sorted = <V>(map: Map<string, V>): [string, V][] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
