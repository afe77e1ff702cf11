import { useMutation } from '@tanstack/react-query';
import type { AccessLogItem, Verification } from '@medseal/client';
import { client } from '../app/session';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { ErrorNotice, Notice } from '../ui/notice';
import { Facts } from '../ui/page';
import { timeText } from '../ui/values';

const KINDS: Readonly<Record<Verification['verdict'], 'good' | 'warning' | 'bad'>> = {
  valid: 'good',
  changed: 'bad',
  revoked: 'warning',
  erased: 'warning',
  unknown: 'bad',
};

/** One receipt asked for at the ledger again; it can be kept and verified by anybody, also without this service. */
export function Verdict({ item }: { item: AccessLogItem }) {
  const verification = useMutation({ mutationFn: () => client.verifyStatement(item.statement) });
  const { data } = verification;
  const id = item.receiptId.slice(0, 8);
  return (
    <>
      {verification.isError && <ErrorNotice error={verification.error} retry={() => verification.mutate()} />}
      {data && (
        <>
          <Notice kind={KINDS[data.verdict]}>{t(`access.verdict.${data.verdict}`)}</Notice>
          <Facts
            items={[
              [t('access.issuer'), data.issuer?.name ?? data.issuer?.mspId],
              [t('access.reason'), data.reason],
              [t('access.checked'), timeText(data.checkedAt)],
            ]}
          />
        </>
      )}
      <div className="form-end no-print">
        <Button
          kind="quiet"
          aria-label={t('access.verifyOne', { id })}
          busy={verification.isPending}
          onClick={() => verification.mutate()}
        >
          {data ? t('access.verifyAgain') : t('access.verify')}
        </Button>
        {data && (
          <Button kind="quiet" aria-label={t('access.saveOne', { id })} onClick={() => save(item)}>
            {t('access.save')}
          </Button>
        )}
      </div>
    </>
  );
}

function save({ receiptId, statement }: AccessLogItem): void {
  const url = URL.createObjectURL(
    new Blob([JSON.stringify(statement, null, 2)], { type: 'application/json' }),
  );
  const link = document.createElement('a');
  link.href = url;
  link.download = `receipt-${receiptId.slice(0, 12)}.json`;
  link.click();
  URL.revokeObjectURL(url);
}
