import { useRef, useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useMutation } from '@tanstack/react-query';
import type { Fault, FullVerdict, ReportAnswer, ReportRow, VerificationProgress } from '@medseal/client';
import { client, useUser } from '../app/session';
import { ReportTabs } from '../records/report-tabs';
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
  const isDamaged = ({ prevHashValid, objectsValid, recordId }: ReportRow): boolean =>
    !prevHashValid || !objectsValid || walked?.firstInvalid?.recordId === recordId;
  return (
    <Page
      title="Blockchain Report"
      lead="Chained records by date. Hashes and verdicts are computed now, from the bytes on disk."
      actions={
        <Button
          busy={query.isFetching}
          onClick={() => {
            setWalked(undefined);
            void query.refetch();
          }}
        >
          Check again
        </Button>
      }
    >
      <ReportTabs />
      {query.data && <VerdictNotice verdict={query.data} />}
      <div className="panel">
        <form
          className="search"
          role="search"
          onSubmit={(event) => {
            event.preventDefault();
            setFilter({ ...filter, q: typed.trim() });
          }}
        >
          <TextField
            label="Search patient, doctor or disease"
            type="search"
            value={typed}
            onChange={setTyped}
            required
          />
          <SelectField
            label="Order"
            value={filter.sort}
            onChange={(sort) => setFilter({ ...filter, sort })}
            required
            options={[
              ['ehrDate', 'Oldest first'],
              ['-ehrDate', 'Newest first'],
            ]}
          />
          <div className="field">
            <Button type="submit">Search</Button>
          </div>
        </form>
        <PagedList paged={paged}>
          <ReportTable rows={query.data?.rows ?? []} q={filter.q} isDamaged={isDamaged} />
        </PagedList>
        {query.data?.rows.some(({ patient }) => patient === null) && (
          <p className="hint">
            Rows without names are not open to you; their hashes are checked all the same.
          </p>
        )}
        {LEAVES_RECEIPT.has(role) && (
          <p className="hint">
            Showing other people’s title lines is a read: each page leaves a receipt, which the patients see.
          </p>
        )}
      </div>
      <FullWalk onVerdict={setWalked} />
    </Page>
  );
}

const VerdictNotice = ({ verdict }: { verdict: ReportAnswer }) =>
  verdict.chainValid ? (
    <Notice kind="good">Everything shown is as it was written. Checked {timeText(verdict.checkedAt)}.</Notice>
  ) : (
    <Notice kind="bad" title="Something has been changed.">
      {verdict.firstInvalid && <FirstFault fault={verdict.firstInvalid} />} Checked{' '}
      {timeText(verdict.checkedAt)}.
    </Notice>
  );

const FirstFault = ({ fault: { kind, id, reason, recordId } }: { fault: Fault }) => (
  <>
    First: {kind} <code>{id}</code>
    {recordId && (
      <>
        {' '}
        of record <code>{recordId.slice(0, 8)}</code>
      </>
    )}
    : {reason}.
  </>
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
  if (rows.length === 0)
    return <Empty>{q ? `No row shown to you matches “${q}”.` : 'No record has been chained yet.'}</Empty>;
  return (
    <Table
      caption="Chained records"
      rows={rows}
      keyOf={({ recordId, version }) => `${recordId}/${version}`}
      marked={isDamaged}
      columns={[
        {
          header: 'EHR date',
          cell: ({ ehrDate, sealed }) => (sealed ? <span className="muted">sealed</span> : dayText(ehrDate)),
        },
        { header: 'Patient', cell: ({ patient, erased }) => patient ?? (erased === true ? 'erased' : '–') },
        { header: 'Doctor', cell: ({ doctor }) => doctor ?? '–' },
        {
          header: 'Disease',
          cell: ({ disease, sealed, recordId }) =>
            role === 'patient' ? (
              <Link to="/records/$recordId" params={{ recordId }}>
                {sealed ? 'Open with your passphrase' : (disease ?? 'Record')}
              </Link>
            ) : role === 'auditor' ? (
              <Link
                to="/audits"
                search={{ record: recordId }}
                aria-label={`Audit record ${recordId.slice(0, 8)}`}
              >
                {disease ?? `Audit ${recordId.slice(0, 8)}`}
              </Link>
            ) : (
              (disease ?? '–')
            ),
        },
        { header: 'Hash', cell: ({ hash }) => <Hash value={hash} name="Hash" />, kind: 'code' },
        {
          header: 'Previous hash',
          cell: ({ prevHash }) => <Hash value={prevHash} name="Previous hash" />,
          kind: 'code',
        },
        {
          header: 'Verdict',
          cell: (row) =>
            isDamaged(row) ? (
              <Badge kind="bad">Changed</Badge>
            ) : (
              <Badge kind="good">{row.erased === true ? 'Valid, erased' : 'Valid'}</Badge>
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
      title="The whole chain"
      actions={
        walk.isPending ? (
          <Button onClick={() => stop.current?.abort()}>Stop</Button>
        ) : (
          <Button onClick={() => walk.mutate()}>Check everything</Button>
        )
      }
    >
      {walk.isIdle && (
        <p className="muted">Walks over every block, every chained record and every stored object.</p>
      )}
      {walk.isPending && (
        <>
          <p role="status">
            {progress
              ? `Checking ${progress.phase}: ${progress.done} of ${progress.total}`
              : 'Waiting for a turn …'}
          </p>
          <progress
            aria-label="Progress of the check"
            value={progress?.done}
            max={progress?.total || undefined}
          />
        </>
      )}
      {walk.isError &&
        (wasStopped ? (
          <Notice>Stopped; nothing was found so far.</Notice>
        ) : (
          <ErrorNotice error={walk.error} />
        ))}
      {walk.isSuccess &&
        (walk.data.chainValid ? (
          <Notice kind="good">
            Everything is as it was written: {walk.data.checked.blocks} blocks,{' '}
            {walk.data.checked.transactions} transactions, {walk.data.checked.entries} records,{' '}
            {walk.data.checked.objects} objects.
          </Notice>
        ) : (
          <Notice
            kind="bad"
            title={
              walk.data.invalidCount === 1
                ? 'One part has been changed.'
                : `${walk.data.invalidCount} parts have been changed.`
            }
          >
            {walk.data.firstInvalid && <FirstFault fault={walk.data.firstInvalid} />}
          </Notice>
        ))}
    </Panel>
  );
}
