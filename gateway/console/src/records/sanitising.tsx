import { useState } from 'react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { client } from '../app/session';
import { Button } from '../ui/button';
import { Empty, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Facts, Panel } from '../ui/page';
import { Table } from '../ui/table';
import { AsStored } from './both-documents';
import { DocumentView } from './document-view';
import { useQueueKeys } from './queue-keys';
import { ReturnDialog } from './return-dialog';
import { PROFILES, REPLACED_KINDS, SANITISER_REASONS } from './step-words';

/** The sanitiser's step: the document as it will be stored, what is replaced in it, and the decision. */
export function Sanitising({ recordId, onDone }: { recordId: string; onDone: (text: string) => void }) {
  const [isReturning, setIsReturning] = useState(false);
  const shown = useQuery({
    queryKey: ['sanitizing', recordId],
    queryFn: () => client.sanitizing(recordId),
    staleTime: 0,
    // Of a later round everything is different: nothing is shown from before.
    gcTime: 0,
  });
  const round = shown.data?.round ?? 0;
  const sanitising = useMutation({
    mutationFn: () => client.sanitizeRecord(recordId, round),
    onSuccess: () => onDone('The record is sanitised.'),
  });
  const mayApprove = shown.data !== undefined && shown.data.fault === null && !sanitising.isPending;
  useQueueKeys({
    approve: mayApprove ? () => sanitising.mutate() : undefined,
    giveBack: shown.isSuccess ? () => setIsReturning(true) : undefined,
  });
  if (shown.isPending) return <Waiting text="Checking every signature of the package …" />;
  if (shown.isError) return <ErrorNotice error={shown.error} retry={() => void shown.refetch()} />;
  const { document, replaced, coverage, profile, fault } = shown.data;
  return (
    <Panel title="To sanitise">
      {fault ? (
        <Notice kind="bad" title="This package cannot be sanitised.">
          {fault.detail}
        </Notice>
      ) : (
        <Notice kind="good">Every signature holds. What you see here is what the cloud will hold.</Notice>
      )}
      {sanitising.isError && <ErrorNotice error={sanitising.error} />}
      <div className="form-end">
        <Button
          kind="main"
          busy={sanitising.isPending}
          disabled={fault !== null}
          aria-keyshortcuts="Control+Enter"
          onClick={() => sanitising.mutate()}
        >
          Approve and sanitise
        </Button>
        <Button aria-keyshortcuts="Control+Shift+Enter" onClick={() => setIsReturning(true)}>
          Give back …
        </Button>
      </div>
      <Facts
        items={[
          ['Sanitised', PROFILES[profile] ?? profile],
          [
            'Kept',
            coverage && `${coverage.keptBytes} of ${coverage.byteLength} bytes in ${coverage.blocks} blocks`,
          ],
        ]}
      />
      {document !== null && (
        <>
          <h3>The document</h3>
          <DocumentView document={document} />
          <AsStored what="sanitised document" document={document} />
        </>
      )}
      <h3>Replaced fields</h3>
      {replaced.length === 0 ? (
        <Empty>Nothing is replaced.</Empty>
      ) : (
        <Table
          caption="Replaced fields"
          rows={replaced}
          keyOf={({ path, kind }) => `${kind} ${path}`}
          columns={[
            { header: 'FHIR path', cell: ({ path }) => path, kind: 'code' },
            { header: 'Reason', cell: ({ kind }) => REPLACED_KINDS[kind] ?? kind },
            { header: 'Sectors', cell: ({ sectors }) => sectors, kind: 'number' },
          ]}
        />
      )}
      {isReturning && (
        <ReturnDialog
          reasons={SANITISER_REASONS}
          suggested={fault?.code}
          send={(reason) => client.returnPackage(recordId, reason, round)}
          onClose={() => setIsReturning(false)}
          onDone={() => {
            setIsReturning(false);
            onDone('The record was given back to its author.');
          }}
        />
      )}
    </Panel>
  );
}
