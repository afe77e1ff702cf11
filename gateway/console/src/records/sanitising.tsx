import { useState } from 'react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { client } from '../app/session';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { Empty, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Facts, Panel } from '../ui/page';
import { Table } from '../ui/table';
import { AsStored } from './both-documents';
import { DocumentView } from './document-view';
import { useQueueKeys } from './queue-keys';
import { ReturnDialog } from './return-dialog';
import { profileText, replacedKindText, SANITISER_REASONS } from './step-words';

/** The sanitiser's step: the document as it will be stored, what is replaced in it, and the decision. */
export function Sanitising({ recordId, onDone }: { recordId: string; onDone: (text: string) => void }) {
  const [isReturning, setIsReturning] = useState(false);
  const shown = useQuery({
    queryKey: ['sanitizing', recordId],
    queryFn: () => client.sanitizing(recordId),
    staleTime: 0,
    // Of a later round everything is different: nothing is shown from before.
    gcTime: 0,
  });
  const round = shown.data?.round ?? 0;
  const sanitising = useMutation({
    mutationFn: () => client.sanitizeRecord(recordId, round),
    onSuccess: () => onDone(t('sanitising.done')),
  });
  const mayApprove = shown.data !== undefined && shown.data.fault === null && !sanitising.isPending;
  useQueueKeys({
    approve: mayApprove ? () => sanitising.mutate() : undefined,
    giveBack: shown.isSuccess ? () => setIsReturning(true) : undefined,
  });
  if (shown.isPending) return <Waiting text={t('sanitising.checking')} />;
  if (shown.isError) return <ErrorNotice error={shown.error} retry={() => void shown.refetch()} />;
  const { document, replaced, coverage, profile, fault } = shown.data;
  return (
    <Panel title={t('sanitising.title')}>
      {fault ? (
        <Notice kind="bad" title={t('sanitising.cannot')}>
          {fault.detail}
        </Notice>
      ) : (
        <Notice kind="good">{t('sanitising.holds')}</Notice>
      )}
      {sanitising.isError && <ErrorNotice error={sanitising.error} />}
      <div className="form-end">
        <Button
          kind="main"
          busy={sanitising.isPending}
          disabled={fault !== null}
          aria-keyshortcuts="Control+Enter"
          onClick={() => sanitising.mutate()}
        >
          {t('sanitising.approve')}
        </Button>
        <Button aria-keyshortcuts="Control+Shift+Enter" onClick={() => setIsReturning(true)}>
          {t('returned.open')}
        </Button>
      </div>
      <Facts
        items={[
          [t('sanitising.profile'), profileText(profile)],
          [
            t('sanitising.kept'),
            coverage &&
              t('sanitising.keptBytes', {
                kept: coverage.keptBytes,
                whole: coverage.byteLength,
                blocks: coverage.blocks,
              }),
          ],
        ]}
      />
      {document !== null && (
        <>
          <h3>{t('sanitising.document')}</h3>
          <DocumentView document={document} />
          <AsStored summary={t('document.wholeSanitised')} document={document} />
        </>
      )}
      <h3>{t('replaced.title')}</h3>
      {replaced.length === 0 ? (
        <Empty>{t('replaced.nothing')}</Empty>
      ) : (
        <Table
          caption={t('replaced.title')}
          rows={replaced}
          keyOf={({ path, kind }) => `${kind} ${path}`}
          columns={[
            { header: t('replaced.path'), cell: ({ path }) => path, kind: 'code' },
            { header: t('replaced.by'), cell: ({ kind }) => replacedKindText(kind) },
            { header: t('replaced.parts'), cell: ({ sectors }) => sectors, kind: 'number' },
          ]}
        />
      )}
      {isReturning && (
        <ReturnDialog
          reasons={SANITISER_REASONS}
          suggested={fault?.code}
          send={(reason) => client.returnPackage(recordId, reason, round)}
          onClose={() => setIsReturning(false)}
          onDone={() => {
            setIsReturning(false);
            onDone(t('returned.done'));
          }}
        />
      )}
    </Panel>
  );
}
