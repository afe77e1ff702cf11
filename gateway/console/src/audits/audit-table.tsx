import { Link } from '@tanstack/react-router';
import type { AuditQuery } from '@medseal/client';
import { client } from '../app/session';
import { useOrganizationNames } from '../consents/organization-names';
import { t } from '../i18n';
import { Badge, Empty } from '../ui/notice';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { timeText } from '../ui/values';
import { auditState, deadlineOf, fileText, isOpen } from './words';

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
          caption={t('audits.title')}
          rows={rows}
          keyOf={({ auditId }) => auditId}
          marked={({ status }) => status === 'failed'}
          columns={[
            {
              header: t('audit.opened'),
              cell: ({ auditId, openedAt }) => (
                <Link to="/audits/$auditId" params={{ auditId }}>
                  {timeText(openedAt)}
                </Link>
              ),
            },
            { header: t('audit.record'), cell: ({ recordId }) => recordId.slice(0, 8), kind: 'code' },
            { header: t('audit.file'), cell: ({ kind }) => fileText(kind) },
            { header: t('audit.keptBy'), cell: ({ hospital }) => organizationOf(hospital) },
            { header: t('audit.auditedBy'), cell: ({ auditorMspId }) => organizationOf(auditorMspId) },
            {
              header: t('audit.verdict'),
              cell: (audit) => {
                const { kind, text } = auditState(audit);
                return <Badge kind={kind}>{text}</Badge>;
              },
            },
            { header: t('audit.until'), cell: (audit) => timeText(deadlineOf(audit)) },
          ]}
        />
      )}
    </PagedList>
  );
}
