import { Link } from '@tanstack/react-router';
import type { RecordAnswer } from '@medseal/client';
import { useDoctors } from '../app/doctors';
import { client } from '../app/session';
import { Badge, Empty } from '../ui/notice';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { dayText, timeText } from '../ui/values';
import { stateName, stepName } from './step-words';

/** Records that the signed-in user may see, newest first; of one patient or of all. */
export function RecordTable({
  registrationNo,
  status,
  empty,
  limit,
}: {
  registrationNo?: string;
  status?: string;
  empty: string;
  limit?: number;
}) {
  const { nameOf } = useDoctors();
  const paged = usePaged(
    ['records', registrationNo ?? '', status ?? ''],
    (query) => client.records({ ...query, registrationNo, status: status || undefined }),
    { limit },
  );
  const rows = paged.query.data?.items ?? [];
  return (
    <PagedList paged={paged}>
      {rows.length === 0 ? (
        <Empty>{empty}</Empty>
      ) : (
        <Table
          caption="Records"
          rows={rows}
          keyOf={({ recordId }) => recordId}
          columns={[
            {
              header: 'Record',
              cell: (record) => (
                <Link to="/records/$recordId" params={{ recordId: record.recordId }}>
                  {record.disease ?? `Record ${record.recordId.slice(0, 8)}`}
                </Link>
              ),
            },
            ...(rows.some(({ effectiveDate }) => effectiveDate !== null)
              ? [{ header: 'Date', cell: ({ effectiveDate }: RecordAnswer) => dayText(effectiveDate) }]
              : []),
            ...(registrationNo === undefined && rows.some((row) => row.registrationNo !== null)
              ? [
                  {
                    header: 'Patient',
                    kind: 'code' as const,
                    cell: (row: RecordAnswer) => row.registrationNo ?? '–',
                  },
                ]
              : []),
            { header: 'Doctor', cell: ({ author }) => nameOf(author) ?? '–' },
            { header: 'Written', cell: ({ createdAt }) => timeText(createdAt) },
            { header: 'Version', cell: ({ version }) => version, kind: 'number' },
            { header: 'Status', cell: (record) => <RecordState record={record} /> },
            ...(rows.some(({ lastProven }) => lastProven !== null)
              ? [
                  {
                    header: 'Last proven intact',
                    cell: (record: RecordAnswer) => <ProvenText record={record} />,
                  },
                ]
              : []),
          ]}
        />
      )}
    </PagedList>
  );
}

/** Of both files the one that was proven longer ago. */
function ProvenText({ record: { lastProven } }: { record: RecordAnswer }) {
  if (lastProven === null) return <>–</>;
  const files = [lastProven.sealed, lastProven.sanitized];
  if (files.some(({ failed }) => failed !== null)) return <Badge kind="bad">Audit failed</Badge>;
  const times = files.map(({ provenAt }) => provenAt).filter((at) => at !== null);
  return <>{times.length < files.length ? 'Not yet' : timeText(times.sort()[0])}</>;
}

export function RecordState({ record: { status, next } }: { record: Pick<RecordAnswer, 'status' | 'next'> }) {
  if (status === 'chained') return <Badge kind="good">Chained</Badge>;
  if (status === 'created') return <Badge kind="warning">Begun, not sealed</Badge>;
  return (
    <Badge kind="warning">
      {next ? `${stateName(status)}, waits for ${stepName(next.step).toLowerCase()}` : stateName(status)}
    </Badge>
  );
}
