import { useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useUser } from '../app/session';
import { RecordTable } from '../records/record-table';
import { SelectField } from '../ui/fields';
import { Page } from '../ui/page';

const LEADS: Readonly<Record<string, string>> = {
  patient: 'Your records, newest first. Open one with your passphrase: it is deciphered in this browser.',
  doctor: 'Records of this hospital and of its patients. You can open those that you wrote.',
};

export function RecordsPage() {
  const { role } = useUser();
  const [status, setStatus] = useState('');
  return (
    <Page
      title="EHR Record"
      lead={LEADS[role]}
      actions={
        role === 'doctor' && (
          <Link to="/records/new" className="button main">
            Write a record
          </Link>
        )
      }
    >
      <div className="panel">
        <div className="search">
          <SelectField
            label="Status"
            value={status}
            onChange={setStatus}
            required
            options={[
              ['', 'All'],
              ['created', 'Begun, not sealed'],
              ['sealed', 'Sealed'],
              ['blinded', 'Blinded'],
              ['sanitized', 'Sanitised'],
              ['uploaded', 'In the cloud'],
              ['attested', 'Attested'],
              ['chained', 'Chained'],
            ]}
          />
        </div>
        <RecordTable
          status={status}
          empty={status ? 'No record has this status.' : 'There is no record here yet.'}
        />
      </div>
    </Page>
  );
}
