import type { RecordStatus } from '@medseal/client';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { SelectField } from '../ui/fields';
import { errorsOf, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';
import { returnReason } from './step-words';

/** Gives a record back to its author, with a reason that is on the ledger for good. */
export function ReturnDialog<Reason extends string>({
  reasons,
  suggested,
  send,
  onClose,
  onDone,
}: {
  reasons: readonly Reason[];
  /** What the checks found. */
  suggested?: Reason;
  send: (reason: Reason) => Promise<RecordStatus>;
  onClose: () => void;
  onDone: () => void;
}) {
  const form = useForm({
    initial: { reason: suggested ?? '' },
    validate: ({ reason }) => errorsOf({ reason: reason === '' ? t('returned.reasonMissing') : undefined }),
    send: ({ reason }) => send(reason as Reason),
    onDone,
  });
  return (
    <Dialog title={t('returned.title')} onClose={onClose}>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <p>{t('returned.lead')}</p>
        <SelectField
          {...form.field('reason')}
          label={t('returned.reason')}
          required
          options={[
            ['', t('common.choose')],
            ...reasons.map((one): [string, string] => [one, returnReason(one)]),
          ]}
        />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            {t('returned.send')}
          </Button>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}
