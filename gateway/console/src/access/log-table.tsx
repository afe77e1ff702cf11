import { Fragment, useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { AccessLogItem, AccessLogQuery, Page as ListPage } from '@medseal/client';
import { client, useUser } from '../app/session';
import { t } from '../i18n';
import { Empty } from '../ui/notice';
import { PagedList, usePaged } from '../ui/paged';
import { dayText, Hash } from '../ui/values';
import { EVERYTHING, LogFilter, logQuery } from './log-filter';
import { Verdict } from './verdict';
import { basisText } from './words';
import './access.css';

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

/** The day of an instant in the reader's own calendar, `YYYY-MM-DD`. */
const dayOf = (at: string | null): string => {
  if (at === null) return '';
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
};

/** Who read a patient's records, newest first, day by day, with each receipt's verification. */
export function LogTable({
  list,
  ofOwn = false,
  fetchPage,
}: {
  list: string;
  /** The reader's own records, which have a page each. */
  ofOwn?: boolean;
  fetchPage: (query: AccessLogQuery) => Promise<ListPage<AccessLogItem>>;
}) {
  const whoText = useReaderName();
  const [choice, setChoice] = useState(EVERYTHING);
  const paged = usePaged(
    ['access-log', list, 'shown', JSON.stringify(choice)],
    (query) => fetchPage({ ...query, ...logQuery(choice) }),
    { staleTime: 0 },
  );
  const items = paged.query.data?.items ?? [];
  const days = new Map<string, AccessLogItem[]>();
  for (const item of items) days.set(dayOf(item.at), [...(days.get(dayOf(item.at)) ?? []), item]);
  return (
    <>
      <LogFilter
        list={list}
        choice={choice}
        onChoice={setChoice}
        fetchPage={fetchPage}
        nameOf={whoText}
        ofOwn={ofOwn}
      />
      <PagedList paged={paged}>
        <p role="status" className="muted">
          {t('access.count', { count: paged.total ?? 0 })}
        </p>
        {items.length === 0 && (
          <Empty>{choice === EVERYTHING ? t('access.nobody') : t('access.noneSuch')}</Empty>
        )}
        {[...days].map(([day, ofDay]) => (
          <section key={day} aria-label={dayText(day)}>
            <h3>{dayText(day)}</h3>
            <ol className="timeline">
              {ofDay.map((item) => (
                <li key={item.receiptId}>
                  <p>
                    <time dateTime={item.at ?? undefined}>
                      {item.at === null ? t('access.noTime') : CLOCK.format(new Date(item.at))}
                    </time>{' '}
                    <strong>{whoText(item)}</strong>
                    <span className="muted">, {item.organizationName ?? item.organization}</span>
                  </p>
                  <p>
                    {basisText(item.basis)}: <RecordLinks ids={item.recordIds} ofOwn={ofOwn} />
                  </p>
                  <p className="muted">
                    {t('access.receipt')} <Hash value={item.receiptId} name={t('access.receipt')} />,{' '}
                    <Link to="/report/blocks/$number" params={{ number: String(item.ledger.blockNumber) }}>
                      {t('access.block', { number: item.ledger.blockNumber })}
                    </Link>
                  </p>
                  <Verdict item={item} />
                </li>
              ))}
            </ol>
          </section>
        ))}
      </PagedList>
    </>
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
      ? t('access.you')
      : (readerName ??
        t(isGuardian(reader) ? 'access.guardian' : 'access.staff', { id: reader.slice(0, 8) }));
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
        <Fragment key={recordId}>
          {index > 0 && ', '}
          {ofOwn ? (
            <Link to="/records/$recordId" params={{ recordId }}>
              {titleOf(recordId)}
            </Link>
          ) : (
            <code>{recordId.slice(0, 8)}</code>
          )}
        </Fragment>
      ))}
    </>
  );
}
