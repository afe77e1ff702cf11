import type { Page, ReportAnswer, ReportRow } from '@medseal/client';
import { t } from '../i18n';
import { saveFile } from '../ui/save-file';
import { saveCsv } from '../charts/csv';
import { timeText } from '../ui/values';

const PAGE = 200;
/** A file for people: who wants all of a large ledger exports its blocks. */
export const EXPORTED_MAX = 2_000;

export interface ReportExport {
  rows: ReportRow[];
  /** Rows that there are, also those beyond the most. */
  total: number;
  chainValid: boolean;
  checkedAt: string;
}

type FetchPage = (query: {
  limit: number;
  cursor?: string;
}) => Promise<ReportAnswer & Partial<Pick<Page<never>, 'total'>>>;

/** All rows of the report, page by page, each with its verdict of now. */
export async function fetchReport(fetchPage: FetchPage): Promise<ReportExport> {
  const rows: ReportRow[] = [];
  let chainValid = true;
  for (let cursor: string | undefined; ;) {
    const page = await fetchPage({ limit: PAGE, cursor });
    rows.push(...page.rows);
    chainValid &&= page.chainValid;
    cursor = page.nextCursor ?? undefined;
    if (cursor === undefined || rows.length >= EXPORTED_MAX)
      return { rows, total: page.total ?? rows.length, chainValid, checkedAt: page.checkedAt };
  }
}

const isValid = ({ prevHashValid, objectsValid }: ReportRow): boolean => prevHashValid && objectsValid;

const headers = (): string[] => [
  t('report.ehrDate'),
  t('report.patient'),
  t('report.doctor'),
  t('report.disease'),
  t('report.hash'),
  t('report.previousHash'),
  t('report.verdict'),
];

const cellsOf = (row: ReportRow): string[] => [
  row.ehrDate ?? '',
  row.patient ?? (row.erased === true ? t('report.erased') : ''),
  row.doctor ?? '',
  row.disease ?? '',
  row.hash,
  row.prevHash,
  isValid(row) ? t('report.valid') : t('report.changed'),
];

export const saveReportCsv = ({ rows }: ReportExport): void =>
  saveCsv('blockchain-report', headers(), rows.map(cellsOf));

/** The same as a PDF; its code is loaded now, because few need it. */
export async function saveReportPdf(report: ReportExport): Promise<void> {
  const { tablePdf } = await import('./table-pdf');
  const bytes = await tablePdf({
    title: t('report.title'),
    lines: [
      report.chainValid
        ? t('report.allValid', { at: timeText(report.checkedAt) })
        : t('report.someChanged', { at: timeText(report.checkedAt) }),
      ...(report.total > report.rows.length
        ? [t('report.firstOnly', { shown: report.rows.length, total: report.total })]
        : []),
    ],
    headers: headers(),
    widths: [70, 95, 90, 95, 190, 190, 52],
    codes: [4, 5],
    rows: report.rows.map((row) => ({ cells: cellsOf(row), isBad: !isValid(row) })),
    pageText: (number, pages) => t('common.pageOf', { number, pages }),
  });
  saveFile('blockchain-report.pdf', bytes as Uint8Array<ArrayBuffer>, 'application/pdf');
}
