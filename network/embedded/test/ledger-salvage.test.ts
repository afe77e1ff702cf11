import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTable, tableFiles } from '../src/ledger/level-tables';
import { salvage } from '../src/ledger/salvage';
import { CorruptDatabaseError, type Database, openDatabase } from '../src/ledger/storage';

const KEYS = Array.from({ length: 2000 }, (_, i) => Buffer.from(`key ${String(i).padStart(5, '0')}`));
const first = (i: number): Buffer => Buffer.from(`first value of ${i} ${'x'.repeat(60)}`);

const write = (database: Database, keys: readonly Buffer[]): Promise<void> =>
  database.batch(
    keys.map((key, i) => ({ type: 'put', key, value: first(i) })),
    { sync: true },
  );

describe('a database with a table that LevelDB cannot walk', () => {
  let folder: string;
  /** Whose key is made too short: the first of a block in the middle. */
  let broken: number;

  beforeEach(async () => {
    folder = join(mkdtempSync(join(tmpdir(), 'salvage-')), 'database');
    let database = await openDatabase(folder);
    await write(database, KEYS);
    await database.compactRange(KEYS[0]!, KEYS.at(-1)!);
    await database.close();
    const [table] = tableFiles(folder);
    const bytes = readFileSync(table!);
    // A block begins with a whole key: shared 0, the key's length, the value's length.
    const start = bytes.indexOf(Buffer.from([0, KEYS[0]!.length + 8, first(1000).length]), bytes.length / 2);
    broken = Number(bytes.toString('latin1', start + 7, start + 12));
    expect(bytes.toString('latin1', start + 3, start + 12)).toBe(KEYS[broken]!.toString());
    // Later than the table: one key written again, one deleted, still in the log.
    database = await openDatabase(folder);
    await database.put(KEYS[1]!, Buffer.from('second value'), { sync: true });
    await database.del(KEYS[2]!, { sync: true });
    await database.put(Buffer.from('later'), Buffer.from('value'), { sync: true });
    await database.close();
    bytes.writeUInt8(3, start + 1);
    bytes.writeUInt8(first(1000).length + KEYS[0]!.length + 8 - 3, start + 2);
    writeFileSync(table!, bytes);
  });
  afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

  it('is not opened', async () => {
    await expect(openDatabase(folder)).rejects.toThrow(CorruptDatabaseError);
    const [table] = tableFiles(folder);
    const { sound, entries } = readTable(table!);
    expect(sound).toBe(false);
    expect(entries.length).toBeGreaterThan(KEYS.length * 0.9);
  });

  it('loses by salvage no more than the block that is altered, and takes nothing back that came later', async () => {
    await salvage(folder);
    const database = await openDatabase(folder);
    try {
      const lost: number[] = [];
      for (const [i, key] of KEYS.entries()) {
        const value = await database.get(key);
        if (i === 1) expect(value?.toString()).toBe('second value');
        else if (value === undefined) lost.push(i);
        else expect(value).toEqual(first(i));
      }
      expect((await database.get(Buffer.from('later')))?.toString()).toBe('value');
      expect(lost.length).toBeLessThan(80);
      expect(lost).toContain(broken);
      const block = lost.filter((i) => i !== 2);
      expect(block.at(-1)! - block[0]!).toBe(block.length - 1);
    } finally {
      await database.close();
    }
  });
});
