import { getRouteApi, Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { client } from '../app/session';
import { usePersonNames } from '../app/person-names';
import { auditState, deadlineOf, fileText, isOpen, percentText } from '../audits/words';
import { useOrganizationNames } from '../consents/organization-names';
import { t } from '../i18n';
import { RichText } from '../i18n/rich-text';
import { Badge, ErrorNotice, Waiting } from '../ui/notice';
import { Facts, Page, Panel } from '../ui/page';
import { Hash, timeText } from '../ui/values';

const route = getRouteApi('/shell/audits/$auditId');
const UNDER_WAY_MS = 2_000;

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
  if (query.isPending) return <Waiting text={t('common.loading')} />;
  if (query.isError)
    return (
      <Page title={t('audit.title')}>
        <ErrorNotice error={query.error} retry={() => void query.refetch()} />
      </Page>
    );
  const audit = query.data;
  const { kind, text } = auditState(audit);
  const { challenge, detection, repair } = audit;
  const hash = (name: string, value: string | null) =>
    [name, value && <Hash key={name} value={value} name={name} />] as const;
  return (
    <>
      <p className="trail">
        <Link to="/audits">{t('audits.title')}</Link>
      </p>
      <Page title={t('audit.titleOf', { at: timeText(audit.openedAt) })}>
        <Panel title={t('audit.verdict')}>
          <p role="status">
            <Badge kind={kind}>{text}</Badge> {audit.statement}
          </p>
          <Facts
            items={[
              [
                t('audit.file'),
                t('audit.fileVersion', { file: fileText(audit.kind), version: audit.version }),
              ],
              [t('audit.record'), <code key="r">{audit.recordId}</code>],
              [t('audit.keptBy'), organizationOf(audit.hospital)],
              [
                t('audit.auditedBy'),
                audit.auditor === null
                  ? t('audit.onSchedule', { organisation: organizationOf(audit.auditorMspId) })
                  : t('audit.auditorOf', {
                      name: nameOf(audit.auditor),
                      organisation: organizationOf(audit.auditorMspId),
                    }),
              ],
              [t('audit.contributor'), organizationOf(audit.contributor)],
              [t('audit.nextUntil'), deadlineOf(audit) && timeText(deadlineOf(audit))],
              [t('audit.closed'), audit.closedAt && timeText(audit.closedAt)],
              [t('audit.repair'), repair && t(`audit.repair.${repair.outcome}`, { at: timeText(repair.at) })],
            ]}
          />
        </Panel>
        <Panel title={t('audit.proofTitle')}>
          <Facts
            items={[
              [t('audit.blocks'), t('audit.blocksOf', { asked: challenge.size, all: challenge.blocks })],
              [
                t('audit.detection'),
                detection.everyBlock
                  ? t('audit.detection.certain')
                  : t('audit.detection.likely', {
                      oneBlock: percentText(detection.oneBlock),
                      onePercent: percentText(detection.onePercent),
                    }),
              ],
              hash(t('audit.title'), audit.auditId),
              hash(t('audit.tag'), challenge.tagHash),
              hash(t('audit.commitment'), challenge.commitment),
              hash(t('audit.contribution'), challenge.contribution),
              hash(t('audit.revealed'), challenge.revealed),
              hash(t('audit.seed'), challenge.seed),
              hash(t('audit.proof'), audit.proofDigest),
            ]}
          />
          <p className="muted">
            <RichText
              name="audit.verifyIt"
              values={{}}
              parts={{ command: (command) => <code>{command}</code> }}
            />
          </p>
        </Panel>
      </Page>
    </>
  );
}
