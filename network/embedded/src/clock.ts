import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import type { Clock } from './types.js';

/** How long a look at the file is good for, ms. */
const FRESH_MS = 50;

/**
 * The network's time: the machine's plus an offset from a file, ms as decimal text. Chaincode processes follow the same
 * file, and whoever writes a larger offset into it moves the time of all.
 */
export class OffsetClock implements Clock {
  private offset = 0;
  private readAt = -Infinity;
  private modified = -1;

  /** @throws Error when the file holds no offset. */
  constructor(readonly file: string) {
    if (!existsSync(file)) this.write(0);
    this.offset = this.read();
  }

  now(): number {
    const elapsed = performance.now() - this.readAt;
    if (elapsed > FRESH_MS) this.refresh();
    return Date.now() + this.offset;
  }

  /** @throws RangeError for a step back. */
  advance(milliseconds: number): void {
    if (!Number.isSafeInteger(milliseconds) || milliseconds < 0) {
      throw new RangeError(`time advances by a whole number of milliseconds from 0, not ${milliseconds}`);
    }
    this.offset = this.read() + milliseconds;
    this.write(this.offset);
  }

  private refresh(): void {
    this.readAt = performance.now();
    const { mtimeMs } = statSync(this.file);
    if (mtimeMs === this.modified) return;
    this.modified = mtimeMs;
    // time never goes back while the network runs
    this.offset = Math.max(this.offset, this.read());
  }

  private read(): number {
    const text = readFileSync(this.file, 'utf8').trim();
    const offset = Number(text);
    if (text === '' || !Number.isSafeInteger(offset) || offset < 0) {
      throw new Error(
        `${this.file} must hold a whole number of milliseconds, not ${JSON.stringify(text)}; correct or delete it`,
      );
    }
    return offset;
  }

  private write(offset: number): void {
    writeFileSync(`${this.file}.new`, String(offset));
    renameSync(`${this.file}.new`, this.file);
  }
}
