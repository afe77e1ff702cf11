import { getRouteApi, Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { client } from '../app/session';
import { usePersonNames } from '../app/person-names';
import { auditState, deadlineOf, FILES, isOpen, percentText } from '../audits/words';
import { useOrganizationNames } from '../consents/organization-names';
import { Badge, ErrorNotice, Waiting } from '../ui/notice';
import { Facts, Page, Panel } from '../ui/page';
import { Hash, timeText } from '../ui/values';

const route = getRouteApi('/shell/audits/$auditId');
const UNDER_WAY_MS = 2_000;

const REPAIRS = {
  whole: 'The storage holds it whole: what failed was the answer',
  restored: 'Restored from another copy',
  lost: 'Lost: no copy is whole',
} as const;

/** One audit: its verdict, and all that the verdict follows from. */
export function AuditPage() {
  const { auditId } = route.useParams();
  const organizationOf = useOrganizationNames();
  const nameOf = usePersonNames();
  const query = useQuery({
    queryKey: ['audits', 'one', auditId],
    queryFn: () => client.audit(auditId),
    staleTime: 0,
    refetchInterval: ({ state }) => state.data !== undefined && isOpen(state.data) && UNDER_WAY_MS,
  });
  if (query.isPending) return <Waiting text="Loading …" />;
  if (query.isError)
    return (
      <Page title="Audit">
        <ErrorNotice error={query.error} retry={() => void query.refetch()} />
      </Page>
    );
  const audit = query.data;
  const { kind, text } = auditState(audit);
  const { challenge, detection, repair } = audit;
  const hash = (name: string, value: string | null) => value && <Hash key={name} value={value} name={name} />;
  return (
    <>
      <p className="trail">
        <Link to="/audits">Audits</Link>
      </p>
      <Page title={`Audit of ${timeText(audit.openedAt)}`}>
        <Panel title="Verdict">
          <p role="status">
            <Badge kind={kind}>{text}</Badge> {audit.statement}
          </p>
          <Facts
            items={[
              ['File', `${FILES[audit.kind]}, version ${audit.version}`],
              ['Record', <code key="r">{audit.recordId}</code>],
              ['Kept by', organizationOf(audit.hospital)],
              [
                'Audited by',
                audit.auditor === null
                  ? `${organizationOf(audit.auditorMspId)}, on schedule`
                  : `${nameOf(audit.auditor)}, ${organizationOf(audit.auditorMspId)}`,
              ],
              ['Challenge also by', organizationOf(audit.contributor)],
              ['Next act until', deadlineOf(audit) && timeText(deadlineOf(audit))],
              ['Closed', audit.closedAt && timeText(audit.closedAt)],
              ['Repair', repair && `${REPAIRS[repair.outcome]}, ${timeText(repair.at)}`],
            ]}
          />
        </Panel>
        <Panel title="Challenge and proof">
          <Facts
            items={[
              ['Blocks asked for', `${challenge.size} of ${challenge.blocks}`],
              [
                'An alteration is met',
                detection.everyBlock
                  ? 'for certain: every block is asked for'
                  : `of one block with ${percentText(detection.oneBlock)}, of one in a hundred with ${percentText(detection.onePercent)}`,
              ],
              ['Audit', hash('Audit', audit.auditId)],
              ['Tag', hash('Tag', challenge.tagHash)],
              ['Commitment', hash('Commitment', challenge.commitment)],
              ['Contribution', hash('Contribution', challenge.contribution)],
              ['Revealed nonce', hash('Revealed nonce', challenge.revealed)],
              ['Seed', hash('Seed', challenge.seed)],
              ['Proof', hash('Proof', audit.proofDigest)],
            ]}
          />
          <p className="muted">
            Anybody verifies this proof from exported blocks, without this service:{' '}
            <code>medseal-audit proof</code>.
          </p>
        </Panel>
      </Page>
    </>
  );
}
