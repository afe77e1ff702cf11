import { type PlainKey, textOfCode } from '../i18n';

/** Parts of the menu, in this order. */
export const MENU_GROUPS = ['home', 'people', 'records', 'ledger', 'access', 'account'] as const;
export type MenuGroup = (typeof MENU_GROUPS)[number];

/** The menu in the paper's words; a role sees what it may do and nothing else. */
export interface MenuEntry {
  to:
    | '/'
    | '/doctors'
    | '/patients'
    | '/records'
    | '/sanitizing'
    | '/steps/blind'
    | '/steps/upload'
    | '/steps/chain'
    | '/attesting'
    | '/report'
    | '/reports'
    | '/network'
    | '/users'
    | '/consents'
    | '/access-log'
    | '/account'
    | '/guardians'
    | '/keys'
    | '/emergency-access'
    | '/audits';
  /** The page's own title. */
  title: PlainKey;
  group: MenuGroup;
  roles: readonly string[];
}

const HOSPITAL_STAFF = ['hospital-admin', 'doctor', 'verifier', 'sanitizer', 'auditor', 'researcher'];
/** Whose records the author's steps are, and whose hospital takes them. */
const AUTHORS = ['doctor', 'hospital-admin'];
const ALL = [...HOSPITAL_STAFF, 'system-manager', 'patient'];

export const MENU: readonly MenuEntry[] = [
  { to: '/', group: 'home', title: 'home.title', roles: ALL },
  { to: '/doctors', group: 'people', title: 'doctors.title', roles: [...HOSPITAL_STAFF, 'patient'] },
  {
    to: '/patients',
    group: 'people',
    title: 'patients.title',
    roles: ['hospital-admin', 'doctor', 'patient'],
  },
  { to: '/users', group: 'people', title: 'users.title', roles: ['hospital-admin', 'system-manager'] },
  {
    to: '/records',
    group: 'records',
    title: 'records.title',
    roles: ['hospital-admin', 'doctor', 'verifier', 'sanitizer', 'patient'],
  },
  { to: '/steps/blind', group: 'records', title: 'steps.blind', roles: AUTHORS },
  { to: '/sanitizing', group: 'records', title: 'queue.sanitizeTitle', roles: ['sanitizer'] },
  { to: '/attesting', group: 'records', title: 'queue.attestTitle', roles: ['verifier'] },
  { to: '/steps/upload', group: 'records', title: 'steps.upload', roles: AUTHORS },
  { to: '/steps/chain', group: 'records', title: 'steps.chain', roles: AUTHORS },
  { to: '/report', group: 'ledger', title: 'report.title', roles: ALL },
  {
    to: '/consents',
    group: 'access',
    title: 'consents.title',
    roles: ['patient', 'doctor', 'hospital-admin'],
  },
  { to: '/access-log', group: 'access', title: 'access.title', roles: ['patient', 'auditor'] },
  {
    to: '/emergency-access',
    group: 'access',
    title: 'emergency.title',
    roles: ['patient', 'doctor', 'auditor'],
  },
  {
    to: '/audits',
    group: 'ledger',
    title: 'audits.title',
    roles: ['auditor', 'hospital-admin', 'system-manager'],
  },
  { to: '/reports', group: 'ledger', title: 'reports.title', roles: ALL },
  {
    to: '/network',
    group: 'ledger',
    title: 'network.title',
    roles: ['system-manager', 'hospital-admin', 'auditor'],
  },
  { to: '/guardians', group: 'access', title: 'guardians.title', roles: ['patient'] },
  { to: '/keys', group: 'account', title: 'keys.title', roles: ['patient'] },
  { to: '/account', group: 'account', title: 'account.title', roles: ALL },
];

export const menuOf = (role: string, group: MenuGroup): MenuEntry[] =>
  MENU.filter((entry) => entry.group === group && entry.roles.includes(role));

export const maySee = (to: MenuEntry['to'], role: string): boolean =>
  MENU.some((entry) => entry.to === to && entry.roles.includes(role));

/** In words; a role that is not known here as it is. */
export const roleName = (role: string): string => textOfCode('role', role) ?? role;
