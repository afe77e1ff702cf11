import { useRef, useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useMutation } from '@tanstack/react-query';
import type { Fault, FullVerdict, ReportAnswer, ReportRow, VerificationProgress } from '@medseal/client';
import { client, useUser } from '../app/session';
import { ReportTabs } from '../records/report-tabs';
import { fetchReport, type ReportExport, saveReportCsv, saveReportPdf } from '../records/report-files';
import { t } from '../i18n';
import { RichText } from '../i18n/rich-text';
import { Button } from '../ui/button';
import { SelectField, TextField } from '../ui/fields';
import { Badge, Empty, ErrorNotice, Notice } from '../ui/notice';
import { Page, Panel } from '../ui/page';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { dayText, Hash, timeText } from '../ui/values';

const LEAVES_RECEIPT: ReadonlySet<string> = new Set(['doctor', 'hospital-admin']);

export function ReportPage() {
  const { role } = useUser();
  const [typed, setTyped] = useState('');
  const [filter, setFilter] = useState({ q: '', sort: 'ehrDate' });
  const paged = usePaged(
    ['report', filter],
    (query) => client.report({ ...query, q: filter.q || undefined, sort: filter.sort }),
    // Each look at title lines is a read on the ledger: none that was not asked for.
    { staleTime: Infinity },
  );
  const { query } = paged;
  const [walked, setWalked] = useState<FullVerdict>();
  const exporting = useMutation({
    mutationFn: async (saveAs: (report: ReportExport) => void | Promise<void>) =>
      saveAs(
        await fetchReport((page) => client.report({ ...page, q: filter.q || undefined, sort: filter.sort })),
      ),
  });
  const save = (saveAs: (report: ReportExport) => void | Promise<void>): void => {
    if (!exporting.isPending) exporting.mutate(saveAs);
  };
  const isDamaged = ({ prevHashValid, objectsValid, recordId }: ReportRow): boolean =>
    !prevHashValid || !objectsValid || walked?.firstInvalid?.recordId === recordId;
  return (
    <Page
      title={t('report.title')}
      lead={t('report.lead')}
      actions={
        <>
          <Button
            busy={exporting.isPending && exporting.variables === saveReportCsv}
            onClick={() => save(saveReportCsv)}
          >
            {t('common.saveCsv')}
          </Button>
          <Button
            busy={exporting.isPending && exporting.variables === saveReportPdf}
            onClick={() => save(saveReportPdf)}
          >
            {t('common.savePdf')}
          </Button>
          <Button
            busy={query.isFetching}
            onClick={() => {
              setWalked(undefined);
              void query.refetch();
            }}
          >
            {t('report.checkAgain')}
          </Button>
        </>
      }
    >
      <ReportTabs />
      {query.data && <VerdictNotice verdict={query.data} />}
      {exporting.isError && <ErrorNotice error={exporting.error} />}
      <div className="panel">
        <form
          className="search"
          role="search"
          onSubmit={(event) => {
            event.preventDefault();
            setFilter({ ...filter, q: typed.trim() });
          }}
        >
          <TextField label={t('report.search')} type="search" value={typed} onChange={setTyped} required />
          <SelectField
            label={t('report.order')}
            value={filter.sort}
            onChange={(sort) => setFilter({ ...filter, sort })}
            required
            options={[
              ['ehrDate', t('report.oldestFirst')],
              ['-ehrDate', t('report.newestFirst')],
            ]}
          />
          <div className="field">
            <Button type="submit">{t('report.searchButton')}</Button>
          </div>
        </form>
        <PagedList paged={paged}>
          <ReportTable rows={query.data?.rows ?? []} q={filter.q} isDamaged={isDamaged} />
        </PagedList>
        {query.data?.rows.some(({ patient }) => patient === null) && (
          <p className="hint">{t('report.hidden')}</p>
        )}
        {LEAVES_RECEIPT.has(role) && <p className="hint">{t('report.leavesReceipt')}</p>}
      </div>
      <FullWalk onVerdict={setWalked} />
    </Page>
  );
}

const VerdictNotice = ({ verdict }: { verdict: ReportAnswer }) =>
  verdict.chainValid ? (
    <Notice kind="good">{t('report.allValid', { at: timeText(verdict.checkedAt) })}</Notice>
  ) : (
    <Notice kind="bad" title={t('report.somethingChanged')}>
      {verdict.firstInvalid && <FirstFault fault={verdict.firstInvalid} />}{' '}
      {t('report.checkedAt', { at: timeText(verdict.checkedAt) })}
    </Notice>
  );

const code = (content: string) => <code>{content}</code>;

const FirstFault = ({ fault: { kind, id, reason, recordId } }: { fault: Fault }) =>
  recordId ? (
    <RichText
      name="report.firstFaultOfRecord"
      values={{ kind, id, reason, recordId: recordId.slice(0, 8) }}
      parts={{ code }}
    />
  ) : (
    <RichText name="report.firstFault" values={{ kind, id, reason }} parts={{ code }} />
  );

function ReportTable({
  rows,
  q,
  isDamaged,
}: {
  rows: readonly ReportRow[];
  q: string;
  isDamaged: (row: ReportRow) => boolean;
}) {
  const { role } = useUser();
  if (rows.length === 0) return <Empty>{q ? t('report.noMatch', { q }) : t('report.empty')}</Empty>;
  return (
    <Table
      caption={t('report.caption')}
      rows={rows}
      keyOf={({ recordId, version }) => `${recordId}/${version}`}
      marked={isDamaged}
      columns={[
        {
          header: t('report.ehrDate'),
          cell: ({ ehrDate, sealed }) =>
            sealed ? <span className="muted">{t('report.sealed')}</span> : dayText(ehrDate),
        },
        {
          header: t('report.patient'),
          cell: ({ patient, erased }) => patient ?? (erased === true ? t('report.erased') : '–'),
        },
        { header: t('report.doctor'), cell: ({ doctor }) => doctor ?? '–' },
        {
          header: t('report.disease'),
          cell: ({ disease, sealed, recordId }) =>
            role === 'patient' ? (
              <Link to="/records/$recordId" params={{ recordId }}>
                {sealed ? t('report.openSealed') : (disease ?? t('report.record'))}
              </Link>
            ) : role === 'auditor' ? (
              <Link
                to="/audits"
                search={{ record: recordId }}
                aria-label={disease ? t('report.auditOf', { disease, id: recordId.slice(0, 8) }) : undefined}
              >
                {disease ?? t('report.audit', { id: recordId.slice(0, 8) })}
              </Link>
            ) : (
              (disease ?? '–')
            ),
        },
        {
          header: t('report.hash'),
          cell: ({ hash }) => <Hash value={hash} name={t('report.hash')} />,
          kind: 'code',
        },
        {
          header: t('report.previousHash'),
          cell: ({ prevHash }) => <Hash value={prevHash} name={t('report.previousHash')} />,
          kind: 'code',
        },
        {
          header: t('report.verdict'),
          cell: (row) =>
            isDamaged(row) ? (
              <Badge kind="bad">{t('report.changed')}</Badge>
            ) : (
              <Badge kind="good">{row.erased === true ? t('report.validErased') : t('report.valid')}</Badge>
            ),
        },
      ]}
    />
  );
}

/** The walk over every block, entry and object, with its progress; it can be stopped. */
function FullWalk({ onVerdict }: { onVerdict: (verdict: FullVerdict) => void }) {
  const [progress, setProgress] = useState<VerificationProgress>();
  const stop = useRef<AbortController>(undefined);
  const walk = useMutation({
    mutationFn: () => {
      stop.current = new AbortController();
      setProgress(undefined);
      return client.verifyWithProgress(setProgress, stop.current.signal);
    },
    onSuccess: onVerdict,
  });
  const wasStopped = walk.error instanceof DOMException && walk.error.name === 'AbortError';
  return (
    <Panel
      title={t('report.whole')}
      actions={
        walk.isPending ? (
          <Button onClick={() => stop.current?.abort()}>{t('report.stop')}</Button>
        ) : (
          <Button onClick={() => walk.mutate()}>{t('report.checkEverything')}</Button>
        )
      }
    >
      {walk.isIdle && <p className="muted">{t('report.walk')}</p>}
      {walk.isPending && (
        <>
          <p role="status">
            {progress
              ? t(`report.walking.${progress.phase}`, { done: progress.done, total: progress.total })
              : t('report.waiting')}
          </p>
          <progress
            aria-label={t('report.progress')}
            value={progress?.done}
            max={progress?.total || undefined}
          />
        </>
      )}
      {walk.isError &&
        (wasStopped ? <Notice>{t('report.stopped')}</Notice> : <ErrorNotice error={walk.error} />)}
      {walk.isSuccess &&
        (walk.data.chainValid ? (
          <Notice kind="good">{t('report.wholeValid', walk.data.checked)}</Notice>
        ) : (
          <Notice kind="bad" title={t('report.parts', { count: walk.data.invalidCount })}>
            {walk.data.firstInvalid && <FirstFault fault={walk.data.firstInvalid} />}
          </Notice>
        ))}
    </Panel>
  );
}
