import { useEffect, useRef, useState } from 'react';
import { getRouteApi, Link, useBlocker } from '@tanstack/react-router';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { RecordStatus } from '@medseal/client';
import { client } from '../app/session';
import { type FoundPatient, PatientPicker } from '../records/patient-picker';
import { Pipeline } from '../records/pipeline';
import { nextText } from '../records/step-words';
import { recordsChanged } from '../records/records-changed';
import { SectionFields } from '../records/section-fields';
import { type Draft, documentOf, emptyDraft, itemError } from '../records/sections';
import { Button } from '../ui/button';
import { SelectField, TextField } from '../ui/fields';
import { errorsOf, required, useForm } from '../ui/form';
import { ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Page, Panel } from '../ui/page';
import { today } from '../ui/values';

const route = getRouteApi('/shell/records/new');

const RECORD_TYPES = [
  ['OPConsultation', 'OP consultation'],
  ['Prescription', 'Prescription'],
  ['DischargeSummary', 'Discharge summary'],
  ['DiagnosticReport', 'Diagnostic report'],
  ['ImmunizationRecord', 'Immunization record'],
  ['HealthDocumentRecord', 'Health document'],
  ['WellnessRecord', 'Wellness record'],
] as const;

interface Values {
  registrationNo: string;
  effectiveDate: string;
  disease: string;
  scope: string;
  recordType: string;
  document: Draft;
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
    validate: ({ registrationNo, effectiveDate, disease, document }) =>
      errorsOf<Values>({
        registrationNo: registrationNo === '' ? 'Choose the patient.' : undefined,
        effectiveDate:
          effectiveDate === ''
            ? 'Enter the date.'
            : effectiveDate > today()
              ? 'This day has not come yet.'
              : undefined,
        disease: required(disease, 'the disease'),
        document: documentError(document),
      }),
    send: ({ document, scope, ...rest }, idempotencyKey) =>
      client.writeRecord(
        { ...rest, scope: scope === 'sensitive' ? 'sensitive' : 'general', document: documentOf(document) },
        { idempotencyKey },
      ),
    onDone: setSent,
  });
  const isDirty = sent === undefined && JSON.stringify(form.values) !== JSON.stringify(initial.current);
  useBlocker({
    shouldBlockFn: () => isDirty && !window.confirm('Leave without sending? What you wrote here is lost.'),
    enableBeforeUnload: () => isDirty,
  });
  if (sent !== undefined) return <Sent recordId={sent.recordId} onAnother={onAnother} />;
  return (
    <Page title="Write a record">
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <Panel>
          <PatientPicker
            {...form.field('registrationNo')}
            chosen={chosen}
            onChosen={(found) => {
              setChosen(found);
              form.set('registrationNo', found?.registrationNo ?? '');
            }}
          />
          <div className="form-row">
            <TextField {...form.field('effectiveDate')} label="Date of the visit" type="date" required />
            <SelectField
              {...form.field('recordType')}
              label="Kind of record"
              required
              options={RECORD_TYPES}
            />
            <SelectField
              {...form.field('scope')}
              label="Confidentiality"
              required
              options={[
                ['general', 'General'],
                ['sensitive', 'Sensitive'],
              ]}
              hint="Sensitive records have a key of their own, so that a consent can leave them out."
            />
          </div>
          <TextField
            {...form.field('disease')}
            label="Disease"
            required
            hint="Stands in the title line of lists and of the blockchain report."
          />
        </Panel>
        <SectionFields
          draft={form.values.document}
          error={form.errors.document}
          onChange={(document) => form.set('document', document)}
        />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            Sign and send
          </Button>
          <span role="status">{form.busy ? 'Sealing the record to the patient’s key …' : ''}</span>
        </div>
      </form>
    </Page>
  );
}

function documentError(draft: Draft): string | undefined {
  if (Object.values(draft).some((items) => items.some((item) => itemError(item) !== undefined)))
    return 'A line below has no text: say what it is, or remove the line.';
  return Object.keys(documentOf(draft)).length === 0 ? 'Fill in at least one section.' : undefined;
}

/** Sealed: from here on the record is safe, and what is left is run and shown. */
function Sent({ recordId, onAnother }: { recordId: string; onAnother: () => void }) {
  const completion = useQuery({
    queryKey: ['complete', recordId],
    queryFn: () => client.completeRecord(recordId),
    staleTime: Infinity,
  });
  const again = useMutation({ mutationFn: () => completion.refetch() });
  const queries = useQueryClient();
  const outcome = completion.status;
  const record = useQuery({
    queryKey: ['records', 'one', recordId, outcome],
    queryFn: () => client.record(recordId),
  });
  useEffect(() => recordsChanged(queries), [queries, outcome]);
  return (
    <Page title="Record sent">
      {completion.isPending && <Waiting text="The record is sealed. Running the next steps …" />}
      {completion.isError && (
        <Notice kind="warning" title="The record is sealed and safe, but not chained yet.">
          <ErrorNotice error={completion.error} retry={() => again.mutate()} />
        </Notice>
      )}
      {completion.isSuccess && (
        <Notice kind="good">
          {completion.data.next === null
            ? 'The record is sealed to the patient’s key and chained on the ledger.'
            : `The record is sealed. Next: ${nextText(completion.data.next)}.`}
        </Notice>
      )}
      <Panel title="Steps">
        {record.data ? <Pipeline record={record.data} /> : <Waiting text="Loading …" />}
      </Panel>
      <div className="form-end">
        <Link to="/records/$recordId" params={{ recordId }} className="button main">
          Show the record
        </Link>
        <Button onClick={onAnother}>Write another</Button>
      </div>
    </Page>
  );
}
