import { useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { AccessLogItem, Page as ListPage, PageQuery } from '@medseal/client';
import { client, useUser } from '../app/session';
import { Button } from '../ui/button';
import { Empty } from '../ui/notice';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { Hash, timeText } from '../ui/values';
import { VerifyDialog } from './verify-dialog';
import { basisText } from './words';

/** Who read a patient's records, newest first, with each receipt's verification. */
export function LogTable({
  list,
  ofOwn = false,
  fetchPage,
}: {
  list: string;
  /** The reader's own records, which have a page each. */
  ofOwn?: boolean;
  fetchPage: (query: PageQuery) => Promise<ListPage<AccessLogItem>>;
}) {
  const whoText = useReaderName();
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
            { header: 'Who', cell: whoText },
            {
              header: 'Organisation',
              cell: ({ organizationName, organization }) => organizationName ?? organization,
            },
            { header: 'Why', cell: ({ basis }) => basisText(basis) },
            { header: 'Records', cell: ({ recordIds }) => <RecordLinks ids={recordIds} ofOwn={ofOwn} /> },
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

/** Guardians are patients, of whom nothing but a number is known here. */
function useReaderName(): (item: AccessLogItem) => string {
  const { subject, role } = useUser();
  const consents = useQuery({
    queryKey: ['consents', 'in-force'],
    queryFn: () => client.consents({ limit: 200 }),
    enabled: role === 'patient',
  });
  const isGuardian = (reader: string): boolean =>
    (consents.data?.items ?? []).some(({ grantee }) => grantee.kind === 'guardian' && grantee.id === reader);
  return ({ readerName, reader }) =>
    reader === subject
      ? 'You'
      : (readerName ?? `${isGuardian(reader) ? 'Guardian' : 'Staff'} ${reader.slice(0, 8)}`);
}

function RecordLinks({ ids, ofOwn }: { ids: readonly string[]; ofOwn: boolean }) {
  const titles = useQuery({
    queryKey: ['records', 'titles'],
    queryFn: () => client.records({ limit: 200 }),
    enabled: ofOwn,
  });
  const titleOf = (recordId: string): string =>
    titles.data?.items.find((record) => record.recordId === recordId)?.disease ?? recordId.slice(0, 8);
  return (
    <>
      {ids.map((recordId, index) => (
        <span key={recordId}>
          {index > 0 && ', '}
          {ofOwn ? (
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
