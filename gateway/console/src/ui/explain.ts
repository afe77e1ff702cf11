import { ProblemError } from '@medseal/client';
import { type PlainKey, t } from '../i18n';

/** Codes whose meaning the person at the screen knows by other words than the service's. */
const PLAIN: Readonly<Record<string, PlainKey>> = {
  NOT_SIGNED_IN: 'problem.notSignedIn',
  WRONG_PASSPHRASE: 'problem.wrongPassphrase',
  TOO_MANY_REQUESTS: 'problem.tooManyRequests',
  UNEXPECTED: 'problem.unexpected',
  LEDGER_UNAVAILABLE: 'problem.ledgerUnavailable',
};

const plainWords = (code: string): string | undefined => {
  const key = PLAIN[code];
  return key && t(key);
};

/** What went wrong and what to do, in plain words. */
export function explain(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (error instanceof ProblemError) {
    if (error.status === 429 && error.retryAfter !== undefined && error.code !== 'TOO_MANY_REQUESTS')
      return lockedText(error.retryAfter);
    const words = plainWords(error.code) ?? error.detail;
    return error.status >= 500 && error.requestId
      ? t('problem.withReference', { words, reference: error.requestId })
      : words;
  }
  const words = typeof code === 'string' ? plainWords(code) : undefined;
  if (words !== undefined) return words;
  if (error instanceof TypeError) return t('problem.outOfReach');
  return error instanceof Error ? error.message : String(error);
}

const lockedText = (seconds: number): string => {
  const at = new Date(Date.now() + seconds * 1_000);
  const time = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return t('problem.locked', { count: Math.ceil(seconds / 60), time });
};
