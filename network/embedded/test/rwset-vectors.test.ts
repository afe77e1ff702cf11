import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { encodeVarint, MalformedMessageError, Reader, Writer } from '../src/protos/wire';
import { SetDigest } from '../src/ledger/records';
import { SortedKeys } from '../src/ledger/sorted-keys';
import { BlockCutter } from '../src/ordering/cutter';
import { compareUtf8 } from '../src/rwset/byte-order';
import { RWSetBuilder } from '../src/rwset/builder';
import { decodePrivateRwSet, decodeTxRwSet, encodePrivateRwSet, encodeTxRwSet } from '../src/rwset/messages';
import { UpdateBatch, encodeHeight } from '../src/validation/updates';

type Height = readonly [number, number];

interface Operation {
  op: string;
  ns: string;
  coll?: string;
  key: string;
  value?: string;
  version?: Height;
  metadata?: Record<string, string>;
  end?: string;
  reads?: { key: string; version: Height }[];
  exhausted?: boolean;
}

interface Vectors {
  readWriteSets: { ops: Operation[]; public: string; private?: string }[];
  rangeQueries: { count: number; exhausted: boolean; sha256: string }[];
  updateBatches: {
    updates: { ns: string; coll?: string; key: string; value?: string; delete?: boolean; version: Height }[];
    bytes: string;
  }[];
  heights: { version: Height; bytes: string }[];
}

/** Made by Fabric v3.1's own Go code from random operations; see golden/README.md. */
const vectors = JSON.parse(
  gunzipSync(readFileSync(join(__dirname, 'golden', 'rwset-vectors.json.gz'))).toString(),
) as Vectors;

const height = (version?: Height) => version && { blockNum: version[0], txNum: version[1] };
const hex = (text = ''): Buffer => Buffer.from(text, 'hex');

function perform(builder: RWSetBuilder, { op, ns, coll = '', key, ...rest }: Operation): void {
  const metadata = new Map(Object.entries(rest.metadata ?? {}).map(([name, value]) => [name, hex(value)]));
  const value = hex(rest.value);
  const operations: Record<string, () => void> = {
    read: () => builder.addRead(ns, key, height(rest.version)),
    write: () => builder.addWrite(ns, key, value),
    metadata: () => builder.addMetadataWrite(ns, key, metadata),
    hashedRead: () => builder.addHashedRead(ns, coll, key, height(rest.version), true),
    privateWrite: () => builder.addPrivateWrite(ns, coll, key, value),
    purge: () => builder.addPrivatePurge(ns, coll, key),
    privateMetadata: () => builder.addPrivateMetadataWrite(ns, coll, key, metadata),
    range: () => {
      const recorder = builder.startRangeQuery(ns, key, rest.end ?? '');
      for (const read of rest.reads ?? []) recorder.read(read.key, height(read.version)!);
      if (rest.exhausted) recorder.exhausted();
    },
  };
  operations[op]!();
}

describe('read-write sets', () => {
  it.each(vectors.readWriteSets.map((vector, index) => [index, vector] as const))(
    'are Fabric’s bytes for random operations (%i)',
    (_index, vector) => {
      const builder = new RWSetBuilder();
      for (const operation of vector.ops) perform(builder, operation);
      const results = builder.build();
      expect(results.publicBytes.toString('hex')).toBe(vector.public);
      expect(results.privateBytes?.toString('hex')).toBe(vector.private);
      expect(encodeTxRwSet(decodeTxRwSet(results.publicBytes)).equals(results.publicBytes)).toBe(true);
      if (results.privateBytes !== undefined) {
        const again = encodePrivateRwSet(decodePrivateRwSet(results.privateBytes));
        expect(again.equals(results.privateBytes)).toBe(true);
      }
    },
  );

  it.each(vectors.rangeQueries)(
    'are Fabric’s bytes for a range of $count results',
    ({ count, exhausted, sha256 }) => {
      const builder = new RWSetBuilder();
      const recorder = builder.startRangeQuery('asset', 'key', 'kez');
      for (let i = 0; i < count; i += 1) {
        recorder.read(`key${String(i).padStart(6, '0')}`, { blockNum: Math.floor(i / 10), txNum: i % 10 });
      }
      if (exhausted) recorder.exhausted();
      expect(createHash('sha256').update(builder.build().publicBytes).digest('hex')).toBe(sha256);
    },
  );

  it('say which collections were read and written', () => {
    const builder = new RWSetBuilder();
    builder.addHashedRead('cc', 'hash-only', 'k', undefined, false);
    builder.addHashedRead('cc', 'value', 'k', undefined, true);
    builder.addPrivateWrite('cc', 'value', 'k', Buffer.from('v'));
    expect([...builder.build().collections.get('cc')!]).toEqual([
      ['hash-only', { reads: false, writes: false }],
      ['value', { reads: true, writes: true }],
    ]);
    expect(builder.writes).toBe(true);
  });
});

describe('the bytes under the commit hash', () => {
  it.each(vectors.updateBatches.map((vector, index) => [index, vector] as const))(
    'are Fabric’s for random updates (%i)',
    (_index, { updates, bytes }) => {
      const batch = new UpdateBatch();
      for (const { ns, coll = '', key, value, delete: deletes, version } of updates) {
        const name = coll === '' ? key : hex(key).toString('latin1');
        batch.put(ns, coll, name, {
          value: deletes ? undefined : hex(value),
          metadata: Buffer.alloc(0),
          version: height(version)!,
        });
      }
      expect(batch.deterministicBytes().toString('hex')).toBe(bytes);
    },
  );

  it.each(vectors.heights)('write height $version as Fabric does', ({ version, bytes }) => {
    expect(encodeHeight(height(version)!).toString('hex')).toBe(bytes);
  });
});

describe('the wire format', () => {
  it('reads back what was written, and skips what it does not know', () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.string({ unit: 'grapheme' }),
        fc.uint8Array(),
        fc.boolean(),
        (number, text, bytes, flag) => {
          const encoded = new Writer()
            .number(1, number)
            .string(2, text)
            .bytes(3, Buffer.from(bytes))
            .bool(4, flag)
            .message(99, Buffer.from('unknown'))
            .finish();
          const found: unknown[] = [0, '', Buffer.alloc(0), false];
          const reader = new Reader(encoded, 'test');
          while (reader.next()) {
            if (reader.field === 1) found[0] = reader.number();
            else if (reader.field === 2) found[1] = reader.string();
            else if (reader.field === 3) found[2] = Buffer.from(reader.slice());
            else if (reader.field === 4) found[3] = reader.bool();
          }
          expect(found).toEqual([number, text, Buffer.from(bytes), flag]);
        },
      ),
    );
  });

  it('refuses anything else with one kind of error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        for (const decode of [decodeTxRwSet, decodePrivateRwSet]) {
          try {
            decode(Buffer.from(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedMessageError);
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(() => decodeTxRwSet(Buffer.from('12020aff', 'hex'))).toThrow(MalformedMessageError);
    expect(() => decodeTxRwSet(Buffer.from('12030a01ff', 'hex'))).toThrow('is not UTF-8');
    expect(() => decodeTxRwSet(Buffer.from('0f', 'hex'))).toThrow(MalformedMessageError);
    expect(encodeVarint(300).toString('hex')).toBe('ac02');
  });
});

describe('orders and sets', () => {
  const key = fc.string({ unit: 'binary' });

  it('compare keys as their UTF-8 bytes compare', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 2000 },
    );
  });

  it('keep keys sorted through insertions and removals', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ key: fc.nat(3000), remove: fc.boolean() }), { maxLength: 3000 }),
        fc.nat(3000),
        fc.nat(3000),
        (changes, low, high) => {
          const keys = new SortedKeys();
          const model = new Set<string>();
          for (const { key: number, remove } of changes) {
            const text = `key${String(number).padStart(4, '0')}`;
            if (remove) {
              keys.delete(text);
              model.delete(text);
            } else {
              keys.add(text);
              model.add(text);
            }
          }
          const [start, end] = [`key${String(low).padStart(4, '0')}`, `key${String(high).padStart(4, '0')}`];
          expect([...keys.range('', '')]).toEqual([...model].sort());
          expect([...keys.range(start, end)]).toEqual(
            [...model].filter((text) => text >= start && text < end).sort(),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  it('keep inserting in order beyond one run', () => {
    const keys = new SortedKeys();
    for (let i = 0; i < 5000; i += 1) keys.add(String((i * 7919) % 5000).padStart(4, '0'));
    expect([...keys.range('', '')]).toEqual(
      Array.from({ length: 5000 }, (_, i) => String(i).padStart(4, '0')),
    );
  });

  it('digest a set independently of order, as a sum modulo 2^256', () => {
    const check = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.array(check, { maxLength: 20 }), fc.array(check, { maxLength: 5 }), (kept, removed) => {
        const digest = new SetDigest();
        for (const bytes of [...removed, ...kept]) digest.add(bytes.toString('latin1'));
        for (const bytes of removed) digest.remove(bytes.toString('latin1'));
        const sum =
          kept.reduce((total, bytes) => total + BigInt(`0x${bytes.toString('hex')}`), 0n) % (1n << 256n);
        expect(digest.bytes().toString('hex')).toBe(sum.toString(16).padStart(64, '0'));
      }),
    );
  });

  it('cut batches by count and bytes without losing or reordering anything', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 120 })),
        fc.integer({ min: 1, max: 6 }),
        (sizes, maxMessageCount) => {
          const cutter = new BlockCutter({ maxMessageCount, preferredMaxBytes: 100 });
          const messages = sizes.map((size) => ({ envelope: Buffer.alloc(0), size }));
          const batches = messages.flatMap((message) => cutter.add(message));
          if (cutter.waiting > 0) batches.push(cutter.cut());
          expect(batches.flat()).toEqual(messages);
          for (const batch of batches) {
            const bytes = batch.reduce((total, { size }) => total + size, 0);
            expect(batch.length).toBeLessThanOrEqual(maxMessageCount);
            expect(bytes <= 100 || batch.length === 1).toBe(true);
          }
        },
      ),
    );
  });
});
