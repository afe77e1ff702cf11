import fc from 'fast-check';
import {
  CHUNK_BYTES,
  concat,
  ContentOpener,
  ContentSealer,
  commitDataKey,
  newDataKey,
  openContent,
  opensDataKeyCommitment,
  randomBytes,
  SEALED_CHUNK_BYTES,
  sealContent,
  sealedDigest,
  sealedLength,
  sha256Hex,
} from '../src/index.js';
import { flipBit, refusal } from './support/refusal.js';
import { aeadSeal, importAeadKey } from '../src/aead.js';

const LENGTHS = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7];

describe('content envelope', () => {
  it.each(LENGTHS)('seals and opens %d bytes', async (length) => {
    const content = randomBytes(length);
    const key = newDataKey();
    const sealed = await sealContent(content, key);
    expect(sealed.length).toBe(sealedLength(length));
    expect(await openContent(sealed, key)).toEqual(content);
  });

  it('gives the same bytes whatever pieces the content arrives in', async () => {
    const content = randomBytes(2 * CHUNK_BYTES + 100);
    const key = newDataKey();
    const whole = await sealContent(content, key);
    const cuts = fc.array(fc.integer({ min: 0, max: content.length }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(cuts, cuts, async (sealCuts, openCuts) => {
        const sealer = await ContentSealer.create(key);
        const sealed: Uint8Array[] = [];
        for (const piece of pieces(content, sealCuts)) sealed.push(...(await sealer.push(piece)));
        sealed.push(await sealer.finish());
        expect(Buffer.compare(concat(...sealed), whole)).toBe(0);
        expect(sealer.sealedDigest()).toBe(sealedDigest(whole));

        const opener = await ContentOpener.create(key);
        const opened: Uint8Array[] = [];
        for (const piece of pieces(whole, openCuts)) opened.push(...(await opener.push(piece)));
        opened.push(await opener.finish());
        expect(Buffer.compare(concat(...opened), content)).toBe(0);
        expect(opener.sealedDigest()).toBe(sha256Hex(whole));
      }),
      { numRuns: 20 },
    );
  });

  it('refuses a flipped bit in every region', async () => {
    const key = newDataKey();
    const sealed = await sealContent(randomBytes(CHUNK_BYTES + 50), key);
    const regions = [
      0,
      1,
      CHUNK_BYTES,
      SEALED_CHUNK_BYTES - 1,
      SEALED_CHUNK_BYTES,
      sealed.length - 17,
      sealed.length - 1,
    ];
    for (const offset of regions) {
      for (const bit of [0, 3, 7]) {
        expect(await refusal(() => openContent(flipBit(sealed, offset, bit), key))).toBe('OPEN_FAILED');
      }
    }
  });

  it('refuses a flipped bit anywhere', async () => {
    const key = newDataKey();
    const sealed = await sealContent(randomBytes(CHUNK_BYTES + 50), key);
    const place = fc.integer({ min: 0, max: sealed.length - 1 });
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 0, max: 7 }), async (offset, bit) => {
        expect(await refusal(() => openContent(flipBit(sealed, offset, bit), key))).toBe('OPEN_FAILED');
      }),
      { numRuns: 50 },
    );
  });

  it('names a truncation at a chunk boundary, and refuses any other', async () => {
    const key = newDataKey();
    const sealed = await sealContent(randomBytes(3 * CHUNK_BYTES), key);
    expect(await refusal(() => openContent(sealed.subarray(0, 2 * SEALED_CHUNK_BYTES), key))).toBe(
      'TRUNCATED',
    );
    expect(await refusal(() => openContent(sealed.subarray(0, SEALED_CHUNK_BYTES), key))).toBe('TRUNCATED');
    expect(await refusal(() => openContent(sealed.subarray(0, SEALED_CHUNK_BYTES + 5), key))).toBe(
      'TRUNCATED',
    );
    expect(await refusal(() => openContent(sealed.subarray(0, 0), key))).toBe('TRUNCATED');
    expect(await refusal(() => openContent(sealed.subarray(0, sealed.length - 1), key))).toBe('OPEN_FAILED');
  });

  it('refuses trailing data, also when it is a genuine chunk of another content', async () => {
    const key = newDataKey();
    const sealed = await sealContent(randomBytes(CHUNK_BYTES), key);
    expect(await refusal(() => openContent(concat(sealed, randomBytes(40)), key))).toBe('TRAILING_DATA');
    expect(await refusal(() => openContent(concat(sealed, sealed), key))).toBe('TRAILING_DATA');
    expect(await refusal(() => openContent(concat(sealed, Uint8Array.of(0)), key))).toBe('TRAILING_DATA');
    const short = await sealContent(randomBytes(10), key);
    expect(await refusal(() => openContent(concat(short, Uint8Array.of(0)), key))).toBe('OPEN_FAILED');
  });

  it('refuses an empty chunk at the end even from who holds the key', async () => {
    const key = newDataKey();
    const imported = await importAeadKey(key);
    const first = await aeadSeal(imported, new Uint8Array(12), randomBytes(CHUNK_BYTES));
    const nonce = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1);
    const empty = await aeadSeal(imported, nonce, new Uint8Array(0));
    expect(await refusal(() => openContent(concat(first, empty), key))).toBe('TRAILING_DATA');
  });

  it('refuses chunks that are swapped, repeated or left out', async () => {
    const key = newDataKey();
    const sealed = await sealContent(randomBytes(3 * CHUNK_BYTES), key);
    const chunk = (i: number): Uint8Array =>
      sealed.subarray(i * SEALED_CHUNK_BYTES, (i + 1) * SEALED_CHUNK_BYTES);
    for (const order of [
      [1, 0, 2],
      [0, 2, 1],
      [0, 0, 2],
      [1, 2],
      [0, 2],
      [0, 0, 1, 2],
    ]) {
      expect(await refusal(() => openContent(concat(...order.map(chunk)), key))).toBe('OPEN_FAILED');
    }
  });

  it('refuses another key and keys of another length', async () => {
    const sealed = await sealContent(randomBytes(10), newDataKey());
    expect(await refusal(() => openContent(sealed, newDataKey()))).toBe('OPEN_FAILED');
    expect(await refusal(() => openContent(sealed, randomBytes(16)))).toBe('BAD_LENGTH');
    expect(await refusal(() => sealContent(sealed, randomBytes(33)))).toBe('BAD_LENGTH');
  });

  it('is finished once', async () => {
    const sealer = await ContentSealer.create(newDataKey());
    expect(() => sealer.sealedDigest()).toThrow('not finished yet');
    await sealer.finish();
    expect(await refusal(() => sealer.push(randomBytes(1)))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => sealer.finish())).toBe('BAD_ARGUMENT');
  });
});

describe('data key commitment', () => {
  it('holds one key of one record version', () => {
    const key = newDataKey();
    const commitment = commitDataKey(key, 'r-1', 1);
    expect(opensDataKeyCommitment(commitment, key, 'r-1', 1)).toBe(true);
    expect(opensDataKeyCommitment(commitment, newDataKey(), 'r-1', 1)).toBe(false);
    expect(opensDataKeyCommitment(commitment, key, 'r-2', 1)).toBe(false);
    expect(opensDataKeyCommitment(commitment, key, 'r-1', 2)).toBe(false);
    expect(opensDataKeyCommitment(commitment.slice(2), key, 'r-1', 1)).toBe(false);
  });
});

const pieces = (bytes: Uint8Array, cuts: number[]): Uint8Array[] => {
  const edges = [0, ...[...cuts].filter((cut) => cut <= bytes.length).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((end, i) => bytes.subarray(edges[i], end));
};
