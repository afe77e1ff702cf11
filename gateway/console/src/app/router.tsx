import { createRootRoute, createRoute, createRouter, Outlet } from '@tanstack/react-router';
import { ErrorNotice, Waiting } from '../ui/notice';
import { AccessLogPage } from '../pages/access-log';
import { AccountPage } from '../pages/account';
import { ActivatePage } from '../pages/activate';
import { AuditPage } from '../pages/audit';
import { AuditsPage } from '../pages/audits';
import { BlocksPage, BlockPage } from '../pages/blocks';
import { ChoicesPage } from '../pages/choices';
import { ConsentPage } from '../pages/consent';
import { ConsentsPage } from '../pages/consents';
import { DashboardPage } from '../pages/dashboard';
import { DoctorsPage } from '../pages/doctors';
import { EmergenciesPage } from '../pages/emergencies';
import { EmergencyPage } from '../pages/emergency';
import { GuardiansPage } from '../pages/guardians';
import { KeysPage } from '../pages/keys';
import { NewRecordPage } from '../pages/new-record';
import { NotFoundPage } from '../pages/not-found';
import { PatientPage } from '../pages/patient';
import { PatientsPage } from '../pages/patients';
import { RecordPage } from '../pages/record';
import { RecordsPage } from '../pages/records';
import { ReportPage } from '../pages/report';
import { SignInPage } from '../pages/sign-in';
import { UsersPage } from '../pages/users';
import { t } from '../i18n';
import { Shell } from './shell';

// Pages are small and come with the first load, so that none is missing when the connection is lost.

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFoundPage });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { next?: string } => ({ next: text(search['next']) }),
  component: SignInPage,
});
const activate = createRoute({
  getParentRoute: () => root,
  path: '/activate',
  component: ActivatePage,
});

const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell });
const dashboard = createRoute({
  getParentRoute: () => shell,
  path: '/',
  component: DashboardPage,
});
const doctors = createRoute({
  getParentRoute: () => shell,
  path: '/doctors',
  component: DoctorsPage,
});
const patients = createRoute({
  getParentRoute: () => shell,
  path: '/patients',
  component: PatientsPage,
});
const patient = createRoute({
  getParentRoute: () => shell,
  path: '/patients/$registrationNo',
  component: PatientPage,
});
const records = createRoute({
  getParentRoute: () => shell,
  path: '/records',
  component: RecordsPage,
});
const newRecord = createRoute({
  getParentRoute: () => shell,
  path: '/records/new',
  validateSearch: (search: Record<string, unknown>): { patient?: string } => ({
    patient: text(search['patient']),
  }),
  component: NewRecordPage,
});
const record = createRoute({
  getParentRoute: () => shell,
  path: '/records/$recordId',
  component: RecordPage,
});
const report = createRoute({
  getParentRoute: () => shell,
  path: '/report',
  component: ReportPage,
});
const blocks = createRoute({
  getParentRoute: () => shell,
  path: '/report/blocks',
  component: BlocksPage,
});
const block = createRoute({
  getParentRoute: () => shell,
  path: '/report/blocks/$number',
  component: BlockPage,
});
const users = createRoute({
  getParentRoute: () => shell,
  path: '/users',
  component: UsersPage,
});
const consents = createRoute({
  getParentRoute: () => shell,
  path: '/consents',
  component: ConsentsPage,
});
const consent = createRoute({
  getParentRoute: () => shell,
  path: '/consents/$consentId',
  component: ConsentPage,
});
const choices = createRoute({
  getParentRoute: () => shell,
  path: '/choices',
  component: ChoicesPage,
});
const accessLog = createRoute({
  getParentRoute: () => shell,
  path: '/access-log',
  component: AccessLogPage,
});
const emergencies = createRoute({
  getParentRoute: () => shell,
  path: '/emergency-access',
  component: EmergenciesPage,
});
const emergency = createRoute({
  getParentRoute: () => shell,
  path: '/emergency-access/$emergencyId',
  component: EmergencyPage,
});
const audits = createRoute({
  getParentRoute: () => shell,
  path: '/audits',
  validateSearch: (search: Record<string, unknown>): { record?: string } => ({
    record: text(search['record']),
  }),
  component: AuditsPage,
});
const audit = createRoute({
  getParentRoute: () => shell,
  path: '/audits/$auditId',
  component: AuditPage,
});
const guardians = createRoute({
  getParentRoute: () => shell,
  path: '/guardians',
  component: GuardiansPage,
});
const keys = createRoute({
  getParentRoute: () => shell,
  path: '/keys',
  component: KeysPage,
});
const account = createRoute({
  getParentRoute: () => shell,
  path: '/account',
  component: AccountPage,
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    activate,
    shell.addChildren([
      dashboard,
      doctors,
      patients,
      patient,
      records,
      newRecord,
      record,
      report,
      blocks,
      block,
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

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
