import type { QueryClient } from '@tanstack/react-query';

/** A record was written or went a step on: what was shown of records before is read anew. */
export function recordsChanged(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: ['records'] });
  void queries.invalidateQueries({ queryKey: ['blocks'] });
  // Showing the report may leave a receipt: not before somebody looks at it again.
  void queries.invalidateQueries({ queryKey: ['report'], refetchType: 'none' });
}
