import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { LogTable } from '../access/log-table';
import { client, useUser } from '../app/session';
import { Button } from '../ui/button';
import { TextField } from '../ui/fields';
import { ErrorNotice, Waiting } from '../ui/notice';
import { Page } from '../ui/page';

export function AccessLogPage() {
  const { role } = useUser();
  return role === 'patient' ? <OwnLog /> : <PublicLog />;
}

function OwnLog() {
  const own = useQuery({ queryKey: ['patients', 'own'], queryFn: () => client.patients({ limit: 1 }) });
  const registrationNo = own.data?.items[0]?.registrationNo;
  return (
    <Page
      title="Access Log"
      lead="Who has read your records, newest first. Each line is a receipt on the ledger."
    >
      <div className="panel">
        {own.isPending && <Waiting text="Loading …" />}
        {own.isError && <ErrorNotice error={own.error} retry={() => void own.refetch()} />}
        {registrationNo && (
          <LogTable
            list={registrationNo}
            ofOwn
            fetchPage={(query) => client.accessLog(registrationNo, query)}
          />
        )}
      </div>
    </Page>
  );
}

const LEDGER_ID = /^[0-9a-f]{32}$/;

/** An auditor sees the public part, by the patient's id on the ledger. */
function PublicLog() {
  const [typed, setTyped] = useState('');
  const [ledgerId, setLedgerId] = useState('');
  const [error, setError] = useState<string>();
  return (
    <Page
      title="Access Log"
      lead="The public part of a patient’s access log: which records, when, by which organisation."
    >
      <div className="panel">
        <form
          className="search"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            const wanted = typed.trim();
            setError(LEDGER_ID.test(wanted) ? undefined : 'Enter an id of 32 characters 0–9, a–f.');
            setLedgerId(LEDGER_ID.test(wanted) ? wanted : '');
          }}
        >
          <TextField
            label="Patient’s id on the ledger"
            value={typed}
            onChange={setTyped}
            error={error}
            required
          />
          <div className="field">
            <Button type="submit">Show</Button>
          </div>
        </form>
        {ledgerId && <LogTable list={ledgerId} fetchPage={(query) => client.accessLogOf(ledgerId, query)} />}
      </div>
    </Page>
  );
}
