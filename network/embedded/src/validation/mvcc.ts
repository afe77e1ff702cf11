import type { Version } from '../types.js';
import { compareUtf8 } from '../rwset/byte-order.js';
import type { KvRead, NamespaceRwSet, RangeQueryInfo } from '../rwset/messages.js';
import { RangeResults, sameSummary } from '../rwset/range-results.js';
import { TxCode } from './codes.js';
import type { CommittedView } from './committed-view.js';
import type { UpdateBatch } from './updates.js';

/**
 * Whether what a transaction read is still so, given the state before the block and the block's valid transactions so
 * far (txmgmt/validation/validator.go): reads, then range queries, then hashed reads, namespace by namespace.
 */
export function checkReads(
  rwset: readonly NamespaceRwSet[],
  view: CommittedView,
  updates: UpdateBatch,
): number {
  for (const { namespace, kv, collections } of rwset) {
    for (const { key, version } of kv.reads) {
      if (updates.get(namespace, '', key) !== undefined || !same(view.version(namespace, '', key), version)) {
        return TxCode.mvccReadConflict;
      }
    }
    for (const query of kv.rangeQueries) {
      if (!rangeUnchanged(namespace, query, view, updates)) return TxCode.phantomReadConflict;
    }
    for (const { collection, hashed } of collections) {
      for (const { keyHash, version } of hashed.reads) {
        const key = keyHash.toString('latin1');
        if (
          updates.get(namespace, collection, key) !== undefined ||
          !same(view.version(namespace, collection, key), version)
        ) {
          return TxCode.mvccReadConflict;
        }
      }
    }
  }
  return TxCode.valid;
}

function same(a: Version | undefined, b: Version | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.blockNum === b.blockNum && a.txNum === b.txNum;
}

function rangeUnchanged(
  namespace: string,
  query: RangeQueryInfo,
  view: CommittedView,
  updates: UpdateBatch,
): boolean {
  const current = currentRange(namespace, query, view, updates);
  if (query.merkle === undefined) return sameReads(query.rawReads ?? [], current);
  const results = new RangeResults(Math.max(query.merkle.maxDegree, 2));
  if (query.merkle.maxDegree < 2) return false;
  for (const { key, version } of current) results.add({ key, version });
  return sameSummary(query.merkle, results.done().merkle);
}

function sameReads(reads: readonly KvRead[], current: Iterable<{ key: string; version: Version }>): boolean {
  let position = 0;
  for (const { key, version } of current) {
    const read = reads[position];
    if (read === undefined || read.key !== key || !same(read.version, version)) return false;
    position += 1;
  }
  return position === reads.length;
}

/** State overlaid with the block's updates. The end key belongs to the range when the query was not read to its end. */
function* currentRange(
  namespace: string,
  query: RangeQueryInfo,
  view: CommittedView,
  updates: UpdateBatch,
): IterableIterator<{ key: string; version: Version }> {
  const { startKey, endKey, itrExhausted } = query;
  const changed = updates.publicRange(namespace, startKey, endKey);
  let position = 0;
  for (const committed of view.keys(namespace, startKey, endKey)) {
    let overwritten = false;
    for (let next = changed[position]; next !== undefined; next = changed[position]) {
      const order = compareUtf8(next[0], committed.key);
      if (order > 0) break;
      position += 1;
      overwritten = order === 0;
      if (next[1].value !== undefined) yield { key: next[0], version: next[1].version };
    }
    if (!overwritten) yield committed;
  }
  for (const [key, update] of changed.slice(position)) {
    if (update.value !== undefined) yield { key, version: update.version };
  }
  if (itrExhausted) return;
  const update = updates.get(namespace, '', endKey);
  const version = update === undefined ? view.version(namespace, '', endKey) : update.value && update.version;
  if (version !== undefined) yield { key: endKey, version };
}
