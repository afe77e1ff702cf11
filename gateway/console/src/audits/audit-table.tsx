import { Link } from '@tanstack/react-router';
import type { AuditQuery } from '@medseal/client';
import { client } from '../app/session';
import { useOrganizationNames } from '../consents/organization-names';
import { Badge, Empty } from '../ui/notice';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { timeText } from '../ui/values';
import { auditState, deadlineOf, FILES, isOpen } from './words';

const UNDER_WAY_MS = 3_000;

/** Audits of the whole network, newest first; what is under way is looked at again. */
export function AuditTable({ filter, empty }: { filter: AuditQuery; empty: string }) {
  const organizationOf = useOrganizationNames();
  const paged = usePaged(['audits', filter], (query) => client.audits({ ...query, ...filter }), {
    staleTime: 0,
    refetchInterval: ({ items }) => items.some(isOpen) && UNDER_WAY_MS,
  });
  const rows = paged.query.data?.items ?? [];
  return (
    <PagedList paged={paged}>
      {rows.length === 0 ? (
        <Empty>{empty}</Empty>
      ) : (
        <Table
          caption="Audits"
          rows={rows}
          keyOf={({ auditId }) => auditId}
          marked={({ status }) => status === 'failed'}
          columns={[
            {
              header: 'Opened',
              cell: ({ auditId, openedAt }) => (
                <Link to="/audits/$auditId" params={{ auditId }}>
                  {timeText(openedAt)}
                </Link>
              ),
            },
            { header: 'Record', cell: ({ recordId }) => recordId.slice(0, 8), kind: 'code' },
            { header: 'File', cell: ({ kind }) => FILES[kind] },
            { header: 'Kept by', cell: ({ hospital }) => organizationOf(hospital) },
            { header: 'Audited by', cell: ({ auditorMspId }) => organizationOf(auditorMspId) },
            {
              header: 'Verdict',
              cell: (audit) => {
                const { kind, text } = auditState(audit);
                return <Badge kind={kind}>{text}</Badge>;
              },
            },
            { header: 'Until', cell: (audit) => timeText(deadlineOf(audit)) },
          ]}
        />
      )}
    </PagedList>
  );
}
