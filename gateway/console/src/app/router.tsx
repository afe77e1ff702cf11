import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  type RouteComponent,
} from '@tanstack/react-router';
import { ErrorNotice, Waiting } from '../ui/notice';
import { NotFoundPage } from '../pages/not-found';
import { SignInPage } from '../pages/sign-in';
import { t } from '../i18n';

// The sign-in page comes with the first load, every other one after it: see `loadAllPages`.

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;

const root = createRootRouteWithContext<{ isSignedIn: boolean }>()({
  component: Outlet,
  notFoundComponent: NotFoundPage,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { next?: string } => ({ next: text(search['next']) }),
  component: SignInPage,
});
const activate = createRoute({
  getParentRoute: () => root,
  path: '/activate',
  component: lazyRouteComponent(() => import('../pages/activate'), 'ActivatePage'),
});

const verify = createRoute({
  getParentRoute: () => root,
  path: '/verify',
  component: lazyRouteComponent(() => import('../pages/verify'), 'VerifyPage'),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  // Before any page is fetched: somebody who is not signed in needs the sign-in page alone.
  beforeLoad: ({ context, location }) => {
    if (!context.isSignedIn)
      throw redirect({
        to: '/sign-in',
        search: { next: location.href === '/' ? undefined : location.href },
        replace: true,
      });
  },
  component: lazyRouteComponent(() => import('./shell'), 'Shell'),
});
const dashboard = createRoute({
  getParentRoute: () => shell,
  path: '/',
  component: lazyRouteComponent(() => import('../pages/dashboard'), 'DashboardPage'),
});
const doctors = createRoute({
  getParentRoute: () => shell,
  path: '/doctors',
  component: lazyRouteComponent(() => import('../pages/doctors'), 'DoctorsPage'),
});
const patients = createRoute({
  getParentRoute: () => shell,
  path: '/patients',
  component: lazyRouteComponent(() => import('../pages/patients'), 'PatientsPage'),
});
const patient = createRoute({
  getParentRoute: () => shell,
  path: '/patients/$registrationNo',
  component: lazyRouteComponent(() => import('../pages/patient'), 'PatientPage'),
});
const records = createRoute({
  getParentRoute: () => shell,
  path: '/records',
  component: lazyRouteComponent(() => import('../pages/records'), 'RecordsPage'),
});
const newRecord = createRoute({
  getParentRoute: () => shell,
  path: '/records/new',
  validateSearch: (search: Record<string, unknown>): { patient?: string } => ({
    patient: text(search['patient']),
  }),
  component: lazyRouteComponent(() => import('../pages/new-record'), 'NewRecordPage'),
});
const amendRecord = createRoute({
  getParentRoute: () => shell,
  path: '/records/$recordId/amend',
  component: lazyRouteComponent(() => import('../pages/amend-record'), 'AmendRecordPage'),
});
const record = createRoute({
  getParentRoute: () => shell,
  path: '/records/$recordId',
  component: lazyRouteComponent(() => import('../pages/record'), 'RecordPage'),
});
const sanitizing = createRoute({
  getParentRoute: () => shell,
  path: '/sanitizing',
  component: lazyRouteComponent(() => import('../pages/sanitizing'), 'SanitizingPage'),
});
const attesting = createRoute({
  getParentRoute: () => shell,
  path: '/attesting',
  component: lazyRouteComponent(() => import('../pages/attesting'), 'AttestingPage'),
});
const report = createRoute({
  getParentRoute: () => shell,
  path: '/report',
  component: lazyRouteComponent(() => import('../pages/report'), 'ReportPage'),
});
const blocks = createRoute({
  getParentRoute: () => shell,
  path: '/report/blocks',
  component: lazyRouteComponent(() => import('../pages/blocks'), 'BlocksPage'),
});
const block = createRoute({
  getParentRoute: () => shell,
  path: '/report/blocks/$number',
  component: lazyRouteComponent(() => import('../pages/blocks'), 'BlockPage'),
});
const blinding = createRoute({
  getParentRoute: () => shell,
  path: '/steps/blind',
  component: lazyRouteComponent(() => import('../pages/steps'), 'BlindingPage'),
});
const uploading = createRoute({
  getParentRoute: () => shell,
  path: '/steps/upload',
  component: lazyRouteComponent(() => import('../pages/steps'), 'UploadingPage'),
});
const chaining = createRoute({
  getParentRoute: () => shell,
  path: '/steps/chain',
  component: lazyRouteComponent(() => import('../pages/steps'), 'ChainingPage'),
});
const reports = createRoute({
  getParentRoute: () => shell,
  path: '/reports',
  component: lazyRouteComponent(() => import('../pages/reports'), 'ReportsPage'),
});
const network = createRoute({
  getParentRoute: () => shell,
  path: '/network',
  component: lazyRouteComponent(() => import('../pages/network'), 'NetworkPage'),
});
const users = createRoute({
  getParentRoute: () => shell,
  path: '/users',
  component: lazyRouteComponent(() => import('../pages/users'), 'UsersPage'),
});
const consents = createRoute({
  getParentRoute: () => shell,
  path: '/consents',
  component: lazyRouteComponent(() => import('../pages/consents'), 'ConsentsPage'),
});
const consent = createRoute({
  getParentRoute: () => shell,
  path: '/consents/$consentId',
  component: lazyRouteComponent(() => import('../pages/consent'), 'ConsentPage'),
});
const choices = createRoute({
  getParentRoute: () => shell,
  path: '/choices',
  component: lazyRouteComponent(() => import('../pages/choices'), 'ChoicesPage'),
});
const accessLog = createRoute({
  getParentRoute: () => shell,
  path: '/access-log',
  component: lazyRouteComponent(() => import('../pages/access-log'), 'AccessLogPage'),
});
const emergencies = createRoute({
  getParentRoute: () => shell,
  path: '/emergency-access',
  component: lazyRouteComponent(() => import('../pages/emergencies'), 'EmergenciesPage'),
});
const emergency = createRoute({
  getParentRoute: () => shell,
  path: '/emergency-access/$emergencyId',
  component: lazyRouteComponent(() => import('../pages/emergency'), 'EmergencyPage'),
});
const audits = createRoute({
  getParentRoute: () => shell,
  path: '/audits',
  validateSearch: (search: Record<string, unknown>): { record?: string } => ({
    record: text(search['record']),
  }),
  component: lazyRouteComponent(() => import('../pages/audits'), 'AuditsPage'),
});
const audit = createRoute({
  getParentRoute: () => shell,
  path: '/audits/$auditId',
  component: lazyRouteComponent(() => import('../pages/audit'), 'AuditPage'),
});
const guardians = createRoute({
  getParentRoute: () => shell,
  path: '/guardians',
  component: lazyRouteComponent(() => import('../pages/guardians'), 'GuardiansPage'),
});
const keys = createRoute({
  getParentRoute: () => shell,
  path: '/keys',
  component: lazyRouteComponent(() => import('../pages/keys'), 'KeysPage'),
});
const account = createRoute({
  getParentRoute: () => shell,
  path: '/account',
  component: lazyRouteComponent(() => import('../pages/account'), 'AccountPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    activate,
    verify,
    shell.addChildren([
      dashboard,
      doctors,
      patients,
      patient,
      records,
      newRecord,
      record,
      amendRecord,
      sanitizing,
      attesting,
      report,
      blocks,
      block,
      blinding,
      uploading,
      chaining,
      reports,
      network,
      users,
      consents,
      consent,
      choices,
      accessLog,
      emergencies,
      emergency,
      audits,
      audit,
      guardians,
      keys,
      account,
    ]),
  ]),
  context: { isSignedIn: false },
  // Registration numbers look like numbers; search values stay the texts that they are.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const given = Object.entries(search).filter(([, value]) => value !== undefined) as [string, string][];
    return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
  },
  defaultPendingComponent: () => <Waiting text={t('common.loading')} />,
  defaultErrorComponent: ({ error }) => <ErrorNotice error={error} />,
  defaultNotFoundComponent: NotFoundPage,
});

/** Between two looks whether the open page is there, ms. */
const PAUSE = 100;

/**
 * Behind the page that is open, one after another once nothing else is fetched, so that none is missing when the
 * connection is lost; what fails now is loaded when it is opened.
 *
 * @returns stops it
 */
export function loadAllPages(isFetching: () => boolean): () => void {
  const pages = Object.values(router.routesById).map(
    ({ options }) => (options as { component?: RouteComponent } | undefined)?.component,
  );
  let isStopped = false;
  let timer = setTimeout(begin, PAUSE);
  function begin(): void {
    if (router.state.status === 'idle' && !isFetching()) void goOn();
    else timer = setTimeout(begin, PAUSE);
  }
  async function goOn(): Promise<void> {
    for (const page of pages) {
      if (isStopped) return;
      await page?.preload?.()?.catch(() => undefined);
    }
  }
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
