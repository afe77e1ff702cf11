import { mkdir } from 'node:fs/promises';
import { Pool, type PoolConfig } from 'pg';
import { startPglite } from './pglite.js';

export interface DatabaseConnections {
  pool: Pool;
  close(): Promise<void>;
  /** Resolves when a database of our own ended by itself: nothing works any more. */
  readonly lost: Promise<Error>;
}

/** A wait for a connection that takes longer is a fault, not load. */
const CONNECT_TIMEOUT_MS = 30_000;

/**
 * Connections to `databaseUrl`, or to a PGlite of our own in `directory`. PGlite is one session whatever the number of
 * sockets (search path and unnamed statements are shared), so it gets exactly one connection.
 */
export const openConnections = async (
  databaseUrl: string | undefined,
  directory: string,
  templates?: string,
): Promise<DatabaseConnections> => {
  if (databaseUrl !== undefined) {
    const pool = newPool({ connectionString: databaseUrl, max: 12 });
    return { pool, close: () => pool.end(), lost: NEVER };
  }
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const pglite = await startPglite(directory, templates);
  const pool = newPool({ host: pglite.socketDirectory, user: 'postgres', database: 'postgres', max: 1 });
  return {
    pool,
    lost: pglite.lost,
    close: async () => {
      await pool.end();
      await pglite.stop();
    },
  };
};

const NEVER = new Promise<never>(() => undefined);

const newPool = (config: PoolConfig): Pool => {
  const pool = new Pool({ connectionTimeoutMillis: CONNECT_TIMEOUT_MS, ...config });
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => undefined);
  return pool;
};
