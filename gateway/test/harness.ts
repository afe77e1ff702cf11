import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { collectionsFor } from '@medseal/chaincode';
import { reservePorts } from '@medseal/embedded-fabric/free-ports';

/**
 * The real parts on a folder of their own: embedded network, a chaincode process an organisation, gateway; each as
 * `npm start` runs them, from the built packages.
 */

const ROOT = resolve(__dirname, '../..');

/** As `npm start` keeps them: making a database from nothing takes more than the rest of a start. */
const DATABASE_TEMPLATES = join(ROOT, 'node_modules/.cache/medseal');

/** Variable that names the folder of a bed after its first start, made once a run (`prepared-bed.ts`). */
export const PREPARED_FOLDER = 'MEDSEAL_PREPARED_BED';

export const ORGANIZATIONS = [
  {
    mspId: 'MinistryMSP',
    slug: 'ministry',
    name: 'Ministry of Health',
    kind: 'ministry',
    code: '100',
    domain: 'ministry.test',
    orderer: true,
  },
  {
    mspId: 'CityMSP',
    slug: 'city',
    name: 'City Hospital',
    kind: 'hospital',
    code: '101',
    domain: 'city.test',
    parentCa: 'MinistryMSP',
  },
  {
    mspId: 'LakesideMSP',
    slug: 'lakeside',
    name: 'Lakeside Hospital',
    kind: 'hospital',
    code: '102',
    domain: 'lakeside.test',
    parentCa: 'MinistryMSP',
  },
] as const;

export type Slug = (typeof ORGANIZATIONS)[number]['slug'];

/** What JSON.parse gives: tests look into answers freely. */
export type Json = ReturnType<typeof JSON.parse>;

export interface Answer<Body = Record<string, Json>> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface CallOptions {
  body?: unknown;
  /** A new one for each POST unless given; null sends none. */
  key?: string | null;
  headers?: Record<string, string>;
}

/** A caller with a bearer token, or nobody. */
export class Caller {
  constructor(
    readonly url: string,
    readonly token?: string,
    readonly user?: {
      username: string;
      organization: string;
      role: string;
      subject: string;
      displayName: string;
    },
  ) {}

  async call<Body = Record<string, Json>>(
    method: string,
    path: string,
    options: CallOptions = {},
  ): Promise<Answer<Body>> {
    const headers: Record<string, string> = { ...options.headers };
    if (this.token !== undefined) headers['authorization'] = `Bearer ${this.token}`;
    if (options.body !== undefined) headers['content-type'] ??= 'application/json';
    if (method === 'POST' && options.key !== null) headers['idempotency-key'] = options.key ?? randomUUID();
    const body =
      options.body === undefined || typeof options.body === 'string'
        ? options.body
        : JSON.stringify(options.body);
    const response = await fetch(`${this.url}${path.startsWith('/api') ? '' : '/api/v1'}${path}`, {
      method,
      headers,
      body,
    });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : text) as Body,
    };
  }

  get<Body = Record<string, Json>>(path: string, headers?: Record<string, string>): Promise<Answer<Body>> {
    return this.call<Body>('GET', path, { headers });
  }

  post<Body = Record<string, Json>>(
    path: string,
    body: unknown,
    options: CallOptions = {},
  ): Promise<Answer<Body>> {
    return this.call<Body>('POST', path, { body, ...options });
  }
}

export interface Colleague {
  caller: Caller;
  username: string;
  password: string;
  subject: string;
}

interface Running {
  child: ChildProcess;
  ready: Record<string, unknown>;
  log: string[];
}

/** A gateway with its own data folder. */
export class Site {
  constructor(
    readonly running: Running,
    readonly folder: string,
  ) {}

  get url(): string {
    return String(this.running.ready['url']);
  }

  get pid(): number {
    return this.running.child.pid!;
  }

  /** What it has written to stderr. */
  get log(): string {
    return this.running.log.join('\n');
  }
}

export class TestBed {
  private gateway: Running | undefined;
  private readonly network: Running[] = [];
  private readonly administrators = new Map<Slug, Caller>();
  private readonly agents = new Map<Slug, Running>();
  private readonly agentSettings = new Map<Slug, Record<string, string>>();
  /** Gateways of single organisations, where there are several. */
  private readonly sites = new Map<Slug, Site>();
  url = '';

  private constructor(
    readonly folder: string,
    private settings: Record<string, unknown>,
    /** Name of the gateway of an organisation that the first one does not serve. */
    private readonly siteNames: Partial<Record<Slug, string>> = {},
  ) {}

  /** A gateway for each of the hospitals named, with keystore and database of its own, besides the first one for the rest. */
  static async startSites(apart: readonly Slug[]): Promise<TestBed> {
    const of = (isApart: boolean) => ORGANIZATIONS.filter(({ slug }) => apart.includes(slug) === isApart);
    const bed = new TestBed(
      mkdtempSync(join(tmpdir(), 'medseal-gateway-')),
      { organizations: of(false), admit: of(true) },
      Object.fromEntries(apart.map((slug) => [slug, slug])),
    );
    try {
      await bed.startNetwork();
      await Promise.all([bed.startGateway(), ...of(true).map((one) => bed.startSite(one.slug))]);
      return bed;
    } catch (error) {
      await bed.stop();
      throw error;
    }
  }

  /** Starts the gateway of one organisation, again after `stopSite`. */
  async startSite(slug: Slug): Promise<Site> {
    const organizations = ORGANIZATIONS.filter((one) => one.slug === slug);
    const running = await this.launch(slug, { organizations });
    this.network.push(running);
    const site = new Site(running, join(this.folder, slug));
    this.sites.set(slug, site);
    this.administrators.delete(slug);
    return site;
  }

  async stopSite(slug: Slug, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await end(this.sites.get(slug)?.running, signal);
  }

  /** The gateway that serves an organisation. */
  site(slug: Slug): Site {
    return this.sites.get(slug) ?? new Site(this.gateway!, join(this.folder, 'gateway'));
  }

  /** After its first start, on a copy of the run's prepared folder where there is one. */
  static async start(): Promise<TestBed> {
    const prepared = process.env[PREPARED_FOLDER];
    const bed = await TestBed.startWithoutGateway({}, prepared);
    try {
      await bed.startGateway();
      return bed;
    } catch (error) {
      await bed.stop();
      throw error;
    }
  }

  /** @param settings besides the usual ones, of the gateway's configuration */
  static async startWithoutGateway(
    settings: Record<string, unknown> = {},
    prepared?: string,
  ): Promise<TestBed> {
    const bed = new TestBed(mkdtempSync(join(tmpdir(), 'medseal-gateway-')), settings);
    try {
      if (prepared !== undefined) {
        cpSync(prepared, bed.folder, { recursive: true });
        // Ports of its own: copies that start together would all find those of the original free.
        rmSync(join(bed.folder, 'network/ports.json'), { force: true });
      }
      await bed.startNetwork();
      return bed;
    } catch (error) {
      await bed.stop();
      throw error;
    }
  }

  /** What the gateway has written to stderr: its log. */
  get log(): string {
    return this.gateway?.log.join('\n') ?? '';
  }

  async startGateway(): Promise<void> {
    this.gateway = await this.launch('gateway', this.settings);
    this.administrators.clear();
    this.url = String(this.gateway.ready['url']);
  }

  /** A further gateway on the same network, with a data folder of its own. */
  async another(name: string, settings: Record<string, unknown>): Promise<{ url: string; folder: string }> {
    const running = await this.launch(name, settings);
    this.network.push(running);
    return { url: String(running.ready['url']), folder: join(this.folder, name) };
  }

  private launch(name: string, settings: Record<string, unknown>): Promise<Running> {
    const file = join(this.folder, `${name}.json`);
    const config = {
      port: 0,
      dataDirectory: join(this.folder, name),
      objectsDirectory: join(this.folder, 'objects'),
      connectionProfile: join(this.folder, 'connection.yaml'),
      organizations: ORGANIZATIONS,
      clockFile: this.clockFile,
      databaseTemplates: DATABASE_TEMPLATES,
      ...settings,
    };
    writeFileSync(file, JSON.stringify(config));
    return run(join(ROOT, 'gateway/dist/main.js'), [file]);
  }

  async stopGateway(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await end(this.gateway, signal);
    this.gateway = undefined;
  }

  /** @param settings other settings of the gateway's configuration from now on */
  async restartGateway(
    signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM',
    settings: Record<string, unknown> = {},
  ): Promise<void> {
    this.settings = { ...this.settings, ...settings };
    await this.stopGateway(signal);
    await this.startGateway();
  }

  /** Moves everybody's clock, ms. */
  async advance(ms: number): Promise<void> {
    const now = existsSync(this.clockFile) ? Number(readFileSync(this.clockFile, 'utf8')) : 0;
    writeFileSync(this.clockFile, String(now + ms));
    // Longer than any process keeps the offset without looking at the file.
    await new Promise((done) => setTimeout(done, 300));
    // Their sessions may have ended meanwhile.
    this.administrators.clear();
  }

  nobody(organization?: Slug): Caller {
    return new Caller(organization === undefined ? this.url : this.site(organization).url);
  }

  async signIn(
    organization: Slug,
    username: string,
    password: string,
    rememberMe?: boolean,
  ): Promise<Caller> {
    const { url } = this.site(organization);
    const answer = await new Caller(url).post('/auth/login', {
      organization,
      username,
      password,
      rememberMe,
    });
    if (answer.status !== 200) throw new Error(`sign-in failed: ${JSON.stringify(answer.body)}`);
    return new Caller(url, answer.body['token'] as string, answer.body['user'] as Caller['user']);
  }

  /** The administrator made at first start. */
  async administrator(organization: Slug): Promise<Caller> {
    let caller = this.administrators.get(organization);
    if (caller === undefined) {
      const { mspId } = ORGANIZATIONS.find(({ slug }) => slug === organization)!;
      const file = join(this.site(organization).folder, mspId, 'administrator.json');
      const { username, password } = JSON.parse(readFileSync(file, 'utf8')) as Record<
        'username' | 'password',
        string
      >;
      caller = await this.signIn(organization, username, password);
      this.administrators.set(organization, caller);
    }
    return caller;
  }

  /** A new member of staff, signed in. */
  async colleague(organization: Slug, role: string, more: Record<string, unknown> = {}): Promise<Colleague> {
    const username = `${role}-${randomUUID().slice(0, 8)}`;
    const administrator = await this.administrator(organization);
    const made = await administrator.post('/users', { username, role, displayName: `Test ${role}`, ...more });
    if (made.status !== 201) throw new Error(`POST /users: ${JSON.stringify(made.body)}`);
    const password = made.body['initialPassword'] as string;
    return {
      caller: await this.signIn(organization, username, password),
      username,
      password,
      subject: made.body['subject'] as string,
    };
  }

  async stop(): Promise<void> {
    await this.stopProcesses();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The folder stays. */
  async stopProcesses(): Promise<void> {
    await this.stopGateway().catch(() => undefined);
    for (const running of [...this.network, ...this.agents.values()].reverse()) await end(running, 'SIGTERM');
  }

  private get clockFile(): string {
    return join(this.folder, 'network/clock');
  }

  /** An organisation's chaincode process, which is its agent; another script than its own if given. */
  async startAgent(slug: Slug, script = join(ROOT, 'chaincode/dist/main.js')): Promise<Running> {
    const running = await run(script, [], this.agentSettings.get(slug)!);
    this.agents.set(slug, running);
    return running;
  }

  async stopAgent(slug: Slug): Promise<void> {
    await end(this.agents.get(slug), 'SIGKILL');
  }

  private async startNetwork(): Promise<void> {
    const directory = join(this.folder, 'network');
    const ports = await reservePorts(2 * ORGANIZATIONS.length);
    const addressesOf = (): Record<string, string> =>
      Object.fromEntries(ORGANIZATIONS.map(({ mspId }) => [mspId, `127.0.0.1:${ports.pop()}`]));
    const addresses = addressesOf();
    const custodians = addressesOf();
    const hospitals = ORGANIZATIONS.filter(({ kind }) => kind === 'hospital').map(({ mspId }) => mspId);
    const file = join(this.folder, 'network.json');
    writeFileSync(
      file,
      JSON.stringify({
        directory,
        channel: 'health',
        organizations: ORGANIZATIONS,
        chaincodes: [
          {
            definition: { name: 'ehr', version: '1', sequence: 1, collections: collectionsFor(hospitals) },
            addresses,
          },
          {
            definition: { name: 'custodian', version: '1', sequence: 1, collections: [] },
            addresses: custodians,
          },
        ],
        profileFile: join(this.folder, 'connection.yaml'),
        captureFile: join(this.folder, 'proposals.jsonl'),
      }),
    );
    const started = await Promise.all([
      run(join(ROOT, 'network/embedded/dist/main.js'), [file]),
      ...ORGANIZATIONS.map(({ mspId, slug }) => {
        this.agentSettings.set(slug, {
          CORE_PEER_LOCALMSPID: mspId,
          CHAINCODE_SERVER_ADDRESS: addresses[mspId]!,
          CHAINCODE_ID: 'ehr:1',
          MEDSEAL_CLOCK_FILE: this.clockFile,
          MEDSEAL_AGENT_KEY_FILE: join(
            this.folder,
            this.siteNames[slug] ?? 'gateway',
            mspId,
            'keystore/agent.key',
          ),
        });
        return this.startAgent(slug);
      }),
      ...ORGANIZATIONS.map(({ mspId }) =>
        run(join(ROOT, 'chaincode/dist/custodian-main.js'), [], {
          CORE_PEER_LOCALMSPID: mspId,
          CHAINCODE_SERVER_ADDRESS: custodians[mspId]!,
          CHAINCODE_ID: 'custodian:1',
          MEDSEAL_CLOCK_FILE: this.clockFile,
          MEDSEAL_CUSTODIAN_FOLDER: join(this.folder, 'custodian', mspId),
        }),
      ),
    ]);
    this.network.push(...started);
  }
}

const START_TIMEOUT_MS = 180_000;

const run = (script: string, args: string[], environment: Record<string, string> = {}): Promise<Running> =>
  new Promise((resolveReady, reject) => {
    const child = spawn(process.execPath, [script, ...args], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log: string[] = [];
    const fail = (why: string): void => reject(new Error(`${script} ${why}:\n${log.slice(-20).join('\n')}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail('was not ready in time');
    }, START_TIMEOUT_MS);
    createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{"ready":true')) return;
      clearTimeout(timer);
      resolveReady({ child, ready: JSON.parse(line) as Record<string, unknown>, log });
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`ended with ${signal ?? code}`);
    });
  });

const end = async (running: Running | undefined, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
  if (running === undefined) return;
  const { child } = running;
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((done) => child.once('exit', done));
  child.kill(signal);
  await exited;
};
