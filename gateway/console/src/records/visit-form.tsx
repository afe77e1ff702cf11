import type { EncounterAnswer } from '@medseal/client';
import { useDoctors } from '../app/doctors';
import { client, useUser } from '../app/session';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { SelectField, TextField } from '../ui/fields';
import { errorsOf, required, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';

const now = (): string => {
  const local = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
};

/** Opens a visit or admission: from then on the hospital's doctors may write records for the patient. */
export function VisitForm({
  registrationNo,
  doctorId,
  onClose,
  onDone,
}: {
  registrationNo: string;
  doctorId?: string;
  onClose: () => void;
  onDone: (visit: EncounterAnswer) => void;
}) {
  const { own } = useDoctors();
  const { role, subject } = useUser();
  const form = useForm({
    initial: {
      class: 'AMB',
      doctorId: role === 'doctor' ? subject : (doctorId ?? ''),
      reason: '',
      start: now(),
    },
    validate: ({ doctorId: doctor, reason, start }) =>
      errorsOf({
        doctorId: doctor === '' ? t('visit.doctorMissing') : undefined,
        reason: required(reason, t('visit.reasonMissing')),
        start: start === '' ? t('visit.startMissing') : undefined,
      }),
    send: ({ class: kind, doctorId: doctor, reason, start }, idempotencyKey) =>
      client.openEncounter(
        registrationNo,
        {
          class: kind === 'IMP' ? 'IMP' : 'AMB',
          doctorId: doctor,
          reason: reason.trim(),
          period: { start: new Date(start).toISOString() },
        },
        { idempotencyKey },
      ),
    onDone,
  });
  return (
    <Dialog title={t('visit.title')} onClose={onClose}>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <div className="form-row">
          <SelectField
            {...form.field('class')}
            label={t('visit.kind')}
            required
            options={[
              ['AMB', t('visit.AMB')],
              ['IMP', t('visit.IMP')],
            ]}
          />
          <TextField {...form.field('start')} label={t('visit.begins')} type="datetime-local" required />
        </div>
        <SelectField
          {...form.field('doctorId')}
          label={t('records.doctor')}
          required
          options={[['', t('common.choose')], ...own.map(({ id, name }) => [id, name ?? id] as const)]}
        />
        <TextField {...form.field('reason')} label={t('visit.reason')} required />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            {t('visit.open')}
          </Button>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}
