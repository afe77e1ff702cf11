import { Link } from '@tanstack/react-router';
import type { RecordAnswer } from '@medseal/client';
import { useDoctors } from '../app/doctors';
import { client } from '../app/session';
import { Badge, Empty } from '../ui/notice';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { dayText, timeText } from '../ui/values';

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
          ]}
        />
      )}
    </PagedList>
  );
}

export function RecordState({ record: { status, next } }: { record: Pick<RecordAnswer, 'status' | 'next'> }) {
  if (status === 'chained') return <Badge kind="good">Chained</Badge>;
  if (status === 'created') return <Badge kind="warning">Begun, not sealed</Badge>;
  return (
    <Badge kind="warning">{next ? `Sealed, waits for ${stepName(next.step).toLowerCase()}` : 'Sealed'}</Badge>
  );
}

const STEP_NAMES: Readonly<Record<string, string>> = {
  create: 'Create',
  seal: 'Seal',
  blind: 'Blind',
  sanitize: 'Sanitise',
  upload: 'Send to cloud',
  attest: 'Attest',
  chain: 'Chain',
};

export const stepName = (step: string): string => STEP_NAMES[step] ?? step;
