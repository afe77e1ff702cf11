import type { ReactNode } from 'react';
import { Table as LibraryTable } from '@mantine/core';

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
    <LibraryTable role="table" highlightOnHover captionSide="top">
      <caption className="unseen">{caption}</caption>
      <LibraryTable.Thead role="rowgroup">
        <LibraryTable.Tr role="row">
          {columns.map(({ header, kind }) => (
            <LibraryTable.Th key={header} role="columnheader" scope="col" className={kind}>
              {kind === 'actions' ? <span className="unseen">{header}</span> : header}
            </LibraryTable.Th>
          ))}
        </LibraryTable.Tr>
      </LibraryTable.Thead>
      <LibraryTable.Tbody role="rowgroup">
        {rows.map((row) => (
          <LibraryTable.Tr key={keyOf(row)} role="row" className={marked?.(row) ? 'marked' : undefined}>
            {columns.map(({ header, cell, kind }) => (
              <LibraryTable.Td
                key={header}
                role="cell"
                className={kind}
                data-label={kind === 'actions' ? undefined : header}
              >
                {cell(row)}
              </LibraryTable.Td>
            ))}
          </LibraryTable.Tr>
        ))}
      </LibraryTable.Tbody>
    </LibraryTable>
  );
}
