import type { AuditAnswer, AuditedKind } from '@medseal/client';
import { client } from '../app/session';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { SelectField, TextField } from '../ui/fields';
import { errorsOf, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';
import { FILES, fileText } from './words';

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
        recordId: /^[0-9a-f]{32}$/.test(values.recordId.trim()) ? undefined : t('audit.recordWrong'),
      }),
    send: (values, idempotencyKey) =>
      client.openAudit(
        { recordId: values.recordId.trim(), kind: values.kind as AuditedKind },
        { idempotencyKey },
      ),
    onDone,
  });
  return (
    <Dialog title={t('audit.open')} onClose={onClose}>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <TextField
          {...form.field('recordId')}
          label={t('audit.record')}
          required
          hint={t('audit.recordHint')}
        />
        <SelectField
          {...form.field('kind')}
          label={t('audit.file')}
          required
          options={FILES.map((kind) => [kind, fileText(kind)] as const)}
        />
        <p className="muted">{t('audit.openLead')}</p>
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            {t('audit.openDo')}
          </Button>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}
