import type { EmergencyAnswer, EmergencyReason } from '@medseal/client';
import { client } from '../app/session';
import { Button } from '../ui/button';
import { SelectField, TextField } from '../ui/fields';
import { errorsOf, required, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';
import { REASONS } from './words';

const NUMBER = /^\d{13}$/;

/** Everything that breaking the glass takes, on one screen. */
export function BreakGlassForm({ onDone }: { onDone: (opened: EmergencyAnswer) => void }) {
  const form = useForm({
    initial: { registrationNo: '', reasonCode: '', reason: '', card: '' },
    validate: ({ registrationNo, reasonCode, reason }) =>
      errorsOf({
        registrationNo: NUMBER.test(registrationNo.replace(/\s/g, ''))
          ? undefined
          : 'Enter the 13 digits of the patient’s card.',
        reasonCode: reasonCode === '' ? 'Choose the reason.' : undefined,
        reason: required(reason, 'what happened, in a few words'),
      }),
    send: ({ registrationNo, reasonCode, reason, card }, idempotencyKey) =>
      client.openEmergency(
        {
          registrationNo: registrationNo.replace(/\s/g, ''),
          reasonCode: reasonCode as EmergencyReason,
          reason: reason.trim(),
          ...(card.trim() === '' ? {} : { card: card.trim() }),
        },
        { idempotencyKey },
      ),
    onDone,
  });
  return (
    <form ref={form.form} noValidate onSubmit={form.submit}>
      {form.failure && <ErrorNotice error={form.failure} />}
      <div className="form-row">
        <TextField
          {...form.field('registrationNo')}
          label="Registration number"
          required
          inputMode="numeric"
          hint="13 digits, as on the patient’s card."
        />
        <SelectField
          {...form.field('reasonCode')}
          label="Reason"
          required
          options={[['', 'Choose …'], ...Object.entries(REASONS)]}
        />
      </div>
      <TextField
        {...form.field('reason')}
        label="What happened"
        required
        hint="Only the reviewing organisation’s auditor reads it."
      />
      <TextField
        {...form.field('card')}
        label="Card code"
        hint="For another hospital’s patient who has never been here."
      />
      <div className="form-end">
        <Button type="submit" kind="danger" busy={form.busy}>
          Break the glass
        </Button>
      </div>
    </form>
  );
}
