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
  label: string;
  group: MenuGroup;
  roles: readonly string[];
}

const HOSPITAL_STAFF = ['hospital-admin', 'doctor', 'verifier', 'sanitizer', 'auditor', 'researcher'];
/** Whose records the author's steps are, and whose hospital takes them. */
const AUTHORS = ['doctor', 'hospital-admin'];
const ALL = [...HOSPITAL_STAFF, 'system-manager', 'patient'];

export const MENU: readonly MenuEntry[] = [
  { to: '/', group: 'home', label: 'Dashboard', roles: ALL },
  { to: '/doctors', group: 'people', label: 'Doctors Info', roles: [...HOSPITAL_STAFF, 'patient'] },
  { to: '/patients', group: 'people', label: 'Patient Info', roles: ['hospital-admin', 'doctor', 'patient'] },
  { to: '/users', group: 'people', label: 'User Listing', roles: ['hospital-admin', 'system-manager'] },
  {
    to: '/records',
    group: 'records',
    label: 'EHR Record',
    roles: ['hospital-admin', 'doctor', 'verifier', 'sanitizer', 'patient'],
  },
  { to: '/steps/blind', group: 'records', label: 'Generate Blinded File', roles: AUTHORS },
  { to: '/sanitizing', group: 'records', label: 'Generate Sanitized File', roles: ['sanitizer'] },
  { to: '/attesting', group: 'records', label: 'Attest Records', roles: ['verifier'] },
  { to: '/steps/upload', group: 'records', label: 'Send to Cloud', roles: AUTHORS },
  { to: '/steps/chain', group: 'records', label: 'Blockchain Generation', roles: AUTHORS },
  { to: '/report', group: 'ledger', label: 'Blockchain Report', roles: ALL },
  { to: '/consents', group: 'access', label: 'Consents', roles: ['patient', 'doctor', 'hospital-admin'] },
  { to: '/access-log', group: 'access', label: 'Access Log', roles: ['patient', 'auditor'] },
  {
    to: '/emergency-access',
    group: 'access',
    label: 'Emergency Access',
    roles: ['patient', 'doctor', 'auditor'],
  },
  { to: '/audits', group: 'ledger', label: 'Audits', roles: ['auditor', 'hospital-admin', 'system-manager'] },
  { to: '/reports', group: 'ledger', label: 'Reports', roles: ALL },
  {
    to: '/network',
    group: 'ledger',
    label: 'Network',
    roles: ['system-manager', 'hospital-admin', 'auditor'],
  },
  { to: '/guardians', group: 'access', label: 'Guardians', roles: ['patient'] },
  { to: '/keys', group: 'account', label: 'Keys', roles: ['patient'] },
  { to: '/account', group: 'account', label: 'Change Password', roles: ALL },
];

export const menuOf = (role: string, group: MenuGroup): MenuEntry[] =>
  MENU.filter((entry) => entry.group === group && entry.roles.includes(role));

export const maySee = (to: MenuEntry['to'], role: string): boolean =>
  MENU.some((entry) => entry.to === to && entry.roles.includes(role));

export const ROLE_NAMES: Readonly<Record<string, string>> = {
  'system-manager': 'System manager',
  'hospital-admin': 'Hospital administrator',
  doctor: 'Doctor',
  verifier: 'Verifier',
  sanitizer: 'Sanitiser',
  auditor: 'Auditor',
  researcher: 'Researcher',
  patient: 'Patient',
};

export const roleName = (role: string): string => ROLE_NAMES[role] ?? role;
