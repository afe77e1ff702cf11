import { useState } from 'react';
import type { EmergencyAnswer, EmergencyReason } from '@medseal/client';
import { client } from '../app/session';
import { t } from '../i18n';
import { type FoundPatient, PatientPicker } from '../records/patient-picker';
import { Button } from '../ui/button';
import { SelectField, TextField } from '../ui/fields';
import { errorsOf, required, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';
import { reasonOptions } from './words';

/** Everything that breaking the glass takes, on one screen: who, why, open. */
export function BreakGlassForm({ onDone }: { onDone: (opened: EmergencyAnswer) => void }) {
  const [chosen, setChosen] = useState<FoundPatient>();
  const form = useForm({
    initial: { registrationNo: '', reasonCode: '', reason: '', card: '' },
    validate: ({ registrationNo, reasonCode, reason }) =>
      errorsOf({
        registrationNo: registrationNo === '' ? t('emergency.patientMissing') : undefined,
        reasonCode: reasonCode === '' ? t('emergency.reasonMissing') : undefined,
        reason: required(reason, t('emergency.happeningMissing')),
      }),
    send: ({ registrationNo, reasonCode, reason, card }, idempotencyKey) =>
      client.openEmergency(
        {
          registrationNo,
          reasonCode: reasonCode as EmergencyReason,
          reason: reason.trim(),
          ...(card.trim() === '' ? {} : { card: card.trim() }),
        },
        { idempotencyKey },
      ),
    onDone,
  });
  const isStranger = chosen !== undefined && chosen.name === undefined;
  return (
    <form ref={form.form} noValidate onSubmit={form.submit}>
      {form.failure && <ErrorNotice error={form.failure} />}
      <PatientPicker
        {...form.field('registrationNo')}
        chosen={chosen}
        strangerText={(number) => t('emergency.stranger', { number })}
        onChosen={(found) => {
          setChosen(found);
          form.set('registrationNo', found?.registrationNo ?? '');
        }}
      />
      {isStranger && (
        <TextField {...form.field('card')} label={t('emergency.card')} hint={t('emergency.cardHint')} />
      )}
      <div className="form-row">
        <SelectField
          {...form.field('reasonCode')}
          label={t('emergency.reason')}
          required
          options={[['', t('common.choose')], ...reasonOptions()]}
        />
        <TextField
          {...form.field('reason')}
          label={t('emergency.happened')}
          required
          hint={t('emergency.happenedHint')}
        />
      </div>
      <div className="form-end">
        <Button type="submit" kind="danger" busy={form.busy}>
          {t('emergency.open')}
        </Button>
      </div>
    </form>
  );
}
