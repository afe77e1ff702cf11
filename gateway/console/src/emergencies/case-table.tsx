import { Link } from '@tanstack/react-router';
import type { EmergencyAnswer } from '@medseal/client';
import { client, useUser } from '../app/session';
import { useOrganizationNames } from '../consents/organization-names';
import { Button } from '../ui/button';
import { Badge, Empty } from '../ui/notice';
import { PagedList, usePaged } from '../ui/paged';
import { type Column, Table } from '../ui/table';
import { timeText } from '../ui/values';
import { caseState, REASONS } from './words';

/** Emergency cases that concern the signed-in user, newest first. */
export function CaseTable({ empty, onReview }: { empty: string; onReview?: (one: EmergencyAnswer) => void }) {
  const { role } = useUser();
  const organizationOf = useOrganizationNames();
  const paged = usePaged(['emergency', 'cases'], (query) => client.emergencies(query), { staleTime: 0 });
  const rows = paged.query.data?.items ?? [];
  const columns: Column<EmergencyAnswer>[] = [
    {
      header: 'Opened',
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
            header: 'Patient',
            kind: 'code' as const,
            cell: ({ registrationNo, ledgerId }: EmergencyAnswer) => registrationNo ?? ledgerId.slice(0, 8),
          },
        ]
      : [
          {
            header: 'Doctor',
            cell: ({ readerName, reader }: EmergencyAnswer) => readerName ?? `Staff ${reader.slice(0, 8)}`,
          },
          { header: 'Organisation', cell: ({ mspId }: EmergencyAnswer) => organizationOf(mspId) },
        ]),
    { header: 'Reason', cell: ({ reasonCode }) => REASONS[reasonCode] },
    ...(role === 'auditor'
      ? [{ header: 'In the doctor’s words', cell: ({ reason }: EmergencyAnswer) => reason ?? '–' }]
      : []),
    { header: 'Until', cell: ({ until }) => timeText(until) },
    {
      header: 'Status',
      cell: (one) => {
        const { kind, text } = caseState(one);
        return <Badge kind={kind}>{text}</Badge>;
      },
    },
    ...(onReview
      ? [
          {
            header: 'Actions',
            kind: 'actions' as const,
            cell: (one: EmergencyAnswer) =>
              one.status !== 'closed' && (
                <Button
                  kind="quiet"
                  aria-label={`Review the case of ${timeText(one.openedAt)}`}
                  onClick={() => onReview(one)}
                >
                  Review
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
          caption="Emergency cases"
          rows={rows}
          keyOf={({ emergencyId }) => emergencyId}
          marked={({ overdue, status }) => overdue && status !== 'closed'}
          columns={columns}
        />
      )}
    </PagedList>
  );
}
