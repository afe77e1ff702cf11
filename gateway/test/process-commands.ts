import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Json } from './harness';

/** A process of `processes/` that takes commands and answers them, a JSON line each. */
export class CommandedProcess {
  private readonly waiting = new Map<number, (message: Json) => void>();
  private count = 0;

  private constructor(
    readonly child: ChildProcess,
    readonly ready: Json,
  ) {}

  static async start(script: string, args: string[] = []): Promise<CommandedProcess> {
    const child = spawn(process.execPath, [join(__dirname, 'processes', script), ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return new Promise((resolve, reject) => {
      let started: CommandedProcess | undefined;
      child.once('exit', (code) => reject(new Error(`${script} ended with ${code}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        const message = JSON.parse(line) as Json;
        if (started === undefined) resolve((started = new CommandedProcess(child, message)));
        else started.waiting.get(message.id)?.(message);
      });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The answer, or the error as `{error: {code, message}}`. */
  async tell(name: string, input: object = {}): Promise<Json> {
    const id = ++this.count;
    const answered = new Promise<Json>((resolve) => this.waiting.set(id, resolve));
    this.child.stdin!.write(`${JSON.stringify({ id, do: name, ...input })}\n`);
    const { answer, error } = await answered;
    this.waiting.delete(id);
    return error === undefined ? answer : { error };
  }

  /** As `tell`; fails where the process could not do it. */
  async must(name: string, input: object = {}): Promise<Json> {
    const answer = await this.tell(name, input);
    if (answer?.error !== undefined) throw new Error(`${name}: ${JSON.stringify(answer.error)}`);
    return answer;
  }

  stop(): void {
    this.child.kill('SIGTERM');
  }
}
