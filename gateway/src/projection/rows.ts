import type { Queries, SqlValue } from '../database/database.js';

export type Row = Readonly<Record<string, SqlValue>>;

/** How rows of a table that are there already change. */
export interface Upsert {
  readonly table: string;
  readonly key: readonly string[];
  /** Columns that keep their first value. */
  readonly first?: readonly string[];
  /** Columns that keep their first value that is not null. */
  readonly once?: readonly string[];
}

// PostgreSQL takes at most 65,535 parameters a statement.
const PARAMETERS_MAX = 20_000;

/** Rows of one table on their way to the database, at most one a key: later ones change earlier ones. */
export class PendingRows {
  readonly #rows = new Map<string, Row | undefined>();

  constructor(private readonly target: Upsert) {}

  put(row: Row): void {
    const key = this.#keyOf(row);
    const earlier = this.#rows.get(key);
    const kept: Record<string, SqlValue> = {};
    if (earlier) {
      for (const column of this.target.first ?? []) kept[column] = earlier[column] ?? null;
      for (const column of this.target.once ?? []) kept[column] = earlier[column] ?? row[column] ?? null;
    }
    this.#rows.set(key, { ...row, ...kept });
  }

  /** @param key the key's columns */
  remove(key: Row): void {
    this.#rows.set(this.#keyOf(key), undefined);
  }

  async write(queries: Queries): Promise<void> {
    const rows: Row[] = [];
    for (const [key, row] of this.#rows) {
      if (row) rows.push(row);
      else await this.#delete(queries, JSON.parse(key) as SqlValue[]);
    }
    if (rows.length === 0) return;
    const columns = Object.keys(rows[0]!);
    const size = Math.max(1, Math.floor(PARAMETERS_MAX / columns.length));
    for (let start = 0; start < rows.length; start += size) {
      const slice = rows.slice(start, start + size);
      const values = slice.map(
        (_, row) => `(${columns.map((__, column) => `$${row * columns.length + column + 1}`).join(', ')})`,
      );
      await queries.query(
        `INSERT INTO ${this.target.table} (${columns.join(', ')}) VALUES ${values.join(', ')} ${this.#onConflict(columns)}`,
        slice.flatMap((row) => columns.map((column) => row[column] ?? null)),
      );
    }
  }

  #onConflict(columns: readonly string[]): string {
    const { table, key, first = [], once = [] } = this.target;
    const changes = columns
      .filter((column) => !key.includes(column) && !first.includes(column))
      .map((column) =>
        once.includes(column)
          ? `${column} = COALESCE(${table}.${column}, EXCLUDED.${column})`
          : `${column} = EXCLUDED.${column}`,
      );
    const action = changes.length === 0 ? 'NOTHING' : `UPDATE SET ${changes.join(', ')}`;
    return `ON CONFLICT (${key.join(', ')}) DO ${action}`;
  }

  async #delete(queries: Queries, key: SqlValue[]): Promise<void> {
    const condition = this.target.key.map((column, index) => `${column} = $${index + 1}`).join(' AND ');
    await queries.query(`DELETE FROM ${this.target.table} WHERE ${condition}`, key);
  }

  #keyOf(row: Row): string {
    return JSON.stringify(this.target.key.map((column) => row[column] ?? null));
  }
}
