import { useEffect, useRef, useState } from 'react';
import { useMutation } from '@tanstack/react-query';
import { client } from '../app/session';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { ErrorNotice, Notice } from '../ui/notice';
import { Panel } from '../ui/page';
import { BothDocuments } from './both-documents';
import { useQueueKeys } from './queue-keys';
import { ReturnDialog } from './return-dialog';
import { returnReason, VERIFIER_REASONS } from './step-words';

/** A verifier's step: the original beside what the cloud holds, what the checks found, and the decision. */
export function Attesting({
  recordId,
  opensAtOnce = false,
  onDone,
}: {
  recordId: string;
  /** Where opening was asked for already: it leaves a receipt. */
  opensAtOnce?: boolean;
  onDone: (text: string) => void;
}) {
  const [isReturning, setIsReturning] = useState(false);
  const comparing = useMutation({
    mutationFn: async () => {
      const checked = await client.attesting(recordId);
      return { checked, original: (await client.openRecordDecrypted(recordId)).bundle };
    },
  });
  const round = comparing.data?.checked.round ?? 0;
  const approving = useMutation({
    mutationFn: () => client.attestRecord(recordId, round),
    onSuccess: () => onDone(t('attesting.done')),
  });
  const { mutate: open } = comparing;
  const isOpened = useRef(false);
  useEffect(() => {
    if (!opensAtOnce || isOpened.current) return;
    isOpened.current = true;
    open();
  }, [opensAtOnce, open]);
  const mayApprove = comparing.data?.checked.findings.length === 0 && !approving.isPending;
  useQueueKeys({
    approve: mayApprove ? () => approving.mutate() : undefined,
    giveBack: comparing.isSuccess ? () => setIsReturning(true) : undefined,
  });
  if (!comparing.isSuccess)
    return (
      <Panel
        title={t('attesting.title')}
        actions={
          <Button kind="main" busy={comparing.isPending} onClick={() => comparing.mutate()}>
            {t('attesting.open')}
          </Button>
        }
      >
        {comparing.isError && <ErrorNotice error={comparing.error} />}
        <p className="muted">{t('document.openLeavesReceipt')}</p>
      </Panel>
    );
  const { checked, original } = comparing.data;
  const { findings, sanitized } = checked;
  return (
    <Panel title={t('attesting.title')}>
      {findings.length === 0 ? (
        <Notice kind="good">{t('attesting.clean')}</Notice>
      ) : (
        <Notice kind="bad" title={t('attesting.found')}>
          <ul>
            {findings.map(({ code, detail, path }) => (
              <li key={`${code} ${path ?? ''} ${detail}`}>
                {path === undefined
                  ? t('attesting.finding', { reason: returnReason(code), detail })
                  : t('attesting.findingAt', { reason: returnReason(code), detail, path })}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {approving.isError && <ErrorNotice error={approving.error} />}
      <div className="form-end">
        <Button
          kind="main"
          busy={approving.isPending}
          disabled={findings.length > 0}
          aria-keyshortcuts="Control+Enter"
          onClick={() => approving.mutate()}
        >
          {t('attesting.approve')}
        </Button>
        <Button aria-keyshortcuts="Control+Shift+Enter" onClick={() => setIsReturning(true)}>
          {t('returned.open')}
        </Button>
      </div>
      {sanitized !== null && <BothDocuments original={original} sanitised={sanitized} />}
      {isReturning && (
        <ReturnDialog
          reasons={VERIFIER_REASONS}
          suggested={findings[0]?.code}
          send={(reason) => client.returnRecord(recordId, reason, round)}
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
