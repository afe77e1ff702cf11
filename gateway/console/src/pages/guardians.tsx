import { useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ConsentAnswer } from '@medseal/client';
import { client, useUser } from '../app/session';
import { ConsentState } from '../consents/consent-state';
import { consentsChanged } from '../consents/consents-changed';
import { GrantDialog } from '../consents/grant-dialog';
import { useGranteeName } from '../consents/grantee-name';
import { useOrganizationNames } from '../consents/organization-names';
import { RevokeDialog } from '../consents/revoke-dialog';
import { useDevice } from '../consents/use-device';
import { isUnderWay } from '../consents/words';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { Empty, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Page, Panel } from '../ui/page';
import { Table } from '../ui/table';
import { CopyText, grouped, timeText } from '../ui/values';

const CONSENTS_MAX = 200;
/** Agents accept and delete by themselves; looked for this often. */
const LOOK_AGAIN_MS = 4_000;

/** Who looks after the patient's records, and whose records the patient looks after. */
export function GuardiansPage() {
  const { subject } = useUser();
  const queries = useQueryClient();
  const [isMaking, setIsMaking] = useState(false);
  const [ended, setEnded] = useState<ConsentAnswer>();
  const [done, setDone] = useState('');
  const consents = useQuery({
    queryKey: ['consents', 'guardians'],
    queryFn: () => client.consents({ limit: CONSENTS_MAX }),
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data?.items.some(isUnderWay) ? LOOK_AGAIN_MS : false),
  });
  const all = (consents.data?.items ?? []).filter(({ grantee }) => grantee.kind === 'guardian');
  const finish = (message: string): void => {
    setIsMaking(false);
    setEnded(undefined);
    setDone(message);
    consentsChanged(queries);
  };
  return (
    <Page
      title="Guardians"
      lead="A guardian is another patient who may read your records and see who looked at them, as long as you allow it."
      actions={
        <Button kind="main" onClick={() => setIsMaking(true)}>
          Make somebody a guardian
        </Button>
      }
    >
      {done && <Notice kind="good">{done}</Notice>}
      <Panel title="Your guardians">
        {consents.isPending && <Waiting text="Loading …" />}
        {consents.isError && <ErrorNotice error={consents.error} retry={() => void consents.refetch()} />}
        {consents.isSuccess && (
          <Guardians all={all.filter(({ ledgerId }) => ledgerId === subject)} onEnd={setEnded} />
        )}
      </Panel>
      <Panel title="You as a guardian">
        <OwnNumber />
        {consents.isSuccess && <LookedAfter all={all.filter(({ ledgerId }) => ledgerId !== subject)} />}
      </Panel>
      {isMaking && (
        <GrantDialog
          toGuardian
          onClose={() => setIsMaking(false)}
          onDone={(name) =>
            finish(`The consent to ${name} was signed. It is active when its agents have accepted it.`)
          }
        />
      )}
      {ended && (
        <RevokeDialog
          consent={ended}
          onClose={() => setEnded(undefined)}
          onDone={() => finish('The guardian reads nothing more from now on.')}
        />
      )}
    </Page>
  );
}

function Guardians({
  all,
  onEnd,
}: {
  all: readonly ConsentAnswer[];
  onEnd: (consent: ConsentAnswer) => void;
}) {
  const nameOf = useGranteeName();
  const organizationOf = useOrganizationNames();
  if (all.length === 0) return <Empty>You have no guardian.</Empty>;
  return (
    <Table
      caption="Your guardians"
      rows={all}
      keyOf={({ consentId }) => consentId}
      columns={[
        { header: 'Guardian', cell: ({ grantee }) => nameOf(grantee) },
        { header: 'Home hospital', cell: ({ grantee }) => organizationOf(grantee.mspId) },
        { header: t('common.since'), cell: ({ grantedAt }) => timeText(grantedAt) },
        { header: 'Status', cell: (consent) => <ConsentState consent={consent} /> },
        {
          header: 'Actions',
          kind: 'actions',
          cell: (consent) =>
            (consent.status === 'active' || consent.status === 'granted') && (
              <Button
                kind="quiet"
                aria-label={`End the access of ${nameOf(consent.grantee)}`}
                onClick={() => onEnd(consent)}
              >
                End
              </Button>
            ),
        },
      ]}
    />
  );
}

/** Somebody becomes a guardian by a key of their own, and is named by a number that means nothing to anybody else. */
function OwnNumber() {
  const { subject } = useUser();
  const queries = useQueryClient();
  const { withDevice, dialog } = useDevice();
  const own = useQuery({ queryKey: ['guardian-key'], queryFn: client.guardianKey, staleTime: 0 });
  const making = useMutation({
    mutationFn: () => withDevice((device) => device.call('registerReaderKey')),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['guardian-key'] }),
  });
  if (own.isPending) return <Waiting text="Loading …" />;
  if (own.isError) return <ErrorNotice error={own.error} retry={() => void own.refetch()} />;
  if (own.data.key !== null)
    return (
      <>
        <p>Give this number to a patient who wants you as a guardian.</p>
        <CopyText label="Your number" text={grouped(subject)} />
      </>
    );
  return (
    <>
      {making.isError && <ErrorNotice error={making.error} />}
      <p>
        To look after somebody’s records you need a key for it, made in this browser. Then you get a number to
        give to them.
      </p>
      <Button busy={making.isPending} onClick={() => making.mutate()}>
        Get ready
      </Button>
      {dialog}
    </>
  );
}

function LookedAfter({ all }: { all: readonly ConsentAnswer[] }) {
  const organizationOf = useOrganizationNames();
  if (all.length === 0) return <Empty>No patient has made you a guardian.</Empty>;
  return (
    <Table
      caption="Patients whom you look after"
      rows={all}
      keyOf={({ consentId }) => consentId}
      columns={[
        {
          header: 'Patient',
          cell: ({ consentId, ledgerId }) => (
            <Link to="/consents/$consentId" params={{ consentId }}>
              Patient {ledgerId.slice(0, 8)}
            </Link>
          ),
        },
        {
          header: 'Kept by',
          cell: ({ agents }) => agents.map(({ mspId }) => organizationOf(mspId)).join(', '),
        },
        { header: t('common.since'), cell: ({ grantedAt }) => timeText(grantedAt) },
        { header: 'Status', cell: (consent) => <ConsentState consent={consent} /> },
      ]}
    />
  );
}
