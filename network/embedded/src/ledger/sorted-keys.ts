import { compareUtf8 } from '../rwset/byte-order.js';

const CHUNK = 512;

/** A set of strings in the order of their UTF-8 bytes, kept in short runs so that insertion stays cheap. */
export class SortedKeys {
  private readonly chunks: string[][] = [];

  add(key: string): void {
    const index = this.chunkOf(key);
    const chunk = this.chunks[index];
    if (chunk === undefined) {
      this.chunks.push([key]);
      return;
    }
    const position = lowerBound(chunk, key);
    if (chunk[position] === key) return;
    chunk.splice(position, 0, key);
    if (chunk.length > CHUNK) this.chunks.splice(index + 1, 0, chunk.splice(CHUNK / 2));
  }

  has(key: string): boolean {
    const chunk = this.chunks[this.chunkOf(key)];
    return chunk !== undefined && chunk[lowerBound(chunk, key)] === key;
  }

  delete(key: string): void {
    const index = this.chunkOf(key);
    const chunk = this.chunks[index];
    if (chunk === undefined) return;
    const position = lowerBound(chunk, key);
    if (chunk[position] !== key) return;
    chunk.splice(position, 1);
    if (chunk.length === 0) this.chunks.splice(index, 1);
  }

  /** Keys from `start` (inclusive) to `end` (exclusive; '' open). Changes made meanwhile are seen from there on. */
  *range(start: string, end: string): IterableIterator<string> {
    for (let key = this.ceiling(start); key !== undefined; key = this.ceiling(`${key}\u0000`)) {
      if (end !== '' && compareUtf8(key, end) >= 0) return;
      yield key;
    }
  }

  /** The smallest key that is not below `key`. */
  private ceiling(key: string): string | undefined {
    const index = this.chunkOf(key);
    const chunk = this.chunks[index];
    if (chunk === undefined) return undefined;
    return chunk[lowerBound(chunk, key)] ?? this.chunks[index + 1]?.[0];
  }

  /** The last run that begins at or below `key`, or the first. */
  private chunkOf(key: string): number {
    let low = 0;
    let high = this.chunks.length;
    while (low + 1 < high) {
      const middle = (low + high) >>> 1;
      if (compareUtf8((this.chunks[middle] as string[])[0] as string, key) <= 0) low = middle;
      else high = middle;
    }
    return low;
  }
}

function lowerBound(chunk: readonly string[], key: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareUtf8(chunk[middle] as string, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
