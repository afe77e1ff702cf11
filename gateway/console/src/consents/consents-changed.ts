import type { QueryClient } from '@tanstack/react-query';

/** Something was asked, granted, denied, revoked, or became active: what was shown of it is read anew. */
export function consentsChanged(queries: QueryClient): void {
  for (const key of ['consents', 'consent-requests', 'consent-preview', 'consent-records'])
    void queries.invalidateQueries({ queryKey: [key] });
}
