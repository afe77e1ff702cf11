import type { ConsentAnswer, ScopeAnswer } from '../api.js';

/** Whether a consent is of other epochs than its scopes have now: it opens no record that was written since. */
export const isOutdated = (
  { scopes }: Pick<ConsentAnswer, 'scopes'>,
  current: readonly Pick<ScopeAnswer, 'scopeId' | 'epoch'>[],
): boolean =>
  scopes.some(
    ({ scopeId, epoch }) => !current.some((scope) => scope.scopeId === scopeId && scope.epoch === epoch),
  );
