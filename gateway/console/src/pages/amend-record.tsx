import { useRef, useState } from 'react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMutation } from '@tanstack/react-query';
import type { ClinicalSections, DecryptedRecord, RecordStatus } from '@medseal/client';
import { client } from '../app/session';
import { t } from '../i18n';
import { DifferenceView } from '../records/difference-view';
import { DraftState } from '../records/draft-state';
import { KeptDrafts } from '../records/kept-drafts';
import { recordErrors, RecordFields, recordInput, type RecordValues } from '../records/record-fields';
import { RecordSent } from '../records/record-sent';
import { documentOf, draftOf } from '../records/sections';
import { useDraft } from '../records/use-draft';
import { Button } from '../ui/button';
import { useForm } from '../ui/form';
import { ErrorNotice, Notice } from '../ui/notice';
import { Page, Panel } from '../ui/page';

const route = getRouteApi('/shell/records/$recordId/amend');

/** A new version of an own record: the old one is opened, changed and sent, and stays beside the new one. */
export function AmendRecordPage() {
  const { recordId } = route.useParams();
  const opening = useMutation({ mutationFn: () => client.openRecordDecrypted(recordId) });
  const isBundle =
    (opening.data?.document as { resourceType?: unknown } | undefined)?.resourceType === 'Bundle';
  if (opening.data && !isBundle) return <AmendForm recordId={recordId} opened={opening.data} />;
  return (
    <>
      <Trail recordId={recordId} />
      <Page title={t('amend.title')}>
        {isBundle ? (
          <Notice kind="warning">{t('amend.bundle')}</Notice>
        ) : (
          <Panel>
            {opening.isError && <ErrorNotice error={opening.error} />}
            <p>{t('amend.lead')}</p>
            <Button kind="main" busy={opening.isPending} onClick={() => opening.mutate()}>
              {t('amend.open')}
            </Button>
          </Panel>
        )}
      </Page>
    </>
  );
}

const Trail = ({ recordId }: { recordId: string }) => (
  <p className="trail">
    <Link to="/records/$recordId" params={{ recordId }}>
      {t('amend.back')}
    </Link>
  </p>
);

function AmendForm({ recordId, opened }: { recordId: string; opened: DecryptedRecord }) {
  const [sent, setSent] = useState<RecordStatus>();
  const initial = useRef<RecordValues>({
    effectiveDate: opened.selector.date,
    disease: opened.titleLine.disease,
    scope: opened.selector.scope,
    recordType: opened.selector.recordType,
    document: draftOf(opened.document as ClinicalSections),
  });
  const form = useForm<RecordValues, RecordStatus>({
    initial: initial.current,
    validate: recordErrors,
    send: (values, idempotencyKey) => client.amendRecord(recordId, recordInput(values), { idempotencyKey }),
    onDone: (status) => {
      draft.finish();
      setSent(status);
    },
  });
  const isDirty = sent === undefined && JSON.stringify(form.values) !== JSON.stringify(initial.current);
  const draft = useDraft(recordId, form.values, isDirty);
  if (sent !== undefined) return <RecordSent recordId={sent.recordId} />;
  return (
    <>
      <Trail recordId={recordId} />
      <Page title={t('amend.title')} lead={t('amend.old', { version: opened.version })}>
        <KeptDrafts
          drafts={draft.offered}
          nameOf={({ disease }) => disease.trim()}
          onTake={(kept) => {
            draft.take(kept);
            form.change(kept.values);
          }}
          onDiscard={draft.discard}
        />
        <form ref={form.form} noValidate onSubmit={form.submit}>
          {form.failure && <ErrorNotice error={form.failure} />}
          <RecordFields
            field={form.field}
            draft={form.values.document}
            error={form.errors.document}
            onDraft={(document) => form.set('document', document)}
          />
          <Panel title={t('amend.changes')}>
            <DifferenceView before={opened.document} after={documentOf(form.values.document)} />
          </Panel>
          <div className="form-end">
            <Button type="submit" kind="main" busy={form.busy}>
              {t('records.send')}
            </Button>
            <span role="status">{form.busy ? t('records.sealing') : ''}</span>
            <DraftState isDirty={isDirty} isKept={draft.isKept} />
          </div>
        </form>
      </Page>
    </>
  );
}
