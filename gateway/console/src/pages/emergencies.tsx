import { useState } from 'react';
import { useNavigate } from '@tanstack/react-router';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { EmergencyAnswer } from '@medseal/client';
import { client, useUser } from '../app/session';
import { BreakGlassForm } from '../emergencies/break-glass-form';
import { CaseTable } from '../emergencies/case-table';
import { ReviewDialog } from '../emergencies/review-dialog';
import { Notice } from '../ui/notice';
import { Page, Panel } from '../ui/page';

/** Breaking the glass, its review, and for the patient what happened. */
export function EmergenciesPage() {
  const { role } = useUser();
  if (role === 'doctor') return <DoctorsEmergencies />;
  return role === 'auditor' ? <Reviews /> : <OwnEmergencies />;
}

function DoctorsEmergencies() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  return (
    <Page title="Emergency Access">
      <Panel title="Open a patient’s records in an emergency">
        <p>
          The patient is told at once, every record that you open leaves a receipt, and another organisation’s
          auditor reviews the case. The window is three hours.
        </p>
        <BreakGlassForm
          onDone={({ emergencyId }) => {
            void queries.invalidateQueries({ queryKey: ['emergency'] });
            void navigate({ to: '/emergency-access/$emergencyId', params: { emergencyId } });
          }}
        />
      </Panel>
      <Panel title="Your cases">
        <CaseTable empty="You have opened none." />
      </Panel>
    </Page>
  );
}

function Reviews() {
  const queries = useQueryClient();
  const [reviewed, setReviewed] = useState<EmergencyAnswer>();
  const [done, setDone] = useState('');
  const counts = useQuery({
    queryKey: ['emergency', 'counts'],
    queryFn: client.emergencyCounts,
    staleTime: 0,
  });
  return (
    <Page
      title="Emergency Access"
      lead="Cases that your organisation reviews. Only its auditors can close them."
    >
      {done && <Notice kind="good">{done}</Notice>}
      {counts.data && (
        <p>
          In the whole network {counts.data.open} {counts.data.open === 1 ? 'case waits' : 'cases wait'} for a
          review, {counts.data.overdue} of them overdue.
        </p>
      )}
      <Panel title="To review">
        <CaseTable empty="There is no case to review." onReview={setReviewed} />
      </Panel>
      {reviewed && (
        <ReviewDialog
          one={reviewed}
          onClose={() => setReviewed(undefined)}
          onDone={() => {
            setReviewed(undefined);
            setDone('The case was closed.');
            void queries.invalidateQueries({ queryKey: ['emergency'] });
          }}
        />
      )}
    </Page>
  );
}

const OwnEmergencies = () => (
  <Page
    title="Emergency Access"
    lead="Whenever a doctor opened your records in an emergency, and what the review found."
  >
    <Panel>
      <CaseTable empty="Nobody has opened your records in an emergency." />
    </Panel>
  </Page>
);
