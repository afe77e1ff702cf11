import { type ReactNode, useEffect, useState } from 'react';
import { Link } from '@tanstack/react-router';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import type { Notice, NoticeEvent, NoticePerson } from '@medseal/client';
import { consentsChanged } from '../consents/consents-changed';
import { t } from '../i18n';
import { timeText } from '../i18n/locale';
import { RichText } from '../i18n/rich-text';
import { Button } from '../ui/button';
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
    <div role="status" aria-label={t('notice.all')} className="notices no-print">
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
            aria-label={t('notice.dismissOne', { at: timeText(notice.at) })}
            onClick={() => setShown((before) => before.filter((one) => one.id !== id))}
          >
            {t('notice.dismiss')}
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
  t('notice.person', {
    name: name ?? t('common.staff', { id: subject.slice(0, 8) }),
    organisation: organizationName ?? mspId,
  });

type Grantee = Extract<Notice, { grantee: unknown }>['grantee'];

const granteeText = (grantee: Grantee): string => {
  const organisation = grantee.organizationName ?? grantee.mspId;
  switch (grantee.kind) {
    case 'careTeam':
      return t('notice.careTeam', { organisation });
    case 'guardian':
      return t('notice.guardianOf', { organisation });
    case 'emergency':
      return t('notice.emergencyAccess');
    default:
      return personText(grantee);
  }
};

/** Places of the console that a notice leads to. */
const LINKS = {
  consents: (text: string) => <Link to="/consents">{text}</Link>,
  guardians: (text: string) => <Link to="/guardians">{text}</Link>,
  log: (text: string) => <Link to="/access-log">{text}</Link>,
  strong: (text: string) => <strong>{text}</strong>,
};

/** Undefined for what the user has done themselves or is told by the next notice. */
function textOf(notice: Notice, { role, subject }: { role: string; subject: string }): ReactNode {
  const isGuardian = role === 'patient';
  const isOwner = (grantee: Grantee): boolean => role === 'patient' && grantee.subject !== subject;
  const isTeam = (grantee: Grantee): boolean => grantee.kind === 'careTeam';
  switch (notice.type) {
    case 'consent.requested':
      return <RichText name="notice.requested" values={{ who: personText(notice.from) }} parts={LINKS} />;
    case 'consent.denied':
      return <RichText name="notice.denied" values={{}} parts={LINKS} />;
    case 'consent.active':
      if (isOwner(notice.grantee)) return t('notice.active.owner', { who: granteeText(notice.grantee) });
      return (
        <RichText
          name={
            isGuardian
              ? 'notice.active.guardian'
              : isTeam(notice.grantee)
                ? 'notice.active.team'
                : 'notice.active.reader'
          }
          values={{}}
          parts={LINKS}
        />
      );
    case 'consent.complained':
      return (
        <RichText
          name="notice.complained"
          values={{ organisation: notice.organizationName ?? notice.mspId }}
          parts={LINKS}
        />
      );
    case 'consent.expired':
      if (isOwner(notice.grantee)) return t('notice.expired.owner', { who: granteeText(notice.grantee) });
      if (isGuardian) return <RichText name="notice.expired.guardian" values={{}} parts={LINKS} />;
      return t(isTeam(notice.grantee) ? 'notice.expired.team' : 'notice.expired.reader');
    case 'consent.revoked':
      if (isOwner(notice.grantee)) return undefined;
      if (isGuardian) return <RichText name="notice.revoked.guardian" values={{}} parts={LINKS} />;
      return t(isTeam(notice.grantee) ? 'notice.revoked.team' : 'notice.revoked.reader');
    case 'record.read': {
      const isOwn = notice.ledgerId === subject;
      const guardian = isOwn ? t('notice.yourGuardian') : t('notice.otherGuardian');
      return (
        <RichText
          name={isOwn ? 'notice.read.own' : 'notice.read.guarded'}
          values={{
            who: notice.byGuardian ? guardian : personText(notice.reader),
            count: notice.recordIds.length,
          }}
          parts={LINKS}
        />
      );
    }
    case 'emergency.opened':
      return (
        <RichText
          name={notice.until ? 'notice.emergency.until' : 'notice.emergency'}
          values={{ who: personText(notice.reader), until: timeText(notice.until) }}
          parts={LINKS}
        />
      );
    case 'audit.failed': {
      const values = {
        organisation: notice.organizationName ?? notice.hospital,
        file: t(`notice.audit.${notice.kind}`),
        reason: notice.reason ?? '',
      };
      return (
        <>
          <RichText
            name={notice.reason === null ? 'notice.audit' : 'notice.audit.because'}
            values={values}
            parts={LINKS}
          />{' '}
          {maySee('/audits', role) && (
            <Link to="/audits/$auditId" params={{ auditId: notice.auditId }}>
              {t('notice.audit.show')}
            </Link>
          )}
        </>
      );
    }
    case 'consent.granted':
      return undefined;
  }
}
