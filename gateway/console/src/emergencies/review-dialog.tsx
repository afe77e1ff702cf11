import type { EmergencyAnswer, EmergencyVerdict } from '@medseal/client';
import { client } from '../app/session';
import { useOrganizationNames } from '../consents/organization-names';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { SelectField } from '../ui/fields';
import { errorsOf, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';
import { Facts } from '../ui/page';
import { timeText } from '../ui/values';
import { REASONS, VERDICTS } from './words';

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
    validate: ({ verdict }) => errorsOf({ verdict: verdict === '' ? 'Choose the verdict.' : undefined }),
    send: ({ verdict }, idempotencyKey) =>
      client.closeEmergency(one.emergencyId, verdict as EmergencyVerdict, { idempotencyKey }),
    onDone,
  });
  return (
    <Dialog title="Review the case" onClose={onClose}>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <Facts
          items={[
            ['Doctor', one.readerName ?? `Staff ${one.reader.slice(0, 8)}`],
            ['Organisation', organizationOf(one.mspId)],
            ['Opened', timeText(one.openedAt)],
            ['Until', timeText(one.until)],
            ['Reason', REASONS[one.reasonCode]],
            ['In the doctor’s words', one.reason],
          ]}
        />
        {one.status === 'open' && <p>The window is still open: closing the case ends it at once.</p>}
        <SelectField
          {...form.field('verdict')}
          label="Verdict"
          required
          options={[['', 'Choose …'], ...Object.entries(VERDICTS)]}
        />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            Close the case
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
