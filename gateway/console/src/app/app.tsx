import { useEffect, useRef } from 'react';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { ProblemError } from '@medseal/client';
import { Waiting } from '../ui/notice';
import { t } from '../i18n';
import { forgetBatch } from '../records/batch';
import { forgetDrafts } from '../records/drafts';
import { loadAllPages, router } from './router';
import { noticeFailure, SessionProvider, useSession } from './session';

const RETRIES = 2;

const queries = new QueryClient({
  queryCache: new QueryCache({ onError: noticeFailure }),
  mutationCache: new MutationCache({ onError: noticeFailure }),
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      // Some reads leave a receipt on the ledger, so none is repeated without being asked for.
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      // Out of reach is said at once; the library would wait in silence for the connection.
      networkMode: 'always',
      retry: (count, error) => count < RETRIES && !(error instanceof ProblemError && error.status < 500),
    },
    mutations: { networkMode: 'always' },
  },
});

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <SessionProvider waiting={<Waiting text={t('common.opening')} />}>
        <ForgetOnChange />
        <Routes />
      </SessionProvider>
    </QueryClientProvider>
  );
}

function Routes() {
  const { user } = useSession();
  return <RouterProvider router={router} context={{ isSignedIn: user !== undefined }} />;
}

/** What one user saw is not there for the next. */
function ForgetOnChange() {
  const { user } = useSession();
  const subject = user?.subject;
  useEffect(() => {
    const stopLoading = subject === undefined ? undefined : loadAllPages(() => queries.isFetching() > 0);
    return () => {
      stopLoading?.();
      queries.clear();
    };
  }, [subject]);
  const before = useRef(subject);
  useEffect(() => {
    const left = before.current;
    before.current = subject;
    if (left === undefined || left === subject) return;
    forgetBatch();
    // Where the browser keeps none there is nothing to forget.
    forgetDrafts().catch(() => undefined);
  }, [subject]);
  return null;
}
