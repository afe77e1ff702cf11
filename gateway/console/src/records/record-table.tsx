import { Link } from '@tanstack/react-router';
import type { RecordAnswer } from '@medseal/client';
import { useDoctors } from '../app/doctors';
import { client, useSession } from '../app/session';
import { t } from '../i18n';
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
  const { user } = useSession();
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
          caption={t('records.caption')}
          rows={rows}
          keyOf={({ recordId }) => recordId}
          columns={[
            {
              header: t('records.record'),
              cell: (record) => (
                <Link to="/records/$recordId" params={{ recordId: record.recordId }}>
                  {record.disease ?? t('queue.record', { id: record.recordId.slice(0, 8) })}
                </Link>
              ),
            },
            ...(rows.some(({ effectiveDate }) => effectiveDate !== null)
              ? [
                  {
                    header: t('records.date'),
                    cell: ({ effectiveDate }: RecordAnswer) => dayText(effectiveDate),
                  },
                ]
              : []),
            // A patient's are the patient's own.
            ...(registrationNo === undefined &&
            user?.role !== 'patient' &&
            rows.some((row) => row.registrationNo !== null)
              ? [
                  {
                    header: t('records.patient'),
                    kind: 'code' as const,
                    cell: (row: RecordAnswer) => row.registrationNo ?? '–',
                  },
                ]
              : []),
            { header: t('records.doctor'), cell: ({ author }) => nameOf(author) ?? '–' },
            { header: t('records.written'), cell: ({ createdAt }) => timeText(createdAt) },
            { header: t('records.version'), cell: ({ version }) => version, kind: 'number' },
            { header: t('records.status'), cell: (record) => <RecordState record={record} /> },
            ...(rows.some(({ lastProven }) => lastProven !== null)
              ? [
                  {
                    header: t('records.lastProven'),
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
  if (files.some(({ failed }) => failed !== null))
    return <Badge kind="bad">{t('records.auditFailed')}</Badge>;
  const times = files.map(({ provenAt }) => provenAt).filter((at) => at !== null);
  return <>{times.length < files.length ? t('records.notProvenYet') : timeText(times.sort()[0])}</>;
}

export function RecordState({ record: { status, next } }: { record: Pick<RecordAnswer, 'status' | 'next'> }) {
  const state = stateName(status);
  if (status === 'chained') return <Badge kind="good">{state}</Badge>;
  return (
    <Badge kind="warning">
      {next === null || status === 'created'
        ? state
        : t('state.andNext', { state, step: stepName(next.step) })}
    </Badge>
  );
}
