import type { ReactNode } from 'react';
import { Alert, Badge as LibraryBadge, Loader } from '@mantine/core';
import { t } from '../i18n';
import { explain } from './explain';

type Kind = 'info' | 'good' | 'warning' | 'bad';

const TONES = { info: 'accent', good: 'good', warning: 'warn', bad: 'bad', neutral: 'neutral' } as const;

export function Notice({
  kind = 'info',
  title,
  children,
}: {
  kind?: Kind;
  title?: string;
  children?: ReactNode;
}) {
  return (
    <Alert
      className={`notice ${kind}`}
      color={TONES[kind]}
      role={kind === 'bad' ? 'alert' : 'status'}
      title={title}
    >
      {children}
    </Alert>
  );
}

export const ErrorNotice = ({ error, retry }: { error: unknown; retry?: () => void }) => (
  <Notice kind="bad">
    {explain(error)}
    {retry !== undefined && (
      <>
        {' '}
        <button type="button" className="link" onClick={retry}>
          {t('common.tryAgain')}
        </button>
      </>
    )}
  </Notice>
);

export const Waiting = ({ text }: { text: string }) => (
  <p className="waiting" role="status">
    <Loader className="spinner" component="span" size="1em" aria-hidden="true" /> {text}
  </p>
);

/** Nothing to show, and why. */
export const Empty = ({ children }: { children: ReactNode }) => <p className="empty">{children}</p>;

/** A verdict is told by word and colour. */
export const Badge = ({
  kind,
  children,
}: {
  kind: 'good' | 'bad' | 'warning' | 'neutral';
  children: ReactNode;
}) => (
  <LibraryBadge component="span" variant="light" color={TONES[kind]} className={`badge ${kind}`}>
    {children}
  </LibraryBadge>
);
