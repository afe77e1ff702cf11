import type { EncounterAnswer } from '@medseal/client';
import { useDoctors } from '../app/doctors';
import { client, useUser } from '../app/session';
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
        doctorId: doctor === '' ? 'Choose the doctor.' : undefined,
        reason: required(reason, 'the reason'),
        start: start === '' ? 'Enter when it begins.' : undefined,
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
    <Dialog title="Open a visit" onClose={onClose}>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <div className="form-row">
          <SelectField
            {...form.field('class')}
            label="Kind"
            required
            options={[
              ['AMB', 'OPD visit'],
              ['IMP', 'Admission'],
            ]}
          />
          <TextField {...form.field('start')} label="Begins" type="datetime-local" required />
        </div>
        <SelectField
          {...form.field('doctorId')}
          label="Doctor"
          required
          options={[['', 'Choose …'], ...own.map(({ id, name }) => [id, name ?? id] as const)]}
        />
        <TextField {...form.field('reason')} label="Reason" required />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            Open visit
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
