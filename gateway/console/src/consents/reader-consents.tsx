import { useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ConsentAnswer, ConsentRequestAnswer } from '@medseal/client';
import { client, useUser } from '../app/session';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { TextField } from '../ui/fields';
import { errorsOf, useForm } from '../ui/form';
import { Badge, Empty, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Page, Panel } from '../ui/page';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { dayText, timeText } from '../ui/values';
import { consentsChanged } from './consents-changed';
import { useOrganizationNames } from './organization-names';
import { blankTerms, TermsFields, termsErrors, termsOf, type TermsValues } from './terms-form';
import { purposeText, recordTypesText, statusInWords } from './words';

/** Who reads asks the patient, and sees what was granted. */
export function ReaderConsents() {
  const queries = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const [done, setDone] = useState('');
  const requests = useQuery({
    queryKey: ['consent-requests', 'made'],
    queryFn: () => client.consentRequests({ limit: 200 }),
    staleTime: 0,
  });
  return (
    <Page
      title="Consents"
      lead="What patients let you read, and what you have asked them for."
      actions={
        <Button kind="main" onClick={() => setIsAsking(true)}>
          Ask for a consent
        </Button>
      }
    >
      {done && <Notice kind="good">{done}</Notice>}
      <GivenToMe requests={requests.data?.items ?? []} />
      <Panel title="Asked for">
        {requests.isPending && <Waiting text="Loading …" />}
        {requests.isError && <ErrorNotice error={requests.error} retry={() => void requests.refetch()} />}
        {requests.data?.items.length === 0 && <Empty>You have not asked for a consent yet.</Empty>}
        {requests.data && requests.data.items.length > 0 && (
          <Table
            caption="Asked for"
            rows={requests.data.items}
            keyOf={({ requestId }) => requestId}
            columns={[
              { header: 'Patient', kind: 'code', cell: ({ registrationNo }) => registrationNo },
              { header: 'Purpose', cell: ({ purpose }) => purposeText(purpose) },
              { header: 'Types', cell: ({ recordTypes }) => recordTypesText(recordTypes) },
              {
                header: 'Records',
                cell: ({ dateRange }) => `${dayText(dateRange.from)} to ${dayText(dateRange.to)}`,
              },
              { header: 'Asked', cell: ({ askedAt }) => timeText(askedAt) },
              { header: 'Answer', cell: (request) => <RequestState request={request} /> },
            ]}
          />
        )}
      </Panel>
      {isAsking && (
        <AskDialog
          onClose={() => setIsAsking(false)}
          onDone={(registrationNo) => {
            setIsAsking(false);
            setDone(
              `The request was sent. If ${registrationNo} is a patient’s number, that patient sees it at the next sign-in.`,
            );
            consentsChanged(queries);
          }}
        />
      )}
    </Page>
  );
}

const RequestState = ({ request: { answer } }: { request: ConsentRequestAnswer }) =>
  answer === 'granted' ? (
    <Badge kind="good">Granted</Badge>
  ) : answer === 'denied' ? (
    <Badge kind="bad">Denied</Badge>
  ) : (
    <Badge kind="neutral">No answer yet</Badge>
  );

function GivenToMe({ requests }: { requests: readonly ConsentRequestAnswer[] }) {
  const organizationOf = useOrganizationNames();
  const paged = usePaged(['consents', 'given'], (query) => client.consents(query), {
    staleTime: 0,
    refetchInterval: ({ items }) =>
      items.some(({ status }) => status === 'granted') ? LOOK_AGAIN_MS : false,
  });
  const rows = paged.query.data?.items ?? [];
  const numberOf = ({ consentId }: ConsentAnswer): string | undefined =>
    requests.find((request) => request.consentId === consentId)?.registrationNo;
  return (
    <Panel title="Given to you">
      <PagedList paged={paged}>
        {rows.length === 0 ? (
          <Empty>No patient has given you a consent yet.</Empty>
        ) : (
          <Table
            caption="Given to you"
            rows={rows}
            keyOf={({ consentId }) => consentId}
            columns={[
              {
                header: 'Consent',
                cell: (consent) => (
                  <Link to="/consents/$consentId" params={{ consentId: consent.consentId }}>
                    {numberOf(consent) ?? `Patient ${consent.ledgerId.slice(0, 8)}`}
                  </Link>
                ),
              },
              { header: 'Given', cell: ({ grantedAt }) => timeText(grantedAt) },
              { header: 'Ends', cell: ({ expiresAt }) => timeText(expiresAt) },
              {
                header: 'Status',
                cell: (consent) => {
                  const { kind, short } = statusInWords(consent, organizationOf);
                  return <Badge kind={kind}>{short}</Badge>;
                },
              },
            ]}
          />
        )}
      </PagedList>
    </Panel>
  );
}

/** Agents accept by themselves; looked for this often. */
const LOOK_AGAIN_MS = 4_000;
const NUMBER = /^\d{13}$/;

function AskDialog({ onClose, onDone }: { onClose: () => void; onDone: (registrationNo: string) => void }) {
  const { displayName } = useUser();
  const form = useForm<TermsValues & { registrationNo: string }, unknown>({
    initial: { ...blankTerms(), registrationNo: '' },
    validate: (values) => ({
      ...termsErrors(values),
      ...errorsOf<{ registrationNo: string }>({
        registrationNo: NUMBER.test(values.registrationNo.replace(/\s/g, ''))
          ? undefined
          : 'Enter the 13 digits of the patient’s card.',
      }),
    }),
    send: (values, idempotencyKey) =>
      client.requestConsent(
        { registrationNo: values.registrationNo.replace(/\s/g, ''), ...termsOf(values) },
        { idempotencyKey },
      ),
    onDone: (_answer, { registrationNo }) => onDone(registrationNo),
  });
  const { values, errors } = form;
  return (
    <Dialog title="Ask for a consent" onClose={onClose} wide>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <p>
          The patient is told that {displayName} asks, and may narrow, grant or deny it. The answer here is
          the same whether there is such a patient or not.
        </p>
        <TextField
          {...form.field('registrationNo')}
          label="Registration number"
          required
          inputMode="numeric"
          hint="13 digits, as on the patient’s card."
        />
        <TermsFields values={values} errors={errors} set={form.change} />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            Ask
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
