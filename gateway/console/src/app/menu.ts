/** The menu in the paper's words; a role sees what it may do and nothing else. */
export interface MenuEntry {
  to:
    | '/'
    | '/doctors'
    | '/patients'
    | '/records'
    | '/sanitizing'
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
  roles: readonly string[];
}

const HOSPITAL_STAFF = ['hospital-admin', 'doctor', 'verifier', 'sanitizer', 'auditor', 'researcher'];
const ALL = [...HOSPITAL_STAFF, 'system-manager', 'patient'];

export const MENU: readonly MenuEntry[] = [
  { to: '/', label: 'Dashboard', roles: ALL },
  { to: '/doctors', label: 'Doctors Info', roles: [...HOSPITAL_STAFF, 'patient'] },
  { to: '/patients', label: 'Patient Info', roles: ['hospital-admin', 'doctor', 'patient'] },
  {
    to: '/records',
    label: 'EHR Record',
    roles: ['hospital-admin', 'doctor', 'verifier', 'sanitizer', 'patient'],
  },
  { to: '/sanitizing', label: 'Generate Sanitized File', roles: ['sanitizer'] },
  { to: '/attesting', label: 'Attest Records', roles: ['verifier'] },
  { to: '/report', label: 'Blockchain Report', roles: ALL },
  { to: '/consents', label: 'Consents', roles: ['patient', 'doctor', 'hospital-admin'] },
  { to: '/access-log', label: 'Access Log', roles: ['patient', 'auditor'] },
  { to: '/emergency-access', label: 'Emergency Access', roles: ['patient', 'doctor', 'auditor'] },
  { to: '/audits', label: 'Audits', roles: ['auditor', 'hospital-admin', 'system-manager'] },
  { to: '/reports', label: 'Reports', roles: ALL },
  { to: '/network', label: 'Network', roles: ['system-manager', 'hospital-admin', 'auditor'] },
  { to: '/guardians', label: 'Guardians', roles: ['patient'] },
  { to: '/keys', label: 'Keys', roles: ['patient'] },
  { to: '/users', label: 'User Listing', roles: ['hospital-admin', 'system-manager'] },
  { to: '/account', label: 'Change Password', roles: ALL },
];

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
