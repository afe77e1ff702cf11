import { useEffect } from 'react';
import { useRouter } from '@tanstack/react-router';

/** Leads to the sign-in page once, and from there back to the address that was asked for. */
export function ToSignIn() {
  const router = useRouter();
  useEffect(() => {
    const { pathname, href } = router.state.location;
    if (pathname === '/sign-in') return;
    void router.navigate({
      to: '/sign-in',
      search: { next: href === '/' ? undefined : href },
      replace: true,
    });
  }, [router]);
  return null;
}

/** @param to a path of this console; another origin's is not followed */
export function GoTo({ to }: { to: string }) {
  const router = useRouter();
  useEffect(() => {
    const isOwn = /^\/(?![/\\])/.test(to);
    router.history.replace(isOwn ? to : '/');
  }, [router, to]);
  return null;
}
