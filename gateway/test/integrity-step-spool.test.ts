import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StepSpool } from '../src/integrity/step-spool.js';

const RECORD = 'a'.repeat(32);
const OTHER = 'b'.repeat(32);
const DAY_MS = 24 * 60 * 60 * 1_000;
const bytes = Buffer.from('sealed to a sanitiser');

let folder: string;
let spool: StepSpool;
/** Far from the machine's own time, as trials move it. */
let now = Date.parse('2031-05-01T00:00:00Z');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'medseal-spool-'));
  spool = await StepSpool.open(join(folder, 'spool'), { now: () => now });
});

afterEach(() => rm(folder, { recursive: true }));

const files = (): Promise<string[]> => readdir(spool.directory);

test('gives back what was put, readable to its owner only', async () => {
  const digest = await spool.put(RECORD, bytes);
  expect(await spool.get(RECORD, digest)).toEqual(bytes);
  const [name] = await files();
  expect((await stat(join(spool.directory, name!))).mode & 0o777).toBe(0o600);
});

test('tells a missing file from an altered one', async () => {
  const digest = await spool.put(RECORD, bytes);
  await expect(spool.get(OTHER, digest)).rejects.toMatchObject({ name: 'StepFileError', fault: 'missing' });
  const path = join(spool.directory, (await files())[0]!);
  const altered = await readFile(path);
  altered[3]! ^= 1;
  await writeFile(path, altered);
  await expect(spool.get(RECORD, digest)).rejects.toMatchObject({ name: 'StepFileError', fault: 'altered' });
});

test('keeps files of the same bytes apart by their records', async () => {
  const digest = await spool.put(RECORD, bytes);
  await spool.put(OTHER, bytes);
  await spool.put(RECORD, Buffer.from('another'));
  await spool.delete(RECORD, digest);
  await spool.delete(RECORD, digest);
  expect(await spool.get(OTHER, digest)).toEqual(bytes);
  await spool.clear(RECORD);
  expect(await files()).toEqual([`${OTHER}.${digest}`]);
});

test('sweeps what has waited over seven days of the product, half a file of a crash included', async () => {
  await spool.put(RECORD, bytes);
  now += 6 * DAY_MS;
  const later = await spool.put(OTHER, bytes);
  await writeFile(join(spool.directory, `${RECORD}.${later}.0a.tmp`), 'half');
  expect(await spool.overdue()).not.toContain(join(spool.directory, `${OTHER}.${later}`));
  now += 2 * DAY_MS;
  await spool.sweep();
  expect(await files()).toEqual([`${OTHER}.${later}`]);
});

test('names nothing outside its folder', async () => {
  await expect(spool.put('../keystore', bytes)).rejects.toThrow('recordId');
  await expect(spool.get(RECORD, '../../keystore/index.key')).rejects.toThrow('digest');
});
