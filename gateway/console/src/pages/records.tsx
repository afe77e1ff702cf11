import { useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useUser } from '../app/session';
import { type PlainKey, t } from '../i18n';
import { RecordTable } from '../records/record-table';
import { stateOptions } from '../records/step-words';
import { SelectField } from '../ui/fields';
import { Page } from '../ui/page';

const LEADS: Readonly<Record<string, PlainKey>> = {
  patient: 'records.leadOfPatient',
  doctor: 'records.leadOfDoctor',
};

export function RecordsPage() {
  const { role } = useUser();
  const lead = LEADS[role];
  const [status, setStatus] = useState('');
  return (
    <Page
      title={t('records.title')}
      lead={lead && t(lead)}
      actions={
        role === 'doctor' && (
          <Link to="/records/new" className="button main">
            {t('records.write')}
          </Link>
        )
      }
    >
      <div className="panel">
        <div className="search">
          <SelectField
            label={t('records.status')}
            value={status}
            onChange={setStatus}
            required
            options={[['', t('common.all')], ...stateOptions()]}
          />
        </div>
        <RecordTable status={status} empty={t(status ? 'records.noneOfStatus' : 'records.none')} />
      </div>
    </Page>
  );
}
