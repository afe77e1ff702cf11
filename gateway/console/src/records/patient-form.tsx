import type { PatientAnswer } from '@medseal/client';
import { useDoctors } from '../app/doctors';
import { client } from '../app/session';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { SelectField, TextArea, TextField } from '../ui/fields';
import { errorsOf, required, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';
import { today } from '../ui/values';

const GENDERS = ['female', 'male', 'other', 'unknown'] as const;
const PHONE = /^\d{6,15}$/;

/** Registers a patient, or changes what the hospital keeps about one. */
export function PatientForm({
  patient,
  onClose,
  onDone,
}: {
  patient?: PatientAnswer;
  onClose: () => void;
  onDone: (patient: PatientAnswer) => void;
}) {
  const { own } = useDoctors();
  const form = useForm({
    initial: {
      name: patient?.name ?? '',
      birthDate: patient?.birthDate ?? '',
      gender: patient?.gender ?? '',
      contactNo: patient?.contactNo ?? '',
      email: patient?.email ?? '',
      address: patient?.address ?? '',
      doctorId: patient?.doctorId ?? '',
    },
    validate: ({ name, birthDate, contactNo }) =>
      errorsOf({
        name: required(name, t('common.nameMissing')),
        birthDate: birthDate > today() ? t('records.dateAhead') : undefined,
        contactNo: contactNo === '' || PHONE.test(contactNo) ? undefined : t('patient.contactNoWrong'),
      }),
    send: ({ name, ...rest }, idempotencyKey) => {
      const fields = Object.entries(rest);
      if (patient === undefined) {
        const given = Object.fromEntries(fields.filter(([, value]) => value !== ''));
        return client.createPatient({ name, ...given }, { idempotencyKey });
      }
      const all = Object.fromEntries(fields.map(([field, value]) => [field, value === '' ? null : value]));
      return client.changePatient(
        patient.registrationNo,
        { name, ...all },
        { ifMatch: `"${patient.version}"` },
      );
    },
    onDone,
  });
  return (
    <Dialog title={t(patient ? 'patient.edit' : 'patient.register')} onClose={onClose} wide>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <TextField {...form.field('name')} label={t('patient.name')} required />
        <div className="form-row">
          <TextField {...form.field('birthDate')} label={t('patient.birthDate')} type="date" />
          <SelectField
            {...form.field('gender')}
            label={t('patient.gender')}
            options={[['', t('gender.none')], ...GENDERS.map((one) => [one, t(`gender.${one}`)] as const)]}
          />
          <SelectField
            {...form.field('doctorId')}
            label={t('records.doctor')}
            options={[['', t('patient.noDoctor')], ...own.map(({ id, name }) => [id, name ?? id] as const)]}
          />
        </div>
        <div className="form-row">
          <TextField {...form.field('contactNo')} label={t('patient.contactNo')} type="tel" inputMode="tel" />
          <TextField {...form.field('email')} label={t('patient.email')} type="email" />
        </div>
        <TextArea {...form.field('address')} label={t('patient.address')} />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            {t(patient ? 'patient.save' : 'patient.registerDo')}
          </Button>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}
