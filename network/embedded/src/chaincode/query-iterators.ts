import { Writer } from '../protos/wire.js';

/** Results sent to the chaincode at once; the next one is read before `has_more` is answered (Fabric's look-ahead). */
const BATCH_SIZE = 100;
/** `ledger.state.totalQueryLimit` of Fabric's core.yaml. */
export const TOTAL_QUERY_LIMIT = 100_000;

/** A running query: marshalled `queryresult.KV` or `KeyModification` entries, one at a time. */
export interface ResultIterator {
  /** undefined when exhausted. */
  next(): Buffer | undefined;
  /** First key not returned, for pagination; '' at the end. */
  bookmark(): string;
  close(): void;
}

interface OpenQuery {
  readonly iterator: ResultIterator;
  pending: Buffer[];
  returned: number;
}

/**
 * The open queries of one transaction and the batches in which they reach the chaincode, each a marshalled
 * `protos.QueryResponse` (Fabric core/chaincode/query_response_generator.go): batches of 100, the 101st already read.
 */
export class QueryIterators {
  private readonly open = new Map<string, OpenQuery>();
  private created = 0;

  /** Opens a query and answers its first batch; when `paginated` the one and only page. */
  start(iterator: ResultIterator, limit: number, paginated: boolean): Buffer {
    const id = `query-${++this.created}`;
    this.open.set(id, { iterator, pending: [], returned: 0 });
    return this.batch(id, limit, paginated);
  }

  /** @throws Error `query iterator not found` */
  next(id: string): Buffer {
    if (!this.open.has(id)) throw new Error('query iterator not found');
    return this.batch(id, TOTAL_QUERY_LIMIT, false);
  }

  /** Never fails: an unknown id is already closed. */
  close(id: string): Buffer {
    this.end(id);
    return response([], false, id);
  }

  closeAll(): void {
    for (const id of [...this.open.keys()]) this.end(id);
  }

  private batch(id: string, limit: number, paginated: boolean): Buffer {
    const query = this.open.get(id) as OpenQuery;
    try {
      while (query.returned < limit) {
        const result = query.iterator.next();
        if (result === undefined) break;
        query.returned += 1;
        if (!paginated && query.pending.length === BATCH_SIZE) {
          const full = query.pending;
          query.pending = [result];
          return response(full, true, id);
        }
        query.pending.push(result);
      }
      const metadata = paginated
        ? new Writer().number(1, query.returned).string(2, query.iterator.bookmark()).finish()
        : undefined;
      const last = response(query.pending, false, id, metadata);
      this.end(id);
      return last;
    } catch (error) {
      this.end(id);
      throw error;
    }
  }

  private end(id: string): void {
    this.open.get(id)?.iterator.close();
    this.open.delete(id);
  }
}

function response(results: readonly Buffer[], hasMore: boolean, id: string, metadata?: Buffer): Buffer {
  const writer = new Writer();
  for (const result of results) writer.message(1, new Writer().bytes(1, result).finish());
  return writer.bool(2, hasMore).string(3, id).bytes(4, metadata).finish();
}
