import { sha256 } from '@noble/hashes/sha2.js';
import {
  AEAD_NONCE_BYTES,
  AEAD_TAG_BYTES,
  type AeadKey,
  aeadOpen,
  aeadSeal,
  importAeadKey,
} from '../aead.js';
import { concat, ownBytes, toHex, u32 } from '../canonical/bytes.js';
import { sha256Hex } from '../canonical/commitment.js';
import { CryptoError } from '../errors.js';

/**
 * Content in authenticated chunks (cryptography.md T11, the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár):
 * every 64 KiB of plaintext becomes an AES-256-GCM ciphertext with its tag; the 12-byte nonce is seven zero bytes, the
 * u32 chunk number and one byte that is 1 for the last chunk only. Only the last chunk may be shorter, and it is empty
 * only if the whole content is. The data key is fresh for each content, so nonces never repeat.
 */
export const CHUNK_BYTES = 65_536;
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + AEAD_TAG_BYTES;

/** Length of the sealed form of a content of `plaintextLength` bytes. */
export const sealedLength = (plaintextLength: number): number =>
  plaintextLength + AEAD_TAG_BYTES * Math.max(1, Math.ceil(plaintextLength / CHUNK_BYTES));

/** Digest of the ciphertext chunks and nothing else: key slots change, content does not. Lower-case hex. */
export const sealedDigest = (sealed: Uint8Array): string => sha256Hex(sealed);

/** Seals a whole content. `dataKey` must never have sealed another one. */
export const sealContent = async (
  plaintext: Uint8Array,
  dataKey: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> => {
  const sealer = await ContentSealer.create(dataKey);
  return concat(...(await sealer.push(plaintext)), await sealer.finish());
};

/**
 * Opens a whole content.
 *
 * @throws CryptoError `TRUNCATED`, `TRAILING_DATA`, or `OPEN_FAILED` naming the chunk for another key, changed or moved bytes
 */
export const openContent = async (
  sealed: Uint8Array,
  dataKey: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> => {
  const opener = await ContentOpener.create(dataKey);
  return concat(...(await opener.push(sealed)), await opener.finish());
};

/** Seals a content that arrives in pieces; every piece's answer is to be stored in order, then that of `finish`. */
export class ContentSealer {
  private readonly digest = sha256.create();
  private readonly pending: PendingBytes = new PendingBytes();
  private chunk = 0;
  private finished = false;

  private constructor(private readonly key: AeadKey) {}

  /** @param dataKey 32 bytes, fresh for this content */
  static async create(dataKey: Uint8Array): Promise<ContentSealer> {
    return new ContentSealer(await importAeadKey(dataKey, 'dataKey'));
  }

  /** The sealed chunks that are complete now; calls must not overlap. */
  async push(plaintext: Uint8Array): Promise<Uint8Array[]> {
    assertOpen(this.finished);
    this.pending.add(plaintext);
    const sealed: Uint8Array[] = [];
    // The last full chunk is held back: it may turn out to be the last one.
    while (this.pending.length > CHUNK_BYTES)
      sealed.push(await this.seal(this.pending.take(CHUNK_BYTES), false));
    return sealed;
  }

  /** The last sealed chunk. */
  async finish(): Promise<Uint8Array> {
    assertOpen(this.finished);
    this.finished = true;
    return this.seal(this.pending.take(this.pending.length), true);
  }

  /** After `finish`: digest of all sealed chunks, lower-case hex. */
  sealedDigest(): string {
    assertFinished(this.finished);
    return toHex(this.digest.clone().digest());
  }

  private async seal(plaintext: Uint8Array, last: boolean): Promise<Uint8Array> {
    const sealed = await aeadSeal(this.key, chunkNonce(this.chunk++, last), plaintext);
    this.digest.update(sealed);
    return sealed;
  }
}

/** Opens a content that arrives in pieces. What `push` gives back is genuine, but complete only once `finish` has returned. */
export class ContentOpener {
  private readonly digest = sha256.create();
  private readonly pending: PendingBytes = new PendingBytes();
  private chunk = 0;
  private finished = false;

  private constructor(private readonly key: AeadKey) {}

  static async create(dataKey: Uint8Array): Promise<ContentOpener> {
    return new ContentOpener(await importAeadKey(dataKey, 'dataKey'));
  }

  /** The chunks' plaintexts that are complete now; calls must not overlap. */
  async push(sealed: Uint8Array): Promise<Uint8Array[]> {
    assertOpen(this.finished);
    this.digest.update(ownBytes(sealed));
    this.pending.add(sealed);
    const opened: Uint8Array[] = [];
    while (this.pending.length > SEALED_CHUNK_BYTES) {
      opened.push(await this.open(this.pending.take(SEALED_CHUNK_BYTES), false));
    }
    return opened;
  }

  /** The last chunk's plaintext. */
  async finish(): Promise<Uint8Array> {
    assertOpen(this.finished);
    this.finished = true;
    const last = this.pending.take(this.pending.length);
    if (last.length < AEAD_TAG_BYTES) throw truncated(this.chunk);
    const opened = await this.open(last, true);
    if (opened.length === 0 && this.chunk > 1) {
      throw new CryptoError('TRAILING_DATA', 'sealed content ends in an empty chunk');
    }
    return opened;
  }

  /** After `finish`: digest of everything pushed, lower-case hex. */
  sealedDigest(): string {
    assertFinished(this.finished);
    return toHex(this.digest.clone().digest());
  }

  private async open(sealed: Uint8Array, last: boolean): Promise<Uint8Array> {
    const number = this.chunk++;
    const opened = await aeadOpen(this.key, chunkNonce(number, last), sealed);
    if (opened !== null) return opened;
    // A chunk that opens under the other flag is genuine: what follows it was cut off, or added.
    if ((await aeadOpen(this.key, chunkNonce(number, !last), sealed)) !== null) {
      throw last
        ? truncated(number + 1)
        : new CryptoError('TRAILING_DATA', `data follows the last chunk, ${number}`);
    }
    throw new CryptoError(
      'OPEN_FAILED',
      `sealed content does not open at chunk ${number}: other key or changed bytes`,
    );
  }
}

/** Pieces of any size, taken out again in pieces of a given size without copying what stays. */
class PendingBytes {
  length = 0;
  private pieces: Uint8Array[] = [];

  add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.pieces.push(piece);
    this.length += piece.length;
  }

  take(length: number): Uint8Array {
    const taken = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const piece = this.pieces[0];
      if (piece === undefined) break;
      const part = piece.subarray(0, length - filled);
      taken.set(part, filled);
      filled += part.length;
      if (part.length === piece.length) this.pieces.shift();
      else this.pieces[0] = piece.subarray(part.length);
    }
    this.length -= filled;
    return taken;
  }
}

const chunkNonce = (number: number, last: boolean): Uint8Array =>
  concat(new Uint8Array(AEAD_NONCE_BYTES - 5), u32(number, 'chunk number'), Uint8Array.of(last ? 1 : 0));

const truncated = (chunk: number): CryptoError =>
  new CryptoError('TRUNCATED', `sealed content ends before its last chunk, at chunk ${chunk}`);

const assertOpen = (finished: boolean): void => {
  if (finished) throw new CryptoError('BAD_ARGUMENT', 'content is finished already');
};

const assertFinished = (finished: boolean): void => {
  if (!finished) throw new CryptoError('BAD_ARGUMENT', 'content is not finished yet: call finish() first');
};
