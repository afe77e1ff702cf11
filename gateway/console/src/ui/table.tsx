import type { ReactNode } from 'react';

export interface Column<Row> {
  header: string;
  cell: (row: Row) => ReactNode;
  kind?: 'number' | 'code' | 'actions';
}

/**
 * Rows and columns; on a narrow screen each row becomes a block with the column's name before each value. The roles say
 * what the changed layout would otherwise hide from assistive technology.
 */
export function Table<Row>({
  caption,
  columns,
  rows,
  keyOf,
  marked,
}: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** Rows to draw as damaged. */
  marked?: (row: Row) => boolean;
}) {
  return (
    <table role="table">
      <caption className="unseen">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ header, kind }) => (
            <th key={header} role="columnheader" scope="col" className={kind}>
              {kind === 'actions' ? <span className="unseen">{header}</span> : header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={keyOf(row)} role="row" className={marked?.(row) ? 'marked' : undefined}>
            {columns.map(({ header, cell, kind }) => (
              <td
                key={header}
                role="cell"
                className={kind}
                data-label={kind === 'actions' ? undefined : header}
              >
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
