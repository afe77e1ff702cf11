import { useCallback } from 'react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { DecryptedRecord, EmergencyRecordAnswer } from '@medseal/client';
import { ReceiptView } from '../access/receipt-view';
import { useDoctors } from '../app/doctors';
import { client } from '../app/session';
import { useOrganizationNames } from '../consents/organization-names';
import { Remaining } from '../emergencies/remaining';
import { caseState, reasonText } from '../emergencies/words';
import { DocumentView } from '../records/document-view';
import { Button } from '../ui/button';
import { Badge, Empty, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Facts, Page, Panel } from '../ui/page';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { timeText } from '../ui/values';

const route = getRouteApi('/shell/emergency-access/$emergencyId');

/** One case for its doctor: what can be opened while the window lasts. */
export function EmergencyPage() {
  const { emergencyId } = route.useParams();
  const queries = useQueryClient();
  const found = useQuery({
    queryKey: ['emergency', 'one', emergencyId],
    queryFn: () => client.emergency(emergencyId),
    staleTime: 0,
  });
  const look = useCallback(
    () => void queries.invalidateQueries({ queryKey: ['emergency', 'one', emergencyId] }),
    [queries, emergencyId],
  );
  if (found.isPending) return <Waiting text="Loading …" />;
  if (found.isError)
    return (
      <Page title="Emergency case">
        <ErrorNotice error={found.error} retry={() => void found.refetch()} />
      </Page>
    );
  const { registrationNo, ledgerId, openedAt, until, reasonCode, status } = found.data;
  const { kind, text } = caseState(found.data);
  return (
    <>
      <p className="trail">
        <Link to="/emergency-access">Emergency Access</Link>
      </p>
      <Page title={`Emergency: ${registrationNo ?? ledgerId.slice(0, 8)}`}>
        <Panel>
          <Facts
            items={[
              [
                'Status',
                <Badge key="s" kind={kind}>
                  {text}
                </Badge>,
              ],
              ['Time', status === 'open' && <Remaining key="t" until={until} onOver={look} />],
              ['Opened', timeText(openedAt)],
              ['Until', timeText(until)],
              ['Reason', reasonText(reasonCode)],
            ]}
          />
        </Panel>
        {status === 'open' ? (
          <CaseRecords emergencyId={emergencyId} />
        ) : (
          <Notice>The window is over: nothing more opens under this case.</Notice>
        )}
      </Page>
    </>
  );
}

function CaseRecords({ emergencyId }: { emergencyId: string }) {
  const { nameOf } = useDoctors();
  const organizationOf = useOrganizationNames();
  const paged = usePaged(
    ['emergency', 'records', emergencyId],
    (query) => client.emergencyRecords(emergencyId, query),
    { staleTime: 0 },
  );
  const { data } = paged.query;
  // One press, one receipt: in an emergency nothing is asked twice.
  const opening = useMutation({
    mutationFn: async (
      record: EmergencyRecordAnswer,
    ): Promise<{ record: EmergencyRecordAnswer; opened: DecryptedRecord }> => ({
      record,
      opened: await client.openRecordUnderEmergencyDecrypted(record.recordId, emergencyId),
    }),
  });
  const nameOfRecord = ({ author, createdAt }: EmergencyRecordAnswer): string =>
    `${nameOf(author) ?? 'Record'}, ${timeText(createdAt)}`;
  return (
    <>
      <Panel title="Records">
        <PagedList paged={paged}>
          {data?.items.length === 0 && <Empty>The patient’s emergency grant covers no record.</Empty>}
          {data && data.items.length > 0 && (
            <Table
              caption="Records"
              rows={data.items}
              keyOf={({ recordId }) => recordId}
              columns={[
                { header: 'Written', cell: ({ createdAt }) => timeText(createdAt) },
                { header: 'Doctor', cell: ({ author }) => nameOf(author) ?? '–' },
                { header: 'Hospital', cell: ({ hospital }) => organizationOf(hospital) },
                {
                  header: 'Actions',
                  kind: 'actions',
                  cell: (record) => (
                    <Button
                      kind="quiet"
                      aria-label={`Open the record by ${nameOfRecord(record)}`}
                      busy={opening.isPending && opening.variables.recordId === record.recordId}
                      onClick={() => opening.mutate(record)}
                    >
                      Open
                    </Button>
                  ),
                },
              ]}
            />
          )}
        </PagedList>
      </Panel>
      {opening.isError && <ErrorNotice error={opening.error} />}
      {opening.isSuccess && (
        <Panel title={nameOfRecord(opening.data.record)}>
          <DocumentView document={opening.data.opened.document} />
          <ReceiptView receipt={opening.data.opened.receipt} />
        </Panel>
      )}
    </>
  );
}
