import { useMutation, useQuery } from '@tanstack/react-query';
import type { RecordAnswer } from '@medseal/client';
import { client, useSession } from '../app/session';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { Empty, ErrorNotice, Waiting } from '../ui/notice';
import { Table } from '../ui/table';
import { dayText } from '../ui/values';
import { useDevice } from './use-device';
import { recordTypeText } from './words';

const PAGE = 200;

/** What a consent selects by. */
export interface Selection {
  recordTypes: readonly string[];
  from: string;
  to: string;
  scopes: readonly ('general' | 'sensitive')[];
}

/** What a record is selected by, as far as it is known here. */
interface Selected {
  date: string;
  recordType: string;
  scope: 'general' | 'sensitive';
}

const isCovered = (
  { date, recordType, scope }: Selected,
  { recordTypes, from, to, scopes }: Selection,
): boolean => recordTypes.includes(recordType) && from <= date && date <= to && scopes.includes(scope);

const knownOf = ({ effectiveDate, recordType, scope }: RecordAnswer): Selected | undefined =>
  effectiveDate === null || recordType === null || scope === null
    ? undefined
    : { date: effectiveDate, recordType, scope };

/** Every record of the owner that a consent can open: those of which a version is chained. */
async function ownRecords(): Promise<RecordAnswer[]> {
  const found: RecordAnswer[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await client.records({ limit: PAGE, cursor });
    found.push(...page.items.filter(({ status, version }) => status === 'chained' || version > 1));
    if (page.nextCursor === null) return found;
    cursor = page.nextCursor;
  }
}

/**
 * Which records a consent that is being made would open, by its types, dates and categories. Those of another hospital
 * say so only when they are opened, which the owner's own keys do in this browser.
 */
export function CoveredRecords({ who, selection }: { who: string; selection: Selection }) {
  const { device } = useSession();
  const { withDevice, dialog } = useDevice();
  const records = useQuery({ queryKey: ['records', 'chained'], queryFn: ownRecords, staleTime: 0 });
  const opening = useMutation({
    mutationFn: (unknown: readonly RecordAnswer[]) =>
      withDevice(async (unlocked) => {
        const opened = new Map<string, Selected>();
        for (const { recordId } of unknown) {
          const { selector } = await unlocked.call('openRecord', await client.openRecord(recordId));
          opened.set(recordId, selector);
        }
        return opened;
      }),
  });
  if (records.isPending) return <Waiting text={t('common.loading')} />;
  if (records.isError) return <ErrorNotice error={records.error} retry={() => void records.refetch()} />;
  const all = records.data.map((record) => ({
    record,
    selected: knownOf(record) ?? opening.data?.get(record.recordId),
  }));
  const covered = all.filter(({ selected }) => selected !== undefined && isCovered(selected, selection));
  const unknown = all.filter(({ selected }) => selected === undefined).map(({ record }) => record);
  return (
    <section aria-label={t('preview.title', { who })}>
      <h3>{t('preview.title', { who })}</h3>
      <p role="status">
        {t('preview.count', { count: covered.length })}
        {unknown.length > 0 && ` ${t('preview.unknown', { count: unknown.length })}`}
      </p>
      {unknown.length > 0 && (
        <p>
          <Button busy={opening.isPending} onClick={() => opening.mutate(unknown)}>
            {device ? t('preview.look') : t('preview.unlock')}
          </Button>
        </p>
      )}
      {opening.isError && <ErrorNotice error={opening.error} />}
      {covered.length === 0 ? (
        <Empty>{t('preview.none')}</Empty>
      ) : (
        <Table
          caption={t('preview.title', { who })}
          rows={covered}
          keyOf={({ record }) => record.recordId}
          columns={[
            {
              header: t('preview.record'),
              cell: ({ record: { recordId, disease } }) =>
                disease ?? t('queue.record', { id: recordId.slice(0, 8) }),
            },
            { header: t('preview.date'), cell: ({ selected }) => dayText(selected?.date) },
            { header: t('preview.type'), cell: ({ selected }) => recordTypeText(selected?.recordType ?? '') },
          ]}
        />
      )}
      <p className="muted">{t('preview.later', { day: dayText(selection.to) })}</p>
      {dialog}
    </section>
  );
}
