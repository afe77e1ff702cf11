import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { WorldIndex } from '../src/ledger/world-index';
import { decodeTxRwSet } from '../src/rwset/messages';
import { TxCode } from '../src/validation/codes';
import type { CommittedView } from '../src/validation/committed-view';
import { checkReads } from '../src/validation/mvcc';
import { UpdateBatch } from '../src/validation/updates';

interface RecordedBlock {
  readonly rwsets: string[];
  readonly flags: number[];
  readonly updates: string;
}

const chains = JSON.parse(
  gunzipSync(readFileSync(join(__dirname, 'golden', 'mvcc-vectors.json.gz'))).toString(),
) as RecordedBlock[][];

/** Committed state of a chain: the ledger's index, with values beside it. */
class Chain implements CommittedView {
  private readonly index = new WorldIndex();
  private readonly values = new Map<string, Buffer>();

  apply(number: number, updates: UpdateBatch): void {
    this.index.apply(number, { transactions: [], filter: Buffer.alloc(0), updates }, () => 0);
    for (const { namespace, collection, key, update } of updates.all()) {
      if (update.value !== undefined) this.values.set(`${namespace}/${collection}/${key}`, update.value);
    }
  }

  version(namespace: string, collection: string, key: string) {
    return this.index.entry(namespace, collection, key)?.version;
  }

  value(namespace: string, collection: string, key: string) {
    const exists = this.index.entry(namespace, collection, key) !== undefined;
    return exists ? this.values.get(`${namespace}/${collection}/${key}`) : undefined;
  }

  metadata(namespace: string, collection: string, key: string) {
    return this.index.entry(namespace, collection, key)?.metadata;
  }

  *keys(namespace: string, start: string, end: string) {
    for (const { key, entry } of this.index.keys(namespace, start, end))
      yield { key, version: entry.version };
  }

  definition(): undefined {
    return undefined;
  }

  lifecyclePolicy(): never {
    throw new Error('no policy is asked for');
  }

  implicitPolicy(): undefined {
    return undefined;
  }
}

describe('the state validator', () => {
  it.each(chains.map((chain, index) => [index, chain] as const))(
    'decides random blocks as Fabric’s does, and writes the same (%i)',
    (_index, chain) => {
      const view = new Chain();
      for (const [position, { rwsets, flags, updates: expected }] of chain.entries()) {
        const blockNum = position + 1;
        const updates = new UpdateBatch();
        const codes = rwsets.map((bytes, txNum) => {
          const rwset = decodeTxRwSet(Buffer.from(bytes, 'hex'));
          const code = checkReads(rwset, view, updates);
          if (code === TxCode.valid) updates.apply(rwset, { blockNum, txNum }, view);
          return code;
        });
        expect([blockNum, codes]).toEqual([blockNum, flags]);
        expect([blockNum, updates.deterministicBytes().toString('hex')]).toEqual([blockNum, expected]);
        view.apply(blockNum, updates);
      }
    },
  );
});

describe('the writes of a transaction', () => {
  it('delete a private key whose value hash is that of nothing, as an empty public value does', () => {
    const view = new Chain();
    const keyHash = Buffer.alloc(32, 7);
    const valueHash = createHash('sha256').digest();
    const updates = new UpdateBatch();
    updates.apply(
      [
        {
          namespace: 'cc',
          kv: {
            reads: [],
            rangeQueries: [],
            writes: [{ key: 'k', isDelete: false, value: Buffer.alloc(0) }],
            metadataWrites: [],
          },
          collections: [
            {
              collection: 'c',
              hashed: {
                reads: [],
                writes: [{ keyHash, isDelete: false, valueHash, isPurge: false }],
                metadataWrites: [],
              },
              privateHash: Buffer.alloc(0),
            },
          ],
        },
      ],
      { blockNum: 1, txNum: 0 },
      view,
    );
    expect(updates.get('cc', '', 'k')).toMatchObject({ value: undefined });
    expect(updates.get('cc', 'c', keyHash.toString('latin1'))).toMatchObject({ value: undefined });
  });
});
