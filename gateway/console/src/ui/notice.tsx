import type { ReactNode } from 'react';
import { explain } from './explain';

export function Notice({
  kind = 'info',
  title,
  children,
}: {
  kind?: 'info' | 'good' | 'warning' | 'bad';
  title?: string;
  children?: ReactNode;
}) {
  return (
    <div className={`notice ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
      {title !== undefined && <strong>{title}</strong>}
      {children !== undefined && <div>{children}</div>}
    </div>
  );
}

export const ErrorNotice = ({ error, retry }: { error: unknown; retry?: () => void }) => (
  <Notice kind="bad">
    {explain(error)}
    {retry !== undefined && (
      <>
        {' '}
        <button type="button" className="link" onClick={retry}>
          Try again
        </button>
      </>
    )}
  </Notice>
);

export const Waiting = ({ text }: { text: string }) => (
  <p className="waiting" role="status">
    <span className="spinner" aria-hidden="true" /> {text}
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
}) => <span className={`badge ${kind}`}>{children}</span>;
