import { useMutation } from '@tanstack/react-query';
import type { ObjectReference, RecordDetails } from '@medseal/client';
import { LastProven } from '../audits/last-proven';
import { client } from '../app/session';
import { Button } from '../ui/button';
import { ErrorNotice } from '../ui/notice';
import { Facts, Panel } from '../ui/page';
import { Table } from '../ui/table';
import { Hash } from '../ui/values';
import { AsStored, BothDocuments } from './both-documents';
import { DocumentView } from './document-view';
import { PROFILES } from './step-words';

/** What the cloud holds of a record with the integrity steps: addresses, how much is replaced, the document itself. */
export function CloudPanel({ record, isAuthor }: { record: RecordDetails; isAuthor: boolean }) {
  const { blinded, sanitized, uploaded } = record.integrity ?? {};
  const reading = useMutation({
    mutationFn: async () => ({
      sanitised: (await client.sanitizedRecord(record.recordId)).document,
      // The author sees beside it what it was made of.
      original: isAuthor ? (await client.openRecordDecrypted(record.recordId)).bundle : undefined,
    }),
  });
  if (!blinded) return null;
  const objects: (readonly [string, ObjectReference])[] = [
    ...(sanitized
      ? ([
          ['Sanitised document', sanitized.object],
          ['Its signatures, block by block', sanitized.signedFile],
        ] as const)
      : []),
    ...(uploaded ? ([['Signatures of the sealed record', uploaded.sealedSignedFile]] as const) : []),
  ];
  const { replacedSectors, keptBytes, leastKeptInBlock } = blinded.coverage;
  return (
    <Panel
      title="What the cloud holds"
      actions={
        record.status === 'chained' &&
        !reading.isSuccess && (
          <Button busy={reading.isPending} onClick={() => reading.mutate()}>
            {isAuthor ? 'Compare with the original' : 'Show the sanitised document'}
          </Button>
        )
      }
    >
      {reading.isError && <ErrorNotice error={reading.error} />}
      <Facts
        items={[
          ['Sanitised', PROFILES[blinded.profile] ?? blinded.profile],
          ['Replaced', `${replacedSectors} sectors of 31 bytes`],
          ['Kept', `${keptBytes} bytes, at least ${leastKeptInBlock} in every block`],
          ['Signed in key epoch', blinded.keyEpoch],
          ['Last proven intact', record.lastProven && <LastProven key="p" proven={record.lastProven} />],
        ]}
      />
      {objects.length > 0 && (
        <Table
          caption="Objects in the cloud, besides the sealed record"
          rows={objects}
          keyOf={([name]) => name}
          columns={[
            { header: 'Object', cell: ([name]) => name },
            { header: 'Bytes', cell: ([, { bytes }]) => bytes, kind: 'number' },
            {
              header: 'Address',
              cell: ([name, { digest }]) => <Hash value={digest} name={`Address of: ${name}`} />,
              kind: 'code',
            },
          ]}
        />
      )}
      {reading.data?.original !== undefined && <BothDocuments {...reading.data} />}
      {reading.data?.original === undefined && reading.data && (
        <>
          <h3>The sanitised document</h3>
          <DocumentView document={reading.data.sanitised} />
          <AsStored what="sanitised document" document={reading.data.sanitised} />
        </>
      )}
    </Panel>
  );
}
