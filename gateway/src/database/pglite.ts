import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface RunningPglite {
  /** Holds `.s.PGSQL.5432`, as libpq expects it. */
  socketDirectory: string;
  stop(): Promise<void>;
  /** Resolves when the process ends without having been asked to. */
  readonly lost: Promise<Error>;
}

const START_TIMEOUT_MS = 90_000;
const STOP_GRACE_MS = 8_000;

/**
 * Starts PGlite on `directory` in a child process; a new one is copied from `templates` where that folder is given.
 * @throws Error with one clear line
 */
export const startPglite = async (directory: string, templates = ''): Promise<RunningPglite> => {
  // A path of its own: Unix socket names are limited to about 100 bytes, data folders are not.
  const socketDirectory = await mkdtemp(join(tmpdir(), 'medseal-db-'));
  const socket = join(socketDirectory, '.s.PGSQL.5432');
  const child = spawn(process.execPath, [processFile(), directory, socket, templates], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stopping = false;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let lastLine = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.trim() !== '') lastLine = line;
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await exited;
    clearTimeout(timer);
    await rm(socketDirectory, { recursive: true, force: true });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error('the database did not start in time')),
        START_TIMEOUT_MS,
      );
      createInterface({ input: child.stdout }).once('line', () => {
        clearTimeout(timer);
        resolve();
      });
      child.once('error', reject);
      child.once('exit', () => {
        clearTimeout(timer);
        reject(new Error(lastLine || 'the database ended before it was ready'));
      });
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const lost = new Promise<Error>((resolve) => {
    void exited.then(() => {
      if (stopping) return;
      const reason = child.signalCode ?? `code ${child.exitCode}`;
      resolve(new Error(`the database ended unexpectedly (${reason}): start again. ${lastLine}`.trim()));
    });
  });
  return { socketDirectory, stop, lost };
};

/** The compiled file, also when this module itself runs from its source (tests). */
const processFile = (): string => {
  const beside = join(__dirname, 'pglite-process.js');
  return existsSync(beside) ? beside : join(__dirname, '../../dist/database/pglite-process.js');
};
