import {
  ObjectAlteredError,
  ObjectMissingError,
  type ObjectStore,
  type RestorableObjectStore,
  type Restored,
} from './object-store.js';

/**
 * A store with further ones that hold the same objects. What is put counts once all of them have it, and what is deleted
 * is gone from all; only the first is read, so that nobody takes a copy for what an audit is about.
 */
export class CopiedObjectStore implements RestorableObjectStore {
  constructor(
    private readonly first: ObjectStore,
    private readonly copies: readonly ObjectStore[],
  ) {}

  async put(bytes: Uint8Array): Promise<string> {
    const digest = await this.first.put(bytes);
    for (const copy of this.copies) await copy.put(bytes);
    return digest;
  }

  async putStream(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
    const digest = await this.first.putStream(pieces);
    for (const copy of this.copies) await copy.putStream(this.first.stream(digest));
    return digest;
  }

  get(digest: string): Promise<Buffer> {
    return this.first.get(digest);
  }

  stream(digest: string): AsyncGenerator<Buffer, void, undefined> {
    return this.first.stream(digest);
  }

  read(digest: string, offset: number, length: number): Promise<Buffer> {
    return this.first.read(digest, offset, length);
  }

  size(digest: string): Promise<number> {
    return this.first.size(digest);
  }

  has(digest: string): Promise<boolean> {
    return this.first.has(digest);
  }

  async delete(digest: string): Promise<void> {
    // The copies first: what is left of an interrupted deletion is found again in the first.
    for (const store of [...this.copies, this.first]) await store.delete(digest);
  }

  async check(): Promise<void> {
    for (const store of [this.first, ...this.copies]) await store.check();
  }

  async tidy(olderThanMs?: number): Promise<void> {
    for (const store of [this.first, ...this.copies]) await store.tidy(olderThanMs);
  }

  async restore(digest: string): Promise<Restored> {
    if (await isWhole(this.first, digest)) return 'whole';
    for (const copy of this.copies) {
      const found = await unlessLost(async () => {
        await this.first.putStream(copy.stream(digest));
      });
      if (found) return 'restored';
    }
    return 'lost';
  }
}

const isWhole = (store: ObjectStore, digest: string): Promise<boolean> =>
  unlessLost(async () => {
    for await (const piece of store.stream(digest)) void piece;
  });

/** False where an object is missing or altered. */
const unlessLost = async (act: () => Promise<void>): Promise<boolean> => {
  try {
    await act();
    return true;
  } catch (error) {
    if (error instanceof ObjectMissingError || error instanceof ObjectAlteredError) return false;
    throw error;
  }
};
