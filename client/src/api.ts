/** Shapes of the REST contract (docs: `/api/docs`). Dates `YYYY-MM-DD`, instants RFC 3339 in UTC, ids opaque. */

export interface LedgerPart {
  transactionId: string;
  blockNumber: number;
  validationCode: string;
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
  total: number;
}

export interface PageQuery {
  limit?: number;
  cursor?: string;
  q?: string;
  sort?: string;
  [name: string]: string | number | undefined;
}

/** A public key of an organisation, signed by its service, whose certificate chains to the ministry's root. */
export interface OrganizationKey {
  kind: string;
  epoch: number;
  publicKey: string;
  certificate: string;
  signature: string;
}

export interface OrganizationAnswer {
  id: string;
  mspId: string;
  name: string;
  kind: 'ministry' | 'hospital';
  code?: string;
  keys: OrganizationKey[];
  /** PEM: intermediate certificates between the organisation's certificates and the ministry's root. */
  caChain?: string[];
}

export interface SessionAnswer {
  token: string;
  csrfToken: string;
  expiresAt: string;
  user: { username: string; organization: string; role: string; subject: string; displayName: string };
}

export interface DoctorInput {
  name: string;
  specialization: string;
  contactNo?: string;
  email?: string;
  address?: string;
}

export interface DoctorAnswer extends DoctorInput {
  id: string;
  organization?: string;
  ledger?: LedgerPart;
}

export interface UserInput {
  username: string;
  role: string;
  doctorId?: string;
  displayName: string;
}

export interface UserCreated {
  username: string;
  initialPassword: string;
  subject: string;
  ledger?: LedgerPart;
}

export interface PatientInput {
  name: string;
  birthDate?: string;
  gender?: string;
  contactNo?: string;
  email?: string;
  address?: string;
  doctorId?: string;
  guardian?: { name: string; relationship: string; contactNo?: string };
}

export interface PatientAnswer extends PatientInput {
  registrationNo: string;
  ledgerId: string;
  keyState: 'keyless' | 'active';
  opdVisits: number;
  admissions: number;
  activationCode?: string;
  card?: { code: string };
  ledger?: LedgerPart;
}

export interface EncounterInput {
  class: 'AMB' | 'IMP';
  doctorId: string;
  reason: string;
  period: { start: string; end?: string };
  card?: string;
}

export interface ClinicalItem {
  text: string;
  code?: { system: string; code: string; display: string };
  value?: string | number;
  unit?: string;
  date?: string;
  abnormal?: boolean;
}

export const SECTIONS = [
  'progressNotes',
  'problems',
  'medications',
  'vitalSigns',
  'pastMedicalHistory',
  'immunizations',
  'labData',
  'radiologyReports',
] as const;

export type ClinicalSections = Partial<Record<(typeof SECTIONS)[number], ClinicalItem[]>>;

export interface RecordInput {
  registrationNo: string;
  effectiveDate: string;
  disease: string;
  document: ClinicalSections | Record<string, unknown>;
  scope?: 'general' | 'sensitive';
  recordType?: string;
}

export interface PreparedRecord {
  recordId: string;
  version: number;
  ledgerId: string;
  channel: string;
  scopeId: string;
  epoch: number;
  ownerKey?: string;
  /** While the patient is keyless: the writing hospital's custodian, its id in the header and its X25519 key. */
  custodian?: string;
  custodianKey?: string;
  recipients: { subject: string; publicKey: string }[];
  policyVersion: number;
  ledger?: LedgerPart;
}

export interface RecordStatus {
  recordId: string;
  version?: number;
  status: string;
  next: { step: string; role: string } | null;
  ledger?: LedgerPart;
}

export interface OpenedRecord {
  receipt: { receiptId: string; recordIds: string[] } | null;
  /** Base64: ciphertext chunks, and the header object with the key slots. */
  sealed: string;
  header: string;
  channel: string;
  recordId: string;
  version: number;
  ledgerId: string;
  sealedDigest: string;
  headerDigest: string;
  dekCommitment: string;
  commitments: { selector: string; titleLine: string; document: string };
  elements: unknown[];
}

/** Answer of `?decrypt=true`. */
export interface DecryptedRecord {
  receipt: { receiptId: string; recordIds: string[]; basis: string };
  /** In the form it was written: the eight sections, or a FHIR R4 document Bundle. */
  document: unknown;
  /** The FHIR R4 document Bundle that is sealed. */
  bundle: unknown;
}

export interface ReportRow {
  recordId: string;
  version?: number;
  ehrDate: string | null;
  patient: string | null;
  doctor: string | null;
  disease: string | null;
  hash: string;
  prevHash: string;
  prevHashValid: boolean;
  sealed?: { recordId: string };
}

export interface Fault {
  kind: string;
  id: string;
  reason: string;
}

export interface ReportAnswer {
  rows: ReportRow[];
  chainValid: boolean;
  firstInvalid: Fault | null;
  checkedAt: string;
  nextCursor?: string | null;
}

export interface Signing {
  id: string;
  stage: 'proposal' | 'transaction';
  /** Base64 of the bytes to be signed over their SHA-256. */
  bytes: string;
}

export interface ActAnswer {
  signing?: Signing;
  ledger?: LedgerPart;
  [name: string]: unknown;
}

export interface ActivationBegin {
  enrollmentId: string;
  ledgerId: string;
  registrationNo: string;
  channel: string;
  scopes: { general: string; sensitive: string };
  agents: OrganizationKey[];
  custodian: OrganizationKey | null;
  emergencyKey: string | null;
}

/** What the gateway keeps for a patient: blobs only the passphrase opens. */
export interface Keyring {
  seed: unknown;
  scopes: { general: string; sensitive: string; epoch: number };
}
