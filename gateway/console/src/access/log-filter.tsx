import { useQuery } from '@tanstack/react-query';
import type { AccessLogChoices, AccessLogQuery } from '@medseal/client';
import { useOrganizations } from '../app/organizations';
import { client } from '../app/session';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { SelectField, TextField } from '../ui/fields';
import { basisOptions } from './words';

/** What a person chose; empty is everything. */
export interface LogChoice {
  reader: string;
  organization: string;
  basis: string;
  consentId: string;
  recordId: string;
  /** Days of the reader's own calendar, both included. */
  from: string;
  to: string;
}

export const EVERYTHING: LogChoice = {
  reader: '',
  organization: '',
  basis: '',
  consentId: '',
  recordId: '',
  from: '',
  to: '',
};

const TITLES_MAX = 200;

/** The beginning of a day here, and days after it, as an instant. */
const instantOf = (day: string, daysAfter = 0): string | undefined => {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const begin = new Date(year, month - 1, date + daysAfter);
  return day === '' || Number.isNaN(begin.getTime()) ? undefined : begin.toISOString();
};

export const logQuery = ({ from, to, ...exact }: LogChoice): AccessLogQuery => ({
  ...Object.fromEntries(Object.entries(exact).filter(([, value]) => value !== '')),
  from: instantOf(from),
  to: instantOf(to, 1),
});

/** Narrows the log by person, organisation, reason, consent, record and days: the service has all that is in it. */
export function LogFilter({
  list,
  choice,
  onChoice,
  fetchChoices,
  nameOf,
  consentNameOf,
  ofOwn,
}: {
  list: string;
  choice: LogChoice;
  onChoice: (choice: LogChoice) => void;
  fetchChoices: () => Promise<AccessLogChoices>;
  nameOf: (reader: Pick<AccessLogChoices['readers'][number], 'reader' | 'readerName'>) => string;
  consentNameOf: (consentId: string) => string;
  ofOwn: boolean;
}) {
  const organizations = useOrganizations();
  const choices = useQuery({
    queryKey: ['access-log', list, 'choices'],
    queryFn: fetchChoices,
    staleTime: 0,
  });
  const titles = useQuery({
    queryKey: ['records', 'titles'],
    queryFn: () => client.records({ limit: TITLES_MAX }),
    enabled: ofOwn,
  });
  const { readers = [], consentIds = [], recordIds = [] } = choices.data ?? {};
  const titleOf = (recordId: string): string =>
    titles.data?.items.find((record) => record.recordId === recordId)?.disease ??
    t('access.record', { id: recordId.slice(0, 8) });
  const set = (change: Partial<LogChoice>): void => onChoice({ ...choice, ...change });
  const all = ['', t('access.all')] as const;
  const isNarrowed = JSON.stringify(choice) !== JSON.stringify(EVERYTHING);
  return (
    <div className="search" role="search" aria-label={t('access.filter')}>
      <SelectField
        label={t('access.person')}
        required
        value={choice.reader}
        options={[all, ...readers.map((one) => [one.reader, nameOf(one)] as const)]}
        onChange={(reader) => set({ reader })}
      />
      <SelectField
        label={t('access.organisation')}
        required
        value={choice.organization}
        options={[all, ...(organizations.data?.items ?? []).map(({ mspId, name }) => [mspId, name] as const)]}
        onChange={(organization) => set({ organization })}
      />
      <SelectField
        label={t('access.why')}
        required
        value={choice.basis}
        options={[all, ...basisOptions()]}
        onChange={(basis) => set({ basis })}
      />
      {consentIds.length > 0 && (
        <SelectField
          label={t('access.consent')}
          required
          value={choice.consentId}
          options={[all, ...consentIds.map((consentId) => [consentId, consentNameOf(consentId)] as const)]}
          onChange={(consentId) => set({ consentId })}
        />
      )}
      <SelectField
        label={t('access.whichRecord')}
        required
        value={choice.recordId}
        options={[all, ...recordIds.map((recordId) => [recordId, titleOf(recordId)] as const)]}
        onChange={(recordId) => set({ recordId })}
      />
      <TextField
        label={t('access.from')}
        type="date"
        required
        value={choice.from}
        onChange={(from) => set({ from })}
      />
      <TextField
        label={t('access.to')}
        type="date"
        required
        value={choice.to}
        onChange={(to) => set({ to })}
      />
      {isNarrowed && (
        <div className="field">
          <Button onClick={() => onChoice(EVERYTHING)}>{t('access.everything')}</Button>
        </div>
      )}
    </div>
  );
}
