import { type ReactNode, useEffect } from 'react';
import { Paper } from '@mantine/core';

const useWindowTitle = (title: string): void =>
  useEffect(() => {
    document.title = `${title} · Medseal`;
  }, [title]);

/** A page for those who are not signed in: the product's name and a word on it, then what it is for. */
export function PublicPage({
  title,
  head,
  wide = false,
  children,
}: {
  title: string;
  head: ReactNode;
  wide?: boolean;
  children: ReactNode;
}) {
  useWindowTitle(title);
  return (
    <div className={wide ? 'door wide' : 'door'}>
      <main>
        <div className="door-head">
          <span className="brand">
            <img src="/favicon.svg" alt="" width="28" height="28" /> Medseal
          </span>
          <p>{head}</p>
        </div>
        {children}
      </main>
    </div>
  );
}

/** A page's heading, what can be done there, and its content; also names the window. */
export function Page({
  title,
  actions,
  lead,
  children,
}: {
  title: string;
  actions?: ReactNode;
  lead?: ReactNode;
  children: ReactNode;
}) {
  useWindowTitle(title);
  return (
    <>
      <div className="page-head">
        <h1>{title}</h1>
        {actions && <div className="actions">{actions}</div>}
      </div>
      {lead && <p className="lead">{lead}</p>}
      {children}
    </>
  );
}

export const Panel = ({
  title,
  actions,
  children,
}: {
  title?: string;
  actions?: ReactNode;
  children: ReactNode;
}) => (
  <Paper component="section" className="panel">
    {title && (
      <div className="panel-head">
        <h2>{title}</h2>
        {actions}
      </div>
    )}
    {children}
  </Paper>
);

/** Names and values; a value that is not there is left out. */
export const Facts = ({ items }: { items: readonly (readonly [name: string, value: ReactNode])[] }) => (
  <dl className="facts">
    {items
      .filter(([, value]) => value !== undefined && value !== null && value !== '')
      .map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
);
