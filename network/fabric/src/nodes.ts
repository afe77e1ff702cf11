import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isFree, writeFile } from './layout.js';
import { lastLine, StepError, until } from './steps.js';

/** A process of the network: it goes on when whoever started it ends. */
export interface Node {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Working folder. */
  readonly folder: string;
  readonly ports: readonly number[];
}

interface Running {
  readonly pid: number;
  /** Tells the process from a later one with the same number, where the system says. */
  readonly started: string;
}

const STOP_SECONDS = 15;

/** The network's processes, remembered by files `run/<name>.json`. */
export class Nodes {
  /** @param signal once it is aborted, no node is started any more */
  constructor(
    private readonly directory: string,
    private readonly signal?: AbortSignal,
  ) {}

  log(name: string): string {
    return join(this.directory, 'logs', `${name}.log`);
  }

  /** @returns the process id, or undefined when it does not run */
  pid(name: string): number | undefined {
    const file = this.runFile(name);
    if (!existsSync(file)) return undefined;
    const { pid, started } = JSON.parse(readFileSync(file, 'utf8')) as Running;
    return startOf(pid) === started ? pid : undefined;
  }

  /**
   * Starts a node that does not run.
   * @returns false when it runs already
   * @throws StepError when one of its ports is taken, or after the signal
   */
  async start(node: Node): Promise<boolean> {
    if (this.pid(node.name) !== undefined) return false;
    for (const port of node.ports) {
      if (!(await isFree(port)))
        throw new StepError(
          `starting ${node.name} failed: port ${port} is in use by another program; stop that program`,
        );
    }
    mkdirSync(join(this.directory, 'logs'), { recursive: true, mode: 0o700 });
    mkdirSync(node.folder, { recursive: true, mode: 0o700 });
    if (this.signal?.aborted) throw new StepError(`starting ${node.name} failed: the start was stopped`);
    const log = openSync(this.log(node.name), 'a', 0o600);
    try {
      const child = spawn(node.file, node.args, {
        cwd: node.folder,
        detached: true,
        stdio: ['ignore', log, log],
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...node.environment },
      });
      const failed = new Promise<never>((_, reject) => {
        child.once('error', (error) =>
          reject(new StepError(`starting ${node.name} failed: ${error.message}`)),
        );
      });
      // At once, so that a stop never overlooks a node; one that could not be started has no number.
      const { pid } = child;
      if (pid !== undefined)
        writeFile(this.runFile(node.name), JSON.stringify({ pid, started: startOf(pid) ?? '' }));
      await Promise.race([new Promise((resolve) => child.once('spawn', resolve)), failed]);
      failed.catch(() => undefined);
      child.unref();
    } finally {
      closeSync(log);
    }
    return true;
  }

  /**
   * Asks a started node until `probe` gives a value.
   * @throws StepError when it ended, or after `seconds`
   */
  async ready<T>(name: string, seconds: number, probe: () => Promise<T | undefined>): Promise<T> {
    const from = existsSync(this.log(name)) ? statSync(this.log(name)).size : 0;
    return until(`starting ${name}`, seconds, async () => {
      if (this.pid(name) === undefined) {
        const text = readFileSync(this.log(name))
          .subarray(Math.max(0, from - 4096))
          .toString('utf8');
        throw new StepError(`starting ${name} failed: it ended; ${lastLine(text)} (${this.log(name)})`);
      }
      return probe();
    });
  }

  /** Asks it to end, and makes it end after a while. */
  async stop(name: string): Promise<boolean> {
    const pid = this.pid(name);
    if (pid !== undefined) {
      signal(pid, 'SIGTERM');
      const deadline = Date.now() + STOP_SECONDS * 1000;
      while (this.pid(name) !== undefined) {
        if (Date.now() > deadline) signal(pid, 'SIGKILL');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    rmSync(this.runFile(name), { force: true });
    return pid !== undefined;
  }

  private runFile(name: string): string {
    return join(this.directory, 'run', `${name}.json`);
  }
}

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // Ended meanwhile.
  }
};

/** When the process started, in ticks; '' where the system does not say. @returns undefined when it has ended */
const startOf = (pid: number): string | undefined => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  const stat = `/proc/${pid}/stat`;
  if (!existsSync(stat)) return '';
  const fields = readFileSync(stat, 'utf8').split(') ').at(-1)!.split(' ');
  // A zombie waits only for its parent to notice.
  return fields[0] === 'Z' ? undefined : fields[19];
};
