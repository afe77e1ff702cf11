import { Link } from '@tanstack/react-router';
import type { AwaitedStep } from '@medseal/client';
import { usePersonNames } from '../app/person-names';
import { client } from '../app/session';
import { t } from '../i18n';
import { Empty } from '../ui/notice';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { timeText } from '../ui/values';
import { profileText, returnReason } from './step-words';

/** Records whose next step is one's own, what has waited longest first. */
export function Worklist({ step, empty }: { step: AwaitedStep; empty: string }) {
  const nameOf = usePersonNames();
  const paged = usePaged(['records', 'awaiting', step], (query) => client.recordsAwaiting(step, query), {
    staleTime: 0,
  });
  const rows = paged.query.data?.items ?? [];
  return (
    <PagedList paged={paged}>
      {rows.length === 0 ? (
        <Empty>{empty}</Empty>
      ) : (
        <Table
          caption={t('queue.caption')}
          rows={rows}
          keyOf={({ recordId, version }) => `${recordId}/${version}`}
          columns={[
            {
              header: t('queue.recordHeader'),
              cell: ({ recordId }) => (
                <Link to="/records/$recordId" params={{ recordId }}>
                  {t('queue.record', { id: recordId.slice(0, 8) })}
                </Link>
              ),
            },
            { header: t('queue.author'), cell: ({ author }) => nameOf(author) },
            {
              header: t('queue.profile'),
              cell: ({ profile }) => (profile === null ? '–' : profileText(profile)),
            },
            {
              header: t('queue.cameBack'),
              cell: ({ returned }) => (returned === null ? '–' : returnReason(returned.reasonCode)),
            },
            { header: t('queue.since'), cell: ({ since }) => timeText(since) },
          ]}
        />
      )}
    </PagedList>
  );
}
