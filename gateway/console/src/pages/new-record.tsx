import { useRef, useState } from 'react';
import { getRouteApi } from '@tanstack/react-router';
import type { RecordStatus } from '@medseal/client';
import { client } from '../app/session';
import { t } from '../i18n';
import { DraftState } from '../records/draft-state';
import { KeptDrafts } from '../records/kept-drafts';
import { type FoundPatient, PatientPicker } from '../records/patient-picker';
import { recordErrors, RecordFields, recordInput, type RecordValues } from '../records/record-fields';
import { RecordSent } from '../records/record-sent';
import { emptyDraft } from '../records/sections';
import { useDraft } from '../records/use-draft';
import { Button } from '../ui/button';
import { errorsOf, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';
import { Page } from '../ui/page';
import { today } from '../ui/values';

const route = getRouteApi('/shell/records/new');

interface Values extends RecordValues {
  registrationNo: string;
}

export function NewRecordPage() {
  const { patient } = route.useSearch();
  // Another record is another form.
  const [round, setRound] = useState(0);
  return (
    <RecordForm key={`${patient ?? ''}/${round}`} patient={patient} onAnother={() => setRound(round + 1)} />
  );
}

function RecordForm({ patient, onAnother }: { patient?: string; onAnother: () => void }) {
  const [sent, setSent] = useState<RecordStatus>();
  const [chosen, setChosen] = useState<FoundPatient>();
  const initial = useRef<Values>({
    registrationNo: patient ?? '',
    effectiveDate: today(),
    disease: '',
    scope: 'general',
    recordType: 'OPConsultation',
    document: emptyDraft(),
  });
  const form = useForm<Values, RecordStatus>({
    initial: initial.current,
    validate: (values) => ({
      ...errorsOf<Values>({
        registrationNo: values.registrationNo === '' ? t('records.patientMissing') : undefined,
      }),
      ...recordErrors(values),
    }),
    send: ({ registrationNo, ...values }, idempotencyKey) =>
      client.writeRecord({ registrationNo, ...recordInput(values) }, { idempotencyKey }),
    onDone: (status) => {
      draft.finish();
      setSent(status);
    },
  });
  const isDirty = sent === undefined && JSON.stringify(form.values) !== JSON.stringify(initial.current);
  const draft = useDraft('new', form.values, isDirty);
  if (sent !== undefined) return <RecordSent recordId={sent.recordId} onAnother={onAnother} />;
  return (
    <Page title={t('records.write')}>
      <KeptDrafts
        drafts={draft.offered}
        nameOf={({ disease, registrationNo }) => [disease.trim(), registrationNo].filter(Boolean).join(', ')}
        onTake={(kept) => {
          draft.take(kept);
          setChosen(undefined);
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
        >
          <PatientPicker
            {...form.field('registrationNo')}
            chosen={chosen}
            onChosen={(found) => {
              setChosen(found);
              form.set('registrationNo', found?.registrationNo ?? '');
            }}
          />
        </RecordFields>
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            {t('records.send')}
          </Button>
          <span role="status">{form.busy ? t('records.sealing') : ''}</span>
          <DraftState isDirty={isDirty} isKept={draft.isKept} />
        </div>
      </form>
    </Page>
  );
}
