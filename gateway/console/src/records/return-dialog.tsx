import type { RecordStatus } from '@medseal/client';
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
    validate: ({ reason }) => errorsOf({ reason: reason === '' ? 'Choose the reason.' : undefined }),
    send: ({ reason }) => send(reason as Reason),
    onDone,
  });
  return (
    <Dialog title="Give the record back" onClose={onClose}>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <p>The author blinds the document anew, or amends the record. Your reason is on the ledger.</p>
        <SelectField
          {...form.field('reason')}
          label="Reason"
          required
          options={[['', 'Choose …'], ...reasons.map((one): [string, string] => [one, returnReason(one)])]}
        />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            Give back
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
