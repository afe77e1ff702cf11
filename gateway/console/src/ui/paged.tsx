import { type ReactNode, useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { t } from '../i18n';
import { Button } from './button';
import { ErrorNotice, Waiting } from './notice';

interface Paged {
  nextCursor?: string | null;
  total?: number;
}

/**
 * One page of a list. The cursors of the pages before are kept, so that one can go back.
 *
 * @param key names the list with its filters; another key starts at the first page
 */
export function usePaged<Page extends Paged>(
  key: readonly unknown[],
  fetchPage: (query: { limit: number; cursor?: string }) => Promise<Page>,
  {
    limit = 25,
    staleTime,
    refetchInterval,
  }: {
    limit?: number;
    staleTime?: number;
    /** Ms until the page is fetched again, as long as something on it is under way. */
    refetchInterval?: (page: Page) => number | false;
  } = {},
) {
  const list = JSON.stringify(key);
  const [place, setPlace] = useState<{ list: string; cursors: string[] }>({ list, cursors: [] });
  const cursors = place.list === list ? place.cursors : [];
  const cursor = cursors.at(-1);
  const query = useQuery({
    queryKey: [...key, cursor ?? null],
    queryFn: () => fetchPage({ limit, cursor }),
    placeholderData: keepPreviousData,
    ...(staleTime === undefined ? {} : { staleTime }),
    ...(refetchInterval === undefined
      ? {}
      : {
          refetchInterval: ({ state }: { state: { data: Page | undefined } }) =>
            state.data === undefined ? false : refetchInterval(state.data),
        }),
  });
  const next = query.data?.nextCursor ?? undefined;
  return {
    query,
    number: cursors.length + 1,
    total: query.data?.total,
    limit,
    forward: next === undefined ? undefined : () => setPlace({ list, cursors: [...cursors, next] }),
    back: cursors.length === 0 ? undefined : () => setPlace({ list, cursors: cursors.slice(0, -1) }),
  };
}

type Paging = Omit<ReturnType<typeof usePaged>, 'query'> & {
  query: {
    isPending: boolean;
    isError: boolean;
    error: unknown;
    isFetching: boolean;
    refetch: () => unknown;
  };
};

/** A page's states, and the way to the next one. */
export function PagedList({ paged, children }: { paged: Paging; children: ReactNode }) {
  const { query, number, total, limit, forward, back } = paged;
  if (query.isPending) return <Waiting text={t('common.loading')} />;
  if (query.isError) return <ErrorNotice error={query.error} retry={() => void query.refetch()} />;
  const pages = total === undefined ? undefined : Math.max(1, Math.ceil(total / limit));
  return (
    <div aria-busy={query.isFetching}>
      {children}
      {(forward || back) && (
        <div className="pager">
          <Button onClick={back} disabled={back === undefined}>
            {t('pager.previous')}
          </Button>
          <span role="status">
            {pages === undefined ? t('pager.page', { number }) : t('pager.pageOf', { number, pages })}
          </span>
          <Button onClick={forward} disabled={forward === undefined}>
            {t('pager.next')}
          </Button>
        </div>
      )}
    </div>
  );
}
