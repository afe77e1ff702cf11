import { useState } from 'react';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useQueryClient } from '@tanstack/react-query';
import type { AuditStatus } from '@medseal/client';
import { useUser } from '../app/session';
import { AuditTable } from '../audits/audit-table';
import { OpenAuditDialog } from '../audits/open-audit-dialog';
import { Button } from '../ui/button';
import { SelectField } from '../ui/fields';
import { Page } from '../ui/page';

const route = getRouteApi('/shell/audits');

/** Whether the cloud still holds what it was given: all audits, and for auditors a new one. */
export function AuditsPage() {
  const { record } = route.useSearch();
  const { role } = useUser();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [status, setStatus] = useState('');
  const [isOpening, setIsOpening] = useState(record !== undefined);
  return (
    <Page
      title="Audits"
      lead="Each asks a hospital’s storage to prove that it still holds a file, unchanged. Every organisation verifies the proof."
      actions={
        role === 'auditor' && (
          <Button kind="main" onClick={() => setIsOpening(true)}>
            Open an audit
          </Button>
        )
      }
    >
      <div className="panel">
        <div className="search">
          <SelectField
            label="Verdict"
            value={status}
            onChange={setStatus}
            required
            options={[
              ['', 'All'],
              ['failed', 'Failed'],
              ['intact', 'Intact'],
              ['aborted', 'No verdict'],
              ['revealed', 'Wait for the proof'],
            ]}
          />
        </div>
        <AuditTable
          filter={status === '' ? {} : { status: status as AuditStatus }}
          empty={status === '' ? 'Nothing has been audited yet.' : 'There is no such audit.'}
        />
      </div>
      {isOpening && (
        <OpenAuditDialog
          recordId={record ?? ''}
          onClose={() => setIsOpening(false)}
          onDone={({ auditId }) => {
            void queries.invalidateQueries({ queryKey: ['audits'] });
            void navigate({ to: '/audits/$auditId', params: { auditId } });
          }}
        />
      )}
    </Page>
  );
}
