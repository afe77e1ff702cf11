import { Link } from '@tanstack/react-router';
import type { EmergencyAnswer } from '@medseal/client';
import { client, useUser } from '../app/session';
import { useOrganizationNames } from '../consents/organization-names';
import { t } from '../i18n';
import { timeText } from '../i18n/locale';
import { Button } from '../ui/button';
import { Badge, Empty } from '../ui/notice';
import { PagedList, usePaged } from '../ui/paged';
import { type Column, Table } from '../ui/table';
import { caseState, doctorText, reasonText } from './words';

/** Emergency cases that concern the signed-in user, newest first. */
export function CaseTable({ empty, onReview }: { empty: string; onReview?: (one: EmergencyAnswer) => void }) {
  const { role } = useUser();
  const organizationOf = useOrganizationNames();
  const paged = usePaged(['emergency', 'cases'], (query) => client.emergencies(query), { staleTime: 0 });
  const rows = paged.query.data?.items ?? [];
  const columns: Column<EmergencyAnswer>[] = [
    {
      header: t('emergency.opened'),
      cell: ({ emergencyId, openedAt }) =>
        role === 'doctor' ? (
          <Link to="/emergency-access/$emergencyId" params={{ emergencyId }}>
            {timeText(openedAt)}
          </Link>
        ) : (
          timeText(openedAt)
        ),
    },
    ...(role === 'doctor'
      ? [
          {
            header: t('common.patient'),
            kind: 'code' as const,
            cell: ({ registrationNo, ledgerId }: EmergencyAnswer) => registrationNo ?? ledgerId.slice(0, 8),
          },
        ]
      : [
          {
            header: t('common.doctor'),
            cell: doctorText,
          },
          { header: t('common.organisation'), cell: ({ mspId }: EmergencyAnswer) => organizationOf(mspId) },
        ]),
    { header: t('emergency.reason'), cell: ({ reasonCode }) => reasonText(reasonCode) },
    ...(role === 'auditor'
      ? [{ header: t('emergency.words'), cell: ({ reason }: EmergencyAnswer) => reason ?? '–' }]
      : []),
    { header: t('emergency.until'), cell: ({ until }) => timeText(until) },
    {
      header: t('common.status'),
      cell: (one) => {
        const { kind, text } = caseState(one);
        return <Badge kind={kind}>{text}</Badge>;
      },
    },
    ...(onReview
      ? [
          {
            header: t('common.actions'),
            kind: 'actions' as const,
            cell: (one: EmergencyAnswer) =>
              one.status !== 'closed' && (
                <Button
                  kind="quiet"
                  aria-label={t('emergency.reviewOne', { opened: timeText(one.openedAt) })}
                  onClick={() => onReview(one)}
                >
                  {t('emergency.review')}
                </Button>
              ),
          },
        ]
      : []),
  ];
  return (
    <PagedList paged={paged}>
      {rows.length === 0 ? (
        <Empty>{empty}</Empty>
      ) : (
        <Table
          caption={t('emergency.cases')}
          rows={rows}
          keyOf={({ emergencyId }) => emergencyId}
          marked={({ overdue, status }) => overdue && status !== 'closed'}
          columns={columns}
        />
      )}
    </PagedList>
  );
}
