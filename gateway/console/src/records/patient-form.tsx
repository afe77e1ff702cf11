import type { PatientAnswer } from '@medseal/client';
import { useDoctors } from '../app/doctors';
import { client } from '../app/session';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { SelectField, TextArea, TextField } from '../ui/fields';
import { errorsOf, required, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';
import { today } from '../ui/values';

const GENDERS = [
  ['', 'Not given'],
  ['female', 'Female'],
  ['male', 'Male'],
  ['other', 'Other'],
  ['unknown', 'Unknown'],
] as const;
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
        name: required(name, 'the name'),
        birthDate: birthDate > today() ? 'This day has not come yet.' : undefined,
        contactNo:
          contactNo === '' || PHONE.test(contactNo) ? undefined : 'Write 6 to 15 digits without spaces.',
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
    <Dialog title={patient ? 'Edit patient' : 'Register a patient'} onClose={onClose} wide>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <TextField {...form.field('name')} label="Name" required />
        <div className="form-row">
          <TextField {...form.field('birthDate')} label="Date of birth" type="date" />
          <SelectField {...form.field('gender')} label="Gender" options={GENDERS} />
          <SelectField
            {...form.field('doctorId')}
            label="Doctor"
            options={[['', 'None yet'], ...own.map(({ id, name }) => [id, name ?? id] as const)]}
          />
        </div>
        <div className="form-row">
          <TextField {...form.field('contactNo')} label="Contact number" type="tel" inputMode="tel" />
          <TextField {...form.field('email')} label="E-mail" type="email" />
        </div>
        <TextArea {...form.field('address')} label="Address" />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            {patient ? 'Save' : 'Register'}
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
