import type { ChaincodeStub } from 'fabric-shim-api';
import { ContractError, type ContractErrorCode } from '../errors.js';
import { SCHEMA } from '../model/entries.js';
import { decodeEntry, encodeEntry } from './codec.js';
import { parseWorldKey, type WorldKey, type WorldKeyType } from './keys.js';

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
  async list<Entry>(
    type: WorldKeyType,
    leading: readonly string[],
    limit: number,
  ): Promise<{ parts: string[]; entry: Entry }[]> {
    const found: { parts: string[]; entry: Entry }[] = [];
    for await (const { key, value } of this.stub.getStateByPartialCompositeKey(type, [...leading])) {
      const parsed = parseWorldKey(key);
      // A scan hands out nothing but what it was asked for, whatever the state holds.
      if (parsed?.type !== type || leading.some((part, at) => parsed.parts[at] !== part)) continue;
      if (found.length === limit) {
        throw new ContractError('LIMIT_EXCEEDED', `more than ${limit} entries: read them from the blocks`);
      }
      const entry = decodeEntry<Entry>(value, type);
      if (entry !== undefined) found.push({ parts: parsed.parts, entry });
    }
    return found;
  }
}

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
