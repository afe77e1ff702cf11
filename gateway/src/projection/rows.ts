import type { SqlValue } from '../database/database.js';

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

export interface Statement {
  /** With the parameters `$1`, `$2`, … */
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

// PostgreSQL takes at most 65,535 parameters a statement.
const PARAMETERS_MAX = 20_000;

/**
 * As few statements as do all of these, which must not touch a row twice: a block changes a dozen tables, and each
 * statement is a message to the database and back.
 */
export const together = (statements: readonly Statement[]): Statement[] => {
  const groups: Statement[][] = [];
  let count = Infinity;
  for (const statement of statements) {
    count += statement.parameters.length;
    if (count > PARAMETERS_MAX) {
      groups.push([]);
      count = statement.parameters.length;
    }
    groups.at(-1)!.push(statement);
  }
  return groups.map((group) => (group.length === 1 ? group[0]! : asOne(group)));
};

const asOne = (statements: readonly Statement[]): Statement => {
  const parameters: SqlValue[] = [];
  const parts = statements.map(({ sql, parameters: own }, part) => {
    const before = parameters.length;
    parameters.push(...own);
    return `w${part} AS (${sql.replace(/\$(\d+)/g, (_, number: string) => `$${Number(number) + before}`)})`;
  });
  return { sql: `WITH ${parts.join(', ')} SELECT 1`, parameters };
};

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

  deletions(): Statement[] {
    const condition = this.target.key.map((column, index) => `${column} = $${index + 1}`).join(' AND ');
    return [...this.#rows].flatMap(([key, row]) =>
      row
        ? []
        : [
            {
              sql: `DELETE FROM ${this.target.table} WHERE ${condition}`,
              parameters: JSON.parse(key) as SqlValue[],
            },
          ],
    );
  }

  upserts(): Statement[] {
    const rows = [...this.#rows.values()].filter((row) => row !== undefined);
    if (rows.length === 0) return [];
    const columns = Object.keys(rows[0]!);
    const size = Math.max(1, Math.floor(PARAMETERS_MAX / columns.length));
    const statements: Statement[] = [];
    for (let start = 0; start < rows.length; start += size) {
      const slice = rows.slice(start, start + size);
      const values = slice.map(
        (_, row) => `(${columns.map((__, column) => `$${row * columns.length + column + 1}`).join(', ')})`,
      );
      statements.push({
        sql: `INSERT INTO ${this.target.table} (${columns.join(', ')}) VALUES ${values.join(', ')} ${this.#onConflict(columns)}`,
        parameters: slice.flatMap((row) => columns.map((column) => row[column] ?? null)),
      });
    }
    return statements;
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

  #keyOf(row: Row): string {
    return JSON.stringify(this.target.key.map((column) => row[column] ?? null));
  }
}
