import { type ReactNode, useEffect, useState } from 'react';
import { Link } from '@tanstack/react-router';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import type { Notice, NoticeEvent, NoticePerson } from '@medseal/client';
import { consentsChanged } from '../consents/consents-changed';
import { Button } from '../ui/button';
import { timeText } from '../ui/values';
import { followNotices } from './notice-stream';
import { maySee } from './menu';
import { useSession, useUser } from './session';

const SHOWN_MAX = 3;

/** What happened to the signed-in user's matters while the console is open, above the page. */
export function Notices() {
  const { role, subject } = useUser();
  const { ended } = useSession();
  const queries = useQueryClient();
  const [shown, setShown] = useState<Extract<NoticeEvent, { kind: 'notice' }>[]>([]);
  useEffect(() => {
    if (ended) return;
    const left = new AbortController();
    const onEvent = (event: NoticeEvent): void => {
      refresh(queries, event);
      if (event.kind === 'notice' && textOf(event.notice, { role, subject }) !== undefined)
        setShown((before) => [event, ...before.filter(({ id }) => id !== event.id)].slice(0, SHOWN_MAX));
    };
    void followNotices(subject, onEvent, left.signal);
    return () => left.abort();
  }, [subject, role, ended, queries]);
  return (
    <div role="status" aria-label="Notices" className="notices no-print">
      {shown.map(({ id, notice }) => (
        <div
          key={id}
          className={
            notice.type === 'emergency.opened' || notice.type === 'audit.failed' ? 'notice bad' : 'notice'
          }
        >
          <span>{textOf(notice, { role, subject })}</span>
          <Button
            kind="quiet"
            aria-label={`Dismiss the notice of ${timeText(notice.at)}`}
            onClick={() => setShown((before) => before.filter((one) => one.id !== id))}
          >
            Dismiss
          </Button>
        </div>
      ))}
    </div>
  );
}

/** Only what shows it is read anew; nothing here leaves a receipt. */
function refresh(queries: QueryClient, event: NoticeEvent): void {
  if (event.kind === 'ready') return;
  const type = event.kind === 'notice' ? event.notice.type : undefined;
  const isAbout = (subject: string): boolean => type === undefined || type.startsWith(`${subject}.`);
  if (isAbout('consent')) consentsChanged(queries);
  if (isAbout('record') || isAbout('emergency')) void queries.invalidateQueries({ queryKey: ['access-log'] });
  if (isAbout('emergency')) void queries.invalidateQueries({ queryKey: ['emergency'] });
  if (isAbout('audit')) void queries.invalidateQueries({ queryKey: ['audits'] });
}

const personText = ({ name, subject, organizationName, mspId }: NoticePerson): string =>
  `${name ?? `Staff ${subject.slice(0, 8)}`} (${organizationName ?? mspId})`;

type Grantee = Extract<Notice, { grantee: unknown }>['grantee'];

const granteeText = (grantee: Grantee): string => {
  const { kind, organizationName, mspId } = grantee;
  if (kind === 'careTeam') return `the care team of ${organizationName ?? mspId}`;
  if (kind === 'guardian') return `your guardian (${organizationName ?? mspId})`;
  return kind === 'emergency' ? 'emergency access' : personText(grantee);
};

const youText = ({ kind }: Grantee): string => (kind === 'careTeam' ? 'your care team' : 'you');

/** Undefined for what the user has done themselves or is told by the next notice. */
function textOf(notice: Notice, { role, subject }: { role: string; subject: string }): ReactNode {
  const toConsents = <Link to="/consents">Consents</Link>;
  const toGuardians = <Link to="/guardians">Guardians</Link>;
  const isGuardian = role === 'patient';
  const isOwner = (grantee: Grantee): boolean => role === 'patient' && grantee.subject !== subject;
  switch (notice.type) {
    case 'consent.requested':
      return (
        <>
          {personText(notice.from)} asks to read your records. Answer under {toConsents}.
        </>
      );
    case 'consent.denied':
      return <>A patient has denied your request. See {toConsents}.</>;
    case 'consent.active':
      return isOwner(notice.grantee) ? (
        <>Your consent to {granteeText(notice.grantee)} is active.</>
      ) : isGuardian ? (
        <>A patient has made you a guardian. See {toGuardians}.</>
      ) : (
        <>
          A patient’s consent to {youText(notice.grantee)} is active. See {toConsents}.
        </>
      );
    case 'consent.complained':
      return (
        <>
          {notice.organizationName ?? notice.mspId} cannot use its part of a consent of yours. See{' '}
          {toConsents}.
        </>
      );
    case 'consent.expired':
      return isOwner(notice.grantee) ? (
        <>Your consent to {granteeText(notice.grantee)} has expired.</>
      ) : isGuardian ? (
        <>Your access as a guardian has expired. See {toGuardians}.</>
      ) : (
        <>A patient’s consent to {youText(notice.grantee)} has expired.</>
      );
    case 'consent.revoked':
      return isOwner(notice.grantee) ? undefined : isGuardian ? (
        <>A patient has ended your access as a guardian. See {toGuardians}.</>
      ) : (
        <>A patient has revoked the consent to {youText(notice.grantee)}.</>
      );
    case 'record.read': {
      const who = notice.byGuardian ? 'Your guardian' : personText(notice.reader);
      const what = notice.recordIds.length === 1 ? 'a record' : `${notice.recordIds.length} records`;
      return notice.ledgerId === subject ? (
        <>
          {who} has read {what} of yours. See the <Link to="/access-log">access log</Link>.
        </>
      ) : (
        <>
          {notice.byGuardian ? 'Another guardian' : personText(notice.reader)} has read {what} of a patient
          whose guardian you are. See {toGuardians}.
        </>
      );
    }
    case 'emergency.opened':
      return (
        <>
          <strong>Emergency access:</strong> {personText(notice.reader)} can open your records
          {notice.until ? ` until ${timeText(notice.until)}` : ''}.
        </>
      );
    case 'audit.failed':
      return (
        <>
          <strong>Audit failed:</strong> {notice.organizationName ?? notice.hospital} could not prove that the{' '}
          {notice.kind === 'sealed' ? 'sealed' : 'sanitised'} file of a record is as it was
          {notice.reason === null ? '' : ` (${notice.reason})`}.{' '}
          {maySee('/audits', role) && (
            <Link to="/audits/$auditId" params={{ auditId: notice.auditId }}>
              Show the audit
            </Link>
          )}
        </>
      );
    case 'consent.granted':
      return undefined;
  }
}
