import { mkdir, readdir, readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { destroySecretFile, writeSecretFile } from '../keystore/atomic-file.js';
import { sha256 } from '../storage/checked-pieces.js';

/** After so long a step that was not taken is begun anew. */
const SPOOL_KEPT_MS = 7 * 24 * 60 * 60 * 1_000;

/** A file of a step that is not there, or not as it was put: its step is taken anew. */
export class StepFileError extends Error {
  override readonly name = 'StepFileError';

  constructor(
    readonly digest: string,
    readonly fault: 'missing' | 'altered',
  ) {
    super(`File ${digest} of the spool ${fault === 'missing' ? 'is not there' : 'was altered'}.`);
  }
}

const RECORD_ID = /^[0-9a-f]{32}$/;
const DIGEST = /^[0-9a-f]{64}$/;
const NAME = /^([0-9a-f]{32})\.([0-9a-f]{64})$/;

/**
 * What passes from one step of a record to the next within an organisation, and never lies in the cloud: the package
 * sealed to the sanitiser, then the files that the author is to upload. Each under its record, because two records may
 * have a file of the same bytes, and under the SHA-256 of its bytes.
 */
export class StepSpool {
  private constructor(
    readonly directory: string,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  static async open(directory: string, clock: Pick<Clock, 'now'>): Promise<StepSpool> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new StepSpool(directory, clock);
  }

  /** Whole and on disk before it resolves, to its owner readable only. @returns SHA-256 of the bytes, hex */
  async put(recordId: string, bytes: Uint8Array): Promise<string> {
    const digest = sha256(bytes);
    const path = this.path(recordId, digest);
    await writeSecretFile(path, bytes);
    // The sweep goes by the product's time, which trials move.
    const now = new Date(this.clock.now());
    await utimes(path, now, now);
    return digest;
  }

  /** @throws StepFileError */
  async get(recordId: string, digest: string): Promise<Buffer> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.path(recordId, digest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new StepFileError(digest, 'missing');
      throw error;
    }
    if (sha256(bytes) !== digest) throw new StepFileError(digest, 'altered');
    return bytes;
  }

  /** Removing what is not there is no error. */
  async delete(recordId: string, digest: string): Promise<void> {
    await destroySecretFile(this.path(recordId, digest));
  }

  /** Everything of a record: after its upload, its return or its erasure. */
  async clear(recordId: string): Promise<void> {
    for (const name of await readdir(this.directory))
      if (NAME.exec(name)?.[1] === recordId) await destroySecretFile(join(this.directory, name));
  }

  /** Removes what has waited too long, and what a crash left half written. */
  async sweep(): Promise<void> {
    for (const path of await this.overdue()) await destroySecretFile(path);
  }

  /** Paths of the files that `sweep` removes. */
  async overdue(): Promise<string[]> {
    const found: string[] = [];
    for (const name of await readdir(this.directory)) {
      const path = join(this.directory, name);
      const put = await stat(path).catch(() => undefined);
      if (put !== undefined && this.clock.now() - put.mtimeMs > SPOOL_KEPT_MS) found.push(path);
    }
    return found;
  }

  private path(recordId: string, digest: string): string {
    if (!RECORD_ID.test(recordId)) throw new RangeError('recordId: 32 lower-case hex characters expected');
    if (!DIGEST.test(digest)) throw new RangeError('digest: 64 lower-case hex characters expected');
    return join(this.directory, `${recordId}.${digest}`);
  }
}
