import { ProblemError } from '@medseal/client';
import { t, textOfCode } from '../i18n';
import { hourText, inMinutesText } from '../i18n/locale';

/** What went wrong and what to do: in the catalogue's words, where it has none in the service's own. */
export function explain(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (error instanceof ProblemError) {
    if (error.status === 429 && error.retryAfter !== undefined && error.code !== 'TOO_MANY_REQUESTS')
      return lockedText(error.retryAfter);
    const words = textOfCode('error', error.code) ?? error.detail;
    return error.status >= 500 && error.requestId
      ? t('problem.withReference', { words, reference: error.requestId })
      : words;
  }
  const words = typeof code === 'string' ? textOfCode('error', code) : undefined;
  if (words !== undefined) return words;
  if (error instanceof TypeError) return t('problem.outOfReach');
  return error instanceof Error ? error.message : String(error);
}

const lockedText = (seconds: number): string =>
  t('problem.locked', {
    wait: inMinutesText(Math.ceil(seconds / 60)),
    time: hourText(new Date(Date.now() + seconds * 1_000).toISOString()),
  });
