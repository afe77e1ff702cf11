import { t } from '../i18n';
import { Button } from '../ui/button';
import { Notice } from '../ui/notice';
import { timeText } from '../ui/values';
import type { KeptDraft } from './drafts';

/** Drafts that were kept in this browser, each to go on with or to be removed. */
export function KeptDrafts<Values>({
  drafts,
  nameOf,
  onTake,
  onDiscard,
}: {
  drafts: readonly KeptDraft<Values>[];
  nameOf: (values: Values) => string;
  onTake: (draft: KeptDraft<Values>) => void;
  onDiscard: (draft: KeptDraft<Values>) => void;
}) {
  if (drafts.length === 0) return null;
  return (
    <Notice title={t('drafts.title')}>
      <ul className="plain">
        {drafts.map((draft) => {
          const name = nameOf(draft.values) || t('drafts.unnamed');
          return (
            <li key={draft.id}>
              {t('drafts.line', { name, time: timeText(new Date(draft.savedAt).toISOString()) })}{' '}
              <Button kind="quiet" aria-label={t('drafts.takeNamed', { name })} onClick={() => onTake(draft)}>
                {t('drafts.take')}
              </Button>
              <Button
                kind="quiet"
                aria-label={t('drafts.discardNamed', { name })}
                onClick={() => onDiscard(draft)}
              >
                {t('drafts.discard')}
              </Button>
            </li>
          );
        })}
      </ul>
    </Notice>
  );
}
