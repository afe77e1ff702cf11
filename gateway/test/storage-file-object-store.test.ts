import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { FileObjectStore } from '../src/storage/file-object-store';
import { ObjectAlteredError, ObjectMissingError } from '../src/storage/object-store';

let directory: string;
let store: FileObjectStore;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'objects-'));
  store = new FileObjectStore(directory);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const pathOf = (digest: string): string => join(directory, digest.slice(0, 2), digest);

test('an object comes back byte for byte under its SHA-256', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
      const digest = await store.put(bytes);
      expect(digest).toBe(createHash('sha256').update(bytes).digest('hex'));
      expect(Buffer.from(bytes).equals(await store.get(digest))).toBe(true);
      expect(await store.has(digest)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test('any flipped bit is refused, and storing the bytes again repairs the copy', async () => {
  const bytes = Buffer.from('ciphertext chunks of one record');
  const digest = await store.put(bytes);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const altered = Buffer.from(bytes);
    altered[bit >> 3]! ^= 1 << (bit & 7);
    await writeFile(pathOf(digest), altered);
    await expect(store.get(digest)).rejects.toBeInstanceOf(ObjectAlteredError);
  }
  await store.put(bytes);
  expect(await store.get(digest)).toEqual(bytes);
});

test('a missing object is named, deleting twice is harmless', async () => {
  const digest = await store.put(Buffer.from('x'));
  await store.delete(digest);
  await store.delete(digest);
  expect(await store.has(digest)).toBe(false);
  await expect(store.get(digest)).rejects.toThrow(new ObjectMissingError(digest).message);
  await store.delete('0'.repeat(64));
});

test('an address cannot leave the folder', async () => {
  for (const digest of ['../../etc/passwd', 'A'.repeat(64), '', `${'0'.repeat(64)}/..`]) {
    await expect(store.get(digest)).rejects.toThrow('64 lower-case hex characters');
    await expect(store.delete(digest)).rejects.toThrow('64 lower-case hex characters');
  }
});

test('no temporary file stays, the object is private to its owner', async () => {
  const digest = await store.put(Buffer.alloc(200_000, 7));
  await Promise.all([store.put(Buffer.alloc(200_000, 7)), store.put(Buffer.alloc(200_000, 7))]);
  expect(await readdir(join(directory, digest.slice(0, 2)))).toEqual([digest]);
  expect((await stat(pathOf(digest))).mode & 0o777).toBe(0o600);
  expect((await readFile(pathOf(digest))).length).toBe(200_000);
});
