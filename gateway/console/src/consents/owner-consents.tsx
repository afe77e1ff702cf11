import { useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ActProgress, ConsentAnswer, ConsentRequestAnswer } from '@medseal/client';
import { useDoctors } from '../app/doctors';
import { client, useSession, useUser } from '../app/session';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { SelectField } from '../ui/fields';
import { Empty, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Facts, Page, Panel } from '../ui/page';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { dayText, timeText } from '../ui/values';
import { begunGrant, dropGrant } from './begun-grants';
import { Choices } from './choices';
import { CollusionOfConsent, useOwnScopes } from './collusion';
import { consentsChanged } from './consents-changed';
import { GrantDialog } from './grant-dialog';
import { ConsentState } from './consent-state';
import { useGranteeName } from './grantee-name';
import { useOrganizationNames } from './organization-names';
import { Preview } from './preview';
import { RevokeDialog } from './revoke-dialog';
import { SigningProgress } from './signing-progress';
import { TermsFacts } from './terms-facts';
import { useDevice } from './use-device';
import { isUnderWay, purposeText, recordTypesText } from './words';

/** What services do by themselves is looked for this often while something is under way. */
const LOOK_AGAIN_MS = 4_000;

type Open =
  | { kind: 'grant'; request?: ConsentRequestAnswer }
  | { kind: 'deny'; request: ConsentRequestAnswer }
  | { kind: 'details' | 'revoke'; consent: ConsentAnswer };

/** The owner decides who may read what, and sees what came of it. */
export function OwnerConsents() {
  const queries = useQueryClient();
  const [open, setOpen] = useState<Open>();
  const [done, setDone] = useState('');
  const finish = (message: string): void => {
    setOpen(undefined);
    setDone(message);
    consentsChanged(queries);
  };
  const close = (): void => setOpen(undefined);
  return (
    <Page
      title="Consents"
      lead="Nobody but the author reads your records without a consent that you have signed with your own keys."
      actions={
        <Button kind="main" onClick={() => setOpen({ kind: 'grant' })}>
          Give a consent
        </Button>
      }
    >
      {done && <Notice kind="good">{done}</Notice>}
      <OpenRequests onAct={setOpen} />
      <OwnConsents onAct={setOpen} onDone={finish} />
      <WhatWouldBeSeen />
      <Choices />
      {open?.kind === 'grant' && (
        <GrantDialog
          request={open.request}
          onClose={close}
          onDone={(name) =>
            finish(`The consent to ${name} was signed. It is active when its agents have accepted it.`)
          }
        />
      )}
      {open?.kind === 'deny' && (
        <DenyDialog request={open.request} onClose={close} onDone={() => finish('The request was denied.')} />
      )}
      {open?.kind === 'revoke' && (
        <RevokeDialog
          consent={open.consent}
          onClose={close}
          onDone={() => finish('The consent was revoked. From now on no agent answers for it.')}
        />
      )}
      {open?.kind === 'details' && <DetailsDialog consent={open.consent} onClose={close} />}
    </Page>
  );
}

function OpenRequests({ onAct }: { onAct: (open: Open) => void }) {
  const nameOf = useGranteeName();
  const organizationOf = useOrganizationNames();
  const requests = useQuery({
    queryKey: ['consent-requests', 'own'],
    queryFn: () => client.consentRequests({ limit: 200 }),
    staleTime: 0,
  });
  const waiting = (requests.data?.items ?? []).filter(({ answer }) => answer === null);
  const who = ({ grantee, from }: ConsentRequestAnswer): string => nameOf({ ...grantee, mspId: from.mspId });
  return (
    <Panel title="Open requests">
      {requests.isPending && <Waiting text="Loading …" />}
      {requests.isError && <ErrorNotice error={requests.error} retry={() => void requests.refetch()} />}
      {requests.isSuccess && waiting.length === 0 && <Empty>Nobody waits for an answer of yours.</Empty>}
      {waiting.length > 0 && (
        <Table
          caption="Open requests"
          rows={waiting}
          keyOf={({ requestId }) => requestId}
          columns={[
            { header: 'Who', cell: who },
            { header: 'Organisation', cell: ({ from }) => organizationOf(from.mspId) },
            { header: 'Purpose', cell: ({ purpose }) => purposeText(purpose) },
            { header: 'Types', cell: ({ recordTypes }) => recordTypesText(recordTypes) },
            {
              header: 'Records',
              cell: ({ dateRange }) => `${dayText(dateRange.from)} to ${dayText(dateRange.to)}`,
            },
            { header: 'Ends', cell: ({ expiresAt }) => timeText(expiresAt) },
            { header: 'Copies erased by', cell: ({ dataEraseAt }) => timeText(dataEraseAt) },
            { header: 'Asked', cell: ({ askedAt }) => timeText(askedAt) },
            {
              header: 'Actions',
              kind: 'actions',
              cell: (request) => (
                <>
                  <Button
                    kind="quiet"
                    aria-label={`Answer ${who(request)}`}
                    onClick={() => onAct({ kind: 'grant', request })}
                  >
                    Answer
                  </Button>
                  <Button
                    kind="quiet"
                    aria-label={`Deny ${who(request)}`}
                    onClick={() => onAct({ kind: 'deny', request })}
                  >
                    Deny
                  </Button>
                </>
              ),
            },
          ]}
        />
      )}
    </Panel>
  );
}

function OwnConsents({ onAct, onDone }: { onAct: (open: Open) => void; onDone: (message: string) => void }) {
  const nameOf = useGranteeName();
  const organizationOf = useOrganizationNames();
  const { subject } = useUser();
  const paged = usePaged(['consents', 'own'], (query) => client.consents(query), {
    staleTime: 0,
    refetchInterval: ({ items }) => (items.some(isUnderWay) ? LOOK_AGAIN_MS : false),
  });
  // Those to a guardian have a page of their own.
  const rows = (paged.query.data?.items ?? []).filter(({ ledgerId }) => ledgerId === subject);
  return (
    <Panel title="Your consents">
      <PagedList paged={paged}>
        {rows.length === 0 ? (
          <Empty>You have given no consent yet.</Empty>
        ) : (
          <Table
            caption="Your consents"
            rows={rows}
            keyOf={({ consentId }) => consentId}
            columns={[
              { header: 'Who may read', cell: ({ grantee }) => nameOf(grantee) },
              { header: 'Organisation', cell: ({ grantee }) => organizationOf(grantee.mspId) },
              { header: 'Given', cell: ({ grantedAt }) => timeText(grantedAt) },
              { header: 'Status', cell: (consent) => <ConsentState consent={consent} /> },
              {
                header: 'Actions',
                kind: 'actions',
                cell: (consent) => (
                  <>
                    {(consent.missing ?? []).length > 0 && consent.status === 'granted' && (
                      <Resume consent={consent} onDone={onDone} />
                    )}
                    <Button
                      kind="quiet"
                      aria-label={`Details of the consent to ${nameOf(consent.grantee)}`}
                      onClick={() => onAct({ kind: 'details', consent })}
                    >
                      Details
                    </Button>
                    {['active', 'granted', 'ended'].includes(consent.status) && (
                      <Button
                        kind="quiet"
                        aria-label={`Revoke the consent to ${nameOf(consent.grantee)}`}
                        onClick={() => onAct({ kind: 'revoke', consent })}
                      >
                        Revoke
                      </Button>
                    )}
                    {consent.status === 'revoked' && (
                      <Link
                        to="/keys"
                        className="button quiet"
                        aria-label={`New keys after the consent to ${nameOf(consent.grantee)}`}
                      >
                        New keys
                      </Link>
                    )}
                  </>
                ),
              },
            ]}
          />
        )}
      </PagedList>
    </Panel>
  );
}

/** Goes on with a consent that was begun in this browser. */
function Resume({ consent, onDone }: { consent: ConsentAnswer; onDone: (message: string) => void }) {
  const { subject } = useUser();
  const { withDevice, dialog } = useDevice();
  const [progress, setProgress] = useState<ActProgress>();
  const body = begunGrant(subject, consent.consentId);
  const resuming = useMutation({
    mutationFn: () => withDevice((device) => device.callWithProgress(setProgress, 'signConsent', body!)),
    onSuccess: () => {
      dropGrant(consent.consentId);
      onDone('The consent was signed to its end. It is active when its agents have accepted it.');
    },
  });
  if (body === undefined)
    return <span className="muted">Begun in another browser: finish it there, or revoke it.</span>;
  return (
    <>
      {resuming.isError && <ErrorNotice error={resuming.error} />}
      {resuming.isPending && progress && <SigningProgress progress={progress} />}
      <Button kind="quiet" busy={resuming.isPending} onClick={() => resuming.mutate()}>
        Finish signing
      </Button>
      {dialog}
    </>
  );
}

function DenyDialog({
  request,
  onClose,
  onDone,
}: {
  request: ConsentRequestAnswer;
  onClose: () => void;
  onDone: () => void;
}) {
  const nameOf = useGranteeName();
  const organizationOf = useOrganizationNames();
  const { withDevice, dialog } = useDevice();
  const denying = useMutation({
    mutationFn: () => withDevice((device) => device.call('denyRequest', request.requestId)),
    onSuccess: onDone,
  });
  return (
    <Dialog title="Deny the request?" onClose={onClose}>
      {denying.isError && <ErrorNotice error={denying.error} />}
      <p>
        {nameOf({ ...request.grantee, mspId: request.from.mspId })} of {organizationOf(request.from.mspId)} is
        told that the request was denied.
      </p>
      <div className="form-end">
        <Button kind="danger" busy={denying.isPending} onClick={() => denying.mutate()}>
          Deny
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
      {dialog}
    </Dialog>
  );
}

/** The terms are on the ledger as a commitment only: the owner's device opens the copy that it made for itself. */
function DetailsDialog({ consent, onClose }: { consent: ConsentAnswer; onClose: () => void }) {
  const { device } = useSession();
  const nameOf = useGranteeName();
  const organizationOf = useOrganizationNames();
  const { withDevice, dialog } = useDevice();
  const opening = useMutation({
    mutationFn: () => withDevice((unlocked) => unlocked.call('openOwnTerms', consent)),
  });
  const scopes = useOwnScopes();
  const categories = consent.scopes.map(({ scopeId }) =>
    scopeId === scopes.data?.general
      ? 'General records'
      : scopeId === scopes.data?.sensitive
        ? 'Sensitive records'
        : 'A category of before',
  );
  const { kind, id, mspId } = consent.grantee;
  return (
    <Dialog title={`Consent to ${nameOf(consent.grantee)}`} onClose={onClose} wide>
      <Facts
        items={[
          ['Status', <ConsentState key="s" consent={consent} />],
          ['Organisation', organizationOf(mspId)],
          ['Categories', categories.join(', ')],
          ['Given', timeText(consent.grantedAt)],
          ['Ends', timeText(consent.expiresAt)],
          [
            'Kept by',
            consent.agents
              .map(({ mspId: agent, answer }) => `${organizationOf(agent)} (${ANSWERS[answer ?? 'none']})`)
              .join(', '),
          ],
        ]}
      />
      {opening.isError && <ErrorNotice error={opening.error} />}
      {opening.isSuccess && opening.data && <TermsFacts terms={opening.data} expiresAt={consent.expiresAt} />}
      {!opening.isSuccess && consent.ownTerms && (
        <p>
          <Button busy={opening.isPending} onClick={() => opening.mutate()}>
            {device ? 'Show purpose, types and dates' : 'Unlock to show purpose, types and dates'}
          </Button>
        </p>
      )}
      {!consent.ownTerms && <p className="muted">No device kept this consent’s purpose, types and dates.</p>}
      {consent.status !== 'revoked' && consent.status !== 'expired' && kind !== 'emergency' && (
        <CollusionOfConsent consent={consent} />
      )}
      {(kind === 'person' || kind === 'careTeam') && (
        <>
          <h3>What this reader would see now</h3>
          <Preview grantee={{ kind, id }} />
        </>
      )}
      {dialog}
    </Dialog>
  );
}

const ANSWERS = {
  accepted: 'accepted',
  complained: 'cannot use its share',
  none: 'has not answered',
} as const;

/** For anybody, with or without a consent. */
function WhatWouldBeSeen() {
  const { query } = useDoctors();
  const organizationOf = useOrganizationNames();
  const [id, setId] = useState('');
  return (
    <Panel title="What would this doctor see now?">
      <div className="search">
        <SelectField
          label="Doctor"
          required
          value={id}
          onChange={setId}
          options={[
            ['', 'Choose …'],
            ...(query.data?.items ?? []).map(
              (doctor) =>
                [doctor.id, `${doctor.name ?? doctor.id}, ${organizationOf(doctor.mspId)}`] as const,
            ),
          ]}
        />
      </div>
      {id && <Preview grantee={{ kind: 'person', id }} />}
    </Panel>
  );
}
