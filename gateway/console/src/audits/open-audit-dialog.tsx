import type { AuditAnswer, AuditedKind } from '@medseal/client';
import { client } from '../app/session';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { SelectField, TextField } from '../ui/fields';
import { errorsOf, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';
import { FILES } from './words';

/** An auditor asks for a proof of one file; which blocks are asked for is nobody's choice. */
export function OpenAuditDialog({
  recordId,
  onClose,
  onDone,
}: {
  /** Filled in, where the record is known. */
  recordId: string;
  onClose: () => void;
  onDone: (audit: AuditAnswer) => void;
}) {
  const form = useForm({
    initial: { recordId, kind: 'sanitized' },
    validate: (values) =>
      errorsOf({
        recordId: /^[0-9a-f]{32}$/.test(values.recordId.trim())
          ? undefined
          : 'Enter the id of the record: 32 characters, 0 to 9 and a to f.',
      }),
    send: (values, idempotencyKey) =>
      client.openAudit(
        { recordId: values.recordId.trim(), kind: values.kind as AuditedKind },
        { idempotencyKey },
      ),
    onDone,
  });
  return (
    <Dialog title="Open an audit" onClose={onClose}>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <TextField
          {...form.field('recordId')}
          label="Record"
          required
          hint="The id of a chained record of another organisation’s hospital, as the blockchain report lists it."
        />
        <SelectField {...form.field('kind')} label="File" required options={Object.entries(FILES)} />
        <p className="muted">
          A second organisation contributes to the challenge, and the hospital answers by itself. The verdict
          is on the ledger, whatever it is.
        </p>
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            Open the audit
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
