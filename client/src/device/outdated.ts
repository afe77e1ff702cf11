import type { ConsentAnswer, ScopeAnswer } from '../api.js';

/**
 * Whether a consent is of other epochs than its scopes have now, so that it opens no record that was written since, or to
 * another key than its grantee has now, which somebody who left may hold.
 */
export const isOutdated = (
  { scopes, grantee, granteeEpoch }: Pick<ConsentAnswer, 'scopes' | 'grantee' | 'granteeEpoch'>,
  current: readonly Pick<ScopeAnswer, 'scopeId' | 'epoch'>[],
): boolean =>
  (granteeEpoch ?? grantee.epoch) > grantee.epoch ||
  scopes.some(
    ({ scopeId, epoch }) => !current.some((scope) => scope.scopeId === scopeId && scope.epoch === epoch),
  );
