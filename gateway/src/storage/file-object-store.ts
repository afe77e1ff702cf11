import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ObjectAlteredError, ObjectMissingError, type ObjectStore } from './object-store.js';

const DIGEST = /^[0-9a-f]{64}$/;

/**
 * Objects as files `<directory>/<first two hex characters>/<digest>`. A file appears under its name only when it
 * is complete and flushed, so a crash leaves either the whole object or none.
 */
export class FileObjectStore implements ObjectStore {
  constructor(private readonly directory: string) {}

  async put(bytes: Uint8Array): Promise<string> {
    const digest = sha256(bytes);
    const path = this.#path(digest);
    const folder = dirname(path);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const temporary = join(folder, `.${digest}.${randomBytes(6).toString('hex')}`);
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      if (sha256(await readFile(temporary)) !== digest) throw new ObjectAlteredError(digest);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await flushFolder(folder);
    await flushFolder(this.directory);
    return digest;
  }

  async get(digest: string): Promise<Buffer> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.#path(digest));
    } catch (error) {
      if (isMissing(error)) throw new ObjectMissingError(digest);
      throw error;
    }
    if (sha256(bytes) !== digest) throw new ObjectAlteredError(digest);
    return bytes;
  }

  async has(digest: string): Promise<boolean> {
    try {
      return (await stat(this.#path(digest))).isFile();
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async delete(digest: string): Promise<void> {
    const path = this.#path(digest);
    await rm(path, { force: true });
    await flushFolder(dirname(path)).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  }

  #path(digest: string): string {
    // Also keeps a digest from naming a file outside the folder.
    if (!DIGEST.test(digest)) throw new RangeError('digest: 64 lower-case hex characters expected');
    return join(this.directory, digest.slice(0, 2), digest);
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** Makes a rename or removal in the folder durable. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
