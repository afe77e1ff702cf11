import { randomBytes } from 'node:crypto';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { openConnections, type DatabaseConnections } from '../src/database/connections';
import { Database } from '../src/database/database';
import { removeDeletedBytes } from '../src/database/deleted-bytes';
import { migrate, migrations } from '../src/database/migrations';

jest.setTimeout(120_000);

/** PostgreSQL of the system, where it is installed, on a folder of its own. */
const installed = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'initdb'))
  .find((path) => existsSync(path));
/** initdb refuses to run as root. */
const NOBODY = 65_534;

interface Server {
  connections: DatabaseConnections;
  close(): Promise<void>;
}

const pglite = async (): Promise<Server> => {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-pglite-'));
  const connections = await openConnections(undefined, join(folder, 'database'));
  return {
    connections,
    close: async () => {
      await connections.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const postgres = async (): Promise<Server> => {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-postgres-'));
  const asOther = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if ('uid' in asOther) chownSync(folder, NOBODY, NOBODY);
  const data = join(folder, 'data');
  const options = { ...asOther, cwd: folder, env: { ...process.env, HOME: folder, LC_ALL: 'C' } };
  execFileSync(installed!, ['-D', data, '-U', 'medseal', '-A', 'trust', '-E', 'UTF8'], {
    ...options,
    stdio: 'pipe',
  });
  const server: ChildProcess = spawn(
    installed!.replace(/initdb$/, 'postgres'),
    ['-D', data, '-k', folder, '-h', ''],
    {
      ...options,
      stdio: 'ignore',
    },
  );
  const connections = await openConnections(
    `postgres://medseal@/postgres?host=${encodeURIComponent(folder)}`,
    folder,
  );
  for (let attempt = 0; ; attempt++) {
    try {
      await connections.pool.query('SELECT 1');
      break;
    } catch (error) {
      if (attempt > 100) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
  return {
    connections,
    close: async () => {
      await connections.close();
      const exited = new Promise((done) => server.once('exit', done));
      server.kill('SIGINT');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const servers: [string, () => Promise<Server>][] = [['PGlite', pglite]];
if (installed !== undefined) servers.push(['PostgreSQL', postgres]);

describe.each(servers)('%s', (_name, start) => {
  let server: Server;
  let city: Database;
  let lakeside: Database;

  beforeAll(async () => {
    server = await start();
    city = new Database(server.connections.pool, 'city');
    lakeside = new Database(server.connections.pool, 'lakeside');
    for (const database of [city, lakeside]) await migrate(database);
  });
  afterAll(() => server?.close());

  test('takes every migration once, and again at the next start none', async () => {
    await migrate(city);
    const rows = await city.query<{ name: string }>('SELECT name FROM migrations ORDER BY name');
    expect(rows.map(({ name }) => name)).toEqual(migrations.map(({ name }) => name).sort());
  });

  test('keeps organisations apart, also when they ask at once', async () => {
    const put = (database: Database, bucket: string) =>
      database.query('INSERT INTO known_addresses (bucket, seen_at) VALUES ($1, now())', [bucket]);
    await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        put(at % 2 === 0 ? city : lakeside, `${at % 2 === 0 ? 'city' : 'lakeside'}-${at}`),
      ),
    );
    for (const database of [city, lakeside]) {
      const rows = await database.query<{ bucket: string }>('SELECT bucket FROM known_addresses');
      expect(rows).toHaveLength(20);
      expect(rows.every(({ bucket }) => bucket.startsWith(database.schema))).toBe(true);
    }
  });

  test('rolls back what fails, and goes on', async () => {
    const count = async () => (await city.query('SELECT 1 FROM jobs')).length;
    const insert = `INSERT INTO jobs (kind, dedupe_key, payload, attempts, next_at, created_at)
                    VALUES ('k', $1, $2, 0, now(), now())`;
    await expect(
      city.transaction(async (queries) => {
        await queries.query(insert, ['1', Buffer.from([0, 1, 255])]);
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    expect(await count()).toBe(0);
    await expect(
      city.transaction(async (queries) => {
        await queries.query(insert, ['1', Buffer.from([1])]);
        await queries.query(insert, ['1', Buffer.from([1])]);
      }),
    ).rejects.toMatchObject({ code: '23505' });
    expect(await count()).toBe(0);
    await city.transaction((queries) => queries.query(insert, ['1', Buffer.from([0, 1, 255])]));
    const [row] = await city.query<{ payload: Buffer }>('SELECT payload FROM jobs');
    expect(row!.payload).toEqual(Buffer.from([0, 1, 255]));
    expect(await lakeside.query('SELECT 1 FROM jobs')).toEqual([]);
  });

  test('transactions of two organisations at once do not mix', async () => {
    const put = (database: Database, name: string) =>
      database.transaction(async (queries) => {
        await queries.query(
          `INSERT INTO login_failures (bucket, failures, first_at, last_at) VALUES ($1, 1, now(), now())`,
          [name],
        );
        await new Promise((done) => setTimeout(done, 20));
        if (name.endsWith('-bad')) throw new Error('bad');
      });
    const all = await Promise.allSettled([
      put(city, 'c1'),
      put(lakeside, 'l-bad'),
      put(city, 'c2-bad'),
      put(lakeside, 'l1'),
    ]);
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    const names = async (database: Database) =>
      (await database.query<{ bucket: string }>('SELECT bucket FROM login_failures')).map(
        ({ bucket }) => bucket,
      );
    expect(await names(city)).toEqual(['c1']);
    expect(await names(lakeside)).toEqual(['l1']);
  });
});

test('a PGlite that ends by itself is told of, with its reason', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-pglite-'));
  const connections = await openConnections(undefined, join(folder, 'database'));
  process.kill(Number(readFileSync(join(folder, 'database.lock'), 'utf8')), 'SIGKILL');
  expect((await connections.lost).message).toMatch(
    /^the database ended unexpectedly \(SIGKILL\): start again/,
  );
  await connections.close();
  rmSync(folder, { recursive: true, force: true });
});

test('bytes of deleted rows are gone from tables and write-ahead log, others stay', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-pglite-'));
  const connections = await openConnections(undefined, join(folder, 'database'));
  try {
    const database = new Database(connections.pool, 'city');
    await migrate(database);
    const add = (subject: string, sealed: Buffer) =>
      database.query('INSERT INTO keyrings (subject, blobs, updated_at) VALUES ($1, $2, 0)', [
        subject,
        sealed,
      ]);
    const [gone, kept] = [randomBytes(3_000), randomBytes(3_000)];
    await add('gone', gone);
    await add('kept', kept);
    await database.query('CHECKPOINT');
    await database.query(`DELETE FROM keyrings WHERE subject = 'gone'`);
    const holding = (bytes: Buffer) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        // Long values are cut into pieces of about 2 kB.
        .filter((file) => readFileSync(file).includes(bytes.subarray(100, 600)))
        .map((file) => (file.includes('pg_wal') ? 'log' : 'table'));
    expect(new Set(holding(gone))).toEqual(new Set(['log', 'table']));
    await removeDeletedBytes(database, ['keyrings']);
    expect([holding(gone), holding(kept)]).toEqual([[], ['table']]);
  } finally {
    await connections.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('new databases are copies of an unused one, each on its own', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-templates-'));
  const open = (name: string) => openConnections(undefined, join(folder, name), join(folder, 'templates'));
  const first = await open('first');
  await first.pool.query('CREATE TABLE kept (id int)');
  await first.close();
  const second = await open('second');
  const tables = "SELECT tablename FROM pg_tables WHERE tablename = 'kept'";
  expect((await second.pool.query(tables)).rows).toEqual([]);
  await second.close();
  expect(readdirSync(join(folder, 'templates'))).toEqual([expect.stringMatching(/^pglite-[\d.]+$/)]);
  const again = await open('first');
  expect((await again.pool.query(tables)).rows).toEqual([{ tablename: 'kept' }]);
  await again.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a PGlite folder has one owner', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-pglite-'));
  const first = await openConnections(undefined, join(folder, 'database'));
  await expect(openConnections(undefined, join(folder, 'database'))).rejects.toThrow(/in use by process \d+/);
  await first.close();
  const second = await openConnections(undefined, join(folder, 'database'));
  await second.close();
  rmSync(folder, { recursive: true, force: true });
});
