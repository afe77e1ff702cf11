import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { LogTable } from '../access/log-table';
import { client, useUser } from '../app/session';
import { t } from '../i18n';
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
    <Page title={t('access.title')} lead={t('access.lead')}>
      <div className="panel">
        {own.isPending && <Waiting text={t('common.loading')} />}
        {own.isError && <ErrorNotice error={own.error} retry={() => void own.refetch()} />}
        {registrationNo && (
          <LogTable
            heading="h2"
            list={registrationNo}
            ofOwn
            fetchPage={(query) => client.accessLog(registrationNo, query)}
            fetchChoices={() => client.accessLogChoices(registrationNo)}
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
    <Page title={t('access.title')} lead={t('access.publicLead')}>
      <div className="panel">
        <form
          className="search"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            const wanted = typed.trim();
            setError(LEDGER_ID.test(wanted) ? undefined : t('access.idWrong'));
            setLedgerId(LEDGER_ID.test(wanted) ? wanted : '');
          }}
        >
          <TextField label={t('access.id')} value={typed} onChange={setTyped} error={error} required />
          <div className="field">
            <Button type="submit">{t('access.show')}</Button>
          </div>
        </form>
        {ledgerId && (
          <LogTable
            heading="h2"
            list={ledgerId}
            fetchPage={(query) => client.accessLogOf(ledgerId, query)}
            fetchChoices={() => client.accessLogChoicesOf(ledgerId)}
          />
        )}
      </div>
    </Page>
  );
}
