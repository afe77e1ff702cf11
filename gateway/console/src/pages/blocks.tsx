import { getRouteApi, Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { BlockSummary } from '@medseal/client';
import { useOrganizations } from '../app/organizations';
import { client } from '../app/session';
import { ReportTabs } from '../records/report-tabs';
import { Badge, Empty, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Facts, Page, Panel } from '../ui/page';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { Hash, timeText } from '../ui/values';

export function BlocksPage() {
  const paged = usePaged(['blocks'], (query) => client.blocks(query));
  return (
    <Page
      title="Blockchain Report"
      lead="Every block of the channel, newest first. Each header holds the hash of the header before it."
    >
      <ReportTabs />
      <div className="panel">
        <PagedList paged={paged}>
          {paged.query.data?.items.length === 0 ? (
            <Empty>The channel has no blocks.</Empty>
          ) : (
            <Table
              caption="Blocks"
              rows={paged.query.data?.items ?? []}
              keyOf={({ number }) => String(number)}
              marked={({ valid }) => !valid}
              columns={[
                {
                  header: 'Block',
                  cell: ({ number }) => (
                    <Link to="/report/blocks/$number" params={{ number: String(number) }}>
                      {number}
                    </Link>
                  ),
                },
                {
                  header: 'Header hash',
                  kind: 'code',
                  cell: ({ recomputed }) => <Hash value={recomputed?.headerHash} name="Header hash" />,
                },
                {
                  header: 'Previous header',
                  kind: 'code',
                  cell: ({ header }) => <Hash value={header?.previousHash} name="Previous header hash" />,
                },
                {
                  header: 'Data hash',
                  kind: 'code',
                  cell: ({ header }) => <Hash value={header?.dataHash} name="Data hash" />,
                },
                { header: 'Transactions', kind: 'number', cell: ({ transactionCount }) => transactionCount },
                { header: 'Verdict', cell: (block) => <BlockVerdict block={block} /> },
              ]}
            />
          )}
        </PagedList>
      </div>
    </Page>
  );
}

const BlockVerdict = ({ block: { valid } }: { block: BlockSummary }) =>
  valid ? <Badge kind="good">Valid</Badge> : <Badge kind="bad">Changed</Badge>;

const route = getRouteApi('/shell/report/blocks/$number');

export function BlockPage() {
  const number = Number(route.useParams().number);
  const organizations = useOrganizations();
  const query = useQuery({ queryKey: ['blocks', 'one', number], queryFn: () => client.block(number) });
  const nameOf = (mspId: string): string =>
    organizations.data?.items.find((one) => one.mspId === mspId)?.name ?? mspId;
  if (query.isPending) return <Waiting text="Loading …" />;
  if (query.isError)
    return (
      <Page title={`Block ${number}`}>
        <ErrorNotice error={query.error} retry={() => void query.refetch()} />
      </Page>
    );
  const block = query.data;
  return (
    <>
      <p className="trail">
        <Link to="/report/blocks">Blocks</Link>
      </p>
      <Page title={`Block ${number}`}>
        {block.valid ? (
          <Notice kind="good">Header, data, signatures and the link to the block before hold.</Notice>
        ) : (
          <Notice kind="bad" title="This block is not as it was written.">
            {block.reason}
          </Notice>
        )}
        <Panel title="Header">
          <Facts
            items={[
              ['Header hash, recomputed', <Code key="h" text={block.recomputed?.headerHash} />],
              ['Previous header hash', <Code key="p" text={block.header?.previousHash} />],
              ['Data hash, as the header says', <Code key="d" text={block.header?.dataHash} />],
              ['Data hash, recomputed', <Code key="r" text={block.recomputed?.dataHash} />],
              ['Commit hash', block.commitHash && <Code key="c" text={block.commitHash} />],
            ]}
          />
        </Panel>
        <Panel title="Transactions">
          {block.transactions.length === 0 ? (
            <Empty>None that can be read: a configuration block, or a damaged one.</Empty>
          ) : (
            <Table
              caption={`Transactions of block ${number}`}
              rows={block.transactions}
              keyOf={({ position }) => String(position)}
              columns={[
                {
                  header: 'Transaction',
                  kind: 'code',
                  cell: ({ transactionId }) => <Hash value={transactionId} name="Transaction id" />,
                },
                { header: 'Function', cell: (transaction) => transaction.function || 'Configuration' },
                { header: 'Submitted by', cell: ({ creator }) => nameOf(creator) },
                { header: 'Endorsed by', cell: ({ endorsers }) => endorsers.map(nameOf).join(', ') || '–' },
                { header: 'Time', cell: ({ timestamp }) => timeText(timestamp) },
                {
                  header: 'Code',
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
              Block {number - 1}
            </Link>
          )}
        </div>
      </Page>
    </>
  );
}

const Code = ({ text }: { text: string | undefined }) => (text ? <code>{text}</code> : <>–</>);
