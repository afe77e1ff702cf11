import { useState } from 'react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type DecryptedRecord, ProblemError, type RecordAnswer, type TitleLine } from '@medseal/client';
import { useDoctors } from '../app/doctors';
import { useOrganizations } from '../app/organizations';
import { client, useSession, useUser } from '../app/session';
import { DocumentView } from '../records/document-view';
import { Pipeline } from '../records/pipeline';
import { Attesting } from '../records/attesting';
import { CloudPanel } from '../records/cloud-panel';
import { recordsChanged } from '../records/records-changed';
import { RecordState } from '../records/record-table';
import { Sanitising } from '../records/sanitising';
import { returnedText, stepName } from '../records/step-words';
import { VersionsPanel } from '../records/versions-panel';
import { UnlockDialog } from '../records/unlock-dialog';
import { t } from '../i18n';
import { RichText } from '../i18n/rich-text';
import { Button } from '../ui/button';
import { ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Facts, Page, Panel } from '../ui/page';
import { dayText, Hash, timeText } from '../ui/values';

const route = getRouteApi('/shell/records/$recordId');
const UNDER_WAY_MS = 2_000;

export function RecordPage() {
  const { recordId } = route.useParams();
  const { role, subject } = useUser();
  const { nameOf } = useDoctors();
  const organizations = useOrganizations();
  const queries = useQueryClient();
  const [done, setDone] = useState('');
  const query = useQuery({
    queryKey: ['records', 'one', recordId],
    queryFn: () => client.record(recordId),
    // Others and the hospital's service go on with it meanwhile, and what was just done may not be read yet.
    refetchInterval: ({ state }) =>
      state.data !== undefined && state.data.status !== 'chained' && UNDER_WAY_MS,
  });
  const completion = useMutation({
    mutationFn: () => client.completeRecord(recordId),
    onSuccess: () => recordsChanged(queries),
  });
  if (query.isPending) return <Waiting text={t('common.loading')} />;
  if (query.isError)
    return (
      <Page title={t('record.title')}>
        <ErrorNotice error={query.error} retry={() => void query.refetch()} />
      </Page>
    );
  const record = query.data;
  const isAuthor = record.author === subject;
  const mayComplete = isAuthor && record.next?.role === 'author' && record.status !== 'created';
  const { panel, integrity } = record;
  // What a verifier gave back is amended too: the version that was refused stays as it is.
  const mayAmend = isAuthor && (record.status === 'chained' || integrity?.returned?.step === 'attest');
  const awaits = (step: string): boolean => record.next?.step === step;
  const maySanitise = awaits('sanitize') && panel?.sanitizer === subject;
  const hasAttested = integrity?.attestations.some(({ verifier }) => verifier === subject) ?? false;
  const mayAttest = awaits('attest') && panel?.verifiers.includes(subject) === true && !hasAttested;
  const stepDone = (text: string): void => {
    setDone(text);
    recordsChanged(queries);
  };
  const hospital = organizations.data?.items.find(({ mspId }) => mspId === record.hospital)?.name;
  return (
    <>
      <p className="trail">
        <Link to="/records">{t('records.title')}</Link>
      </p>
      <Page
        title={record.disease ?? t('queue.record', { id: recordId.slice(0, 8) })}
        actions={
          mayAmend && (
            <Link to="/records/$recordId/amend" params={{ recordId }} className="button">
              {t('amend.do')}
            </Link>
          )
        }
      >
        {done && <Notice kind="good">{done}</Notice>}
        {integrity?.returned && record.status !== 'chained' && (
          <Notice kind="warning">{returnedText(integrity.returned)}</Notice>
        )}
        <Panel
          title={t('records.steps')}
          actions={
            mayComplete && (
              <Button busy={completion.isPending} onClick={() => completion.mutate()}>
                {t('step.now', { step: stepName(record.next?.step ?? '') })}
              </Button>
            )
          }
        >
          {completion.isError && <ErrorNotice error={completion.error} />}
          <Pipeline record={record} />
        </Panel>
        {maySanitise && <Sanitising recordId={recordId} onDone={stepDone} />}
        {mayAttest && <Attesting recordId={recordId} onDone={stepDone} />}
        <CloudPanel record={record} isAuthor={isAuthor} />
        <VersionsPanel record={record} mayOpen={role === 'patient' ? 'owner' : isAuthor ? 'author' : false} />
        <Panel title={t('record.onLedger')}>
          <Facts
            items={[
              [t('records.status'), <RecordState key="s" record={record} />],
              [t('records.date'), record.effectiveDate && dayText(record.effectiveDate)],
              [
                t('records.patient'),
                record.registrationNo &&
                  (role === 'doctor' || role === 'hospital-admin' ? (
                    <Link
                      key="p"
                      to="/patients/$registrationNo"
                      params={{ registrationNo: record.registrationNo }}
                    >
                      {record.registrationNo}
                    </Link>
                  ) : (
                    record.registrationNo
                  )),
              ],
              [t('records.doctor'), nameOf(record.author)],
              [t('record.hospital'), hospital ?? record.hospital],
              [t('records.version'), record.version],
              [t('records.written'), timeText(record.createdAt)],
              [
                t('pipeline.hash'),
                record.contentHash && <Hash key="h" value={record.contentHash} name={t('pipeline.hash')} />,
              ],
              [
                t('pipeline.previous'),
                record.prevHash && <Hash key="q" value={record.prevHash} name={t('pipeline.previous')} />,
              ],
            ]}
          />
        </Panel>
        {record.status === 'created' ? (
          <Notice>{t('record.notSealed')}</Notice>
        ) : role === 'patient' ? (
          <OwnersContent record={record} />
        ) : isAuthor || role === 'doctor' ? (
          <ReadersContent record={record} isAuthor={isAuthor} />
        ) : maySanitise || mayAttest ? null : (
          <Notice>{t('record.notYours')}</Notice>
        )}
      </Page>
    </>
  );
}

/** The author’s own, or under a consent to the doctor or to a team that the doctor is in now. */
function ReadersContent({ record, isAuthor }: { record: RecordAnswer; isAuthor: boolean }) {
  const opening = useMutation({
    mutationFn: (): Promise<DecryptedRecord> => client.openRecordDecrypted(record.recordId),
  });
  return (
    <Panel
      title={t('record.content')}
      actions={
        !opening.isSuccess && (
          <Button kind="main" busy={opening.isPending} onClick={() => opening.mutate()}>
            {t('record.open')}
          </Button>
        )
      }
    >
      {opening.isError &&
        (!isAuthor && opening.error instanceof ProblemError && opening.error.status === 404 ? (
          <Notice kind="warning">
            <RichText
              name="record.noConsent"
              values={{}}
              parts={{ link: (text) => <Link to="/consents">{text}</Link> }}
            />
          </Notice>
        ) : (
          <ErrorNotice error={opening.error} />
        ))}
      {opening.isSuccess ? (
        <DocumentView document={opening.data.document} />
      ) : (
        <p className="muted">{t('document.openLeavesReceipt')}</p>
      )}
    </Panel>
  );
}

function OwnersContent({ record }: { record: RecordAnswer }) {
  const { device } = useSession();
  const [isUnlocking, setIsUnlocking] = useState(false);
  const opening = useMutation({
    mutationFn: async (unlocked: NonNullable<typeof device>) =>
      unlocked.call('openRecord', await client.openRecord(record.recordId)),
  });
  return (
    <Panel
      title={t('record.content')}
      actions={
        !opening.isSuccess && (
          <Button
            kind="main"
            busy={opening.isPending}
            onClick={() => (device ? opening.mutate(device) : setIsUnlocking(true))}
          >
            {t('record.open')}
          </Button>
        )
      }
    >
      {opening.isError && <ErrorNotice error={opening.error} />}
      {opening.isSuccess ? (
        <>
          <TitleFacts title={opening.data.titleLine} />
          <DocumentView document={opening.data.document} />
        </>
      ) : (
        <p className="muted">{t('record.ownReading')}</p>
      )}
      {isUnlocking && (
        <UnlockDialog
          onClose={() => setIsUnlocking(false)}
          onDone={(unlocked) => {
            setIsUnlocking(false);
            opening.mutate(unlocked);
          }}
        />
      )}
    </Panel>
  );
}

const TitleFacts = ({ title }: { title: TitleLine }) => (
  <Facts
    items={[
      [t('records.date'), dayText(title.date)],
      [t('records.disease'), title.disease],
    ]}
  />
);
