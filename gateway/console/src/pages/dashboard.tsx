import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { maySee } from '../app/menu';
import { useOrganizations } from '../app/organizations';
import { client, useUser } from '../app/session';
import { AuditTable } from '../audits/audit-table';
import { openChoices, useChoices } from '../consents/choices';
import { PurgesPending } from '../consents/purges-pending';
import { CaseTable } from '../emergencies/case-table';
import { t } from '../i18n';
import { shareText } from '../i18n/locale';
import { OwnVisits } from '../records/own-visits';
import { RecordTable } from '../records/record-table';
import { Worklist } from '../records/worklist';
import { Badge, Empty, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Facts, Page, Panel } from '../ui/page';
import { Table } from '../ui/table';
import { timeText } from '../ui/values';

/** What each role looks at first. */
export function DashboardPage() {
  const { role, displayName } = useUser();
  return (
    <Page title="Dashboard" lead={`Signed in as ${displayName}.`}>
      <div className="dashboard">
        <Tiles />
        {maySee('/consents', role) && <PurgesPending />}
        {role === 'doctor' && <DoctorsWork />}
        {role === 'hospital-admin' && <NewestRecords title="Newest records" />}
        {role === 'sanitizer' && <Queue step="sanitize" />}
        {role === 'verifier' && <Queue step="attest" />}
        {role === 'patient' && <PatientsView />}
        {role === 'auditor' && <AuditorsView />}
        {maySee('/network', role) && <NetworkHealth />}
        {(role === 'system-manager' || role === 'auditor' || role === 'researcher') && <Network />}
      </div>
    </Page>
  );
}

function Tiles() {
  const { role } = useUser();
  const sees = (to: Parameters<typeof maySee>[0]): boolean => maySee(to, role);
  const isPatient = role === 'patient';
  return (
    <div className="tiles">
      {sees('/patients') && !isPatient && (
        <Count
          list="patients"
          label="patients"
          fetchTotal={() => client.patients({ limit: 1 })}
          to="/patients"
        />
      )}
      {sees('/doctors') && !isPatient && (
        <Count list="doctors" label="doctors" fetchTotal={() => client.doctors({ limit: 1 })} to="/doctors" />
      )}
      {sees('/records') && (
        <Count list="records" label="records" fetchTotal={() => client.records({ limit: 1 })} to="/records" />
      )}
      {sees('/users') && (
        <Count list="users" label="users" fetchTotal={() => client.users({ limit: 1 })} to="/users" />
      )}
      <Count
        list="blocks"
        label="blocks on the ledger"
        fetchTotal={() => client.blocks({ limit: 1 })}
        to="/report/blocks"
      />
    </div>
  );
}

function Count({
  list,
  label,
  fetchTotal,
  to,
}: {
  list: string;
  label: string;
  fetchTotal: () => Promise<{ total: number }>;
  to: '/patients' | '/doctors' | '/records' | '/users' | '/report/blocks';
}) {
  const query = useQuery({ queryKey: [list, 'count'], queryFn: fetchTotal });
  return (
    <div className="tile">
      <div className="figure">{query.data?.total ?? (query.isError ? '–' : '…')}</div>
      <Link to={to}>{label}</Link>
    </div>
  );
}

const NewestRecords = ({ title, actions }: { title: string; actions?: ReactNode }) => (
  <Panel title={title} actions={actions}>
    <RecordTable empty="No record has been written yet." limit={8} />
  </Panel>
);

const DoctorsWork = () => (
  <>
    <OwnVisits />
    <Panel
      title="Waiting for you"
      actions={
        <Link to="/records/new" className="button main">
          Write a record
        </Link>
      }
    >
      <Worklist step="blind" empty="Nothing waits: no record came back to you." />
    </Panel>
    <AnsweredRequests />
    <NewestRecords title="Newest records" />
  </>
);

const NEWEST = 5;

/** What patients have said to this doctor's requests, newest first. */
function AnsweredRequests() {
  const asked = useQuery({
    queryKey: ['consents', 'requests', 'answered'],
    queryFn: () => client.consentRequests(),
    staleTime: 0,
  });
  const rows = (asked.data?.items ?? []).filter(({ answer }) => answer !== null).slice(0, NEWEST);
  return (
    <Panel title={t('home.answers')} actions={<Link to="/consents">{t('home.answers.all')}</Link>}>
      {asked.isPending && <Waiting text={t('common.loading')} />}
      {asked.isError && <ErrorNotice error={asked.error} retry={() => void asked.refetch()} />}
      {asked.isSuccess && rows.length === 0 && <Empty>{t('home.answers.empty')}</Empty>}
      {rows.length > 0 && (
        <Table
          caption={t('home.answers')}
          rows={rows}
          keyOf={({ requestId }) => requestId}
          columns={[
            {
              header: t('home.answers.patient'),
              kind: 'code',
              cell: ({ registrationNo, consentId }) =>
                consentId === null ? (
                  registrationNo
                ) : (
                  <Link to="/consents/$consentId" params={{ consentId }}>
                    {registrationNo}
                  </Link>
                ),
            },
            { header: t('home.answers.asked'), cell: ({ askedAt }) => timeText(askedAt) },
            {
              header: t('home.answers.answer'),
              cell: ({ answer }) =>
                answer === 'granted' ? (
                  <Badge kind="good">{t('home.granted')}</Badge>
                ) : (
                  <Badge kind="bad">{t('home.denied')}</Badge>
                ),
            },
          ]}
        />
      )}
    </Panel>
  );
}

const Queue = ({ step }: { step: 'sanitize' | 'attest' }) => (
  <Panel title="Waiting for you">
    <Worklist step={step} empty="Nothing waits for you at the moment." />
  </Panel>
);

function PatientsView() {
  const own = useQuery({ queryKey: ['patients', 'own'], queryFn: () => client.patients({ limit: 1 }) });
  const registrationNo = own.data?.items[0]?.registrationNo;
  return (
    <>
      {own.isError && <ErrorNotice error={own.error} retry={() => void own.refetch()} />}
      <OpenChoices />
      <OpenRequests />
      {registrationNo && <WhoLooked registrationNo={registrationNo} />}
      <NewestRecords title="Your newest records" />
    </>
  );
}

/** Choices of an account that was activated before it was asked for them, or that were left open. */
function OpenChoices() {
  const choices = useChoices();
  const open = openChoices(choices.data?.items ?? []);
  if (open.length === 0) return null;
  return (
    <Notice kind="warning" title="Waits for your decision">
      {open.length === 1 ? 'One choice is' : `${open.length} choices are`} open: who may read without asking
      you each time. <Link to="/choices">Decide now</Link>
    </Notice>
  );
}

/** Who asks to read and was not answered yet. */
function OpenRequests() {
  const asked = useQuery({
    queryKey: ['consents', 'requests', 'open'],
    queryFn: () => client.consentRequests(),
    staleTime: 0,
  });
  const count = (asked.data?.items ?? []).filter(({ answer }) => answer === null).length;
  if (asked.isError) return <ErrorNotice error={asked.error} retry={() => void asked.refetch()} />;
  if (count === 0) return null;
  return (
    <Notice kind="warning" title={t('home.requests.title')}>
      {t('home.requests', { count })} <Link to="/consents">{t('home.requests.link')}</Link>
    </Notice>
  );
}

/** What went wrong, and what is to be reviewed. */
function AuditorsView() {
  const counts = useQuery({
    queryKey: ['emergency', 'counts'],
    queryFn: client.emergencyCounts,
    staleTime: 0,
  });
  const overdue = counts.data?.overdue ?? 0;
  return (
    <>
      {overdue > 0 && <Notice kind="bad">{t('home.cases.overdue', { count: overdue })}</Notice>}
      <Panel title={t('home.failures')}>
        <AuditTable filter={{ status: 'failed' }} empty={t('home.failures.empty')} />
      </Panel>
      <Panel title={t('home.cases')}>
        <CaseTable empty={t('home.cases.empty')} />
      </Panel>
    </>
  );
}

/** How the network is, in five figures. */
function NetworkHealth() {
  const query = useQuery({ queryKey: ['network'], queryFn: client.network });
  if (query.isPending) return <Waiting text={t('common.loading')} />;
  if (query.isError) return <ErrorNotice error={query.error} retry={() => void query.refetch()} />;
  const { organizations, blocks, audits } = query.data;
  const hospitals = organizations.filter(({ kind }) => kind === 'hospital');
  const served = organizations.filter(({ isServedHere }) => isServedHere);
  const of = (part: readonly unknown[], whole: readonly unknown[]): string =>
    t('home.network.of', { part: part.length, whole: whole.length });
  return (
    <Panel title={t('home.network')} actions={<Link to="/network">{t('home.network.more')}</Link>}>
      <Facts
        items={[
          [
            t('home.network.hospitals'),
            of(
              hospitals.filter(({ status }) => status === 'active'),
              hospitals,
            ),
          ],
          [
            t('home.network.peers'),
            of(
              served.filter(({ height }) => height !== null),
              served,
            ),
          ],
          [t('home.network.rate'), blocks.hours.reduce((sum, hour) => sum + hour.blocks, 0)],
          [
            t('home.network.coverage'),
            audits.files === 0 ? undefined : shareText(audits.covered / audits.files),
          ],
          [
            t('home.network.oldest'),
            audits.oldestUnproven === null ? undefined : timeText(audits.oldestUnproven.since),
          ],
          [t('home.network.failing'), audits.failing],
        ]}
      />
    </Panel>
  );
}

function WhoLooked({ registrationNo }: { registrationNo: string }) {
  const log = useQuery({
    queryKey: ['access-log', registrationNo, 'newest'],
    queryFn: () => client.accessLog(registrationNo, { limit: 5 }),
    staleTime: 0,
  });
  return (
    <Panel title="Who looked" actions={<Link to="/access-log">The whole access log</Link>}>
      {log.isPending && <Waiting text="Loading …" />}
      {log.isError && <ErrorNotice error={log.error} retry={() => void log.refetch()} />}
      {log.data?.items.length === 0 && <Empty>Nobody has read your records yet.</Empty>}
      {log.data && log.data.items.length > 0 && (
        <Table
          caption="Who looked at your records"
          rows={log.data.items}
          keyOf={({ receiptId }) => receiptId}
          columns={[
            { header: 'When', cell: ({ at }) => timeText(at) },
            { header: 'Who', cell: ({ readerName, reader }) => readerName ?? `Staff ${reader.slice(0, 8)}` },
            {
              header: 'Organisation',
              cell: ({ organizationName, organization }) => organizationName ?? organization,
            },
            { header: 'Records', cell: ({ recordIds }) => recordIds.length, kind: 'number' },
          ]}
        />
      )}
    </Panel>
  );
}

function Network() {
  const organizations = useOrganizations();
  if (organizations.isPending) return <Waiting text="Loading …" />;
  if (organizations.isError)
    return <ErrorNotice error={organizations.error} retry={() => void organizations.refetch()} />;
  return (
    <Panel title="Organisations">
      <Table
        caption="Organisations of the network"
        rows={organizations.data.items}
        keyOf={({ mspId }) => mspId}
        columns={[
          { header: 'Name', cell: ({ name }) => name },
          { header: 'Kind', cell: ({ kind }) => (kind === 'ministry' ? 'Ministry' : 'Hospital') },
          { header: 'Code', cell: ({ code }) => code ?? '–', kind: 'code' },
          { header: 'MSP id', cell: ({ mspId }) => mspId, kind: 'code' },
          {
            header: 'Status',
            cell: ({ status }) =>
              status === 'suspended' ? (
                <Badge kind="warning">Suspended</Badge>
              ) : (
                <Badge kind="good">Active</Badge>
              ),
          },
        ]}
      />
    </Panel>
  );
}
