import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Enough of a secret to be sure, few enough bytes to fit where only a part is left. */
const PART_BYTES = 20;
const WINDOW_BYTES = 1 << 24;
const PAGE_BYTES = 4096;
const PAGES_AT_ONCE = 1 << 16;

const NONE: readonly Needle[] = [];

interface Needle {
  name: string;
  bytes: Buffer;
}

/** Base64 of bytes inside longer ones, at each of the three alignments. */
const base64Forms = (bytes: Buffer): Buffer[] =>
  [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=/g, '');
    const usable = Math.floor(((offset + bytes.length) * 8) / 6);
    return Buffer.from(text.slice(Math.ceil((offset * 8) / 6), usable));
  });

const formsOf = (name: string, secret: Buffer): Needle[] => {
  const hex = secret.toString('hex');
  const forms = [secret, Buffer.from(hex), Buffer.from(hex.toUpperCase()), ...base64Forms(secret)];
  return [...forms, ...forms.slice(1).map((form) => Buffer.from(form.toString('latin1'), 'utf16le'))].map(
    (bytes) => ({ name, bytes: bytes.subarray(0, PART_BYTES) }),
  );
};

/** Looks for secrets as bytes, hex and base64, in one- and two-byte characters, through any amount of memory. */
export class SecretSearch {
  private readonly byStart = new Map<number, Needle[]>();
  /** By the first two bytes, which most places do not get past. */
  private readonly isStart = new Uint8Array(1 << 16);

  constructor(secrets: Record<string, Buffer | string>) {
    for (const [name, secret] of Object.entries(secrets))
      for (const needle of formsOf(name, Buffer.from(secret))) {
        const start = needle.bytes.readInt32LE(0);
        this.byStart.set(start, [...(this.byStart.get(start) ?? []), needle]);
        this.isStart[needle.bytes.readUInt16LE(0)] = 1;
      }
  }

  /** Names of the secrets that are there. */
  in(bytes: Buffer): Set<string> {
    const found = new Set<string>();
    const { byStart, isStart } = this;
    for (let at = 0; at + 3 < bytes.length; at++) {
      if (isStart[bytes[at]! | (bytes[at + 1]! << 8)] === 0) continue;
      const start = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      for (const { name, bytes: needle } of byStart.get(start) ?? NONE)
        if (bytes.subarray(at, at + needle.length).equals(needle)) found.add(name);
    }
    return found;
  }

  /** A file, or all below a folder: which hold which. */
  inFilesAt(path: string): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const file of filesAt(path)) {
      const names = this.in(readFileSync(file));
      if (names.size > 0) found.set(file, [...names]);
    }
    return found;
  }

  /** Every page of every readable map of a process's memory that is there, in memory or swapped out (Linux). */
  inMemoryOf(pid: number): Set<string> {
    const found = new Set<string>();
    const window = Buffer.alloc(WINDOW_BYTES);
    const memory = openSync(`/proc/${pid}/mem`, 'r');
    const pages = openSync(`/proc/${pid}/pagemap`, 'r');
    let searched = 0;
    try {
      for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').trimEnd().split('\n')) {
        const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line) ?? [];
        if (from === undefined || line.endsWith('[vvar]') || line.endsWith('[vsyscall]')) continue;
        for (const [start, end] of presentRuns(pages, parseInt(from, 16), parseInt(to!, 16))) {
          for (let at = start; at < end; at += WINDOW_BYTES - PART_BYTES) {
            const length = readUpTo(memory, window, Math.min(WINDOW_BYTES, end - at), at);
            searched += length;
            for (const name of this.in(window.subarray(0, length))) found.add(name);
          }
        }
      }
    } finally {
      closeSync(memory);
      closeSync(pages);
    }
    if (searched < WINDOW_BYTES) throw new Error(`only ${searched} bytes of process ${pid} could be read`);
    return found;
  }
}

/** Parts of a map of which the process has pages; the others hold nothing. An entry of pagemap is 8 bytes a page. */
const presentRuns = (pages: number, start: number, end: number): [number, number][] => {
  const runs: [number, number][] = [];
  const entries = Buffer.alloc(8 * PAGES_AT_ONCE);
  for (let at = start; at < end;) {
    const wanted = Math.min(PAGES_AT_ONCE, (end - at) / PAGE_BYTES);
    const read = readUpTo(pages, entries, 8 * wanted, (at / PAGE_BYTES) * 8) / 8;
    if (read === 0) break;
    for (let page = 0; page < read; page++, at += PAGE_BYTES) {
      // Bit 63: present; bit 62: swapped out.
      if ((entries[8 * page + 7]! & 0xc0) === 0) continue;
      const last = runs.at(-1);
      if (last?.[1] === at) last[1] = at + PAGE_BYTES;
      else runs.push([at, at + PAGE_BYTES]);
    }
  }
  return runs;
};

const filesAt = (path: string): string[] =>
  statSync(path).isFile()
    ? [path]
    : readdirSync(path, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));

/** A page may be gone by the time that it is read. */
const readUpTo = (file: number, into: Buffer, length: number, position: number): number => {
  try {
    return readSync(file, into, 0, length, position);
  } catch {
    return 0;
  }
};
