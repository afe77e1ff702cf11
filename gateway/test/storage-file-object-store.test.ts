import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { CopiedObjectStore } from '../src/storage/copied-object-store';
import { FileObjectStore } from '../src/storage/file-object-store';
import { ObjectAlteredError } from '../src/storage/object-store';
import { NO_SMALL_DISK, SmallDisk } from './full-disk';
import { describeObjectStore, type StoreUnderTest } from './storage-suite';

let root: string;
let directory: string;

const pathOf = (digest: string): string => join(directory, digest.slice(0, 2), digest);

const start = async (): Promise<StoreUnderTest> => {
  root = await mkdtemp(join(tmpdir(), 'objects-'));
  directory = join(root, 'objects');
  const away = join(root, 'away');
  let pipe: { path: string; bytes: Buffer } | undefined;
  let disk: SmallDisk | undefined;
  return {
    store: await FileObjectStore.open(directory),
    alter: (digest, bytes) => writeFile(pathOf(digest), bytes),
    names: async () => {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true });
      return entries
        .filter((one) => one.isFile() && !one.parentPath.endsWith('.partial'))
        .map(({ name }) => name)
        .sort();
    },
    unfinished: async () => (await readdir(join(directory, '.partial'))).length,
    knowsBeginnings: true,
    down: async () => {
      await rename(directory, away);
      await writeFile(directory, 'no folder');
    },
    up: async () => {
      if (existsSync(away)) {
        await rm(directory);
        await rename(away, directory);
      }
      if (pipe !== undefined) {
        // Whoever waits at the pipe goes on.
        await (await open(pipe.path, 'r+')).close();
        await rm(pipe.path);
        await writeFile(pipe.path, pipe.bytes);
        pipe = undefined;
      }
    },
    silent: async (digest, deadlineMs) => {
      const path = pathOf(digest);
      pipe = { path, bytes: await readFile(path) };
      await rm(path);
      expect(spawnSync('mkfifo', [path]).status).toBe(0);
      return new FileObjectStore(directory, deadlineMs);
    },
    small: async () => {
      disk = new SmallDisk();
      return FileObjectStore.open(join(disk.folder, 'objects'));
    },
    where: { location: { driver: 'file', directory } },
    pauseAfter: 5,
    slow: () => Promise.resolve(),
    midway: async (child) => {
      for await (const line of createInterface({ input: child.stdout! })) if (line === '5') return;
    },
    close: async () => {
      disk?.remove();
      await rm(root, { recursive: true, force: true });
    },
  };
};

describeObjectStore('objects in files', start, NO_SMALL_DISK);

describe('a folder of objects', () => {
  let store: FileObjectStore;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'objects-'));
    directory = join(root, 'objects');
    store = await FileObjectStore.open(directory);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  test('any flipped bit is refused', async () => {
    const bytes = Buffer.from('ciphertext chunks of one record');
    const digest = await store.put(bytes);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const altered = Buffer.from(bytes);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      await writeFile(pathOf(digest), altered);
      await expect(store.get(digest)).rejects.toBeInstanceOf(ObjectAlteredError);
    }
  });

  test('no temporary file stays, the object is private to its owner', async () => {
    const digest = await store.put(Buffer.alloc(200_000, 7));
    expect(await readdir(dirname(pathOf(digest)))).toEqual([digest]);
    expect(await readdir(join(directory, '.partial'))).toEqual([]);
    expect((await stat(pathOf(digest))).mode & 0o777).toBe(0o600);
  });

  test('a folder that is gone is not taken for one without objects', async () => {
    const digest = await store.put(Buffer.from('x'));
    await rename(directory, `${directory}-gone`);
    try {
      await expect(store.has(digest)).rejects.toThrow('is not where it was');
      await expect(store.get(digest)).rejects.toThrow('is not where it was');
      await expect(store.put(Buffer.from('y'))).rejects.toThrow('is not where it was');
      expect(existsSync(directory)).toBe(false);
    } finally {
      await rename(`${directory}-gone`, directory);
    }
    expect((await store.get(digest)).toString()).toBe('x');
  });
});

describe('a store with copies', () => {
  let folder: string;
  let first: FileObjectStore;
  let copies: FileObjectStore[];
  let store: CopiedObjectStore;
  const file = (name: string, digest: string): string => join(folder, name, digest.slice(0, 2), digest);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'copies-'));
    first = await FileObjectStore.open(join(folder, 'first'));
    copies = [
      await FileObjectStore.open(join(folder, 'one')),
      await FileObjectStore.open(join(folder, 'two')),
    ];
    store = new CopiedObjectStore(first, copies);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('has everything everywhere, and what is deleted nowhere', async () => {
    const whole = await store.put(Buffer.from('whole'));
    const inPieces = await store.putStream([Buffer.from('in '), Buffer.from('pieces')]);
    for (const one of [first, ...copies]) expect((await one.get(whole)).toString()).toBe('whole');
    for (const one of [first, ...copies]) expect((await one.get(inPieces)).toString()).toBe('in pieces');
    await store.delete(whole);
    for (const one of [first, ...copies]) expect(await one.has(whole)).toBe(false);
  });

  test('reads the first alone, and puts back into it what a copy has whole', async () => {
    const digest = await store.put(Buffer.from('kept twice'));
    expect(await store.restore(digest)).toBe('whole');
    await rm(file('one', digest));
    for (const damage of [
      () => rm(file('first', digest)),
      () => writeFile(file('first', digest), 'Kept twice'),
    ]) {
      await damage();
      await expect(store.get(digest)).rejects.toThrow(digest);
      expect(await store.restore(digest)).toBe('restored');
      expect((await store.get(digest)).toString()).toBe('kept twice');
    }
    await writeFile(file('first', digest), 'altered');
    await writeFile(file('two', digest), 'altered too');
    expect(await store.restore(digest)).toBe('lost');
    await expect(store.get(digest)).rejects.toBeInstanceOf(ObjectAlteredError);
  });

  test('does not count what a copy cannot take', async () => {
    await rename(join(folder, 'two'), join(folder, 'away'));
    await writeFile(join(folder, 'two'), 'no folder');
    await expect(store.put(Buffer.from('not everywhere'))).rejects.toThrow('repeat the step');
    await expect(store.check()).rejects.toThrow('repeat the step');
    await rm(join(folder, 'two'));
    await rename(join(folder, 'away'), join(folder, 'two'));
    await store.check();
  });
});
