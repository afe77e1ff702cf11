import type { ReactNode } from 'react';
import { t } from '../i18n';
import { numberText } from '../i18n/locale';
import { Button } from '../ui/button';
import { Empty } from '../ui/notice';
import { Panel } from '../ui/page';
import { Table } from '../ui/table';
import { type Cell, saveCsv } from './csv';
import './charts.css';

/** A plot, the table behind it, and its rows as a file. */
export function PlotPanel({
  title,
  note,
  fileName,
  headers,
  rows,
  empty,
  children,
}: {
  title: string;
  note?: ReactNode;
  fileName: string;
  /** Of the table; the first names the row. */
  headers: readonly string[];
  rows: readonly (readonly Cell[])[];
  /** Said where there are no rows. */
  empty: string;
  children: ReactNode;
}) {
  return (
    <Panel title={title}>
      {rows.length === 0 ? (
        <Empty>{empty}</Empty>
      ) : (
        <>
          {children}
          <details className="behind">
            <summary>{t('charts.table', { title })}</summary>
            <div className="actions">
              <Button
                onClick={() => saveCsv(fileName, headers, rows)}
                aria-label={t('charts.csvOf', { title })}
              >
                {t('common.saveCsv')}
              </Button>
            </div>
            <Table
              caption={title}
              rows={rows.map((cells, at) => ({ at, cells }))}
              keyOf={({ at }) => String(at)}
              columns={headers.map((header, column) => ({
                header,
                kind: column === 0 ? undefined : 'number',
                cell: ({ cells }: { cells: readonly Cell[] }) => {
                  const cell = cells[column] ?? null;
                  return typeof cell === 'number' ? numberText(cell) : cell;
                },
              }))}
            />
          </details>
        </>
      )}
      {note && <p className="hint">{note}</p>}
    </Panel>
  );
}
