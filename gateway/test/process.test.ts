import { spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Caller, ORGANIZATIONS, TestBed, type Json } from './harness';

jest.setTimeout(180_000);

const MAIN = resolve(__dirname, '../dist/main.js');
const [ministry, city, lakeside] = ORGANIZATIONS;

describe('one gateway an organisation', () => {
  let bed: TestBed;
  let hospital: { url: string; folder: string };

  beforeAll(async () => {
    bed = await TestBed.startWithoutGateway({ organizations: [ministry], admit: [city, lakeside] });
    // The hospital's gateway is there first and waits for its admission.
    const waiting = bed.another('city', { organizations: [city] });
    await bed.startGateway();
    hospital = await waiting;
  });
  afterAll(() => bed?.stop());

  test('each takes sign-ins of its own people only', async () => {
    const login = async (url: string, folder: string, organization: string) => {
      const { username, password } = JSON.parse(
        readFileSync(
          join(folder, organization === 'city' ? 'CityMSP' : 'MinistryMSP', 'administrator.json'),
          'utf8',
        ),
      ) as Record<string, string>;
      return new Caller(url).post('/auth/login', { organization, username, password });
    };
    const own = await login(hospital.url, hospital.folder, 'city');
    expect(own.status).toBe(200);
    expect((await login(bed.url, hospital.folder, 'city')).status).toBe(401);
    const made = await new Caller(hospital.url, own.body['token']).post('/doctors', {
      name: 'Dr. A',
      specialization: 'A',
    });
    expect(made.status).toBe(201);
    const manager = await login(bed.url, join(bed.folder, 'gateway'), 'ministry');
    const seen = await new Caller(bed.url, manager.body['token']).get(`/doctors/${made.body['id']}`);
    expect(seen.body).toMatchObject({ mspId: 'CityMSP', name: null });
  });

  test('both tell the same keys and certificate chains of organisations they do not serve', async () => {
    const lists = await Promise.all(
      [bed.url, hospital.url].map((url) => new Caller(url).get('/organizations')),
    );
    const at = (list: Json, mspId: string) => list.body.items.find((one: Json) => one.mspId === mspId);
    expect(at(lists[0], 'CityMSP').signIn).toBe(false);
    expect(at(lists[1], 'CityMSP').signIn).toBe(true);
    const fingerprints = (list: Json) =>
      at(list, 'CityMSP').caChain.map((pem: string) =>
        createHash('sha256').update(new X509Certificate(pem).raw).digest('hex'),
      );
    expect(fingerprints(lists[0])).toHaveLength(1);
    expect(fingerprints(lists[0])).toEqual(fingerprints(lists[1]));
    expect(at(lists[0], 'CityMSP').keys).toEqual(at(lists[1], 'CityMSP').keys);
    expect(at(lists[0], 'LakesideMSP').caChain).toHaveLength(1);
  });
});

describe('a start that cannot be', () => {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-start-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const start = (config: object | string): { status: number | null; line: string; stdout: string } => {
    const file = join(folder, 'config.json');
    writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));
    const { status, stderr, stdout } = spawnSync(process.execPath, [MAIN, file], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { status, line: stderr, stdout };
  };
  const good = {
    port: 0,
    dataDirectory: join(folder, 'data'),
    objectsDirectory: join(folder, 'objects'),
    connectionProfile: join(folder, 'connection.yaml'),
    organizations: [city],
  };

  beforeAll(() =>
    writeFileSync(good.connectionProfile, 'channel: health\nchaincode: ehr\norganizations: {}\n'),
  );

  test.each([
    ['{', 'cannot be read as JSON'],
    [{ ...good, port: -1 }, 'port must be'],
    [{ ...good, organizations: [{ ...city, code: 'x' }] }, 'organizations[0].code'],
    [{ ...good, connectionProfile: '/nowhere/connection.yaml' }, '/nowhere/connection.yaml'],
    [{ ...good, dataDirectory: '/dev/null/data' }, '/dev/null'],
    [{ ...good, databaseUrl: 'postgres://nobody@127.0.0.1:1/none' }, 'has no organization CityMSP'],
  ])('says why in one line (%#)', (config, reason) => {
    const { status, line, stdout } = start(config);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(line.trim().split('\n')).toHaveLength(1);
    expect(line).toContain('medseal gateway cannot start: ');
    expect(line).toContain(reason);
  });

  test('a port in use', async () => {
    const other = createServer();
    const port = await new Promise<number>((done) => {
      other.listen(0, '127.0.0.1', () => done((other.address() as { port: number }).port));
    });
    const { status, line } = start({ ...good, port });
    other.close();
    expect(status).toBe(1);
    expect(line).toBe(
      `medseal gateway cannot start: port ${port} is in use: stop the process that has it or choose another port.\n`,
    );
  });
});
