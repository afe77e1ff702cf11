import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { GranteeReference } from '@medseal/client';
import { client } from '../app/session';
import { Badge, Empty, ErrorNotice, Waiting } from '../ui/notice';
import { Table } from '../ui/table';
import { ruleText } from './words';

/** What somebody would see now of the own records, and which rule decides. */
export function Preview({ grantee }: { grantee: GranteeReference }) {
  const preview = useQuery({
    queryKey: ['consent-preview', grantee.kind, grantee.id],
    queryFn: () => client.previewConsents(grantee),
    staleTime: 0,
  });
  const records = useQuery({
    queryKey: ['records', 'titles'],
    queryFn: () => client.records({ limit: 200 }),
  });
  if (preview.isPending) return <Waiting text="Looking …" />;
  if (preview.isError) return <ErrorNotice error={preview.error} retry={() => void preview.refetch()} />;
  if (preview.data.items.length === 0) return <Empty>You have no record yet.</Empty>;
  const titleOf = (recordId: string): string =>
    records.data?.items.find((record) => record.recordId === recordId)?.disease ??
    `Record ${recordId.slice(0, 8)}`;
  return (
    <Table
      caption="What would be seen"
      rows={preview.data.items}
      keyOf={({ recordId }) => recordId}
      columns={[
        {
          header: 'Record',
          cell: ({ recordId }) => (
            <Link to="/records/$recordId" params={{ recordId }}>
              {titleOf(recordId)}
            </Link>
          ),
        },
        {
          header: 'Opens',
          cell: ({ opens }) =>
            opens ? <Badge kind="warning">Yes, within its terms</Badge> : <Badge kind="neutral">No</Badge>,
        },
        { header: 'Rule', cell: ruleText },
      ]}
    />
  );
}
