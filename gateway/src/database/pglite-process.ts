import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

/** A process of its own for the database, so that a query never holds up requests. Ends with its parent's pipe. */
const main = async (directory: string, socketPath: string): Promise<void> => {
  const release = lock(`${directory}.lock`);
  const database = await PGlite.create(directory);
  const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections: 4 });
  await server.start();

  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void server
      .stop()
      .then(() => database.close())
      .finally(() => {
        release();
        process.exit(0);
      });
  };
  process.on('SIGTERM', stop);
  // Ctrl-C reaches the whole group; the parent decides when its database may go.
  process.on('SIGINT', () => undefined);
  process.stdin.on('close', stop).resume();
  process.stdout.write('{"ready":true}\n');
};

/** PGlite takes no lock on its folder; two processes on one would destroy it. A dead owner's lock is taken over. */
const lock = (path: string): (() => void) => {
  for (let attempt = 0; ; attempt++) {
    try {
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, String(process.pid));
      closeSync(file);
      return () => {
        rmSync(path, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 2) throw error;
      const owner = Number(readFileSync(path, 'utf8'));
      if (owner > 0 && isRunning(owner))
        throw new Error(`the database is in use by process ${owner}: stop it first`);
      rmSync(path, { force: true });
    }
  }
};

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const [, , directory, socketPath] = process.argv;
main(join(directory ?? '', ''), socketPath ?? '').catch((error: unknown) => {
  process.stderr.write(`database cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
