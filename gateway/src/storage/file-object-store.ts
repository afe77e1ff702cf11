import { createHash, randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import {
  access,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  unlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkedPieces, drained, sha256 } from './checked-pieces.js';
import {
  ABANDONED_MS,
  checkRange,
  endsEarly,
  ObjectAlteredError,
  ObjectMissingError,
  type ObjectStore,
  objectPath,
  StorageFullError,
  StorageUnavailableError,
} from './object-store.js';

/** Where objects are written before they have their name; on the same file system, so that a rename suffices. */
const PARTIAL = '.partial';
const PIECE_BYTES = 256 * 1024;
/** Of one act of the file system, a network one that hangs included. */
const DEADLINE_MS = 60_000;
/** `EACCES` and its like, not Node's own `ERR_…`. */
const SYSTEM_ERROR = /^E[A-Z0-9]+$/;
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Objects as files `<directory>/<first two hex characters>/<digest>`. A file appears under its name only when it
 * is complete, read back and flushed, so a crash leaves either the whole object or none.
 */
export class FileObjectStore implements ObjectStore {
  constructor(
    private readonly directory: string,
    private readonly deadlineMs = DEADLINE_MS,
  ) {}

  /** Makes the folder where there is none. */
  static async open(directory: string): Promise<FileObjectStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new FileObjectStore(directory);
  }

  put(bytes: Uint8Array): Promise<string> {
    return this.putStream([bytes]);
  }

  async putStream(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
    await this.#makeFolder(PARTIAL);
    const temporary = join(this.directory, PARTIAL, randomBytes(16).toString('hex'));
    try {
      const digest = await this.#write(temporary, pieces);
      await this.#readBack(temporary, digest);
      const path = this.#path(digest);
      const folder = dirname(path);
      await this.#makeFolder(digest.slice(0, 2));
      await this.#io(rename(temporary, path));
      await this.#flush(folder);
      await this.#flush(this.directory);
      return digest;
    } catch (error) {
      await this.#io(rm(temporary, { force: true })).catch(() => undefined);
      throw error;
    }
  }

  async get(digest: string): Promise<Buffer> {
    const path = this.#path(digest);
    const bytes = await this.#of(digest, () => this.#io(readFile(path)));
    if (sha256(bytes) !== digest) throw new ObjectAlteredError(digest);
    return bytes;
  }

  async *stream(digest: string): AsyncGenerator<Buffer, void, undefined> {
    const file = await this.#of(digest, () => this.#open(this.#path(digest), 'r'));
    try {
      yield* checkedPieces(digest, this.#pieces(file));
    } finally {
      await this.#io(file.close());
    }
  }

  async read(digest: string, offset: number, length: number): Promise<Buffer> {
    checkRange(offset, length);
    const file = await this.#of(digest, () => this.#open(this.#path(digest), 'r'));
    try {
      // Before memory is taken for a length that the object may not have.
      const { size } = await this.#io(file.stat());
      if (offset + length > size) throw endsEarly(digest);
      const { bytesRead, buffer } = await this.#io(file.read(Buffer.alloc(length), 0, length, offset));
      if (bytesRead !== length) throw endsEarly(digest);
      return buffer;
    } finally {
      await this.#io(file.close());
    }
  }

  async size(digest: string): Promise<number> {
    return (await this.#stat(digest)).size;
  }

  async has(digest: string): Promise<boolean> {
    try {
      return (await this.#stat(digest)).isFile();
    } catch (error) {
      if (error instanceof ObjectMissingError) return false;
      throw error;
    }
  }

  async delete(digest: string): Promise<void> {
    const path = this.#path(digest);
    try {
      await this.#of(digest, async () => {
        await this.#io(unlink(path));
        await this.#flush(dirname(path));
      });
    } catch (error) {
      if (!(error instanceof ObjectMissingError)) throw error;
    }
  }

  async check(): Promise<void> {
    await this.#io(access(this.directory, constants.W_OK | constants.X_OK));
    const { bavail, blocks } = await this.#io(statfs(this.directory));
    // Some file systems count no blocks at all.
    if (blocks > 0 && bavail === 0) throw new StorageFullError();
  }

  async tidy(olderThanMs = ABANDONED_MS): Promise<void> {
    const folder = join(this.directory, PARTIAL);
    for (const name of await readdir(folder).catch(() => [])) {
      const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Infinity }));
      if (Date.now() - mtimeMs > olderThanMs) await rm(join(folder, name), { force: true });
    }
  }

  async #write(path: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
    const hash = createHash('sha256');
    const file = await this.#open(path, 'wx');
    try {
      for await (const piece of pieces) {
        hash.update(piece);
        await this.#io(file.writeFile(piece));
      }
      await this.#io(file.sync());
    } finally {
      await this.#io(file.close());
    }
    return hash.digest('hex');
  }

  async #readBack(path: string, digest: string): Promise<void> {
    const file = await this.#open(path, 'r');
    try {
      await drained(checkedPieces(digest, this.#pieces(file)));
    } catch (error) {
      if (error instanceof ObjectAlteredError)
        throw new StorageUnavailableError('gave back other bytes than were stored');
      throw error;
    } finally {
      await this.#io(file.close());
    }
  }

  async *#pieces(file: FileHandle): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const { bytesRead, buffer } = await this.#io(file.read(Buffer.alloc(PIECE_BYTES)));
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** Below the store's own folder, which is not made anew: where it is gone, so are the objects. */
  async #makeFolder(name: string): Promise<void> {
    await this.#io(
      mkdir(join(this.directory, name), { mode: 0o700 }).catch((error: unknown) => {
        if (codeOf(error) !== 'EEXIST') throw error;
      }),
    );
  }

  async #open(path: string, flags: string): Promise<FileHandle> {
    const opening = open(path, flags, 0o600);
    try {
      return await this.#io(opening);
    } catch (error) {
      // One that opens after the deadline is nobody's.
      opening.then(
        (file) => file.close(),
        () => undefined,
      );
      throw error;
    }
  }

  /** Makes a rename or removal in the folder durable. */
  async #flush(folder: string): Promise<void> {
    const handle = await this.#open(folder, 'r');
    try {
      await this.#io(handle.sync());
    } finally {
      await this.#io(handle.close());
    }
  }

  async #stat(digest: string): Promise<Stats> {
    const path = this.#path(digest);
    return this.#of(digest, () => this.#io(stat(path)));
  }

  /** Tells a missing object from a store that is not there. */
  async #of<T>(digest: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof NotThereError)) throw error;
      await this.#io(access(this.directory));
      throw new ObjectMissingError(digest);
    }
  }

  /** One act of the file system within its deadline, its failure in the words of this store. */
  async #io<T>(act: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new StorageUnavailableError('gave no answer in time')),
        this.deadlineMs,
      );
    });
    try {
      return await Promise.race([act, late]);
    } catch (error) {
      const code = codeOf(error);
      if (FULL.has(code)) throw new StorageFullError();
      if (code === 'ENOENT') throw new NotThereError();
      if (SYSTEM_ERROR.test(String(code)))
        throw new StorageUnavailableError(`cannot be used (${String(code)})`);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #path(digest: string): string {
    return join(this.directory, objectPath(digest));
  }
}

/** A file or folder of the store that is not there; of an object it means that there is none. */
class NotThereError extends StorageUnavailableError {
  constructor() {
    super('is not where it was (ENOENT)');
  }
}

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException | undefined)?.code;
