import { Fragment, useEffect, useRef, useState } from 'react';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { useMutation } from '@tanstack/react-query';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { ErrorNotice } from '../ui/notice';
import { SignInAgain } from '../pages/sign-in';
import { Appearance } from './appearance';
import { IdleWatch } from './idle';
import { useOrganizations } from './organizations';
import { MENU_GROUPS, menuOf, roleName } from './menu';
import { Notices } from './notices';
import { ToSignIn } from './redirect';
import { useSession } from './session';

/** Header, menu and the page; nothing of it for somebody who is not signed in. */
export function Shell() {
  const { user, ended, signOut } = useSession();
  const { pathname } = useLocation();
  const [menuOpen, setMenuOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const leaving = useMutation({ mutationFn: signOut });
  const organizations = useOrganizations();
  const shown = useRef(pathname);

  useEffect(() => {
    // The first page keeps the browser's own starting point; after that the focus goes where the reading goes on.
    if (shown.current === pathname) return;
    shown.current = pathname;
    setMenuOpen(false);
    main.current?.focus();
  }, [pathname]);

  if (user === undefined) return <ToSignIn />;
  const organization = organizations.data?.items.find(({ id }) => id === user.organization);
  return (
    <div className={ended ? 'shell locked' : 'shell'}>
      <a className="skip" href="#main">
        {t('shell.skip')}
      </a>
      <header className="bar">
        <button
          type="button"
          className="menu-toggle"
          aria-expanded={menuOpen}
          aria-controls="menu"
          onClick={() => setMenuOpen(!menuOpen)}
        >
          {t('shell.menu')}
        </button>
        <Link to="/" className="brand">
          <img src="/favicon.svg" alt="" width="22" height="22" /> Medseal
        </Link>
        <span className="who">
          <strong>{user.displayName}</strong>
          <span className="muted">
            {t('shell.who', {
              role: roleName(user.role),
              organisation: organization?.name ?? user.organization,
            })}
          </span>
        </span>
        <Appearance />
        <Button kind="quiet" busy={leaving.isPending} onClick={() => leaving.mutate()}>
          {t('common.signOut')}
        </Button>
      </header>
      <nav id="menu" className={menuOpen ? 'menu open' : 'menu'} aria-label={t('shell.main')}>
        {MENU_GROUPS.map((group) => {
          const entries = menuOf(user.role, group);
          if (entries.length === 0) return null;
          return (
            <Fragment key={group}>
              {group !== 'home' && <p id={`menu-${group}`}>{t(`menu.${group}`)}</p>}
              <ul aria-labelledby={group === 'home' ? undefined : `menu-${group}`}>
                {entries.map(({ to, title }) => (
                  <li key={to}>
                    <Link
                      to={to}
                      activeOptions={{ exact: to === '/' }}
                      activeProps={{ 'aria-current': 'page' }}
                    >
                      {t(title)}
                    </Link>
                  </li>
                ))}
              </ul>
            </Fragment>
          );
        })}
      </nav>
      <main id="main" ref={main} tabIndex={-1}>
        <Notices />
        {leaving.isError && <ErrorNotice error={leaving.error} />}
        {/* Another person's page begins anew: what the one before wrote is not theirs to see. */}
        <Fragment key={user.subject}>
          <Outlet />
        </Fragment>
      </main>
      {ended ? <SignInAgain /> : <IdleWatch />}
    </div>
  );
}
