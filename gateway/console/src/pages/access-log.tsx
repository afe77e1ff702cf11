import { useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { AccessLogItem, Page as ListPage, PageQuery } from '@medseal/client';
import { VerifyDialog } from '../access/verify-dialog';
import { basisText } from '../access/words';
import { client, useUser } from '../app/session';
import { Button } from '../ui/button';
import { TextField } from '../ui/fields';
import { Empty, ErrorNotice, Waiting } from '../ui/notice';
import { Page } from '../ui/page';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { Hash, timeText } from '../ui/values';

export function AccessLogPage() {
  const { role } = useUser();
  return role === 'patient' ? <OwnLog /> : <PublicLog />;
}

function OwnLog() {
  const own = useQuery({ queryKey: ['patients', 'own'], queryFn: () => client.patients({ limit: 1 }) });
  const registrationNo = own.data?.items[0]?.registrationNo;
  return (
    <Page
      title="Access Log"
      lead="Who has read your records, newest first. Each line is a receipt on the ledger."
    >
      <div className="panel">
        {own.isPending && <Waiting text="Loading …" />}
        {own.isError && <ErrorNotice error={own.error} retry={() => void own.refetch()} />}
        {registrationNo && (
          <LogTable list={registrationNo} fetchPage={(query) => client.accessLog(registrationNo, query)} />
        )}
      </div>
    </Page>
  );
}

const LEDGER_ID = /^[0-9a-f]{32}$/;

/** An auditor sees the public part, by the patient's id on the ledger. */
function PublicLog() {
  const [typed, setTyped] = useState('');
  const [ledgerId, setLedgerId] = useState('');
  const [error, setError] = useState<string>();
  return (
    <Page
      title="Access Log"
      lead="The public part of a patient’s access log: which records, when, by which organisation."
    >
      <div className="panel">
        <form
          className="search"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            const wanted = typed.trim();
            setError(LEDGER_ID.test(wanted) ? undefined : 'Enter an id of 32 characters 0–9, a–f.');
            setLedgerId(LEDGER_ID.test(wanted) ? wanted : '');
          }}
        >
          <TextField
            label="Patient’s id on the ledger"
            value={typed}
            onChange={setTyped}
            error={error}
            required
          />
          <div className="field">
            <Button type="submit">Show</Button>
          </div>
        </form>
        {ledgerId && <LogTable list={ledgerId} fetchPage={(query) => client.accessLogOf(ledgerId, query)} />}
      </div>
    </Page>
  );
}

function LogTable({
  list,
  fetchPage,
}: {
  list: string;
  fetchPage: (query: PageQuery) => Promise<ListPage<AccessLogItem>>;
}) {
  const paged = usePaged(['access-log', list], fetchPage, { staleTime: 0 });
  const [verifying, setVerifying] = useState<AccessLogItem>();
  return (
    <PagedList paged={paged}>
      {paged.query.data?.items.length === 0 ? (
        <Empty>Nobody has read these records yet.</Empty>
      ) : (
        <Table
          caption="Receipts"
          rows={paged.query.data?.items ?? []}
          keyOf={({ receiptId }) => receiptId}
          columns={[
            { header: 'When', cell: ({ at }) => timeText(at) },
            { header: 'Who', cell: ({ readerName, reader }) => readerName ?? `Staff ${reader.slice(0, 8)}` },
            {
              header: 'Organisation',
              cell: ({ organizationName, organization }) => organizationName ?? organization,
            },
            { header: 'Why', cell: ({ basis }) => basisText(basis) },
            { header: 'Records', cell: ({ recordIds }) => <RecordLinks ids={recordIds} /> },
            {
              header: 'Receipt',
              kind: 'code',
              cell: ({ receiptId }) => <Hash value={receiptId} name="Receipt" />,
            },
            {
              header: 'Verify',
              kind: 'actions',
              cell: (item) => (
                <Button
                  kind="quiet"
                  aria-label={`Verify receipt ${item.receiptId.slice(0, 8)}`}
                  onClick={() => setVerifying(item)}
                >
                  Verify
                </Button>
              ),
            },
            {
              header: 'Block',
              cell: ({ ledger }) => (
                <Link to="/report/blocks/$number" params={{ number: String(ledger.blockNumber) }}>
                  {ledger.blockNumber}
                </Link>
              ),
            },
          ]}
        />
      )}
      {verifying && <VerifyDialog item={verifying} onClose={() => setVerifying(undefined)} />}
    </PagedList>
  );
}

function RecordLinks({ ids }: { ids: readonly string[] }) {
  const { role } = useUser();
  const titles = useQuery({
    queryKey: ['records', 'titles'],
    queryFn: () => client.records({ limit: 200 }),
    enabled: role === 'patient',
  });
  const titleOf = (recordId: string): string =>
    titles.data?.items.find((record) => record.recordId === recordId)?.disease ?? recordId.slice(0, 8);
  return (
    <>
      {ids.map((recordId, index) => (
        <span key={recordId}>
          {index > 0 && ', '}
          {role === 'patient' ? (
            <Link to="/records/$recordId" params={{ recordId }}>
              {titleOf(recordId)}
            </Link>
          ) : (
            <code>{recordId.slice(0, 8)}</code>
          )}
        </span>
      ))}
    </>
  );
}
