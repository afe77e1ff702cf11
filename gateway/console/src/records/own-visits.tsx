import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { client } from '../app/session';
import { t } from '../i18n';
import { timeText } from '../i18n/locale';
import { Badge, Empty, ErrorNotice, Waiting } from '../ui/notice';
import { Panel } from '../ui/page';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';

const ROWS = 8;
const MINUTE_MS = 60_000;

/** The beginning of the present day here, or of days after it, RFC 3339 with the offset of this place. */
const beginningOfDay = (daysAfter = 0): string => {
  const now = new Date();
  const begin = new Date(now.getFullYear(), now.getMonth(), now.getDate() + daysAfter);
  const east = -begin.getTimezoneOffset();
  const local = new Date(begin.getTime() + east * MINUTE_MS).toISOString().slice(0, 19);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${local}${east < 0 ? '-' : '+'}${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`;
};

/** The patients whom the signed-in doctor sees today; on a day without any, whom the doctor saw last. */
export function OwnVisits() {
  const [from, to] = [beginningOfDay(), beginningOfDay(1)];
  const today = useQuery({
    queryKey: ['visits', 'own', from],
    queryFn: () => client.ownEncounters({ from, to, limit: 1 }),
    staleTime: 0,
  });
  const isToday = (today.data?.total ?? 0) > 0;
  return (
    <Panel
      title={isToday || !today.isSuccess ? t('home.today') : t('home.latest')}
      actions={<Link to="/patients">{t('home.visits.patients')}</Link>}
    >
      {today.isPending && <Waiting text={t('common.loading')} />}
      {today.isError && <ErrorNotice error={today.error} retry={() => void today.refetch()} />}
      {today.isSuccess && !isToday && <p className="hint">{t('home.latest.lead')}</p>}
      {today.isSuccess && <VisitTable from={isToday ? from : undefined} to={isToday ? to : undefined} />}
    </Panel>
  );
}

function VisitTable({ from, to }: { from?: string; to?: string }) {
  const paged = usePaged(
    ['visits', 'own', from ?? '', 'rows'],
    (query) => client.ownEncounters({ ...query, from, to }),
    { limit: ROWS, staleTime: 0 },
  );
  const rows = paged.query.data?.items ?? [];
  return (
    <PagedList paged={paged}>
      {rows.length === 0 ? (
        <Empty>{t('home.visits.empty')}</Empty>
      ) : (
        <Table
          caption={from === undefined ? t('home.latest') : t('home.today')}
          rows={rows}
          keyOf={({ id }) => id}
          columns={[
            {
              header: t('home.visits.patient'),
              cell: ({ patientName, registrationNo }) =>
                // A patient of another hospital has no page here: a visit of theirs opens a record.
                patientName === null ? (
                  <Link to="/records/new" search={{ patient: registrationNo }}>
                    {registrationNo}
                  </Link>
                ) : (
                  <Link to="/patients/$registrationNo" params={{ registrationNo }}>
                    {patientName}
                  </Link>
                ),
            },
            { header: t('home.visits.when'), cell: ({ period }) => timeText(period.start) },
            { header: t('home.visits.kind'), cell: (visit) => t(`home.visits.${visit.class}`) },
            { header: t('home.visits.reason'), cell: ({ reason }) => reason },
            {
              header: t('home.visits.state'),
              cell: ({ status }) => (
                <Badge kind={status === 'in-progress' ? 'warning' : 'good'}>
                  {t(`home.visits.${status}`)}
                </Badge>
              ),
            },
          ]}
        />
      )}
    </PagedList>
  );
}
