import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { copyTemplate, openPglite } from './pglite-template.js';

/** A process of its own for the database, so that a query never holds up requests. Ends with its parent's pipe. */
const main = async (directory: string, socketPath: string, templates: string): Promise<void> => {
  const release = await lock(`${directory}.lock`);
  if (templates !== '') await copyTemplate(directory, templates);
  const database = await openPglite(directory);
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
        // Also where the parent was killed and cannot do it.
        rmSync(dirname(socketPath), { recursive: true, force: true });
        process.exit(0);
      });
  };
  process.on('SIGTERM', stop);
  // Ctrl-C reaches the whole group; the parent decides when its database may go.
  process.on('SIGINT', () => undefined);
  process.stdin.on('close', stop).resume();
  process.stdout.write('{"ready":true}\n');
};

const OWNER_ENDS_WITHIN_MS = 10_000;

/**
 * PGlite takes no lock on its folder; two processes on one would destroy it. The database of a gateway that was killed
 * needs a moment to end; the lock of a dead one is taken over.
 */
const lock = async (path: string): Promise<() => void> => {
  const deadline = Date.now() + OWNER_ENDS_WITHIN_MS;
  for (;;) {
    // Written aside and linked: nobody finds a lock that does not say yet whose it is.
    const mine = `${path}.${process.pid}`;
    writeFileSync(mine, String(process.pid), { mode: 0o600 });
    try {
      linkSync(mine, path);
      return () => {
        rmSync(path, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(mine, { force: true });
    }
    const owner = Number(readFileSync(path, 'utf8'));
    if (!(owner > 0 && isRunning(owner))) rmSync(path, { force: true });
    else if (Date.now() > deadline)
      throw new Error(`the database is in use by process ${owner}: stop it first`);
    else await sleep(100);
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

const [, , directory = '', socketPath = '', templates = ''] = process.argv;
main(directory, socketPath, templates).catch((error: unknown) => {
  process.stderr.write(`database cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
