import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import {
  CHUNK_BYTES,
  concat,
  mclEngine,
  newDataKey,
  newScopeId,
  newSeed,
  openAsOwner,
  openContent,
  openDataKeyAsOwner,
  openStream,
  randomBytes,
  scopeKeyPair,
  SEALED_CHUNK_BYTES,
  sealContent,
  sealedDigest,
  sealedLength,
  sealRecordStream,
  sealStream,
  toWebStream,
} from '../src/index.js';
import { flipBit, refusal } from './support/refusal.js';

const RUNS = Number(process.env.MEDSEAL_REENCRYPTION_RUNS ?? '2') * 15;
jest.setTimeout(20_000 * Math.max(6, RUNS));
const LARGE = 100 * 2 ** 20;

const collect = async (stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return concat(...pieces);
};

const cut = (bytes: Uint8Array, cuts: number[]): Uint8Array[] => {
  const edges = [0, ...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((end, i) => bytes.subarray(edges[i], end));
};

/** Around every place where something changes: chunk boundaries, plain and sealed. */
const nearBoundary = (size: number): fc.Arbitrary<number> =>
  fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: -2, max: 2 }))
    .map(([n, off]) => Math.max(0, n * size + off));

describe('a stream', () => {
  it('seals to the bytes of the one-shot form and opens again, wherever pieces end', async () => {
    const cuts = (size: number): fc.Arbitrary<number[]> =>
      fc.array(fc.oneof(nearBoundary(size), fc.nat()), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        nearBoundary(CHUNK_BYTES),
        cuts(CHUNK_BYTES),
        cuts(SEALED_CHUNK_BYTES),
        async (length, left, right) => {
          const content = randomBytes(length);
          const key = newDataKey();
          const whole = await sealContent(content, key);
          const made = await sealStream(cut(content, left), key);
          expect(Buffer.compare(await collect(made.chunks), whole)).toBe(0);
          expect(made.sealedDigest()).toBe(sealedDigest(whole));
          const opened = await collect(openStream(cut(whole, right), key, sealedDigest(whole)));
          expect(Buffer.compare(opened, content)).toBe(0);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('takes and gives Web Streams', async () => {
    const content = randomBytes(3 * CHUNK_BYTES + 1);
    const key = newDataKey();
    const source = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
      new Blob([Buffer.from(bytes)]).stream() as ReadableStream<Uint8Array>;
    const made = await sealStream(source(content), key);
    const sealed = new Uint8Array(await new Response(toWebStream(made.chunks)).arrayBuffer());
    expect(sealed.length).toBe(sealedLength(content.length));
    const notIterable = { getReader: () => source(sealed).getReader() } as ReadableStream<Uint8Array>;
    const opened = toWebStream(openStream(notIterable, key, made.sealedDigest()));
    expect(Buffer.compare(new Uint8Array(await new Response(opened).arrayBuffer()), content)).toBe(0);
  });

  it('that is not wanted any more ends its source', async () => {
    let ended = false;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield randomBytes(CHUNK_BYTES);
      } finally {
        ended = true;
      }
    };
    const { chunks } = await sealStream(source(), newDataKey());
    const reader = toWebStream(chunks).getReader();
    await reader.read();
    await reader.cancel();
    expect(ended).toBe(true);
  });

  it('is refused truncated, reordered, doubled, swapped or changed, at any chunk', async () => {
    const key = newDataKey();
    const sealed = await sealContent(randomBytes(4 * CHUNK_BYTES), key);
    const other = await sealContent(randomBytes(4 * CHUNK_BYTES), key);
    const chunk = (of: Uint8Array, i: number): Uint8Array =>
      of.subarray(i * SEALED_CHUNK_BYTES, (i + 1) * SEALED_CHUNK_BYTES);
    const order = (...places: number[]): Uint8Array[] => places.map((i) => chunk(sealed, i));
    const open = async (pieces: Uint8Array[], digest = sealedDigest(sealed)): Promise<Uint8Array> =>
      collect(openStream(pieces, key, digest));
    expect((await open(order(0, 1, 2, 3))).length).toBe(4 * CHUNK_BYTES);
    for (const [pieces, code] of [
      [order(0, 1, 2), 'TRUNCATED'],
      [order(0), 'TRUNCATED'],
      [[], 'TRUNCATED'],
      [order(1, 2, 3), 'OPEN_FAILED'],
      [order(0, 2, 1, 3), 'OPEN_FAILED'],
      [order(0, 0, 1, 2, 3), 'OPEN_FAILED'],
      [order(0, 1, 2, 3, 3), 'TRAILING_DATA'],
      [order(0, 3), 'OPEN_FAILED'],
      [[...order(0, 1, 2, 3), Uint8Array.of(0)], 'TRAILING_DATA'],
      [[flipBit(sealed, 2 * SEALED_CHUNK_BYTES + 5)], 'OPEN_FAILED'],
      // A genuine chunk of another content under the same key is caught by the digest alone.
      [[chunk(other, 0), ...order(1, 2, 3)], 'DIGEST_MISMATCH'],
      [[other], 'DIGEST_MISMATCH'],
    ] as const) {
      expect(await refusal(() => open([...pieces]))).toBe(code);
    }
    expect(await refusal(async () => collect(openStream([sealed], newDataKey(), sealedDigest(sealed))))).toBe(
      'OPEN_FAILED',
    );
  });

  it('gives its last chunk only when the whole is the ledger’s', async () => {
    const key = newDataKey();
    const sealed = await sealContent(randomBytes(CHUNK_BYTES + 10), key);
    let seen = 0;
    const read = async (): Promise<void> => {
      for await (const piece of openStream([sealed], key, '00'.repeat(32))) seen += piece.length;
    };
    expect(await refusal(read)).toBe('DIGEST_MISMATCH');
    expect(seen).toBe(CHUNK_BYTES);
  });
});

describe('a record sealed as a stream', () => {
  it('opens as any other, its keys known once the content is', async () => {
    const engine = await mclEngine();
    const owner = scopeKeyPair(engine, newSeed(), newScopeId(), 1);
    const record = { channel: 'health', recordId: 'r-1', version: 1, owner: 'l-1' };
    const content = randomBytes(2 * CHUNK_BYTES + 5);
    const made = await sealRecordStream(engine, { source: [content], record, to: { owner }, recipients: [] });
    expect(await refusal(() => made.keys())).toBe('BAD_ARGUMENT');
    const sealed = await collect(made.chunks);
    const { header, headerDigest, dekCommitment, sealedDigest: digest } = await made.keys();
    expect((await made.keys()).headerDigest).toBe(headerDigest);
    const facts = { record, sealedDigest: digest, dekCommitment, headerDigest };
    const opened = await openAsOwner(engine, { sealed, header, facts, scopeKeys: [owner] });
    expect(Buffer.compare(opened, content)).toBe(0);
    const dataKey = await openDataKeyAsOwner(engine, { header, facts, scopeKeys: [owner] });
    expect(Buffer.compare(await collect(openStream([sealed], dataKey, digest)), content)).toBe(0);
    expect(Buffer.compare(await openContent(sealed, dataKey), content)).toBe(0);
  });
});

describe('a study of 100 MB', () => {
  it('goes through sealing and opening in the memory of a few chunks', async () => {
    const live = liveBytes();
    const held = [live()];
    let passed = 0;
    const watched = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        passed += chunk.length;
        if (passed % (8 * 2 ** 20) < chunk.length) held.push(live());
        yield chunk;
      }
    };
    const piece = randomBytes(2 ** 20);
    const source = function* (): Generator<Uint8Array> {
      for (let sent = 0; sent < LARGE; sent += piece.length) yield Uint8Array.from(piece);
    };
    const key = newDataKey();
    const sealing = await sealStream(source(), key);
    let length = 0;
    const opening = await sealStream(source(), key);
    await collectLength(opening.chunks);
    const opened = openStream(watched(sealing.chunks), key, opening.sealedDigest());
    for await (const part of opened) length += part.length;
    expect(length).toBe(LARGE);
    // Pieces of a MB, chunks in both directions, and what the collector has freed but not yet swept.
    expect(held.length).toBeGreaterThan(10);
    expect(Math.max(...held) - (held[0] ?? 0)).toBeLessThan(0.8 * LARGE);
  });
});

const collectLength = async (chunks: AsyncIterable<Uint8Array>): Promise<number> => {
  let length = 0;
  for await (const chunk of chunks) length += chunk.length;
  return length;
};

/** Bytes that are still held after a collection: what was merely not yet swept does not count. */
const liveBytes = (): (() => number) => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  return () => {
    collectGarbage();
    // What WebCrypto gives back counts as external and not among the array buffers.
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
};
