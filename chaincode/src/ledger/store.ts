import type { ChaincodeStub } from 'fabric-shim-api';
import { ContractError, type ContractErrorCode } from '../errors.js';
import { SCHEMA } from '../model/entries.js';
import type { PageWanted } from '../model/paging.js';
import { decodeEntry, encodeEntry } from './codec.js';
import { keyAfter, parseWorldKey, type WorldKey, type WorldKeyType } from './keys.js';

export interface Found<Entry> {
  parts: string[];
  entry: Entry;
}

/** Reads typed entries of the world state. */
export class WorldReader {
  constructor(protected readonly stub: ChaincodeStub) {}

  async get<Entry>(key: WorldKey<Entry>): Promise<Entry | undefined> {
    return decodeEntry<Entry>(await this.stub.getState(key.raw), key.type);
  }

  async require<Entry>(key: WorldKey<Entry>, code: ContractErrorCode, sentence: string): Promise<Entry> {
    const entry = await this.get(key);
    if (entry === undefined) throw new ContractError(code, sentence);
    return entry;
  }

  /** Entries of one type under the given leading parts, at most `limit`. */
  async list<Entry>(type: WorldKeyType, leading: readonly string[], limit: number): Promise<Found<Entry>[]> {
    const found: Found<Entry>[] = [];
    for await (const pair of this.stub.getStateByPartialCompositeKey(type, [...leading])) {
      const one = foundOf<Entry>(pair, type, leading);
      if (one === undefined) continue;
      if (found.length === limit) {
        throw new ContractError('LIMIT_EXCEEDED', `more than ${limit} entries: read them from the blocks`);
      }
      found.push(one);
    }
    return found;
  }

  /**
   * Entries of one type under the given leading parts, in the order of their keys, beginning after the place `after` that
   * an earlier page named. For queries: a transaction that writes may not scan by pages.
   */
  async page<Entry>(
    type: WorldKeyType,
    leading: readonly string[],
    { limit, after }: PageWanted,
  ): Promise<{ found: Found<Entry>[]; next: string | null }> {
    const start = after === '' ? '' : keyAfter(type, [...leading, ...after.split('/')]);
    const found: Found<Entry>[] = [];
    let isMore = false;
    // One more than wanted tells whether another page follows.
    const scan = this.stub.getStateByPartialCompositeKeyWithPagination(type, [...leading], limit + 1, start);
    for await (const pair of scan) {
      const one = foundOf<Entry>(pair, type, leading);
      if (one === undefined) continue;
      isMore = found.length === limit;
      if (!isMore) found.push(one);
    }
    const last = found.at(-1);
    const next = isMore && last !== undefined ? last.parts.slice(leading.length).join('/') : null;
    return { found, next };
  }
}

/** A scan hands out nothing but what it was asked for, whatever the state holds. */
const foundOf = <Entry>(
  { key, value }: { key: string; value: Uint8Array },
  type: WorldKeyType,
  leading: readonly string[],
): Found<Entry> | undefined => {
  const parsed = parseWorldKey(key);
  if (parsed?.type !== type || leading.some((part, at) => parsed.parts[at] !== part)) return undefined;
  const entry = decodeEntry<Entry>(value, type);
  return entry === undefined ? undefined : { parts: parsed.parts, entry };
};

/** Reads and writes typed entries of the world state. */
export class WorldState extends WorldReader {
  /** Stores the entry with `schema` and gives it back. */
  async put<Entry extends { schema: number }>(
    key: WorldKey<Entry>,
    fields: Omit<Entry, 'schema'>,
  ): Promise<Entry> {
    const entry = { ...fields, schema: SCHEMA } as Entry;
    await this.stub.putState(key.raw, encodeEntry(entry));
    return entry;
  }
}
