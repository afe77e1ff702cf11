import { useMutation } from '@tanstack/react-query';
import type { ObjectReference, RecordDetails } from '@medseal/client';
import { LastProven } from '../audits/last-proven';
import { client } from '../app/session';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { ErrorNotice } from '../ui/notice';
import { Facts, Panel } from '../ui/page';
import { Table } from '../ui/table';
import { Hash } from '../ui/values';
import { AsStored, BothDocuments } from './both-documents';
import { DocumentView } from './document-view';
import { profileText } from './step-words';

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
          [t('cloud.sanitised'), sanitized.object],
          [t('cloud.sanitisedSignatures'), sanitized.signedFile],
        ] as const)
      : []),
    ...(uploaded ? ([[t('cloud.sealedSignatures'), uploaded.sealedSignedFile]] as const) : []),
  ];
  const { replacedSectors, keptBytes, leastKeptInBlock } = blinded.coverage;
  return (
    <Panel
      title={t('cloud.title')}
      actions={
        record.status === 'chained' &&
        !reading.isSuccess && (
          <Button busy={reading.isPending} onClick={() => reading.mutate()}>
            {isAuthor ? t('cloud.compare') : t('cloud.show')}
          </Button>
        )
      }
    >
      {reading.isError && <ErrorNotice error={reading.error} />}
      <Facts
        items={[
          [t('cloud.profile'), profileText(blinded.profile)],
          [t('cloud.replaced'), t('cloud.replacedParts', { count: replacedSectors })],
          [t('cloud.kept'), t('cloud.keptBytes', { kept: keptBytes, least: leastKeptInBlock })],
          [t('cloud.keyEpoch'), blinded.keyEpoch],
          [t('records.lastProven'), record.lastProven && <LastProven key="p" proven={record.lastProven} />],
        ]}
      />
      {objects.length > 0 && (
        <Table
          caption={t('cloud.objects')}
          rows={objects}
          keyOf={([name]) => name}
          columns={[
            { header: t('cloud.object'), cell: ([name]) => name },
            { header: t('cloud.bytes'), cell: ([, { bytes }]) => bytes, kind: 'number' },
            {
              header: t('cloud.address'),
              cell: ([name, { digest }]) => <Hash value={digest} name={t('cloud.addressOf', { name })} />,
              kind: 'code',
            },
          ]}
        />
      )}
      {reading.data?.original !== undefined && <BothDocuments {...reading.data} />}
      {reading.data?.original === undefined && reading.data && (
        <>
          <h3>{t('cloud.document')}</h3>
          <DocumentView document={reading.data.sanitised} />
          <AsStored summary={t('document.wholeSanitised')} document={reading.data.sanitised} />
        </>
      )}
    </Panel>
  );
}
