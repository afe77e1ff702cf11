import { Logger } from '@nestjs/common';
import type { Database } from './database.js';

const logger = new Logger('Database');

/**
 * A deleted row's bytes stay in its table's files and in the write-ahead log until they happen to be overwritten. This
 * writes the tables anew and renews the log. On a PostgreSQL of one's own the log needs rights that the gateway may not
 * have, and archives and replicas are out of its reach: then a line in the log says what is left to its administrator.
 */
export const removeDeletedBytes = async (database: Database, tables: readonly string[]): Promise<void> => {
  for (const table of tables) await database.query(`VACUUM FULL ${table}`);
  try {
    // Segments that are no longer needed are removed, and not kept under another name with what is in them. A server
    // with a process of its own for this goes by its configuration.
    await database.query('SET wal_recycle = off');
    await database.query('SELECT pg_switch_wal()');
    await database.query('CHECKPOINT');
  } catch (error) {
    logger.warn(
      `Deleted rows may still be in the database's write-ahead log: have its administrator renew it (${(error as Error).message}).`,
    );
  }
};
