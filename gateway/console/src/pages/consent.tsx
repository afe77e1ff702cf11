import { type ComponentProps, type ReactNode, useState } from 'react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ConsentedRecord, DecryptedRecord } from '@medseal/client';
import { LogTable } from '../access/log-table';
import { ReceiptView } from '../access/receipt-view';
import { useDoctors } from '../app/doctors';
import { client, useUser } from '../app/session';
import { useOrganizationNames } from '../consents/organization-names';
import { TermsFacts } from '../consents/terms-facts';
import { useDevice } from '../consents/use-device';
import { recordTypeText } from '../consents/words';
import { DocumentView } from '../records/document-view';
import { Button } from '../ui/button';
import { Badge, Empty, ErrorNotice, Notice } from '../ui/notice';
import { Facts, Page, Panel } from '../ui/page';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { dayText } from '../ui/values';

const route = getRouteApi('/shell/consents/$consentId');

/** Selectors and terms are handed over by other organisations' services; looked for this often until they are there. */
const LOOK_AGAIN_MS = 3_000;

/** What a consent opens, for its grantee. */
export function ConsentPage() {
  const { consentId } = route.useParams();
  const { nameOf } = useDoctors();
  const organizationOf = useOrganizationNames();
  const isGuardian = useUser().role === 'patient';
  const [opened, setOpened] = useState<ConsentedRecord>();
  const paged = usePaged(['consent-records', consentId], (query) => client.consentRecords(consentId, query), {
    staleTime: 0,
    refetchInterval: ({ status, terms, items }) =>
      status === 'granted' || (status === 'active' && (terms === null || items.length === 0))
        ? LOOK_AGAIN_MS
        : false,
  });
  const found = paged.query.data;
  const identity = found?.patient['identity'];
  const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return (
    <>
      <p className="trail">
        {isGuardian ? <Link to="/guardians">Guardians</Link> : <Link to="/consents">Consents</Link>}
      </p>
      <Page title={textOf(identity?.['name']) ?? 'Consent'}>
        <PagedList paged={paged}>
          {found && (
            <>
              <Panel title="What the patient agreed to">
                <Facts
                  items={[
                    [
                      'Status',
                      <Badge key="s" kind={found.status === 'active' ? 'good' : 'neutral'}>
                        {STATES[found.status]}
                      </Badge>,
                    ],
                    [
                      'Date of birth',
                      textOf(identity?.['birthDate']) && dayText(textOf(identity?.['birthDate'])),
                    ],
                    ['Gender', textOf(identity?.['gender'])],
                  ]}
                />
                {found.terms ? (
                  <TermsFacts terms={found.terms} expiresAt={found.expiresAt} />
                ) : (
                  found.status === 'active' && (
                    <Notice>Your hospital has not been handed the terms yet; this takes a moment.</Notice>
                  )
                )}
              </Panel>
              <Panel title="Records">
                {found.items.length === 0 ? (
                  <Empty>
                    {found.status === 'active'
                      ? 'No record of these types and dates has been handed over yet.'
                      : 'Nothing can be opened under this consent.'}
                  </Empty>
                ) : (
                  <Table
                    caption="Records under this consent"
                    rows={found.items}
                    keyOf={({ recordId }) => recordId}
                    columns={[
                      { header: 'Date', cell: ({ date }) => dayText(date) },
                      { header: 'Type', cell: ({ recordType }) => recordTypeText(recordType) },
                      { header: 'Doctor', cell: ({ author }) => nameOf(author) ?? '–' },
                      { header: 'Hospital', cell: ({ hospital }) => organizationOf(hospital) },
                      {
                        header: 'Actions',
                        kind: 'actions',
                        cell: (record) => (
                          <Button
                            kind="quiet"
                            aria-label={`Read ${recordTypeText(record.recordType)} of ${dayText(record.date)}`}
                            onClick={() => setOpened(record)}
                          >
                            Read
                          </Button>
                        ),
                      },
                    ]}
                  />
                )}
              </Panel>
              {opened && isGuardian && (
                <RecordAsGuardian key={opened.recordId} record={opened} consentId={consentId} />
              )}
              {isGuardian && found.status === 'active' && (
                <Panel title="Who looked">
                  <LogTable
                    heading="h3"
                    list={found.ledgerId}
                    fetchPage={(query) => client.accessLogOf(found.ledgerId, query)}
                    fetchChoices={() => client.accessLogChoicesOf(found.ledgerId)}
                  />
                </Panel>
              )}
              {opened && !isGuardian && (
                <RecordUnderConsent
                  key={opened.recordId}
                  record={opened}
                  consentId={consentId}
                  purpose={found.terms?.purpose}
                />
              )}
            </>
          )}
        </PagedList>
      </Page>
    </>
  );
}

const STATES = {
  active: 'Active',
  granted: 'Not active yet',
  revoked: 'Revoked',
  ended: 'Ended',
  expired: 'Expired',
} as const;

/** The guardian's own device asks the agents and opens their answers. */
function RecordAsGuardian({ record, consentId }: { record: ConsentedRecord; consentId: string }) {
  const queries = useQueryClient();
  const { withDevice, dialog } = useDevice();
  const opening = useMutation({
    mutationFn: () => withDevice((device) => device.call('readAsGuardian', record.recordId, consentId)),
    onSettled: () => queries.invalidateQueries({ queryKey: ['access-log'] }),
  });
  return (
    <OpenedRecord
      record={record}
      opening={opening}
      document={opening.data?.document}
      onOpen={() => opening.mutate()}
    >
      {dialog}
    </OpenedRecord>
  );
}

/** Opening leaves a receipt, so that it is asked for once more. */
function RecordUnderConsent({
  record,
  consentId,
  purpose,
}: {
  record: ConsentedRecord;
  consentId: string;
  purpose: string | undefined;
}) {
  const opening = useMutation({
    mutationFn: (): Promise<DecryptedRecord> =>
      client.openRecordDecrypted(record.recordId, purpose, consentId),
  });
  return (
    <OpenedRecord
      record={record}
      opening={opening}
      document={opening.data?.document}
      onOpen={() => opening.mutate()}
    >
      {opening.data && <ReceiptView receipt={opening.data.receipt} />}
    </OpenedRecord>
  );
}

function OpenedRecord({
  record,
  opening,
  document,
  onOpen,
  children,
}: {
  record: ConsentedRecord;
  opening: { isPending: boolean; isError: boolean; error: unknown };
  /** Undefined until it is opened. */
  document: ComponentProps<typeof DocumentView>['document'] | undefined;
  onOpen: () => void;
  children: ReactNode;
}) {
  return (
    <Panel
      title={`${recordTypeText(record.recordType)} of ${dayText(record.date)}`}
      actions={
        document === undefined && (
          <Button kind="main" busy={opening.isPending} onClick={onOpen}>
            Open the record
          </Button>
        )
      }
    >
      {opening.isError && <ErrorNotice error={opening.error} />}
      {document === undefined ? (
        <p className="muted">
          Opening leaves a receipt on the ledger, which the patient sees in the access log.
        </p>
      ) : (
        <DocumentView document={document} />
      )}
      {children}
    </Panel>
  );
}
