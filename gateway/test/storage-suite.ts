import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  ObjectAlteredError,
  ObjectMissingError,
  type ObjectStore,
  StorageFullError,
  StorageUnavailableError,
} from '../src/storage/object-store';

/** A driver on storage of its own, and what can be done to that storage behind its back. */
export interface StoreUnderTest {
  store: ObjectStore;
  /** Puts other bytes under an address. */
  alter(digest: string, bytes: Uint8Array): Promise<void>;
  /** Everything that has a name in the storage. */
  names(): Promise<string[]>;
  /** Writes that have begun and have no name yet. */
  unfinished(): Promise<number>;
  /** Whether the storage knows when they began. */
  knowsBeginnings: boolean;
  down(): Promise<void>;
  up(): Promise<void>;
  /** The same storage through a driver with a short deadline, and storage that gives no answer for this object. */
  silent(digest: string, deadlineMs: number): Promise<ObjectStore>;
  /** The same driver on storage of a few megabytes. */
  small(): Promise<ObjectStore>;
  /** The storage for a process of its own. */
  where: object;
  /** Piece after which that process waits, or -1 where the storage itself stops. */
  pauseAfter: number;
  /** Storage that stops in the middle of what is stored from now on. */
  slow(): Promise<void>;
  /** When a part is written, and more is to come. */
  midway(child: ChildProcess): Promise<void>;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;
const LARGE = Number(process.env['MEDSEAL_STORE_MIB'] ?? '32') * MIB;
/** Two parts of an upload, and what is on its way. */
const MOST_HELD = 24 * MIB;
/** Larger than one request of any driver. */
const IN_PARTS = 6 * MIB + 5;

interface Stored {
  digest: string;
  length: number;
  most: number;
}

const storing = (where: object, pieces: number, pauseAfter: number): ChildProcess =>
  spawn(
    process.execPath,
    [
      '--expose-gc',
      join(__dirname, 'processes/store-object.mjs'),
      JSON.stringify(where),
      ...[pieces, pauseAfter].map(String),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env } },
  );

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * What every driver does alike.
 * @param noSmall why no storage can be made that is soon full
 */
export const describeObjectStore = (
  name: string,
  start: () => Promise<StoreUnderTest>,
  noSmall: string | undefined,
): void => {
  describe(name, () => {
    let under: StoreUnderTest;
    let store: ObjectStore;

    beforeAll(async () => {
      under = await start();
      store = under.store;
    });
    afterEach(() => under.up());
    afterAll(() => under?.close());

    const nobody = '0'.repeat(64);

    test('an object comes back byte for byte under its SHA-256, whole and in any range', async () => {
      const cases = fc.tuple(fc.uint8Array({ maxLength: 3000 }), fc.nat(), fc.nat());
      await fc.assert(
        fc.asyncProperty(cases, async ([bytes, a, b]) => {
          const digest = await store.put(bytes);
          expect(digest).toBe(sha256(bytes));
          expect(Buffer.from(bytes).equals(await store.get(digest))).toBe(true);
          expect(await store.has(digest)).toBe(true);
          expect(await store.size(digest)).toBe(bytes.length);
          const offset = a % (bytes.length + 1);
          const length = b % (bytes.length - offset + 1);
          const range = await store.read(digest, offset, length);
          expect(range.equals(Buffer.from(bytes).subarray(offset, offset + length))).toBe(true);
        }),
        { numRuns: 15, examples: [[[new Uint8Array(0), 0, 0]]] },
      );
    });

    test('a large object in pieces of any size, with its ranges', async () => {
      const bytes = randomBytes(IN_PARTS);
      const cuts = [0, 1, 70_000, 5 * MIB, 5 * MIB + 1, IN_PARTS];
      const pieces = cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
      const digest = await store.putStream(pieces);
      expect(digest).toBe(sha256(bytes));
      expect(await store.put(bytes)).toBe(digest);
      expect(bytes.equals(await store.get(digest))).toBe(true);
      for (const [offset, length] of [
        [0, 1],
        [5 * MIB - 3, 7],
        [IN_PARTS - 1, 1],
        [IN_PARTS, 0],
      ] as const)
        expect(await store.read(digest, offset, length)).toEqual(bytes.subarray(offset, offset + length));
    });

    test('a large object does not sit in memory', async () => {
      const child = storing(under.where, LARGE / MIB, -1);
      let said = '';
      child.stdout!.setEncoding('utf8').on('data', (text: string) => (said += text));
      expect(await once(child, 'exit')).toEqual([0, null]);
      const { digest, length, most } = JSON.parse(said.trim().split('\n').at(-1)!) as Stored;
      expect(length).toBe(LARGE);
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThan(MOST_HELD);
      await store.delete(digest);
    });

    test('the same object many times at once is one object', async () => {
      const bytes = randomBytes(300_000);
      const before = await under.names();
      const digests = await Promise.all(Array.from({ length: 6 }, () => store.put(bytes)));
      expect(new Set(digests)).toEqual(new Set([sha256(bytes)]));
      expect((await under.names()).length).toBe(before.length + 1);
      expect(await under.unfinished()).toBe(0);
      expect(bytes.equals(await store.get(sha256(bytes)))).toBe(true);
    });

    test('altered bytes are found, and storing the object again repairs it', async () => {
      const bytes = randomBytes(2_000);
      const digest = await store.put(bytes);
      const flipped = Buffer.from(bytes);
      flipped[1_234]! ^= 1;
      for (const other of [flipped, bytes.subarray(1), Buffer.concat([bytes, bytes]), Buffer.alloc(0)]) {
        await under.alter(digest, other);
        await expect(store.get(digest)).rejects.toBeInstanceOf(ObjectAlteredError);
        const given: Buffer[] = [];
        const reading = async (): Promise<void> => {
          for await (const piece of store.stream(digest)) given.push(piece);
        };
        await expect(reading()).rejects.toBeInstanceOf(ObjectAlteredError);
        expect(Buffer.concat(given).length).toBeLessThan(Math.max(1, other.length));
      }
      await store.put(bytes);
      expect(bytes.equals(await store.get(digest))).toBe(true);
    });

    test('a range beyond the end says that the object is shorter', async () => {
      const bytes = randomBytes(100);
      const digest = await store.put(bytes);
      for (const [offset, length] of [
        [90, 11],
        [100, 1],
        [5_000, 1],
      ] as const)
        await expect(store.read(digest, offset, length)).rejects.toThrow(
          `Object ${digest} was altered: it is shorter`,
        );
    });

    test('what is missing is named; deleting twice is harmless', async () => {
      const digest = await store.put(randomBytes(50));
      await store.delete(digest);
      await store.delete(digest);
      await store.delete(nobody);
      expect(await store.has(digest)).toBe(false);
      for (const act of [
        () => store.get(digest),
        () => store.stream(digest).next(),
        () => store.read(digest, 0, 1),
        () => store.read(digest, 0, 0),
        () => store.size(digest),
      ])
        await expect(act()).rejects.toThrow(new ObjectMissingError(digest).message);
    });

    test.each([
      '../../etc/passwd',
      'A'.repeat(64),
      '',
      `${nobody}/..`,
      `${nobody}\0`,
      'a'.repeat(100_000),
      '%2e%2e',
    ])('an address that is none is refused (%#)', async (digest) => {
      for (const act of [
        () => store.get(digest),
        () => store.stream(digest).next(),
        () => store.read(digest, 0, 1),
        () => store.has(digest),
        () => store.size(digest),
        () => store.delete(digest),
      ])
        await expect((async () => act())()).rejects.toThrow('64 lower-case hex characters');
    });

    test.each([
      [-1, 1],
      [0.5, 1],
      [0, NaN],
      [0, Infinity],
      [2 ** 53, 1],
    ])('a range that is none is refused (%d, %d)', async (offset, length) => {
      await expect(store.read(nobody, offset, length)).rejects.toThrow('whole number');
    });

    test('a source that fails leaves nothing, and its error comes back', async () => {
      const before = await under.names();
      const pieces = function* (): Generator<Uint8Array> {
        yield Buffer.alloc(7 * MIB, 1);
        throw new Error('the sender hung up');
      };
      await expect(store.putStream(pieces())).rejects.toThrow('the sender hung up');
      expect(await under.names()).toEqual(before);
      expect(await under.unfinished()).toBe(0);
    });

    test('a process that is killed while it stores leaves no half object, and the step can be repeated', async () => {
      const pieces = 9;
      const content = Buffer.concat(Array.from({ length: pieces }, (_, i) => Buffer.alloc(MIB, i)));
      const before = await under.names();
      await under.slow();
      const child = storing(under.where, pieces, under.pauseAfter);
      const ended = once(child, 'exit').then(() => Promise.reject(new Error('it stored all of it')));
      await Promise.race([under.midway(child), ended]);
      ended.catch(() => undefined);
      child.kill('SIGKILL');
      await once(child, 'exit');
      await under.up();
      expect(await store.has(sha256(content))).toBe(false);
      expect(await under.names()).toEqual(before);
      expect(await under.unfinished()).toBe(1);
      // It may belong to somebody who is still writing.
      if (under.knowsBeginnings) {
        await store.tidy();
        expect(await under.unfinished()).toBe(1);
      }
      await store.tidy(-1_000);
      expect(await under.unfinished()).toBe(0);
      const digest = await store.putStream([content]);
      expect(content.equals(await store.get(digest))).toBe(true);
    });

    test('storage that is down is told as that, and works again when it is back', async () => {
      const bytes = randomBytes(1_000);
      const digest = await store.put(bytes);
      await store.check();
      await under.down();
      for (const act of [
        () => store.put(randomBytes(10)),
        () => store.putStream([randomBytes(10)]),
        () => store.get(digest),
        () => store.read(digest, 0, 1),
        () => store.has(digest),
        () => store.delete(digest),
        () => store.check(),
      ])
        await expect(act()).rejects.toBeInstanceOf(StorageUnavailableError);
      await under.up();
      await store.check();
      expect(bytes.equals(await store.get(digest))).toBe(true);
    });

    test('storage that gives no answer is given up on', async () => {
      const bytes = randomBytes(1_000);
      const digest = await store.put(bytes);
      const impatient = await under.silent(digest, 300);
      for (const act of [() => impatient.get(digest), () => impatient.read(digest, 0, 10)])
        await expect(act()).rejects.toThrow('The object store gave no answer in time');
      await under.up();
      expect(bytes.equals(await store.get(digest))).toBe(true);
    });

    const full = 'storage that is full takes nothing half, and what it has stays readable';
    if (noSmall !== undefined) test.skip(`${full} (skipped: ${noSmall})`, () => undefined);
    else
      test(full, async () => {
        const small = await under.small();
        const kept = await small.put(Buffer.from('what there is room for'));
        const content = randomBytes(7 * MIB);
        for (const act of [() => small.put(content), () => small.putStream([content])])
          await expect(act()).rejects.toBeInstanceOf(StorageFullError);
        expect(await small.has(sha256(content))).toBe(false);
        expect((await small.get(kept)).toString()).toBe('what there is room for');
      });
  });
};
