import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Savepoint } from '../src/ledger/records';
import { StateDatabase } from '../src/ledger/state-database';
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

/** What a savepoint says does not matter here. */
const SAVEPOINT: Savepoint = {
  height: 0,
  headerHash: Buffer.alloc(0),
  commitHash: Buffer.alloc(0),
  blocksHash: Buffer.alloc(0),
  digest: Buffer.alloc(32),
  signer: Buffer.alloc(0),
  signature: Buffer.alloc(0),
};

/** Committed state of a chain: the ledger's index over a database. */
class Chain implements CommittedView {
  private constructor(
    private readonly database: StateDatabase,
    private readonly index: WorldIndex,
  ) {}

  static async open(location: string): Promise<Chain> {
    const database = await StateDatabase.open(location);
    const index = WorldIndex.empty(database, (_namespace, _collection, key) => {
      throw new Error(`the record of ${key} is gone`);
    });
    return new Chain(database, index);
  }

  async apply(number: number, updates: UpdateBatch): Promise<void> {
    this.index.apply(number, { transactions: [], filter: Buffer.alloc(0), updates }, () => 0);
    await this.database.write(SAVEPOINT);
  }

  close(): Promise<void> {
    return this.database.close();
  }

  version(namespace: string, collection: string, key: string) {
    return this.index.entry(namespace, collection, key)?.version;
  }

  value(namespace: string, collection: string, key: string) {
    return this.index.entry(namespace, collection, key)?.value;
  }

  metadata(namespace: string, collection: string, key: string) {
    return this.index.entry(namespace, collection, key)?.metadata;
  }

  *keys(namespace: string, start: string, end: string) {
    for (const key of this.index.keys(namespace, start, end)) {
      const version = this.version(namespace, '', key);
      if (version !== undefined) yield { key, version };
    }
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

let directory: string;
let view: Chain;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'state-'));
  view = await Chain.open(directory);
});
afterEach(async () => {
  await view.close();
  rmSync(directory, { recursive: true });
});

describe('the state validator', () => {
  it.each(chains.map((chain, index) => [index, chain] as const))(
    'decides random blocks as Fabric’s does, and writes the same (%i)',
    async (_index, chain) => {
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
        await view.apply(blockNum, updates);
      }
    },
  );
});

describe('the writes of a transaction', () => {
  it('delete a private key whose value hash is that of nothing, as an empty public value does', () => {
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
