import { saveFile } from '../ui/save-file';

export type Cell = string | number | null;

/** RFC 4180, with a mark by which spreadsheets know UTF-8. A text that a spreadsheet would take for a formula is quoted as text. */
export function csvOf(headers: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [headers, ...rows].map((row) => row.map(cellText).join(','));
  return `\ufeff${lines.join('\r\n')}\r\n`;
}

const cellText = (cell: Cell): string => {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export const saveCsv = (name: string, headers: readonly string[], rows: readonly (readonly Cell[])[]): void =>
  saveFile(`${name}.csv`, csvOf(headers, rows), 'text/csv;charset=utf-8');
