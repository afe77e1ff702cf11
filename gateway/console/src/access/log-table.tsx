import { Fragment, useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { AccessLogChoices, AccessLogItem, AccessLogQuery, Page as ListPage } from '@medseal/client';
import { client, useUser } from '../app/session';
import { useGranteeName } from '../consents/grantee-name';
import { t } from '../i18n';
import { clockText, dayText } from '../i18n/locale';
import { Empty } from '../ui/notice';
import { PagedList, usePaged } from '../ui/paged';
import { Hash } from '../ui/values';
import { EVERYTHING, LogFilter, logQuery } from './log-filter';
import { Verdict } from './verdict';
import { basisText } from './words';
import './access.css';

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
  fetchChoices,
  heading: Heading,
}: {
  list: string;
  /** The reader's own records, which have a page each. */
  ofOwn?: boolean;
  fetchPage: (query: AccessLogQuery) => Promise<ListPage<AccessLogItem>>;
  fetchChoices: () => Promise<AccessLogChoices>;
  /** Of a day, one level below what the log stands under. */
  heading: 'h2' | 'h3';
}) {
  const { whoText, consentText } = useNames();
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
        fetchChoices={fetchChoices}
        nameOf={whoText}
        consentNameOf={consentText}
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
            <Heading>{dayText(day)}</Heading>
            <ol className="timeline">
              {ofDay.map((item) => (
                <li key={item.receiptId}>
                  <p>
                    <time dateTime={item.at ?? undefined}>
                      {item.at === null ? t('access.noTime') : clockText(item.at)}
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

/** Guardians are patients, of whom nothing but a number is known here; a consent is told by whom it is to, and since when. */
function useNames(): {
  whoText: (one: Pick<AccessLogItem, 'reader' | 'readerName'>) => string;
  consentText: (consentId: string) => string;
} {
  const { subject, role } = useUser();
  const granteeText = useGranteeName();
  const consents = useQuery({
    queryKey: ['consents', 'in-force'],
    queryFn: () => client.consents({ limit: 200 }),
    enabled: role === 'patient',
  });
  const granted = consents.data?.items ?? [];
  const isGuardian = (reader: string): boolean =>
    granted.some(({ grantee }) => grantee.kind === 'guardian' && grantee.id === reader);
  return {
    whoText: ({ readerName, reader }) =>
      reader === subject
        ? t('common.you')
        : (readerName ??
          t(isGuardian(reader) ? 'common.guardian' : 'common.staff', { id: reader.slice(0, 8) })),
    consentText: (consentId) => {
      const consent = granted.find((one) => one.consentId === consentId);
      return consent === undefined
        ? t('access.consentId', { id: consentId.slice(0, 8) })
        : t('access.consentTo', { name: granteeText(consent.grantee), since: dayText(consent.grantedAt) });
    },
  };
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
