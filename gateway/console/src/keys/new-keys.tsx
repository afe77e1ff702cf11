import { useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ActProgress, type ConsentAnswer, isOutdated, type ScopeAnswer } from '@medseal/client';
import type { Device } from '../app/device';
import { client, useUser } from '../app/session';
import { consentsChanged } from '../consents/consents-changed';
import { useGranteeName } from '../consents/grantee-name';
import { useOrganizationNames } from '../consents/organization-names';
import { useDevice } from '../consents/use-device';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { CheckField } from '../ui/fields';
import { Empty, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Panel } from '../ui/page';
import { Table } from '../ui/table';
import { timeText } from '../ui/values';

type Scope = ScopeAnswer['label'];

const NAMES: Readonly<Record<Scope, string>> = { general: 'General records', sensitive: 'Sensitive records' };

export const useScopes = () =>
  useQuery({ queryKey: ['scopes'], queryFn: async () => (await client.scopes()).items, staleTime: 0 });

/** Strong revocation: the next key period, old keys wrapped for it, consents granted again. */
export function NewKeys() {
  const queries = useQueryClient();
  const scopes = useScopes();
  const { withDevice, dialog } = useDevice();
  const [isChoosing, setIsChoosing] = useState(false);
  const [progress, setProgress] = useState<ActProgress>();
  const [unopened, setUnopened] = useState(0);
  const [done, setDone] = useState('');
  const changed = (): void => {
    void queries.invalidateQueries({ queryKey: ['scopes'] });
    void queries.invalidateQueries({ queryKey: ['keyring'] });
    consentsChanged(queries);
  };
  const wrapping = useMutation({
    mutationFn: () => withDevice((device) => addSlots(device, setProgress)),
    onMutate: () => setDone(''),
    onSuccess: (answer) => {
      setUnopened(answer.unopened.length);
      setDone('Every record that could be opened has the new keys.');
    },
    onSettled: changed,
  });
  const items = scopes.data ?? [];
  const lacking = items.reduce((sum, scope) => sum + scope.lacking, 0);
  return (
    <Panel
      title="New keys for future records"
      actions={
        <Button
          onClick={() => {
            setDone('');
            setIsChoosing(true);
          }}
        >
          Make new keys
        </Button>
      }
    >
      {done && <Notice kind="good">{done}</Notice>}
      {wrapping.isError && <ErrorNotice error={wrapping.error} />}
      <p>
        Revoking a consent stops those who keep its parts from answering for it. If you fear that they kept
        their parts and work together with the reader, make new keys: records written from then on cannot be
        opened with what they kept.
      </p>
      {scopes.isPending && <Waiting text="Loading …" />}
      {scopes.isError && <ErrorNotice error={scopes.error} retry={() => void scopes.refetch()} />}
      {items.length > 0 && (
        <Table
          caption="Your key periods"
          rows={items}
          keyOf={({ scopeId }) => scopeId}
          columns={[
            { header: 'Category', cell: ({ label }) => NAMES[label] },
            { header: 'Key period', cell: ({ epoch }) => epoch, kind: 'number' },
            { header: 'Records without its key', cell: (scope) => scope.lacking, kind: 'number' },
          ]}
        />
      )}
      {unopened > 0 && (
        <Notice kind="warning">
          {unopened === 1 ? 'One record was' : `${unopened} records were`} left out: the stored bytes are lost
          or changed. The Blockchain Report names them.
        </Notice>
      )}
      {wrapping.isPending ? (
        <WrappingProgress progress={progress} />
      ) : (
        lacking > 0 && (
          <Notice kind="warning" title="Not finished">
            <p>
              {lacking === 1 ? 'One record of before has' : `${lacking} records of before have`} no entry of
              the new keys yet. Consents that you give now open {lacking === 1 ? 'it' : 'them'} only after
              that. You may stop at any time: what is done stays done.
            </p>
            <Button onClick={() => wrapping.mutate()}>Go on with earlier records</Button>
          </Notice>
        )
      )}
      <OutdatedConsents scopes={scopes.data} />
      {isChoosing && (
        <MakeDialog
          onClose={() => setIsChoosing(false)}
          onChanged={changed}
          onDone={() => {
            setIsChoosing(false);
            wrapping.mutate();
          }}
        />
      )}
      {dialog}
    </Panel>
  );
}

const addSlots = (device: Device, onProgress: (progress: ActProgress) => void) =>
  device.callWithProgress(onProgress, 'addSlots');

const WrappingProgress = ({ progress }: { progress: ActProgress | undefined }) => (
  <div>
    <p role="status">
      {progress === undefined
        ? 'Looking for records of before …'
        : `${progress.done} of ${progress.of} records of before have the new keys …`}
    </p>
    <progress aria-label="Records with the new keys" value={progress?.done ?? 0} max={progress?.of || 1} />
  </div>
);

/** Says what new keys do and what not, and makes them. */
function MakeDialog({
  onClose,
  onChanged,
  onDone,
}: {
  onClose: () => void;
  onChanged: () => void;
  onDone: () => void;
}) {
  const { withDevice, dialog } = useDevice();
  const [chosen, setChosen] = useState<readonly Scope[]>(['general', 'sensitive']);
  const [error, setError] = useState<string>();
  const making = useMutation({
    mutationFn: () =>
      withDevice(async (device) => {
        for (const scope of chosen) {
          await device.call('advanceScope', scope);
          // Tried once more, it is not made twice.
          setChosen((before) => before.filter((one) => one !== scope));
        }
      }),
    onSuccess: onDone,
    onSettled: onChanged,
  });
  return (
    <Dialog title="Make new keys?" onClose={onClose} wide>
      {making.isError && <ErrorNotice error={making.error} />}
      <p>What it does:</p>
      <ul>
        <li>Records written from now on are sealed to the new keys. No former consent opens them.</li>
        <li>
          Your earlier records get an entry of the new keys, so that consents which you give from now on open
          them too. Their content is not moved.
        </li>
      </ul>
      <p>What it does not do:</p>
      <ul>
        <li>It takes nothing back: what somebody has read, or could open before, stays open to them.</li>
        <li>
          It ends no consent. Consents in force go on opening your earlier records, and none of the new ones
          until you grant them again below.
        </li>
      </ul>
      <fieldset>
        <legend>Categories</legend>
        {(['general', 'sensitive'] as const).map((scope, index) => (
          <CheckField
            key={scope}
            label={NAMES[scope]}
            checked={chosen.includes(scope)}
            error={index === 0 ? error : undefined}
            onChange={(checked) => {
              setError(undefined);
              setChosen((before) => [...before.filter((one) => one !== scope), ...(checked ? [scope] : [])]);
            }}
          />
        ))}
      </fieldset>
      <div className="form-end">
        <Button
          kind="main"
          busy={making.isPending}
          onClick={() => {
            if (chosen.length === 0) setError('Choose at least one category.');
            else making.mutate();
          }}
        >
          Make them
        </Button>
        <Button onClick={onClose}>Cancel</Button>
        <span role="status">{making.isPending ? 'Making keys in this browser and signing …' : ''}</span>
      </div>
      {dialog}
    </Dialog>
  );
}

const CONSENTS_MAX = 200;

/** Consents that open nothing of the present key period, granted again with one press. */
function OutdatedConsents({ scopes }: { scopes: readonly ScopeAnswer[] | undefined }) {
  const { subject } = useUser();
  const queries = useQueryClient();
  const nameOf = useGranteeName();
  const organizationOf = useOrganizationNames();
  const { withDevice, dialog } = useDevice();
  const [progress, setProgress] = useState<ActProgress>();
  const consents = useQuery({
    queryKey: ['consents', 'in-force'],
    queryFn: () => client.consents({ limit: CONSENTS_MAX }),
    staleTime: 0,
  });
  const outdated = (consents.data?.items ?? []).filter(
    (consent) =>
      consent.ledgerId === subject &&
      (consent.status === 'active' || consent.status === 'granted') &&
      scopes !== undefined &&
      isOutdated(consent, scopes),
  );
  const renewable = outdated.filter(({ ownTerms }) => ownTerms);
  const renewing = useMutation({
    mutationFn: (all: readonly ConsentAnswer[]) =>
      withDevice(async (device) => {
        for (const [done, { consentId }] of all.entries()) {
          setProgress({ done, of: all.length });
          await device.call('grantAgain', consentId);
        }
      }),
    onSettled: () => consentsChanged(queries),
  });
  if (consents.isError) return <ErrorNotice error={consents.error} retry={() => void consents.refetch()} />;
  return (
    <>
      <h3>Consents of an earlier key period</h3>
      {renewing.isError && <ErrorNotice error={renewing.error} />}
      {renewing.isSuccess && outdated.length === 0 && (
        <Notice kind="good">
          They were granted again, with the same limits; the former ones are revoked.
        </Notice>
      )}
      {outdated.length === 0 ? (
        <Empty>Every consent in force is of the present key period.</Empty>
      ) : (
        <>
          <p>
            They open nothing that is written from now on. Grant again those that you still want, and revoke
            the others under Consents.
          </p>
          <Table
            caption="Consents of an earlier key period"
            rows={outdated}
            keyOf={({ consentId }) => consentId}
            columns={[
              { header: 'Who may read', cell: ({ grantee }) => nameOf(grantee) },
              { header: 'Organisation', cell: ({ grantee }) => organizationOf(grantee.mspId) },
              { header: 'Given', cell: ({ grantedAt }) => timeText(grantedAt) },
              {
                header: 'Again',
                kind: 'actions',
                cell: (consent) =>
                  consent.ownTerms ? (
                    <Button
                      kind="quiet"
                      busy={renewing.isPending}
                      aria-label={`Grant the consent to ${nameOf(consent.grantee)} again`}
                      onClick={() => renewing.mutate([consent])}
                    >
                      Grant again
                    </Button>
                  ) : (
                    <span className="muted">No device kept its limits: give a new one.</span>
                  ),
              },
            ]}
          />
          {renewable.length > 0 && (
            <div className="form-end">
              <Button kind="main" busy={renewing.isPending} onClick={() => renewing.mutate(renewable)}>
                Grant all of them again
              </Button>
              <span role="status">
                {renewing.isPending && progress
                  ? `Granting ${progress.done + 1} of ${progress.of}, and revoking the former …`
                  : ''}
              </span>
            </div>
          )}
        </>
      )}
      {dialog}
    </>
  );
}
