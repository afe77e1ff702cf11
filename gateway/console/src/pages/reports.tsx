import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { StatisticsAnswer } from '@medseal/client';
import { basisText } from '../access/words';
import { client, useUser } from '../app/session';
import { Columns, type Series } from '../charts/columns';
import { PlotPanel } from '../charts/plot-panel';
import { Rows } from '../charts/rows';
import { purposeText } from '../consents/words';
import { t } from '../i18n';
import { monthText } from '../i18n/locale';
import { SelectField } from '../ui/fields';
import { ErrorNotice, Waiting } from '../ui/notice';
import { Page, Panel } from '../ui/page';

const PERIODS = ['12', '36', '120'] as const;
const VERDICTS = ['intact', 'failed', 'aborted'] as const;

/** Counts as plots, as far as the reader's role may see them. */
export function ReportsPage() {
  const { role } = useUser();
  const [months, setMonths] = useState<string>(PERIODS[0]);
  const query = useQuery({
    queryKey: ['statistics', months],
    queryFn: () => client.statistics(Number(months)),
    placeholderData: (before) => before,
  });
  return (
    <Page title={t('reports.title')} lead={t('reports.lead')}>
      <div className="panel">
        <SelectField
          label={t('reports.period')}
          value={months}
          onChange={setMonths}
          required
          options={PERIODS.map((period) => [period, t(`reports.period.${period}`)] as const)}
        />
      </div>
      {query.isPending && <Waiting text={t('common.loading')} />}
      {query.isError && <ErrorNotice error={query.error} retry={() => void query.refetch()} />}
      {query.data && (
        <div aria-busy={query.isFetching}>
          <Plots statistics={query.data} role={role} />
        </div>
      )}
    </Page>
  );
}

const Plots = ({ statistics, role }: { statistics: StatisticsAnswer; role: string }) => (
  <>
    {statistics.visits && <Visits visits={statistics.visits} />}
    {statistics.diseases && <Diseases diseases={statistics.diseases} />}
    {statistics.consents && <Consents consents={statistics.consents} isOwn={role === 'doctor'} />}
    <Accesses statistics={statistics} />
    {statistics.audits && <Audits months={statistics.months} audits={statistics.audits} />}
    <Hidden statistics={statistics} isOwner={role === 'patient'} />
  </>
);

/** Why a plot is not there. */
function Hidden({
  statistics: { visits, diseases, consents, audits },
  isOwner,
}: {
  statistics: StatisticsAnswer;
  isOwner: boolean;
}) {
  const reasons = [
    visits === null && t('reports.hidden.visits'),
    diseases === null && t('reports.hidden.diseases'),
    consents === null && t(isOwner ? 'reports.hidden.consents.owner' : 'reports.hidden.consents'),
    audits === null && t('reports.hidden.audits'),
  ].filter((reason) => reason !== false);
  if (reasons.length === 0) return null;
  return (
    <Panel title={t('reports.hidden')}>
      <ul>
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
    </Panel>
  );
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/** Series over the months, with the table of the same numbers: one row a month in which there was anything. */
function OverTime({
  title,
  fileName,
  empty,
  note,
  months,
  series,
}: {
  title: string;
  fileName: string;
  empty: string;
  note?: string;
  months: readonly string[];
  series: readonly Series[];
}) {
  const rows = months
    .map((month, at) => [month, ...series.map(({ values }) => values[at] ?? 0)] as const)
    .filter(([, ...values]) => sum(values) > 0);
  return (
    <PlotPanel
      title={title}
      note={note}
      fileName={fileName}
      empty={empty}
      headers={[t('reports.month'), ...series.map(({ name }) => name)]}
      rows={rows}
    >
      <Columns
        label={t('reports.overTime', {
          title,
          from: monthText(months[0] ?? ''),
          to: monthText(months.at(-1) ?? ''),
          total: sum(series.flatMap(({ values }) => values)),
        })}
        categories={months.map(monthText)}
        series={series}
      />
    </PlotPanel>
  );
}

const Visits = ({ visits }: { visits: NonNullable<StatisticsAnswer['visits']> }) => (
  <OverTime
    title={t('reports.visits')}
    fileName="visits"
    empty={t('reports.visits.empty')}
    months={visits.map(({ month }) => month)}
    series={[
      { name: t('reports.outpatient'), values: visits.map(({ outpatient }) => outpatient) },
      { name: t('reports.admissions'), values: visits.map(({ admissions }) => admissions) },
    ]}
  />
);

function Diseases({
  diseases: { items, least, suppressed },
}: {
  diseases: NonNullable<StatisticsAnswer['diseases']>;
}) {
  return (
    <PlotPanel
      title={t('reports.diseases')}
      note={
        least === 1
          ? t('reports.diseases.own')
          : suppressed > 0
            ? t('reports.diseases.suppressed', { count: suppressed, least })
            : undefined
      }
      fileName="diseases"
      empty={t('reports.diseases.empty')}
      headers={[t('reports.disease'), t('reports.patients')]}
      rows={items.map(({ disease, patients }) => [disease, patients])}
    >
      <Rows
        label={t('reports.most', {
          title: t('reports.diseases'),
          name: items[0]?.disease ?? '',
          value: items[0]?.patients ?? 0,
        })}
        items={items.slice(0, 12).map(({ disease, patients }) => ({ name: disease, value: patients }))}
      />
    </PlotPanel>
  );
}

function Consents({
  consents,
  isOwn,
}: {
  consents: NonNullable<StatisticsAnswer['consents']>;
  isOwn: boolean;
}) {
  const items = consents
    .map(({ purpose, consents: value }) => ({ name: purposeText(purpose), value }))
    .sort((a, b) => b.value - a.value);
  return (
    <PlotPanel
      title={t('reports.consents')}
      note={t(isOwn ? 'reports.consents.own' : 'reports.consents.note')}
      fileName="consents"
      empty={t(isOwn ? 'reports.consents.own.empty' : 'reports.consents.empty')}
      headers={[t('reports.purpose'), t('reports.consentCount')]}
      rows={items.map(({ name, value }) => [name, value])}
    >
      <Rows
        label={t('reports.most', {
          title: t('reports.consents'),
          name: items[0]?.name ?? '',
          value: items[0]?.value ?? 0,
        })}
        items={items}
      />
    </PlotPanel>
  );
}

function Accesses({ statistics: { months, accesses } }: { statistics: StatisticsAnswer }) {
  const bases = [...new Set(accesses.items.map(({ basis }) => basis))];
  const readsOf = (month: string, basis: string): number =>
    accesses.items.find((one) => one.month === month && one.basis === basis)?.reads ?? 0;
  return (
    <OverTime
      title={t(`reports.accesses.${accesses.of}`)}
      fileName="access"
      empty={t('reports.accesses.empty')}
      months={months}
      series={bases.map((basis) => ({
        name: basisText(basis),
        values: months.map((month) => readsOf(month, basis)),
      }))}
    />
  );
}

function Audits({
  months,
  audits,
}: {
  months: readonly string[];
  audits: NonNullable<StatisticsAnswer['audits']>;
}) {
  const countOf = (month: string, status: string): number =>
    audits.find((one) => one.month === month && one.status === status)?.audits ?? 0;
  return (
    <OverTime
      title={t('reports.audits')}
      fileName="audits"
      empty={t('reports.audits.empty')}
      months={months}
      series={VERDICTS.map((status) => ({
        name: t(`reports.audits.${status}`),
        values: months.map((month) => countOf(month, status)),
      }))}
    />
  );
}
