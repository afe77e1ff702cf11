import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { channelConfigFromBlock } from '../src/config/channel-config';
import { rebuildLedger, scrubLedger } from '../src/ledger/maintenance';
import { parsePolicy } from '../src/policy/policy-language';
import {
  type Block,
  commitHash,
  dataHash,
  decodeBlock,
  encodeBlock,
  encodeMetadataValue,
  headerHash,
  nextCommitHash,
} from '../src/protos/blocks';
import type { DamageReport } from '../src/types';
import { replayBlock } from '../src/validation/block-validator';
import type { CommittedView } from '../src/validation/committed-view';
import { CC, CITY, LAKESIDE, LedgerRig, type TestLedger } from './ledger-rig';

/** Altered bytes per kind of file; a longer drill sets more. */
const ROUNDS = Number(process.env['MEDSEAL_FLIPS'] ?? 12);

/** Which bytes are altered; a drill draws and notes another. */
const SEED = Number(process.env['MEDSEAL_SEED'] ?? 20_200_229);

let drawn = 0;

/** Next number of the seed's sequence from `min`, inclusive, to `max`, exclusive; or below `min` when it stands alone. */
function randomInt(min: number, max?: number): number {
  const [from, to] = max === undefined ? [0, min] : [min, max];
  drawn += 1;
  const hash = createHash('sha256').update(`${SEED}/${drawn}`).digest();
  return from + (hash.readUIntBE(0, 6) % (to - from));
}

const value = (text: string): Buffer => Buffer.from(text);

/** Frames of a block file, read independently of the ledger: `[block, first byte, byte after the last]`. */
function frames(path: string): [number, number, number][] {
  const bytes = readFileSync(path);
  const found: [number, number, number][] = [];
  for (let offset = 0; offset < bytes.length;) {
    expect(bytes.toString('latin1', offset, offset + 4)).toBe('MSBK');
    const end = offset + 32 + bytes.readUInt32BE(offset + 4) + 32;
    found.push([Number(bytes.readBigUInt64BE(offset + 8)), offset, end]);
    offset = end;
  }
  return found;
}

function flip(path: string, offset = randomInt(statSync(path).size)): number {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(offset) ^ (1 << randomInt(8)), offset);
  writeFileSync(path, bytes);
  return offset;
}

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && statSync(path).size > 0);

function states(ledger: TestLedger): unknown[] {
  return [...ledger.range(CC, '', '')].map(({ key, value: stored, version, metadata }) => [
    key,
    stored.toString('hex'),
    version,
    metadata === undefined ? [] : [...metadata],
  ]);
}

/** Everything public that the ledger answers, in comparable form. */
function publicPicture(ledger: TestLedger): unknown {
  const histories = ['k1', 'k3', 'gone'].map((key) => ledger.history(CC, key).map(({ txId }) => txId));
  return {
    height: ledger.height,
    states: states(ledger),
    histories,
    last: ledger.lastHeaderHash.toString('hex'),
  };
}

function privatePicture(ledger: TestLedger, mspId: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const collection of ['shared', `_implicit_org_${mspId}`]) {
    for (const { key, value: stored } of ledger.rangePrivate(mspId, CC, collection, '', '')) {
      values.set(`${collection}/${key}`, stored.toString());
    }
  }
  return values;
}

const named = (damage: readonly DamageReport[]): string => damage.map(({ what }) => what).join('\n');

describe('a damaged ledger', () => {
  let rig: LedgerRig;
  /** One folder whose databases are still in LevelDB's log, one where they are in tables. */
  let folders: string[];
  let expected: unknown;
  let expectedPrivate: Map<string, Map<string, string>>;
  const txIds: string[] = [];

  beforeAll(async () => {
    rig = await LedgerRig.create();
    const fresh = rig.folder();
    const ledger = await rig.open(fresh);
    await ledger.define();
    for (let i = 0; i < 12; i += 1) {
      const { txId, code } = await ledger.submit(
        (builder) => {
          builder.addWrite(CC, `k${i}`, value(`value ${i}`));
          builder.addWrite(CC, 'k1', value(`update ${i}`));
          if (i === 5)
            builder.addMetadataWrite(
              CC,
              'k3',
              new Map([['VALIDATION_PARAMETER', parsePolicy(`OR('${CITY}.peer')`)]]),
            );
          if (i % 2 === 0) builder.addPrivateWrite(CC, 'shared', `p${i}`, value(`private ${i}`));
          if (i % 3 === 0) builder.addPrivateWrite(CC, `_implicit_org_${CITY}`, `own${i}`, value(`own ${i}`));
        },
        { holders: [CITY, LAKESIDE] },
      );
      expect(code).toBe(0);
      txIds.push(txId);
    }
    await ledger.submit((builder) => builder.addDelete(CC, 'k2'));
    await ledger.submit((builder) => builder.addPrivatePurge(CC, 'shared', 'p4'), {
      holders: [CITY, LAKESIDE],
    });
    expected = publicPicture(ledger);
    expectedPrivate = new Map([CITY, LAKESIDE].map((mspId) => [mspId, privatePicture(ledger, mspId)]));
    expect([...expectedPrivate.values()].map(({ size }) => size)).toEqual([9, 5]);
    await ledger.close();
    const settled = rig.copy(fresh);
    await (await rig.open(settled)).close();
    folders = [fresh, settled];
  });
  afterAll(() => rig.remove());

  /** Damages a copy, opens and checks it; opened once more, index and state are whole. */
  const withCopy = async (
    damage: (folder: string) => void,
    check: (ledger: TestLedger) => void,
    { from = 0, blocksAreSound = true } = {},
  ): Promise<void> => {
    const folder = rig.copy(folders[from]!);
    damage(folder);
    const ledger = await rig.open(folder);
    try {
      check(ledger);
    } finally {
      await ledger.close();
    }
    const again = await rig.open(folder);
    try {
      if (blocksAreSound) expect(publicPicture(again)).toEqual(expected);
      expect(again.damage.filter(({ where }) => where !== 'block' && where !== 'private')).toEqual([]);
    } finally {
      await again.close();
      rmSync(folder, { recursive: true });
    }
  };

  it('is not seen in an untouched one', async () => {
    for (const from of [0, 1]) {
      await withCopy(
        () => undefined,
        (ledger) => {
          expect(ledger.damage).toEqual([]);
          expect(publicPicture(ledger)).toEqual(expected);
        },
        { from },
      );
    }
  });

  it(
    'names the block that holds an altered byte, and reads all others',
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        let hit = -1;
        let path = '';
        let size = 0;
        await withCopy(
          (folder) => {
            path = join(folder, 'blocks', 'blocks-000000.dat');
            size = statSync(path).size;
            const all = frames(path);
            // Every part of the last frame is tried as well: it must not pass for one that was never completed.
            const [, start, end] = all.at(-1)!;
            const offset = flip(
              path,
              round < 10 ? start + (round < 5 ? round * 7 : end - start - round) : undefined,
            );
            hit = all.find(([, from, to]) => offset >= from && offset < to)![0];
          },
          (ledger) => {
            expect(named(ledger.damage)).toMatch(new RegExp(`^block ${hit}: `));
            expect(ledger.damage).toHaveLength(1);
            expect(statSync(path).size).toBe(size);
            for (let number = 0; number < ledger.height; number += 1) {
              if (number === hit)
                expect(() => ledger.readBlock(number)).toThrow(`block ${number} on disk is damaged`);
              else expect(ledger.readBlock(number).length).toBeGreaterThan(0);
            }
            expect(ledger.height).toBe((expected as { height: number }).height);
            for (const txId of txIds) expect(ledger.transaction(txId)?.code).toBe(0);
            expect(states(ledger)).toEqual((expected as { states: unknown }).states);
          },
          { from: round % 2, blocksAreSound: false },
        );
      }
    },
    60_000 + ROUNDS * 2_000,
  );

  it('goes on after a damaged last block, with the chain intact', async () => {
    const folder = rig.copy(folders[0]!);
    const path = join(folder, 'blocks', 'blocks-000000.dat');
    const [last, start] = frames(path).at(-1)!;
    flip(path, start + 100);
    const ledger = await rig.open(folder);
    const { code, block } = await ledger.submit((builder) => builder.addWrite(CC, 'after', value('x')));
    expect([code, block]).toEqual([0, last + 1]);
    await ledger.close();
    const again = await rig.open(folder);
    expect(again.damage.map(({ what }) => what)).toEqual([expect.stringMatching(`^block ${last}: `)]);
    expect(again.get(CC, 'after')?.value).toEqual(value('x'));
    await again.close();
  });

  it('cuts off a last frame that was never completed', async () => {
    for (const tail of [Buffer.from('MSB'), Buffer.alloc(5000), undefined]) {
      await withCopy(
        (folder) => {
          const path = join(folder, 'blocks', 'blocks-000000.dat');
          const [, start, end] = frames(path).at(-1)!;
          const frame = readFileSync(path).subarray(start, end);
          frame.writeBigUInt64BE(frame.readBigUInt64BE(8) + 1n, 8);
          appendFileSync(path, tail ?? sealed(frame).subarray(0, randomInt(33, frame.length)));
        },
        (ledger) => {
          expect(ledger.damage).toEqual([]);
          expect(publicPicture(ledger)).toEqual(expected);
        },
      );
    }
  });

  it('names a block that is no longer in the files', async () => {
    const folder = rig.copy(folders[1]!);
    const path = join(folder, 'blocks', 'blocks-000000.dat');
    const [last, start] = frames(path).at(-1)!;
    truncateSync(path, start);
    const ledger = await rig.open(folder);
    expect(named(ledger.damage)).toBe(`block ${last}: it was committed but is no longer in the block files`);
    expect(ledger.height).toBe(last + 1);
    expect(() => ledger.readBlock(last)).toThrow('is damaged');
    expect((await ledger.submit((builder) => builder.addWrite(CC, 'next', value('y')))).block).toBe(last + 1);
    await ledger.close();
  });

  it(
    'gives the same state whatever byte of index and state is altered',
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        await withCopy(
          (folder) => {
            const candidates = files(join(folder, 'state'));
            flip(candidates[randomInt(candidates.length)]!);
          },
          (ledger) => {
            expect(publicPicture(ledger)).toEqual(expected);
            for (const txId of txIds) expect(ledger.transaction(txId)?.code).toBe(0);
            for (const { remedy } of ledger.damage) expect(remedy).toBe('rebuilt');
          },
          { from: round % 2 },
        );
      }
    },
    60_000 + ROUNDS * 2_000,
  );

  it('names what is altered in a state table and rebuilds it', async () => {
    await withCopy(
      (folder) => {
        const path = files(join(folder, 'state')).find((candidate) =>
          readFileSync(candidate).includes('value 7'),
        )!;
        flip(path, readFileSync(path).indexOf('value 7'));
      },
      (ledger) => {
        expect(named(ledger.damage)).toContain(`state ${CC}/k7`);
        expect(ledger.get(CC, 'k7')?.value).toEqual(value('value 7'));
      },
      { from: 1 },
    );
  });

  /** Gives a table's first bytes of key to its value: a key shorter than LevelDB's own trailer ends its process. */
  const shortenFirstKey = (folder: string): void => {
    const table = files(folder).find((path) => path.endsWith('.ldb'))!;
    const bytes = readFileSync(table);
    const [shared, keyLength, low, high] = [bytes[0]!, bytes[1]!, bytes[2]!, bytes[3]!];
    expect([shared, keyLength < 0x80]).toEqual([0, true]);
    const wide = low >= 0x80;
    expect(wide && high >= 0x80).toBe(false);
    const valueLength = (wide ? (low & 0x7f) + high * 0x80 : low) + keyLength - 3;
    bytes.writeUInt8(3, 1);
    bytes.writeUInt8(wide ? 0x80 | (valueLength % 0x80) : valueLength, 2);
    if (wide) bytes.writeUInt8(Math.floor(valueLength / 0x80), 3);
    writeFileSync(table, bytes);
  };

  it('survives tables at which LevelDB would end the process, and keeps or names each private value', async () => {
    for (const part of ['state', join('private', CITY)]) {
      const folder = rig.copy(folders[1]!);
      const before = await rig.open(folder);
      await before.submit((builder) => builder.addPrivateWrite(CC, 'shared', 'late', value('private late')), {
        holders: [CITY, LAKESIDE],
      });
      await before.close();
      shortenFirstKey(join(folder, part));
      const ledger = await rig.open(folder);
      expect(states(ledger)).toEqual((expected as { states: unknown }).states);
      const late = ledger.getPrivate(CITY, CC, 'shared', 'late')?.value.toString();
      expect(late).toBe('private late');
      expect(ledger.damage.length).toBeGreaterThan(0);
      if (part !== 'state') checkPrivate(ledger, CITY, ['shared/late']);
      await ledger.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('rebuilds index and state when their folder is gone', async () => {
    await withCopy(
      (folder) => rmSync(join(folder, 'state'), { recursive: true }),
      (ledger) => {
        expect(ledger.damage).toEqual([
          { where: 'state', what: 'the index and state database', remedy: 'rebuilt' },
        ]);
        expect(publicPicture(ledger)).toEqual(expected);
      },
    );
  });

  it(
    'never gives a wrong private value, and names those that are lost',
    async () => {
      let losses = 0;
      for (let round = 0; round < ROUNDS * 2; round += 1) {
        const mspId = round % 2 === 0 ? CITY : LAKESIDE;
        await withCopy(
          (folder) => {
            const candidates = files(join(folder, 'private', mspId));
            flip(candidates[randomInt(candidates.length)]!);
          },
          (ledger) => {
            expect(publicPicture(ledger)).toEqual(expected);
            losses += checkPrivate(ledger, mspId);
          },
          { from: (round >> 1) % 2 },
        );
      }
      expect(losses).toBeGreaterThanOrEqual(0);
    },
    60_000 + ROUNDS * 2_000,
  );

  it('names every private value when the store of an organisation is gone', async () => {
    await withCopy(
      (folder) => rmSync(join(folder, 'private', CITY), { recursive: true }),
      (ledger) => {
        expect(ledger.damage.filter(({ remedy }) => remedy === 'lost')).toHaveLength(9);
        expect(checkPrivate(ledger, CITY)).toBe(9);
        expect(checkPrivate(ledger, LAKESIDE)).toBe(0);
      },
    );
  });

  it('does not matter in the lock', async () => {
    for (let round = 0; round < 10; round += 1) {
      await withCopy(
        (folder) => {
          const candidates = files(join(folder, 'lock'));
          flip(candidates[randomInt(candidates.length)]!);
        },
        (ledger) => expect(ledger.damage).toEqual([]),
      );
    }
  });

  /** Number of values that are missing; each must have been named as lost. */
  function checkPrivate(ledger: TestLedger, mspId: string, added: readonly string[] = []): number {
    const found = privatePicture(ledger, mspId);
    let lost = 0;
    for (const [key, text] of expectedPrivate.get(mspId)!) {
      if (found.has(key)) expect(found.get(key)).toBe(text);
      else lost += 1;
    }
    for (const key of found.keys())
      expect(expectedPrivate.get(mspId)!.has(key) || added.includes(key)).toBe(true);
    const reports = ledger.damage.filter(
      ({ what, remedy }) => remedy === 'lost' && what.startsWith(`private ${mspId} ${CC}/`),
    );
    expect(reports.length).toBeGreaterThanOrEqual(lost);
    return lost;
  }
});

/** State in which nothing is committed; enough to work out the writes of values. */
const NOTHING_COMMITTED: CommittedView = {
  version: () => undefined,
  value: () => undefined,
  metadata: () => undefined,
  keys: () => [][Symbol.iterator](),
  definition: () => undefined,
  lifecyclePolicy: () => {
    throw new Error('no policy is asked for');
  },
  implicitPolicy: () => undefined,
};

/** A frame as the ledger writes it. */
function frameOf(number: number, block: Buffer): Buffer {
  const frame = Buffer.alloc(64 + block.length);
  frame.write('MSBK');
  frame.writeUInt32BE(block.length, 4);
  frame.writeBigUInt64BE(BigInt(number), 8);
  sealed(frame);
  block.copy(frame, 32);
  createHash('sha256')
    .update(frame.subarray(0, 32 + block.length))
    .digest()
    .copy(frame, 32 + block.length);
  return frame;
}

/** A frame with a matching head, as an append that was cut off leaves it. */
function sealed(frame: Buffer): Buffer {
  createHash('sha256').update(frame.subarray(0, 16)).digest().copy(frame, 16, 0, 16);
  return frame;
}

describe('a ledger whose process is killed', () => {
  let rig: LedgerRig;
  beforeAll(async () => (rig = await LedgerRig.create()));
  afterAll(() => rig.remove());

  const writer = (folder: string, prefix: string[] = []): ChildProcess => {
    const [command = '', ...args] = [
      ...prefix,
      process.execPath,
      '-r',
      join(__dirname, 'fixtures', 'typescript.cjs'),
      join(__dirname, 'fixtures', 'ledger-writer.ts'),
      rig.base,
      folder,
    ];
    return spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  };

  it(
    'has everything that was acknowledged, private values too',
    async () => {
      const folder = rig.folder();
      const acknowledged = new Map<string, number>();
      for (let round = 0; round < 3; round += 1) {
        const child = writer(folder);
        const wanted = acknowledged.size + randomInt(20, 80);
        for await (const line of createInterface({ input: child.stdout! })) {
          const [key = '', block] = line.split(' ');
          expect(['fault', 'error']).not.toContain(key);
          acknowledged.set(key, Number(block));
          if (acknowledged.size >= wanted) child.kill('SIGKILL');
        }
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
        const ledger = await rig.open(folder);
        expect(ledger.damage).toEqual([]);
        for (const [key, block] of acknowledged) {
          expect(ledger.get(CC, key)).toMatchObject({
            value: value(`value of ${key}`),
            version: { blockNum: block },
          });
          for (const mspId of [CITY, LAKESIDE]) {
            expect(ledger.getPrivate(mspId, CC, 'shared', key)?.value).toEqual(value(`value of ${key}`));
          }
        }
        expect(await ledger.scrub()).toEqual([]);
        await ledger.close();
      }
    },
    60_000 + ROUNDS * 2_000,
  );

  it('refuses a second process on the same folder, and the first one’s lock ends with it', async () => {
    const folder = rig.folder();
    const ledger = await rig.open(folder);
    const child = writer(folder);
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout! })) lines.push(line);
    expect(lines).toEqual([
      `error the ledger in ${folder} is in use by another process; stop that one first`,
    ]);
    await expect(rig.open(folder)).rejects.toThrow('is in use by another process');
    await ledger.close();
    await (await rig.open(folder)).close();
  });

  it('refuses a folder of another channel', async () => {
    const folder = rig.folder();
    await (await rig.open(folder)).close();
    const other = await LedgerRig.create();
    await expect(other.open(folder)).rejects.toThrow('holds a ledger with another genesis block');
    other.remove();
  });

  it('stops with one error when the disk refuses, and loses nothing that was acknowledged', async () => {
    const folder = rig.folder();
    const child = writer(folder, ['bash', '-c', 'ulimit -f 512; exec "$@"', 'limited']);
    const acknowledged: string[] = [];
    const faults: string[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      if (line.startsWith('fault ')) faults.push(line);
      else acknowledged.push(line.split(' ')[0]!);
    }
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^fault block \d+ cannot be written: /);
    const ledger = await rig.open(folder);
    expect(ledger.damage).toEqual([]);
    for (const key of acknowledged) expect(ledger.get(CC, key)?.value).toEqual(value(`value of ${key}`));
    expect((await ledger.submit((builder) => builder.addWrite(CC, 'on', value('again')))).code).toBe(0);
    await ledger.close();
  }, 60_000);
});

describe('forged blocks', () => {
  it('are named, with all that were chained onto them, though their hashes fit', async () => {
    const rig = await LedgerRig.create();
    const folder = rig.folder();
    const ledger = await rig.open(folder);
    await ledger.define();
    for (const text of ['genuine', 'second', 'third']) {
      await ledger.submit((builder) => builder.addWrite(CC, text, value(text)));
    }
    await ledger.close();

    const path = join(folder, 'blocks', 'blocks-000000.dat');
    const bytes = readFileSync(path);
    let previous: Block | undefined;
    const rewritten = frames(path).map(([number, start, end]) => {
      if (number < 2) return bytes.subarray(start, end);
      const block = decodeBlock(bytes.subarray(start + 32, end - 32));
      const envelope = Buffer.from(block.data[0]!);
      if (number === 2)
        envelope.write('forged!', envelope.indexOf('genuine', envelope.indexOf('genuine') + 1));
      const previousHash = previous === undefined ? block.header.previousHash : headerHash(previous.header);
      const { updates } = replayBlock(number, [envelope], Buffer.from([0]), NOTHING_COMMITTED);
      const metadata = [...block.metadata];
      const before =
        previous === undefined
          ? decodeBlock(bytes.subarray(frames(path)[1]![1] + 32, frames(path)[1]![2] - 32))
          : previous;
      metadata[4] = encodeMetadataValue(
        nextCommitHash(Buffer.from([0]), updates.deterministicBytes(), commitHash(before)!),
      );
      previous = {
        header: { number, previousHash, dataHash: dataHash([envelope]) },
        data: [envelope],
        metadata,
      };
      return frameOf(number, encodeBlock(previous));
    });
    writeFileSync(path, Buffer.concat(rewritten));

    const reopened = await rig.open(folder);
    expect(reopened.damage.map(({ what }) => what)).toEqual(
      [2, 3, 4].map((number) => `block ${number}: it is not signed by the ordering service`),
    );
    for (const number of [2, 3, 4]) {
      expect(() => reopened.readBlock(number)).toThrow(`block ${number} on disk is damaged`);
    }
    expect(reopened.get(CC, 'genuine')?.value).toEqual(value('genuine'));
    await reopened.close();
    rig.remove();
  });

  it('are named when only a validation code was changed, by a scrub even without the state', async () => {
    const rig = await LedgerRig.create();
    const folder = rig.folder();
    const ledger = await rig.open(folder);
    await ledger.define();
    await ledger.submit((builder) => builder.addWrite(CC, 'refused', value('x')), { endorsers: [CITY] });
    await ledger.close();

    const path = join(folder, 'blocks', 'blocks-000000.dat');
    const bytes = readFileSync(path);
    const [, second, third] = frames(path);
    const block = decodeBlock(bytes.subarray(third![1] + 32, third![2] - 32));
    const metadata = [...block.metadata];
    metadata[2] = Buffer.from([0]);
    const { updates } = replayBlock(2, block.data, Buffer.from([0]), NOTHING_COMMITTED);
    const before = commitHash(decodeBlock(bytes.subarray(second![1] + 32, second![2] - 32)))!;
    metadata[4] = encodeMetadataValue(nextCommitHash(Buffer.from([0]), updates.deterministicBytes(), before));
    const forged = frameOf(2, encodeBlock({ ...block, metadata }));
    writeFileSync(path, Buffer.concat([bytes.subarray(0, third![1]), forged]));

    const reopened = await rig.open(folder);
    expect(reopened.get(CC, 'refused')).toBeUndefined();
    expect(() => reopened.readBlock(2)).toThrow('block 2 on disk is damaged');
    await reopened.close();
    rmSync(join(folder, 'state'), { recursive: true });
    const report = await scrubLedger({ directory: folder, loadConfig: channelConfigFromBlock });
    expect(named(report.damage)).toContain('block 2: its validation codes are not those of its transactions');
    rig.remove();
  });
});

describe('administration', () => {
  it('scrubs a sound ledger without a finding and rebuilds its state', async () => {
    const rig = await LedgerRig.create();
    const folder = rig.folder();
    const ledger = await rig.open(folder);
    await ledger.define();
    await ledger.submit((builder) => builder.addWrite(CC, 'k', value('v')));
    const options = { directory: folder, loadConfig: channelConfigFromBlock };
    await expect(rebuildLedger(options)).rejects.toThrow('is in use by another process');
    await ledger.close();
    expect(await scrubLedger(options)).toEqual({ height: 3, damage: [] });
    expect((await rebuildLedger(options)).damage.map(({ remedy }) => remedy)).toEqual(['rebuilt']);
    const again = await rig.open(folder);
    expect(again.damage).toEqual([]);
    expect(again.get(CC, 'k')?.value).toEqual(value('v'));
    await again.close();
    rig.remove();
  });
});
