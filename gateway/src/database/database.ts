import type { Pool, PoolClient } from 'pg';

export type SqlValue = string | number | boolean | null | Date | Uint8Array | string[] | number[];

export interface Queries {
  /** Rows of one statement; parameters are `$1`, `$2`, … */
  query<Row extends object = Record<string, unknown>>(
    sql: string,
    parameters?: readonly SqlValue[],
  ): Promise<Row[]>;
}

/** Which schema a connection looks into now; connections may be shared by several organisations. */
const current = new WeakMap<PoolClient, string>();

/** One organisation's schema. Only SQL of PostgreSQL 15; no transaction may span a network call. */
export class Database implements Queries {
  /** @param schema lower-case identifier; created by the migrations */
  constructor(
    private readonly pool: Pool,
    readonly schema: string,
  ) {
    if (!/^[a-z][a-z0-9_]{0,40}$/.test(schema))
      throw new Error(`Schema name "${schema}" must be lower-case letters.`);
  }

  async query<Row extends object = Record<string, unknown>>(
    sql: string,
    parameters: readonly SqlValue[] = [],
  ): Promise<Row[]> {
    return this.connected((client) => queriesOf(client).query<Row>(sql, parameters));
  }

  /**
   * Commits when `act` resolves, rolls back when it throws. Inside, use only the given `queries`: with PGlite there is
   * one connection, and the transaction has it. Keep it short.
   */
  async transaction<Result>(act: (queries: Queries) => Promise<Result>): Promise<Result> {
    return this.connected(async (client) => {
      await client.query('BEGIN');
      try {
        const result = await act(queriesOf(client));
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((cause: unknown) => {
          throw new BrokenConnection(error, cause);
        });
        throw error;
      }
    });
  }

  private async connected<Result>(act: (client: PoolClient) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect();
    let broken = false;
    try {
      if (current.get(client) !== this.schema) {
        await client.query(`SET search_path TO ${this.schema}`);
        current.set(client, this.schema);
      }
      return await act(client);
    } catch (error) {
      broken = error instanceof BrokenConnection;
      throw error instanceof BrokenConnection ? error.first : error;
    } finally {
      client.release(broken);
    }
  }
}

class BrokenConnection extends Error {
  constructor(
    readonly first: unknown,
    cause: unknown,
  ) {
    super('The connection is of no more use.', { cause });
  }
}

const queriesOf = (client: PoolClient): Queries => ({
  query: async <Row extends object>(sql: string, parameters: readonly SqlValue[] = []) =>
    (await client.query<Row>(sql, [...parameters])).rows,
});
