import { Pool, type PoolClient, type PoolConfig } from 'pg';

export type SqlValue = string | number | boolean | null | Date | Uint8Array | string[] | number[];

export interface Queries {
  /** Rows of one statement; parameters are `$1`, `$2`, … */
  query<Row extends object = Record<string, unknown>>(
    sql: string,
    parameters?: readonly SqlValue[],
  ): Promise<Row[]>;
}

/** One organisation's schema. Only SQL of PostgreSQL 15; no transaction may span a network call. */
export class Database implements Queries {
  private constructor(
    private readonly pool: Pool,
    readonly schema: string,
  ) {}

  /** @param schema lower-case identifier; created by the migrations */
  static open(connection: PoolConfig, schema: string): Database {
    if (!/^[a-z][a-z0-9_]{0,40}$/.test(schema))
      throw new Error(`Schema name "${schema}" must be lower-case letters.`);
    const pool = new Pool({ max: 4, ...connection, options: `-c search_path=${schema}` });
    // An idle connection that breaks is replaced by the next query; without a listener it would end the process.
    pool.on('error', () => undefined);
    return new Database(pool, schema);
  }

  async query<Row extends object = Record<string, unknown>>(
    sql: string,
    parameters: readonly SqlValue[] = [],
  ): Promise<Row[]> {
    return (await this.pool.query<Row>(sql, [...parameters])).rows;
  }

  /** Commits when `act` resolves, rolls back when it throws. Keep it short: PGlite runs one transaction at a time. */
  async transaction<Result>(act: (queries: Queries) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect();
    let broken = false;
    try {
      await client.query('BEGIN');
      const result = await act(queriesOf(client));
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {
        broken = true;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

const queriesOf = (client: PoolClient): Queries => ({
  query: async <Row extends object>(sql: string, parameters: readonly SqlValue[] = []) =>
    (await client.query<Row>(sql, [...parameters])).rows,
});
