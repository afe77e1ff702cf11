import { useBlocker } from '@tanstack/react-router';
import { t } from '../i18n';
import { Notice } from '../ui/notice';

/**
 * Says whether what is typed is kept; where it is not, the page is not left without a question.
 *
 * @param isKept undefined while nothing was to be kept
 */
export function DraftState({ isDirty, isKept }: { isDirty: boolean; isKept: boolean | undefined }) {
  const isInDanger = isDirty && isKept === false;
  useBlocker({
    shouldBlockFn: () => isInDanger && !window.confirm(t('drafts.leave')),
    enableBeforeUnload: () => isInDanger,
  });
  if (!isDirty || isKept === undefined) return null;
  return isKept ? (
    <span className="muted">{t('drafts.kept')}</span>
  ) : (
    <Notice kind="warning">{t('drafts.notKept')}</Notice>
  );
}
