import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { MedsealClient, PatientDevice } from '@medseal/client';
import { reservePorts } from '@medseal/embedded-fabric/free-ports';

export const ROOT = path.resolve(__dirname, '../..');

export interface SignIn {
  organization: string;
  username: string;
  password: string;
  passphrase?: string;
  role: string;
  subject: string;
  registrationNo?: string;
}

export interface ProductOptions {
  folder?: string;
  port?: number;
  demo?: 'none' | 'paper' | 'full';
  environment?: Record<string, string>;
  timeoutMs?: number;
}

/** All processes below `pid`, itself included (Linux: /proc). */
function processTree(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // Ended meanwhile.
    }
  }
  const tree = [pid];
  for (const one of tree) for (const [child, parent] of parents) if (parent === one) tree.push(child);
  return tree;
}

const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};

/** The product as a user starts it: `node scripts/start.mjs` on a folder of its own. */
export class Product {
  private constructor(
    readonly folder: string,
    readonly url: string,
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly output: string[],
  ) {}

  static async start(options: ProductOptions = {}): Promise<Product> {
    const folder = options.folder ?? mkdtempSync(path.join(os.tmpdir(), 'medseal-acceptance-'));
    const port = options.port ?? (await reservePorts(1))[0]!;
    const url = `http://127.0.0.1:${port}`;
    const child = spawn(process.execPath, [path.join(ROOT, 'scripts/start.mjs')], {
      env: {
        ...process.env,
        MEDSEAL_DATA: folder,
        MEDSEAL_PORT: String(port),
        MEDSEAL_DEMO: options.demo ?? 'none',
        ...options.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output: string[] = [];
    const product = new Product(folder, url, port, child, output);
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`not ready in time:\n${output.join('')}`)),
        options.timeoutMs ?? 180_000,
      );
      const done = (action: () => void): void => {
        clearTimeout(timer);
        action();
      };
      child.stdout?.on('data', (chunk: Buffer) => {
        output.push(chunk.toString());
        if (output.join('').includes('Ready at ')) done(resolve);
      });
      child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
      child.once('exit', (code) => done(() => reject(new Error(`ended with ${code}:\n${output.join('')}`))));
    });
    return product;
  }

  get text(): string {
    return this.output.join('');
  }

  get users(): SignIn[] {
    return (JSON.parse(readFileSync(path.join(this.folder, 'demo.json'), 'utf8')) as { users: SignIn[] })
      .users;
  }

  user(username: string, organization?: string): SignIn {
    const found = this.users.find(
      (one) => one.username === username && (!organization || one.organization === organization),
    );
    if (!found) throw new Error(`no demo user ${username}`);
    return found;
  }

  async as(username: string, organization?: string): Promise<MedsealClient> {
    const user = this.user(username, organization);
    const client = new MedsealClient(this.url);
    await client.login(user.organization, user.username, user.password);
    return client;
  }

  async deviceOf(username: string): Promise<{ client: MedsealClient; device: PatientDevice }> {
    const client = await this.as(username);
    return { client, device: await PatientDevice.unlock(client, this.user(username).passphrase ?? '') };
  }

  /** As Ctrl-C does. */
  async stop(): Promise<void> {
    this.child.kill('SIGINT');
    await this.ended();
  }

  /** Until the start's own process is gone. */
  async ended(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    await new Promise((resolve) => this.child.once('exit', resolve));
  }

  /** SIGKILL of the process that runs `script`, e.g. `gateway/dist/main.js`. */
  killOne(script: string): void {
    const pid = processTree(this.child.pid ?? 0).find((one) => commandLine(one).includes(`${script}\0`));
    if (pid === undefined) throw new Error(`no process runs ${script}`);
    process.kill(pid, 'SIGKILL');
  }

  /** SIGKILL of every process at once. */
  async kill(): Promise<void> {
    const ended = this.ended();
    for (const pid of processTree(this.child.pid ?? 0)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Ended meanwhile.
      }
    }
    await ended;
  }

  remove(): void {
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The whole folder, byte for byte. */
export function copyFolder(from: string, to: string): void {
  execFileSync('cp', ['-a', `${from}/.`, to]);
}
