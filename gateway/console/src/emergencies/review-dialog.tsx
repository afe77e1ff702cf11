import type { EmergencyAnswer, EmergencyVerdict } from '@medseal/client';
import { client } from '../app/session';
import { useOrganizationNames } from '../consents/organization-names';
import { t } from '../i18n';
import { timeText } from '../i18n/locale';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { SelectField } from '../ui/fields';
import { errorsOf, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';
import { Facts } from '../ui/page';
import { doctorText, reasonText, verdictOptions } from './words';

/** The auditor closes a case with a verdict, which is on the ledger for good. */
export function ReviewDialog({
  one,
  onClose,
  onDone,
}: {
  one: EmergencyAnswer;
  onClose: () => void;
  onDone: () => void;
}) {
  const organizationOf = useOrganizationNames();
  const form = useForm({
    initial: { verdict: '' },
    validate: ({ verdict }) =>
      errorsOf({ verdict: verdict === '' ? t('emergency.verdictMissing') : undefined }),
    send: ({ verdict }, idempotencyKey) =>
      client.closeEmergency(one.emergencyId, verdict as EmergencyVerdict, { idempotencyKey }),
    onDone,
  });
  return (
    <Dialog title={t('emergency.reviewTitle')} onClose={onClose}>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <Facts
          items={[
            [t('common.doctor'), doctorText(one)],
            [t('common.organisation'), organizationOf(one.mspId)],
            [t('emergency.opened'), timeText(one.openedAt)],
            [t('emergency.until'), timeText(one.until)],
            [t('emergency.reason'), reasonText(one.reasonCode)],
            [t('emergency.words'), one.reason],
          ]}
        />
        {one.status === 'open' && <p>{t('emergency.stillOpen')}</p>}
        <SelectField
          {...form.field('verdict')}
          label={t('emergency.verdict')}
          required
          options={[['', t('common.choose')], ...verdictOptions()]}
        />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            {t('emergency.close')}
          </Button>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}
