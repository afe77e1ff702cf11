import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';

/** Every regular file below `folder`, sorted. */
export function filesBelow(folder: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) found.push(...filesBelow(file));
    else if (entry.isFile() && statSync(file).size > 0) found.push(file);
  }
  return found.sort();
}

/** Small deterministic generator, so that a drill can be run again from its seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a file holds, without the zeros to which some programs stretch theirs in advance. */
export function contentOf(file: string): Buffer {
  const bytes = readFileSync(file);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}

/** One byte on disk, in place. */
export function changeByte(file: string, offset: number, change: (byte: number) => number): void {
  const handle = openSync(file, 'r+');
  try {
    const byte = Buffer.alloc(1);
    readSync(handle, byte, 0, 1, offset);
    byte[0] = change(byte[0] ?? 0);
    writeSync(handle, byte, 0, 1, offset);
  } finally {
    closeSync(handle);
  }
}
