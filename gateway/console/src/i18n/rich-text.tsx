import { Fragment, type ReactNode } from 'react';
import { type MessageKey, t, type Values, type ValuesOf } from '.';

const MARKED = /<(\w+)>(.*?)<\/\1>/g;

/** A text with marked places: `<name>…</name>` in the catalogue is drawn by the function of that name. */
export function RichText<K extends MessageKey>({
  name,
  values,
  parts,
}: {
  name: K;
  values: Values<K>;
  parts: Readonly<Record<string, (content: string) => ReactNode>>;
}) {
  const whole = t(name, ...([values] as unknown as ValuesOf<K>));
  const shown: ReactNode[] = [];
  let end = 0;
  for (const { 0: marked, 1: part = '', 2: content = '', index } of whole.matchAll(MARKED)) {
    shown.push(whole.slice(end, index), <Fragment key={index}>{parts[part]?.(content) ?? content}</Fragment>);
    end = index + marked.length;
  }
  return (
    <>
      {shown}
      {whole.slice(end)}
    </>
  );
}
