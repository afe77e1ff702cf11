import { PDFDocument, type PDFFont, type PDFPage, rgb, StandardFonts } from 'pdf-lib';

export interface PdfTable {
  title: string;
  /** Below the title. */
  lines: readonly string[];
  headers: readonly string[];
  /** Of the columns, in points; landscape A4 has 782 between its margins. */
  widths: readonly number[];
  /** Columns of codes, which are set in a fixed width and broken anywhere. */
  codes: readonly number[];
  rows: readonly { cells: readonly string[]; isBad: boolean }[];
  pageText: (number: number, pages: number) => string;
}

const A4 = { width: 841.89, height: 595.28 };
const MARGIN = 30;
const SIZE = 8.5;
const LINE = 11;
const INK = rgb(0.1, 0.14, 0.16);
const BAD = rgb(0.64, 0.1, 0.1);
const RULE = rgb(0.8, 0.84, 0.86);

/** A table over as many pages as it needs, with its header on each. @returns the file's bytes */
export async function tablePdf(table: PdfTable): Promise<Uint8Array> {
  const file = await PDFDocument.create();
  file.setTitle(table.title);
  const plain = await file.embedFont(StandardFonts.Helvetica);
  const bold = await file.embedFont(StandardFonts.HelveticaBold);
  const fixed = await file.embedFont(StandardFonts.Courier);
  const known = new Set(plain.getCharacterSet());
  // The standard fonts know Western scripts only.
  const shown = (text: string): string =>
    [...text.normalize('NFC')].map((one) => (known.has(one.codePointAt(0) ?? 0) ? one : '?')).join('');
  const fontOf = (column: number): PDFFont => (table.codes.includes(column) ? fixed : plain);

  let page: PDFPage | undefined;
  let y = 0;
  const drawRow = (
    cells: readonly (readonly string[])[],
    fonts: (column: number) => PDFFont,
    color = INK,
  ): void => {
    let x = MARGIN;
    cells.forEach((lines, column) => {
      lines.forEach((line, at) =>
        page?.drawText(line, { x, y: y - SIZE - at * LINE, size: SIZE, font: fonts(column), color }),
      );
      x += table.widths[column] ?? 0;
    });
    y -= Math.max(1, ...cells.map(({ length }) => length)) * LINE + 5;
    page?.drawLine({
      start: { x: MARGIN, y: y + 2 },
      end: { x: A4.width - MARGIN, y: y + 2 },
      thickness: 0.5,
      color: RULE,
    });
  };
  const newPage = (): void => {
    page = file.addPage([A4.width, A4.height]);
    y = A4.height - MARGIN;
    if (file.getPageCount() === 1) {
      page.drawText(shown(table.title), { x: MARGIN, y: y - 16, size: 16, font: bold, color: INK });
      y -= 28;
      for (const line of table.lines) {
        page.drawText(shown(line), { x: MARGIN, y: y - SIZE, size: SIZE + 1, font: plain, color: INK });
        y -= LINE + 3;
      }
      y -= 6;
    }
    drawRow(
      table.headers.map((header, column) => wrapped(shown(header), bold, roomOf(column), false)),
      () => bold,
    );
  };
  const roomOf = (column: number): number => (table.widths[column] ?? 0) - 8;

  newPage();
  for (const { cells, isBad } of table.rows) {
    const lines = cells.map((cell, column) =>
      wrapped(shown(cell), fontOf(column), roomOf(column), table.codes.includes(column)),
    );
    if (y - Math.max(...lines.map(({ length }) => length)) * LINE < MARGIN + 16) newPage();
    drawRow(lines, fontOf, isBad ? BAD : INK);
  }
  const pages = file.getPages();
  pages.forEach((one, at) =>
    one.drawText(shown(table.pageText(at + 1, pages.length)), {
      x: MARGIN,
      y: MARGIN - 12,
      size: SIZE,
      font: plain,
      color: INK,
    }),
  );
  return file.save();
}

/** Lines no wider than `room`; words stay whole where they can. */
function wrapped(text: string, font: PDFFont, room: number, isCode: boolean): string[] {
  const fits = (line: string): boolean => font.widthOfTextAtSize(line, SIZE) <= room;
  const lines: string[] = [];
  let line = '';
  for (const piece of isCode ? text : text.split(/(?<=\s)/)) {
    if (fits(line + piece.trimEnd())) {
      line += piece;
      continue;
    }
    if (line !== '') lines.push(line.trimEnd());
    line = '';
    for (const one of piece) {
      if (!fits(line + one)) {
        lines.push(line);
        line = '';
      }
      line += one;
    }
  }
  return [...lines, line.trimEnd()];
}
