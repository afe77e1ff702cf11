import { erase } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { newDataKey } from './data-key.js';
import type { PairingEngine } from './engine/index.js';
import { CHUNK_BYTES, ContentOpener, ContentSealer } from './envelope.js';
import { sealKeys, type SealedKeys, type SealRecordInput } from './record.js';

/**
 * Contents that are too large to be held: the envelope of `sealContent`, byte for byte, made and opened piece by piece.
 * No more than one chunk and the piece at hand are in memory, and the next piece is not asked for before the last is
 * taken.
 */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array> | ReadableStream<Uint8Array>;

export interface SealedStream {
  /** Sealed chunks, to be stored in order; to be read once. */
  chunks: AsyncGenerator<Uint8Array, void, undefined>;
  /** Digest of all chunks, lower-case hex, once `chunks` is read to its end. */
  sealedDigest(): string;
}

/** Seals a content that arrives in pieces under a data key that has sealed no other. */
export const sealStream = async (source: ByteSource, dataKey: Uint8Array): Promise<SealedStream> => {
  const sealer = await ContentSealer.create(dataKey);
  const chunks = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const part of parts(source)) yield* await sealer.push(part);
    yield await sealer.finish();
  };
  return { chunks: chunks(), sealedDigest: () => sealer.sealedDigest() };
};

/**
 * Opens a content that arrives in pieces. What it yields is genuine and in order, but whether it is complete is known
 * only at the end: who acts on a part acts on a prefix.
 *
 * @param sealedDigest as the ledger holds it
 * @throws CryptoError while it is read: `OPEN_FAILED` naming the chunk, `TRUNCATED`, `TRAILING_DATA`, `DIGEST_MISMATCH`
 */
export async function* openStream(
  source: ByteSource,
  dataKey: Uint8Array,
  sealedDigest: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const opener = await ContentOpener.create(dataKey);
  for await (const part of parts(source)) yield* await opener.push(part);
  const last = await opener.finish();
  // The last chunk is held back until the whole is known to be the ledger's.
  if (opener.sealedDigest() !== sealedDigest)
    throw new CryptoError('DIGEST_MISMATCH', 'sealed content is not the one on the ledger');
  if (last.length > 0) yield last;
}

/** A Web Stream of what a generator yields, for responses and files; it pulls, so a slow reader slows the source. */
export const toWebStream = (
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
): ReadableStream<Uint8Array> =>
  new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const next = await chunks.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: async () => {
        await chunks.return();
      },
    },
    { highWaterMark: 0 },
  );

export interface RecordStream {
  /** Sealed chunks, to be stored in order; to be read once and to the end. */
  chunks: AsyncGenerator<Uint8Array, void, undefined>;
  /** The keys of the sealed content, once `chunks` is read: its digest is part of every key slot's context. */
  keys(): Promise<SealedKeys & { sealedDigest: string }>;
}

/** As `sealRecord` for a content that arrives in pieces. */
export const sealRecordStream = async (
  engine: PairingEngine,
  { source, ...input }: Omit<SealRecordInput, 'plaintext'> & { source: ByteSource },
): Promise<RecordStream> => {
  const dataKey = newDataKey();
  const { chunks, sealedDigest } = await sealStream(source, dataKey);
  const make = async (digest: string): Promise<SealedKeys & { sealedDigest: string }> => {
    try {
      const keys = await sealKeys(engine, { ...input, dataKey, sealedDigest: digest });
      return { ...keys, sealedDigest: digest };
    } finally {
      erase(dataKey);
    }
  };
  let made: ReturnType<typeof make> | undefined;
  return { chunks, keys: async () => (made ??= make(sealedDigest())) };
};

/** The source in parts of a chunk at most, so that a large piece does not become many sealed chunks at once. */
async function* parts(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of Symbol.asyncIterator in source || Symbol.iterator in source
    ? source
    : read(source)) {
    for (let at = 0; at < piece.length; at += CHUNK_BYTES) yield piece.subarray(at, at + CHUNK_BYTES);
  }
}

/** Not every browser's ReadableStream can be iterated. */
async function* read(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
