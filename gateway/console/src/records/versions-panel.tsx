import { useState } from 'react';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { RecordDetails } from '@medseal/client';
import { client } from '../app/session';
import { useDevice } from '../consents/use-device';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { SelectField } from '../ui/fields';
import { ErrorNotice } from '../ui/notice';
import { Panel } from '../ui/page';
import { Table } from '../ui/table';
import { Hash, timeText } from '../ui/values';
import { DifferenceView } from './difference-view';
import { RecordState } from './record-table';

/** All versions of a record that was amended, and what one says otherwise than another. */
export function VersionsPanel({
  record,
  mayOpen,
}: {
  record: RecordDetails;
  mayOpen: 'owner' | 'author' | false;
}) {
  const { recordId, version } = record;
  const versions = useQuery({
    queryKey: ['records', 'versions', recordId, version],
    queryFn: () => client.recordVersions(recordId),
    enabled: version > 1,
  });
  const items = versions.data?.items ?? [];
  if (version === 1) return null;
  return (
    <Panel title={t('versions.title')}>
      {versions.isError && <ErrorNotice error={versions.error} retry={() => void versions.refetch()} />}
      <Table
        caption={t('versions.title')}
        rows={items}
        keyOf={(one) => String(one.version)}
        columns={[
          { header: t('versions.version'), cell: (one) => one.version, kind: 'number' },
          { header: t('versions.written'), cell: ({ createdAt }) => timeText(createdAt) },
          { header: t('versions.status'), cell: (one) => <RecordState record={one} /> },
          {
            header: t('versions.hash'),
            kind: 'code',
            cell: ({ contentHash, version: number }) => (
              <Hash value={contentHash} name={t('versions.hashOf', { version: number })} />
            ),
          },
        ]}
      />
      {mayOpen && items.length > 1 && (
        <Comparison
          recordId={recordId}
          newest={version}
          versions={items.map((one) => one.version)}
          by={mayOpen}
        />
      )}
    </Panel>
  );
}

function Comparison({
  recordId,
  newest,
  versions,
  by,
}: {
  recordId: string;
  newest: number;
  versions: readonly number[];
  by: 'owner' | 'author';
}) {
  const [from, setFrom] = useState(String(newest - 1));
  const [to, setTo] = useState(String(newest));
  const { withDevice, dialog } = useDevice();
  const opened = async (version: number): Promise<unknown> =>
    by === 'author'
      ? (await client.openRecordDecrypted(recordId, undefined, undefined, version)).document
      : withDevice(
          async (device) =>
            (
              await device.call(
                'openRecord',
                await client.openRecord(recordId, undefined, undefined, version),
              )
            ).document,
        );
  const comparing = useMutation({
    // One after the other: the passphrase is asked for once.
    mutationFn: async (wanted: { from: number; to: number }) => {
      const before = await opened(wanted.from);
      return { ...wanted, before, after: await opened(wanted.to) };
    },
  });
  const options = versions.map((one) => [String(one), t('versions.number', { version: one })] as const);
  return (
    <>
      <div className="search">
        <SelectField label={t('versions.from')} required value={from} onChange={setFrom} options={options} />
        <SelectField label={t('versions.to')} required value={to} onChange={setTo} options={options} />
        <div className="field">
          <Button
            busy={comparing.isPending}
            onClick={() => comparing.mutate({ from: Number(from), to: Number(to) })}
          >
            {t('versions.compare')}
          </Button>
        </div>
      </div>
      {by === 'author' && <p className="muted">{t('versions.receipts')}</p>}
      {comparing.isError && <ErrorNotice error={comparing.error} />}
      {comparing.data && (
        <section aria-label={t('versions.between', { from: comparing.data.from, to: comparing.data.to })}>
          <DifferenceView before={comparing.data.before} after={comparing.data.after} />
        </section>
      )}
      {dialog}
    </>
  );
}
