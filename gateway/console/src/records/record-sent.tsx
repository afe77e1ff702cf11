import { useEffect } from 'react';
import { Link } from '@tanstack/react-router';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { client } from '../app/session';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Page, Panel } from '../ui/page';
import { Pipeline } from './pipeline';
import { recordsChanged } from './records-changed';
import { nextText } from './step-words';

/** Sealed: from here on the record is safe, and what is left is run and shown. */
export function RecordSent({ recordId, onAnother }: { recordId: string; onAnother?: () => void }) {
  const completion = useQuery({
    queryKey: ['complete', recordId],
    queryFn: () => client.completeRecord(recordId),
    staleTime: Infinity,
    // An amendment of the same record is completed anew.
    gcTime: 0,
  });
  const again = useMutation({ mutationFn: () => completion.refetch() });
  const queries = useQueryClient();
  const outcome = completion.status;
  const record = useQuery({
    queryKey: ['records', 'one', recordId, outcome],
    queryFn: () => client.record(recordId),
  });
  useEffect(() => recordsChanged(queries), [queries, outcome]);
  return (
    <Page title={t('records.sent')}>
      {completion.isPending && <Waiting text={t('records.running')} />}
      {completion.isError && (
        <Notice kind="warning" title={t('records.notChainedYet')}>
          <ErrorNotice error={completion.error} retry={() => again.mutate()} />
        </Notice>
      )}
      {completion.isSuccess && (
        <Notice kind="good">
          {completion.data.next === null
            ? t('records.chained')
            : t('records.sealedNext', { next: nextText(completion.data.next) })}
        </Notice>
      )}
      <Panel title={t('records.steps')}>
        {record.data ? <Pipeline record={record.data} /> : <Waiting text={t('common.loading')} />}
      </Panel>
      <div className="form-end">
        <Link to="/records/$recordId" params={{ recordId }} className="button main">
          {t('records.show')}
        </Link>
        {onAnother && <Button onClick={onAnother}>{t('records.writeAnother')}</Button>}
      </div>
    </Page>
  );
}
