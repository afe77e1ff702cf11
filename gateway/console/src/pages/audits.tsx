import { useState } from 'react';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useQueryClient } from '@tanstack/react-query';
import type { AuditStatus } from '@medseal/client';
import { useUser } from '../app/session';
import { AuditTable } from '../audits/audit-table';
import { OpenAuditDialog } from '../audits/open-audit-dialog';
import { auditState } from '../audits/words';
import { t } from '../i18n';
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
      title={t('audits.title')}
      lead={t('audit.lead')}
      actions={
        role === 'auditor' && (
          <Button kind="main" onClick={() => setIsOpening(true)}>
            {t('audit.open')}
          </Button>
        )
      }
    >
      <div className="panel">
        <div className="search">
          <SelectField
            label={t('audit.verdict')}
            value={status}
            onChange={setStatus}
            required
            options={[
              ['', t('common.all')],
              ...(['failed', 'intact', 'aborted'] as const).map(
                (one) => [one, auditState({ status: one }).text] as const,
              ),
              ['revealed', t('audit.waitForProof')],
            ]}
          />
        </div>
        <AuditTable
          filter={status === '' ? {} : { status: status as AuditStatus }}
          empty={status === '' ? t('audit.empty') : t('audit.emptyFor')}
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
