import { useState } from 'react';
import { t } from '../i18n';
import { Button } from './button';

export { dayText, timeText } from '../i18n/locale';

/** Today as the reader's calendar has it, `YYYY-MM-DD`. */
export const today = (): string => {
  const now = new Date();
  return `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, '0')}-${String(now.getDate()).padStart(2, '0')}`;
};

const ZERO_HASH = /^0+$/;

/** The beginning of a hash, the whole of it on request. */
export function Hash({ value, name }: { value: string | null | undefined; name: string }) {
  const [whole, setWhole] = useState(false);
  if (!value) return <>–</>;
  if (ZERO_HASH.test(value)) return <span className="muted">{t('hash.none')}</span>;
  return (
    <button
      type="button"
      className="hash"
      data-whole={value}
      aria-expanded={whole}
      aria-label={whole ? `${name} ${value}` : t('hash.short', { name, beginning: value.slice(0, 8) })}
      onClick={() => setWhole(!whole)}
    >
      {whole ? value : `${value.slice(0, 8)}…`}
    </button>
  );
}

/** A long code in groups that can be compared by eye. */
export const grouped = (code: string, size = 4): string =>
  code.match(new RegExp(`.{1,${size}}`, 'g'))?.join(' ') ?? code;

/** A secret that is shown once. */
export function CopyText({ label, text }: { label: string; text: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <div className="copy">
      <span className="copy-label">{label}</span>
      <code>{text}</code>
      <Button
        kind="quiet"
        className="no-print"
        aria-label={t('copy.name', { what: label.toLowerCase() })}
        onClick={() => {
          void navigator.clipboard.writeText(text).then(() => setCopied(true));
        }}
      >
        {copied ? t('copy.done') : t('copy.do')}
      </Button>
    </div>
  );
}
