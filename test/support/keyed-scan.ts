import { createCipheriv } from 'node:crypto';

/** Layout of `crypto/src/private-values.ts`: version 1, nonce, AES-256-GCM ciphertext and tag. */
const VERSION = 1;
const NONCE_BYTES = 12;
const HEAD_BYTES = 1 + NONCE_BYTES;
const BLOCK_BYTES = 16;
const BATCH = 65_536;
/** More than any value that is sealed as a whole. */
const VALUE_MAX = 64 * 1024;
/** Beginnings of JSON objects and lists. */
const BEGINNINGS = new Set(['{"', '["', '[{'].map((text) => Buffer.from(text).readUInt16BE()));
const BASE64_RUN = /[A-Za-z0-9+/]{44,}/g;

export interface Found {
  /** Name of the key. */
  key: string;
  /** What it sealed; behind it come some bytes that mean nothing. */
  plaintext: Buffer;
}

/**
 * Somebody with keys and a disk: finds everything that one of the keys sealed, at any offset of any file, in the middle of
 * database pages, logs and tables, and in base64; asks no program for what it stored where. GCM encrypts in counter mode:
 * nonce and key alone give the beginning, and what begins like JSON is decrypted to its end.
 */
export class KeyedScan {
  readonly #keys: readonly (readonly [string, Buffer])[];

  /** @param keys 32 bytes each, by name */
  constructor(keys: Record<string, Buffer>) {
    this.#keys = Object.entries(keys);
  }

  find(bytes: Buffer): Found[] {
    const found = this.#sealedIn(bytes);
    for (const [run] of bytes.toString('latin1').matchAll(BASE64_RUN)) {
      const decoded = Buffer.from(run, 'base64');
      if (decoded[0] === VERSION) found.push(...this.#sealedIn(decoded, 1));
    }
    return found;
  }

  /** @param offsets how many are tried from the first byte on */
  #sealedIn(bytes: Buffer, offsets = bytes.length): Found[] {
    const found: Found[] = [];
    let candidates: number[] = [];
    const last = Math.min(offsets, bytes.length - HEAD_BYTES - BLOCK_BYTES);
    for (let at = bytes.indexOf(VERSION); at >= 0 && at < last; at = bytes.indexOf(VERSION, at + 1)) {
      candidates.push(at);
      if (candidates.length < BATCH) continue;
      found.push(...this.#tried(bytes, candidates));
      candidates = [];
    }
    if (candidates.length > 0) found.push(...this.#tried(bytes, candidates));
    return found;
  }

  #tried(bytes: Buffer, candidates: readonly number[]): Found[] {
    const counters = Buffer.alloc(candidates.length * BLOCK_BYTES);
    for (const [index, at] of candidates.entries()) {
      bytes.copy(counters, index * BLOCK_BYTES, at + 1, at + HEAD_BYTES);
      // Counter 1 is the tag's.
      counters[(index + 1) * BLOCK_BYTES - 1] = 2;
    }
    const found: Found[] = [];
    for (const [name, key] of this.#keys) {
      const stream = createCipheriv('aes-256-ecb', key, null).update(counters);
      for (const [index, at] of candidates.entries()) {
        const body = at + HEAD_BYTES;
        const from = index * BLOCK_BYTES;
        if (!BEGINNINGS.has(bytes.readUInt16BE(body) ^ stream.readUInt16BE(from))) continue;
        const counter = counters.subarray(from, from + BLOCK_BYTES);
        const sealed = bytes.subarray(body, body + VALUE_MAX);
        found.push({ key: name, plaintext: createCipheriv('aes-256-ctr', key, counter).update(sealed) });
      }
    }
    return found;
  }
}
