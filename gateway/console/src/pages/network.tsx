import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { NetworkAnswer } from '@medseal/client';
import { client } from '../app/session';
import { Columns } from '../charts/columns';
import { PlotPanel } from '../charts/plot-panel';
import { t } from '../i18n';
import { hourText, shareText } from '../i18n/locale';
import { Button } from '../ui/button';
import { Badge, ErrorNotice, Waiting } from '../ui/notice';
import { Facts, Page, Panel } from '../ui/page';
import { Table } from '../ui/table';
import { timeText } from '../ui/values';

const LOOKED_AT_MS = 10_000;

/** Whether the network is well: who is in it, how far each peer is, how many blocks come, how far audits reach. */
export function NetworkPage() {
  const query = useQuery({ queryKey: ['network'], queryFn: client.network, refetchInterval: LOOKED_AT_MS });
  return (
    <Page
      title={t('network.title')}
      lead={t('network.lead')}
      actions={<Button onClick={() => void query.refetch()}>{t('network.refresh')}</Button>}
    >
      {query.isPending && <Waiting text={t('common.loading')} />}
      {query.isError && <ErrorNotice error={query.error} retry={() => void query.refetch()} />}
      {query.data && <State network={query.data} />}
    </Page>
  );
}

function State({ network }: { network: NetworkAnswer }) {
  const { organizations, blocks, channel, checkedAt } = network;
  const hours = blocks.hours.map(({ hour }) => hourText(hour));
  const total = blocks.hours.reduce((all, one) => all + one.blocks, 0);
  return (
    <>
      <Panel title={t('network.organizations')}>
        <Table
          caption={t('network.organizations')}
          rows={organizations}
          keyOf={({ mspId }) => mspId}
          marked={({ status }) => status !== 'active'}
          columns={[
            { header: t('network.name'), cell: ({ name }) => name },
            { header: t('network.kind'), cell: ({ kind }) => t(`network.kind.${kind}`) },
            {
              header: t('network.state'),
              cell: ({ status }) =>
                status === 'active' ? (
                  <Badge kind="good">{t('network.active')}</Badge>
                ) : (
                  <Badge kind="bad">{t('network.suspended')}</Badge>
                ),
            },
            {
              header: t('network.peer'),
              cell: (one) => <PeerHeight organization={one} most={mostBlocks(network)} />,
            },
            {
              header: t('network.parts'),
              cell: ({ isAgent, isCustodian }) =>
                [isAgent && t('network.agent'), isCustodian && t('network.custodian')]
                  .filter(Boolean)
                  .join(', ') || t('network.noParts'),
            },
            { header: t('network.staff'), kind: 'number', cell: ({ staff }) => staff },
            { header: t('network.patients'), kind: 'number', cell: ({ patients }) => patients },
            { header: t('network.records'), kind: 'number', cell: ({ records }) => records },
          ]}
        />
        <p className="hint">{t('network.checked', { channel, at: timeText(checkedAt) })}</p>
      </Panel>
      <PlotPanel
        title={t('network.rate')}
        fileName="blocks"
        empty={t('network.rate.empty')}
        note={t('network.transactions', { transactions: blocks.transactions, invalid: blocks.invalid })}
        headers={[t('network.hour'), t('network.blocks'), t('network.transactionCount')]}
        rows={
          total === 0
            ? []
            : blocks.hours.map(({ hour, blocks: made, transactions }) => [timeText(hour), made, transactions])
        }
      >
        <Columns
          label={t('network.rate.label', { total })}
          categories={hours}
          series={[{ name: t('network.blocks'), values: blocks.hours.map((one) => one.blocks) }]}
        />
      </PlotPanel>
      <Coverage audits={network.audits} />
    </>
  );
}

const mostBlocks = ({ organizations, blocks }: NetworkAnswer): number =>
  Math.max(blocks.height, ...organizations.map(({ height }) => height ?? 0));

function PeerHeight({
  organization: { height, isServedHere },
  most,
}: {
  organization: NetworkAnswer['organizations'][number];
  most: number;
}) {
  if (!isServedHere) return <span className="muted">{t('network.elsewhere')}</span>;
  if (height === null) return <Badge kind="bad">{t('network.silent')}</Badge>;
  return (
    <>
      {t('network.height', { height })}
      {most > height && (
        <>
          {' '}
          <Badge kind="warning">{t('network.behind', { count: most - height })}</Badge>
        </>
      )}
    </>
  );
}

function Coverage({ audits }: { audits: NetworkAnswer['audits'] }) {
  const { everyDays, files, covered, failing, neverAudited, open, oldestUnproven } = audits;
  return (
    <Panel title={t('network.audits')} actions={<Link to="/audits">{t('network.audits.link')}</Link>}>
      {files === 0 ? (
        <p className="muted">{t('network.audits.empty')}</p>
      ) : (
        <>
          <p>
            {t('network.audits.covered', {
              covered,
              files,
              // Never rounded up to all of them.
              share: shareText(Math.floor((covered / files) * 1_000) / 1_000),
              days: everyDays,
            })}
          </p>
          <meter min={0} max={files} value={covered} aria-label={t('network.audits')} />
          <Facts
            items={[
              [
                t('network.audits.failing'),
                failing === 0 ? (
                  <Badge kind="good">{t('network.audits.none')}</Badge>
                ) : (
                  <Badge kind="bad">{t('network.audits.files', { count: failing })}</Badge>
                ),
              ],
              [t('network.audits.never'), t('network.audits.files', { count: neverAudited })],
              [
                t('network.audits.oldest'),
                oldestUnproven === null
                  ? t('network.audits.none')
                  : t(oldestUnproven.isNeverProven ? 'network.audits.sinceChained' : 'network.audits.since', {
                      id: oldestUnproven.recordId.slice(0, 8),
                      at: timeText(oldestUnproven.since),
                    }),
              ],
              [t('network.audits.open'), open],
            ]}
          />
        </>
      )}
    </Panel>
  );
}
