import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

/**
 * The product's processes under one parent: each writes its log to `<folder>/logs/<name>.log`, tells it is ready
 * with one JSON line on stdout, and ends on SIGTERM. A process that dies by itself ends the others.
 */
export class Processes {
  #children = [];
  #stopping = false;
  #logging = true;

  constructor(folder, onDeath) {
    this.logs = path.join(folder, 'logs');
    mkdirSync(this.logs, { recursive: true, mode: 0o700 });
    this.onDeath = onDeath;
  }

  /** Resolves with the ready line's object. @throws with the last line the process wrote to stderr. */
  start(name, script, args = [], environment = {}, timeoutMs = 120_000) {
    if (this.#stopping) return Promise.reject(new Error(`${name} is not started any more`));
    const log = (line) => this.log(name, line);
    const child = spawn(process.execPath, [script, ...args], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.push({ name, child });
    let lastError = '';
    return new Promise((resolve, reject) => {
      let ready = false;
      const timer = setTimeout(
        () => reject(new Error(`${name} was not ready after ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (!ready && line.startsWith('{')) {
          try {
            const message = JSON.parse(line);
            if (message.ready) {
              ready = true;
              clearTimeout(timer);
              resolve(message);
              return;
            }
          } catch {
            // Not the ready line.
          }
        }
        log(line);
      });
      createInterface({ input: child.stderr }).on('line', (line) => {
        if (line.trim()) lastError = line;
        log(line);
      });
      child.on('error', (error) => {
        clearTimeout(timer);
        reject(new Error(`${name} could not start: ${error.message}`));
      });
      child.on('exit', (code, signal) => {
        clearTimeout(timer);
        if (!ready) reject(new Error(`${name} ended before it was ready (${signal ?? code}): ${lastError}`));
        else if (!this.#stopping) this.onDeath(name, signal ?? code, lastError);
      });
    });
  }

  /** A log that cannot be written must not end the processes whose log it is. */
  log(name, text) {
    try {
      appendFileSync(path.join(this.logs, `${name}.log`), `${text}\n`, { mode: 0o600 });
      this.#logging = true;
    } catch (error) {
      if (this.#logging) console.error(`medseal: lines are missing in ${this.logs}: ${error.message}`);
      this.#logging = false;
    }
  }

  /** In the reverse order of starting, each with time to finish; a process that does not end is killed. */
  async stop(graceMs = 10_000) {
    this.#stopping = true;
    for (const { child } of [...this.#children].reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(timer);
    }
  }
}
