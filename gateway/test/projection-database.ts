import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openConnections } from '../src/database/connections';
import { Database } from '../src/database/database';

/** Shared with the starts of this checkout. */
const TEMPLATES = join(__dirname, '../../node_modules/.cache/medseal');

export interface TestDatabase {
  readonly database: Database;
  close(): Promise<void>;
}

/** A schema of its own in a database of its own, as the gateway opens it. */
export async function openTestDatabase(schema = 'city'): Promise<TestDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'projection-db-'));
  const { pool, close } = await openConnections(undefined, join(directory, 'database'), TEMPLATES);
  return {
    database: new Database(pool, schema),
    close: async () => {
      await close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
