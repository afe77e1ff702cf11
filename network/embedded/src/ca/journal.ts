import { createHash } from 'node:crypto';
import { closeSync, fdatasync, ftruncateSync, openSync, readFileSync, write } from 'node:fs';
import { promisify } from 'node:util';

const writeAt = promisify(write) as unknown as (
  fd: number,
  data: Buffer,
  offset: number,
  length: number,
  position: number,
) => Promise<number>;
const sync = promisify(fdatasync);

const checksum = (json: string): string =>
  createHash('sha256').update(json, 'utf8').digest('hex').slice(0, 16);

const prefixLength = 17;

const isWhole = (line: string): boolean =>
  line.length > prefixLength && line.slice(0, prefixLength) === `${checksum(line.slice(prefixLength))} `;

const altered = (path: string, line: number): Error =>
  new Error(`${path}: line ${line} was altered; restore the file from a copy`);

/**
 * Append-only file of records, one line each: 16 hexadecimal digits of the SHA-256 of the JSON text, a space, the
 * JSON text. A record counts once its line is complete and on the disk; a last line without line end was never
 * acknowledged and is cut off when the file is opened.
 */
export class Journal<Entry> {
  private queue: { line: Buffer; resolve: () => void; reject: (error: Error) => void }[] = [];
  private writing: Promise<void> | undefined;

  private constructor(
    private readonly path: string,
    private readonly fd: number,
    private length: number,
  ) {}

  /** @throws Error naming the line when a complete record was altered. */
  static open<Entry>(path: string, replay: (entry: Entry) => void): Journal<Entry> {
    const fd = openSync(path, 'a+', 0o600);
    try {
      const content = readFileSync(path);
      const length = content.lastIndexOf(0x0a) + 1;
      const lines = content.subarray(0, length).toString('utf8').split('\n').slice(0, -1);
      const tail = content.subarray(length).toString('latin1');
      lines.forEach((line, index) => {
        if (!isWhole(line)) throw altered(path, index + 1);
        replay(JSON.parse(line.slice(prefixLength)) as Entry);
      });
      // A whole record before a last byte that is no line end: it was written, then altered.
      if (isWhole(Buffer.from(tail.slice(0, -1), 'latin1').toString('utf8')))
        throw altered(path, lines.length + 1);
      if (length < content.length) ftruncateSync(fd, length);
      return new Journal<Entry>(path, fd, length);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** The first lines of a new journal, for whoever writes it with other files. */
  static format(entries: readonly unknown[]): string {
    return entries.map((entry) => formatLine(entry)).join('');
  }

  /** Resolves when the record is durable; records appended together share one flush. @throws Error naming the file */
  append(entry: Entry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.queue.push({ line: Buffer.from(formatLine(entry), 'utf8'), resolve, reject });
      this.writing ??= this.drain();
    });
  }

  async close(): Promise<void> {
    await this.writing;
    closeSync(this.fd);
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue.splice(0);
      const bytes = Buffer.concat(batch.map(({ line }) => line));
      try {
        for (let done = 0; done < bytes.length;) {
          done += await writeAt(this.fd, bytes, done, bytes.length - done, this.length + done);
        }
        await sync(this.fd);
        this.length += bytes.length;
        for (const { resolve } of batch) resolve();
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : 'unknown reason';
        const error = new Error(`${this.path} cannot be written (${reason}); free or repair the disk`, {
          cause,
        });
        try {
          ftruncateSync(this.fd, this.length);
        } catch {
          // The half-written tail is cut off at the next start.
        }
        for (const { reject } of batch) reject(error);
      }
    }
    this.writing = undefined;
  }
}

const formatLine = (entry: unknown): string => {
  const json = JSON.stringify(entry);
  return `${checksum(json)} ${json}\n`;
};
