import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveredBlock } from '../fabric/ledger-client.js';
import type { Database } from '../database/database.js';
import type { Keystore } from '../keystore/keystore.js';
import { blockChanges, type BlockChanges } from './block-changes.js';
import { emptyTables, writeBlocks } from './block-writer.js';
import { heldCollections, STAFF_COLLECTION } from './ledger-namespace.js';
import { INDEXED_KINDS, isIndexed, PersonalIndex } from './personal-index.js';

const REACHED_TIMEOUT_MS = 15_000;
const BATCH_BLOCKS_MAX = 64;
const BACKOFF_MS = { first: 100, most: 5_000 };

/** Where blocks come from: the organisation's own peer. */
export interface BlockSource {
  blocks(startBlock: number, options: { signal?: AbortSignal }): AsyncIterable<DeliveredBlock>;
}

export interface ProjectionParts {
  readonly mspId: string;
  readonly kind: 'ministry' | 'hospital';
  readonly ledger: BlockSource;
  readonly database: Database;
  readonly keystore: Pick<Keystore, 'openValue'>;
}

/** The read model is not where a caller needs it, and waiting longer does not help the request. */
export class ReadModelBehindError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ReadModelBehindError';
  }
}

interface Waiter {
  readonly blockNumber: number;
  resolve(): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Follows the own peer's blocks into the database. The checkpoint is written in the same database transaction as
 * what it covers, so that a crash at any moment loses and doubles nothing.
 */
export class Projection {
  /** Names, numbers and title lines that this organisation may see. */
  readonly personal: PersonalIndex;
  readonly #collections: ReadonlySet<string>;
  #height = 0;
  #previousHash: Buffer | undefined;
  #waiting: Waiter[] = [];
  #abort: AbortController | undefined;
  #following: Promise<void> | undefined;
  #failure: Error | undefined;
  readonly #listeners: ((blocks: readonly BlockChanges[]) => void)[] = [];

  constructor(
    private readonly parts: ProjectionParts,
    private readonly report: (message: string) => void = () => undefined,
  ) {
    this.personal = new PersonalIndex(parts.keystore);
    this.#collections = heldCollections(parts);
  }

  /** Number of blocks in the read model. */
  get height(): number {
    return this.#height;
  }

  /** Why following stopped or stumbles; undefined while it goes well. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Calls `listener` with blocks that are in the read model from now on, after every batch. It must not throw. */
  onBlocks(listener: (blocks: readonly BlockChanges[]) => void): void {
    this.#listeners.push(listener);
  }

  /** Goes on where the last process stopped. Resolves when the memory index is built; blocks follow by themselves. */
  async start(): Promise<void> {
    if (this.#abort) return;
    await this.#load();
    this.#abort = new AbortController();
    this.#following = this.#follow(this.#abort.signal);
  }

  async stop(): Promise<void> {
    this.#abort?.abort();
    this.#abort = undefined;
    await this.#following;
    this.#settleAll(new ReadModelBehindError('The read model is stopping.'));
  }

  /** Empties the read model and reads all blocks again. */
  async reset(): Promise<void> {
    const running = this.#abort !== undefined;
    await this.stop();
    await this.parts.database.transaction(emptyTables);
    if (running) await this.start();
    else await this.#load();
  }

  /**
   * Resolves when everything up to this block is in the read model.
   * @throws ReadModelBehindError after `timeoutMs`, or at once when the read model does not follow any more
   */
  async reached(blockNumber: number, timeoutMs = REACHED_TIMEOUT_MS): Promise<void> {
    if (blockNumber < this.#height) return;
    if (!this.#abort) throw new ReadModelBehindError('The read model does not follow the ledger.');
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = { blockNumber, resolve, reject, timer: undefined };
      waiter.timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        reject(new ReadModelBehindError(`Block ${blockNumber} has not reached the read model yet.`));
      }, timeoutMs);
      this.#waiting.push(waiter);
    });
  }

  async #load(): Promise<void> {
    const { database } = this.parts;
    const [checkpoint] = await database.query<{ height: number }>('SELECT height FROM projection_checkpoint');
    this.#height = checkpoint?.height ?? 0;
    const [last] = await database.query<{ header_hash: Buffer }>(
      'SELECT header_hash FROM ledger_blocks WHERE number = $1',
      [this.#height - 1],
    );
    this.#previousHash = last?.header_hash;
    this.personal.clear();
    const held = await database.query<{
      collection: string;
      key: string;
      ledger_id: string | null;
      value: Buffer;
    }>(
      `SELECT collection, key, ledger_id, value FROM private_values
       WHERE value IS NOT NULL AND kind = ANY($1)`,
      [INDEXED_KINDS],
    );
    let closed = 0;
    for (const { collection, key, ledger_id, value } of held) {
      if (!(await this.personal.add({ collection, key, ledgerId: ledger_id, value }))) closed += 1;
    }
    if (closed > 0)
      this.report(`${this.parts.mspId}: ${closed} private values do not open with the keys held`);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    let backoff = BACKOFF_MS.first;
    while (!signal.aborted) {
      const before = this.#height;
      // Ends the stream also when a block could not be applied.
      const attempt = new AbortController();
      const abort = (): void => attempt.abort();
      signal.addEventListener('abort', abort, { once: true });
      try {
        const blocks = this.parts.ledger.blocks(this.#height, { signal: attempt.signal });
        for await (const batch of batches(blocks, BATCH_BLOCKS_MAX)) {
          if (signal.aborted) return;
          await this.#apply(batch);
          this.#failure = undefined;
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#failure = error instanceof Error ? error : new Error('unknown failure');
        this.report(`read model of ${this.parts.mspId} at block ${this.#height}: ${this.#failure.message}`);
      } finally {
        signal.removeEventListener('abort', abort);
        attempt.abort();
      }
      backoff = this.#height > before ? BACKOFF_MS.first : Math.min(backoff * 2, BACKOFF_MS.most);
      await sleep(backoff, undefined, { signal }).catch(() => undefined);
    }
  }

  async #apply(delivered: readonly DeliveredBlock[]): Promise<void> {
    const blocks: BlockChanges[] = [];
    for (const { number, block, privateData } of delivered) {
      const changes = blockChanges(block, privateData, this.#collections);
      const expected = this.#height + blocks.length;
      const previousHash = blocks.at(-1)?.headerHash ?? this.#previousHash;
      if (changes.number !== expected || number !== expected) {
        throw new Error(`the peer sent block ${changes.number} where ${expected} belongs`);
      }
      if (previousHash && !changes.previousHash.equals(previousHash)) {
        throw new Error(
          `block ${expected} does not continue the chain seen so far: the peer serves another ledger. ` +
            'Restore the peer, or rebuild the read model if the ledger was replaced on purpose.',
        );
      }
      blocks.push(changes);
    }
    await writeBlocks(this.parts.database, blocks);
    await this.#index(blocks);
    this.#previousHash = blocks.at(-1)?.headerHash;
    this.#height += blocks.length;
    const reached = this.#waiting.filter(({ blockNumber }) => blockNumber < this.#height);
    this.#waiting = this.#waiting.filter(({ blockNumber }) => blockNumber >= this.#height);
    for (const { timer, resolve } of reached) {
      clearTimeout(timer);
      resolve();
    }
    for (const listener of this.#listeners) listener(blocks);
  }

  async #index(blocks: readonly BlockChanges[]): Promise<void> {
    const changes = blocks
      .flatMap((block) => block.privateValues)
      .filter(({ key, collection }) => key && (collection === STAFF_COLLECTION || isIndexed(key)));
    const patients = await this.#patientsOf(
      changes.flatMap(({ keyHash, value }) => (value ? [keyHash] : [])),
    );
    for (const { collection, key, keyHash, value } of changes) {
      if (value)
        await this.personal.add({ collection, key: key!, ledgerId: patients.get(keyHash) ?? null, value });
      else this.personal.remove(key!);
    }
  }

  async #patientsOf(keyHashes: string[]): Promise<Map<string, string>> {
    if (keyHashes.length === 0) return new Map();
    const rows = await this.parts.database.query<{ key_hash: string; ledger_id: string | null }>(
      'SELECT key_hash, ledger_id FROM private_values WHERE key_hash = ANY($1)',
      [keyHashes],
    );
    return new Map(rows.flatMap(({ key_hash, ledger_id }) => (ledger_id ? [[key_hash, ledger_id]] : [])));
  }

  #settleAll(error: Error): void {
    for (const { timer, reject } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
  }
}

/** Whatever has arrived by the time the consumer asks, at most `most` at a time; reading pauses meanwhile. */
async function* batches<Item>(source: AsyncIterable<Item>, most: number): AsyncGenerator<Item[]> {
  const iterator = source[Symbol.asyncIterator]();
  let next: Promise<IteratorResult<Item>> | undefined;
  try {
    for (;;) {
      const first = await (next ?? iterator.next());
      next = undefined;
      if (first.done) return;
      const batch = [first.value];
      while (batch.length < most) {
        next = iterator.next();
        const arrived = await Promise.race([next, tick()]);
        if (arrived === undefined) break;
        next = undefined;
        if (arrived.done) {
          yield batch;
          return;
        }
        batch.push(arrived.value);
      }
      yield batch;
    }
  } finally {
    // Not awaited: it would wait for a block still to come; whoever opened the stream ends it.
    next?.catch(() => undefined);
    iterator.return?.().catch(() => undefined);
  }
}

const tick = (): Promise<undefined> => new Promise((resolve) => setImmediate(() => resolve(undefined)));
