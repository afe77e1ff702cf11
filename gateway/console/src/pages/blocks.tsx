import { getRouteApi, Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { BlockSummary } from '@medseal/client';
import { useOrganizations } from '../app/organizations';
import { client } from '../app/session';
import { ChainPicture, type PicturedBlock } from '../charts/chain-picture';
import { t } from '../i18n';
import { numberText } from '../i18n/locale';
import { ReportTabs } from '../records/report-tabs';
import { Badge, Empty, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Facts, Page, Panel } from '../ui/page';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { Hash, timeText } from '../ui/values';

export function BlocksPage() {
  const paged = usePaged(['blocks'], (query) => client.blocks(query));
  return (
    <Page title={t('report.title')} lead={t('blocks.lead')}>
      <ReportTabs />
      <div className="panel">
        <PagedList paged={paged}>
          <ChainPicture blocks={(paged.query.data?.items ?? []).slice(0, 6).reverse().map(picturedOf)} />
          {paged.query.data?.items.length === 0 ? (
            <Empty>{t('blocks.empty')}</Empty>
          ) : (
            <Table
              caption={t('report.tab.blocks')}
              rows={paged.query.data?.items ?? []}
              keyOf={({ number }) => String(number)}
              marked={({ valid }) => !valid}
              columns={[
                {
                  header: t('verify.block'),
                  cell: ({ number }) => (
                    <Link to="/report/blocks/$number" params={{ number: String(number) }}>
                      {number}
                    </Link>
                  ),
                },
                {
                  header: t('blocks.headerHash'),
                  kind: 'code',
                  cell: ({ recomputed }) => (
                    <Hash value={recomputed?.headerHash} name={t('blocks.headerHash')} />
                  ),
                },
                {
                  header: t('blocks.previousHeader'),
                  kind: 'code',
                  cell: ({ header }) => (
                    <Hash value={header?.previousHash} name={t('blocks.previousHeaderHash')} />
                  ),
                },
                {
                  header: t('blocks.dataHash'),
                  kind: 'code',
                  cell: ({ header }) => <Hash value={header?.dataHash} name={t('blocks.dataHash')} />,
                },
                {
                  header: t('blocks.transactions'),
                  kind: 'number',
                  cell: ({ transactionCount }) => numberText(transactionCount),
                },
                { header: t('report.verdict'), cell: (block) => <BlockVerdict block={block} /> },
              ]}
            />
          )}
        </PagedList>
      </div>
    </Page>
  );
}

const BlockVerdict = ({ block: { valid } }: { block: BlockSummary }) =>
  valid ? <Badge kind="good">{t('report.valid')}</Badge> : <Badge kind="bad">{t('report.changed')}</Badge>;

const picturedOf = ({ number, valid, header, recomputed }: BlockSummary): PicturedBlock => ({
  number,
  valid,
  hash: recomputed?.headerHash ?? null,
  previousHash: header?.previousHash ?? null,
});

const route = getRouteApi('/shell/report/blocks/$number');

const blockQuery = (number: number) => ({
  queryKey: ['blocks', 'one', number],
  queryFn: () => client.block(number),
});

export function BlockPage() {
  const number = Number(route.useParams().number);
  const organizations = useOrganizations();
  const query = useQuery(blockQuery(number));
  const before = useQuery({ ...blockQuery(number - 1), enabled: number > 0 });
  // Nothing comes behind the newest one.
  const after = useQuery({ ...blockQuery(number + 1), enabled: query.isSuccess, retry: false });
  const nameOf = (mspId: string): string =>
    organizations.data?.items.find((one) => one.mspId === mspId)?.name ?? mspId;
  if (query.isPending) return <Waiting text={t('common.loading')} />;
  if (query.isError)
    return (
      <Page title={t('chain.block', { number: String(number) })}>
        <ErrorNotice error={query.error} retry={() => void query.refetch()} />
      </Page>
    );
  const block = query.data;
  return (
    <>
      <p className="trail">
        <Link to="/report/blocks">{t('report.tab.blocks')}</Link>
      </p>
      <Page title={t('chain.block', { number: String(number) })}>
        {block.valid ? (
          <Notice kind="good">{t('blocks.valid')}</Notice>
        ) : (
          <Notice kind="bad" title={t('blocks.invalid')}>
            {block.reason}
          </Notice>
        )}
        <Panel title={t('blocks.inChain')}>
          <ChainPicture
            blocks={[before.data, block, after.data].filter((one) => one !== undefined).map(picturedOf)}
          />
        </Panel>
        <Panel title={t('blocks.header')}>
          <Facts
            items={[
              [t('blocks.headerHash.recomputed'), <Code key="h" text={block.recomputed?.headerHash} />],
              [t('blocks.previousHeaderHash'), <Code key="p" text={block.header?.previousHash} />],
              [t('blocks.dataHash.said'), <Code key="d" text={block.header?.dataHash} />],
              [t('blocks.dataHash.recomputed'), <Code key="r" text={block.recomputed?.dataHash} />],
              [t('blocks.commitHash'), block.commitHash && <Code key="c" text={block.commitHash} />],
            ]}
          />
        </Panel>
        <Panel title={t('blocks.transactions')}>
          {block.transactions.length === 0 ? (
            <Empty>{t('blocks.noTransactions')}</Empty>
          ) : (
            <Table
              caption={t('blocks.transactionsOf', { number: String(number) })}
              rows={block.transactions}
              keyOf={({ position }) => String(position)}
              columns={[
                {
                  header: t('verify.transaction'),
                  kind: 'code',
                  cell: ({ transactionId }) => (
                    <Hash value={transactionId} name={t('blocks.transactionId')} />
                  ),
                },
                {
                  header: t('blocks.function'),
                  cell: (transaction) => transaction.function || t('blocks.configuration'),
                },
                { header: t('blocks.submittedBy'), cell: ({ creator }) => nameOf(creator) },
                {
                  header: t('blocks.endorsedBy'),
                  cell: ({ endorsers }) => endorsers.map(nameOf).join(', ') || '–',
                },
                { header: t('blocks.time'), cell: ({ timestamp }) => timeText(timestamp) },
                {
                  header: t('blocks.code'),
                  cell: ({ validationCode }) => (
                    <Badge kind={validationCode === 'VALID' ? 'good' : 'bad'}>{validationCode}</Badge>
                  ),
                },
              ]}
            />
          )}
        </Panel>
        <div className="form-end">
          {number > 0 && (
            <Link
              to="/report/blocks/$number"
              params={{ number: String(number - 1) }}
              className="button plain"
            >
              {t('chain.block', { number: String(number - 1) })}
            </Link>
          )}
          {after.data && (
            <Link
              to="/report/blocks/$number"
              params={{ number: String(number + 1) }}
              className="button plain"
            >
              {t('chain.block', { number: String(number + 1) })}
            </Link>
          )}
        </div>
      </Page>
    </>
  );
}

const Code = ({ text }: { text: string | undefined }) => (text ? <code>{text}</code> : <>–</>);
