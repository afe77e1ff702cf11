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

export interface OrganizationAuthorities {
  /** SHA-256 (hex) of the DER of each authority's certificate. */
  authorities: string[];
  /** PEM of the ministry's service. */
  certificate: string;
  /** Base64 DER ECDSA over SHA-256 of the canonical JSON of {mspId, authorities}. */
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
  /** Which authorities issue its certificates, signed by the ministry's service; null until the ministry has. */
  authorities: OrganizationAuthorities | null;
  /** Whether the gateway asked takes sign-ins for it. */
  signIn?: boolean;
  status?: 'active' | 'suspended';
  /** Keys that consents to its care teams are made to. */
  careTeams?: { teamId: string; kind: 'treating' | 'duty' | 'named'; epoch: number; publicKey: string }[];
}

/** A care team of the caller's own hospital. */
export interface CareTeamAnswer {
  teamId: string;
  kind: 'treating' | 'duty' | 'named';
  epoch: number;
  publicKey: string;
  /** Staff ids of a named team. */
  members: string[];
  isMember: boolean;
  ledger?: LedgerPart;
}

/** What a PATCH takes: left out stays, `null` clears. */
export type Changes<T> = { [Name in keyof T]?: T[Name] | null };

export interface SignedInUser {
  username: string;
  organization: string;
  role: string;
  subject: string;
  displayName: string;
}

export interface SessionAnswer {
  token: string;
  csrfToken: string;
  expiresAt: string;
  user: SignedInUser;
}

/** Without token where the browser's cookie has it. */
export type CurrentSession = Omit<SessionAnswer, 'token'> & { token?: string };

export interface OwnSession extends SignedInUser {
  sessionId: string;
  csrfToken: string;
  expiresAt: string;
  /** Of a patient: what is still to be asked. */
  openChoices?: Choice[];
}

export interface SessionSummary {
  id: string;
  createdAt: string;
  lastUsedAt: string;
  expiresAt: string;
  remember: boolean;
  current: boolean;
}

export interface DoctorInput {
  name: string;
  specialization: string;
  contactNo?: string;
  email?: string;
  address?: string;
}

export interface DoctorAnswer {
  id: string;
  mspId: string;
  organization: string;
  /** Null where the caller's organisation holds no staff details (the ministry). */
  name: string | null;
  specialization: string | null;
  status: 'active' | 'suspended' | 'revoked';
  version: number;
  contactNo?: string | null;
  email?: string | null;
  address?: string | null;
  ledger?: LedgerPart;
}

/** Who holds a member of staff's secret keys. */
export type KeyHolder = 'gateway' | 'device';

export interface UserInput {
  username: string;
  role: string;
  doctorId?: string;
  displayName: string;
  /** `gateway` unless given. */
  keyHolder?: KeyHolder;
}

export interface UserCreated {
  username: string;
  initialPassword: string;
  subject: string;
  ledger?: LedgerPart;
}

export interface UserListing {
  username: string;
  displayName: string;
  role: string;
  subject: string;
  status: 'active' | 'suspended' | 'revoked';
  keyHolder: KeyHolder;
  /** Nobody has changed the administrator's password yet. */
  initialPassword: boolean;
  createdAt: string;
}

export interface UserChanged extends UserListing {
  /** Only after a reset. */
  newPassword?: string;
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
  version: number;
  activationCode?: string;
  card?: { code: string };
  /** SHA-256 of the ministry's root certificate, hex, for the letter. */
  rootFingerprint?: string;
  ledger?: LedgerPart;
}

/** A letter's code in place of a lost one; shown once. */
export interface ActivationLetter {
  registrationNo: string;
  activationCode: string;
  rootFingerprint: string;
}

export interface EncounterInput {
  class: 'AMB' | 'IMP';
  doctorId: string;
  reason: string;
  period: { start: string; end?: string };
  card?: string;
}

export interface EncounterAnswer {
  id: string;
  class: 'AMB' | 'IMP';
  doctorId: string;
  reason: string;
  period: { start: string; end?: string };
  status: 'in-progress' | 'finished';
}

/** A visit or admission that a doctor was arranged for. */
export interface OwnEncounterAnswer extends EncounterAnswer {
  registrationNo: string;
  /** Null for a patient of another hospital. */
  patientName: string | null;
}

/** Begun within: instants of RFC 3339, `to` not included. A visit of which only the day is known counts by their days as they are written. */
export interface OwnEncounterQuery extends PageQuery {
  from?: string;
  to?: string;
}

export interface ClinicalItem {
  text: string;
  code?: { system: string; code: string; display: string };
  value?: string | number;
  unit?: string;
  date?: string;
  abnormal?: boolean;
  /** Of vital signs and laboratory data: what is usual, for example `3.5–5.1`. */
  range?: string;
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
  /** The author, and where the record names some, its verifiers. */
  recipients: { kind: 'author' | 'verifier'; subject: string; publicKey: string }[];
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

/** A version's entry as its owner, author or hospital sees it; never content. */
export interface RecordAnswer {
  recordId: string;
  version: number;
  status: 'created' | 'sealed' | 'blinded' | 'sanitized' | 'uploaded' | 'attested' | 'chained';
  next: { step: string; role: string } | null;
  ledgerId: string;
  registrationNo: string | null;
  hospital: string;
  /** Staff id. */
  author: string;
  policyVersion: number;
  steps: string[];
  createdAt: string | null;
  chainedAt: string | null;
  sealedBy: 'device' | 'hospital' | null;
  contentHash: string | null;
  prevHash: string | null;
  /** The title line, for owner and author where their hospital has it. */
  effectiveDate: string | null;
  disease: string | null;
  /** Likewise. */
  recordType: string | null;
  scope: 'general' | 'sensitive' | null;
  /** What audits have last shown of the version's two files; null without audited files. */
  lastProven: Record<AuditedKind, FileStanding> | null;
}

/** A step that a version has behind it; of the integrity steps those of the present round. */
export interface StepDone {
  step: string;
  /** Staff id; null where the ledger does not say whether author or hospital's service did it. */
  by: string | null;
  at: string | null;
  transactionId: string;
}

/** Bytes in the cloud: SHA-256, which is their address, and length. */
export interface ObjectReference {
  digest: string;
  bytes: number;
}

/** Answer of `GET /records/{id}`. */
export interface RecordDetails extends RecordAnswer {
  stepsDone: StepDone[];
  /** Staff ids; null without the integrity steps. */
  panel: { sanitizer: string; verifiers: string[]; threshold: number } | null;
  /** Null before the first blinding. */
  integrity: {
    /** Blindings so far. */
    round: number;
    blinded: {
      keyEpoch: number;
      parametersVersion: number;
      /** Base64. */
      tags: { sealed: string; sanitized: string };
      packageDigest: string;
      packageBytes: number;
      profile: 'minimal' | 'research';
      coverage: { replacedSectors: number; keptBytes: number; leastKeptInBlock: number };
    } | null;
    sanitized: { by: string; object: ObjectReference; signedFile: ObjectReference } | null;
    uploaded: { by: string; sealedSignedFile: ObjectReference } | null;
    attestations: { verifier: string; at: string; transactionId: string }[];
    /** Why the last round came back. */
    returned: { by: string; step: 'sanitize' | 'attest'; reasonCode: string; at: string } | null;
  } | null;
}

/** Why the last round of a record came back. */
export type ReturnedRound = NonNullable<NonNullable<RecordDetails['integrity']>['returned']>;

/** Steps for whose turn `GET /records?awaiting=` can be asked. */
export type AwaitedStep = 'blind' | 'sanitize' | 'attest';

/** A record that waits for the caller; nothing of anybody's. */
export interface WorkItem {
  recordId: string;
  version: number;
  step: AwaitedStep;
  status: RecordAnswer['status'];
  round: number;
  hospital: string;
  /** Staff id. */
  author: string;
  profile: 'minimal' | 'research' | null;
  attestations: number;
  threshold: number;
  returned: ReturnedRound | null;
  /** Of the last act. */
  since: string | null;
}

/** How much of a document says anything. */
export interface DocumentCoverage {
  blocks: number;
  replacedSectors: number;
  byteLength: number;
  keptBytes: number;
  /** keptBytes / byteLength. */
  keptShare: number;
  leastKeptInBlock: number;
  blocksWithContent: number;
  /** blocksWithContent / blocks. */
  contentShare: number;
}

export type PackageReturnReason =
  'BAD_PACKAGE' | 'BAD_AUTHENTICATOR' | 'PERSONAL_DATA_LEFT' | 'TOO_MUCH_REPLACED';
export type AttestReturnReason =
  'DOCUMENT_WRONG' | 'PERSONAL_DATA_LEFT' | 'TOO_MUCH_REPLACED' | 'OBJECT_MISSING';

/** What the named sanitiser decides about. */
export interface SanitizingAnswer {
  recordId: string;
  version: number;
  round: number;
  hospital: string;
  author: string;
  profile: 'minimal' | 'research';
  /** Null for a package that can be sanitised. */
  fault: {
    code: PackageReturnReason;
    detail: string;
    errors?: { field: string; message: string }[];
  } | null;
  /** The FHIR document as it will be stored; null where the package does not open. */
  document: unknown;
  /** `path` of personal sectors is the element that they are in, of the organisation's the elements themselves. */
  replaced: { path: string; kind: 'personal' | 'organisation'; sectors: number }[];
  coverage: DocumentCoverage | null;
  returned: ReturnedRound | null;
}

/** What a named verifier decides about. */
export interface AttestingAnswer {
  recordId: string;
  version: number;
  round: number;
  author: string;
  profile: 'minimal' | 'research';
  /** Empty where everything that is stored is what it must be. */
  findings: { code: AttestReturnReason; detail: string; path?: string }[];
  /** The sanitised FHIR document; null where it cannot be read. */
  sanitized: unknown;
  coverage: DocumentCoverage | null;
  threshold: number;
  attestations: { verifier: string; at: string; transactionId: string }[];
  returned: ReturnedRound | null;
  receipt: { receiptId: string; recordIds: string[]; basis: string; blockNumber: number };
}

export interface SanitizedRecord {
  recordId: string;
  version: number;
  hospital: string;
  profile: 'minimal' | 'research';
  coverage: { replacedSectors: number; keptBytes: number; leastKeptInBlock: number };
  /** SHA-256 (hex) of the object, held against the ledger. */
  digest: string;
  /** A FHIR R4 document Bundle with masked values. */
  document: unknown;
  /** Null for the owner. */
  receipt: { receiptId: string; basis: string; blockNumber: number } | null;
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
  receipt: {
    receiptId: string;
    recordIds: string[];
    basis: string;
    consentId?: string;
    blockNumber?: number;
  };
  /** In the form it was written: the eight sections, or a FHIR R4 document Bundle. */
  document: unknown;
  /** The FHIR R4 document Bundle that is sealed. */
  bundle: unknown;
  version: number;
  selector: { date: string; recordType: string; scope: 'general' | 'sensitive' };
  titleLine: { date: string; disease: string };
}

export interface ReportRow {
  recordId: string;
  version?: number;
  ehrDate: string | null;
  patient: string | null;
  doctor: string | null;
  disease: string | null;
  /** MSP id of the hospital that wrote it. */
  hospital: string;
  hash: string;
  prevHash: string;
  prevHashValid: boolean;
  /** Whether the record's stored objects are as they were written. */
  objectsValid: boolean;
  /** The patient is being erased, or was: hashes are all that is left. */
  erased?: boolean;
  sealed?: { recordId: string };
}

export interface Fault {
  /** `block`, `entry` or `object`. */
  kind: string;
  id: string;
  reason: string;
  /** Of an object: the record it belongs to. */
  recordId?: string;
}

export interface ReportAnswer {
  rows: ReportRow[];
  chainValid: boolean;
  firstInvalid: Fault | null;
  checkedAt: string;
  nextCursor?: string | null;
  total?: number;
}

/** Where the walk is: which part, and how much of it is done. */
export interface VerificationProgress {
  phase: 'blocks' | 'objects';
  done: number;
  total: number;
}

/** What the walk over the whole channel found. */
export interface FullVerdict {
  chainValid: boolean;
  firstInvalid: Fault | null;
  invalidCount: number;
  checked: { blocks: number; transactions: number; entries: number; objects: number };
  checkedAt: string;
}

export interface BlockSummary {
  number: number;
  /** As the block says; null when it cannot be read. */
  header: { number: number; previousHash: string; dataHash: string } | null;
  /** As its bytes give. */
  recomputed: { headerHash: string; dataHash: string } | null;
  valid: boolean;
  reason: string | null;
  transactionCount: number;
}

export interface TransactionSummary {
  transactionId: string;
  blockNumber: number;
  position: number;
  chaincode: string;
  function: string;
  validationCode: string;
  creator: string;
  endorsers: string[];
  timestamp: string | null;
}

export interface BlockDetail extends BlockSummary {
  commitHash: string | null;
  transactions: TransactionSummary[];
}

/** Of an access log: which reads; instants RFC 3339 in UTC, `to` not included. */
export interface AccessLogQuery extends PageQuery {
  reader?: string;
  /** MSP id. */
  organization?: string;
  basis?: string;
  consentId?: string;
  recordId?: string;
  from?: string;
  to?: string;
}

/** Who and what is in a whole access log, to narrow it by. */
export interface AccessLogChoices {
  readers: (Pick<AccessLogItem, 'reader' | 'readerName' | 'organization' | 'organizationName'> & {
    reads: number;
  })[];
  bases: string[];
  consentIds: string[];
  recordIds: string[];
}

/** Counts by month (`YYYY-MM`); a part is null for those who may not see it. */
export interface StatisticsAnswer {
  /** Oldest first. */
  months: string[];
  visits: { month: string; outpatient: number; admissions: number }[] | null;
  /** Patients by disease; what fewer than `least` patients have is left out. */
  diseases: { items: { disease: string; patients: number }[]; least: number; suppressed: number } | null;
  /** Consents in force: to people of the administrator's hospital, or those under which a doctor reads. */
  consents: { purpose: string; consents: number }[] | null;
  accesses: {
    of: 'own-records' | 'own' | 'organization' | 'network';
    items: { month: string; basis: string; reads: number }[];
  };
  audits: { month: string; status: 'intact' | 'failed' | 'aborted'; audits: number }[] | null;
}

/** How the network is. */
export interface NetworkAnswer {
  channel: string;
  checkedAt: string;
  organizations: {
    mspId: string;
    name: string;
    kind: 'ministry' | 'hospital';
    status: string;
    /** Blocks on its peer; null where the gateway asked does not serve it, or the peer does not answer. */
    height: number | null;
    isServedHere: boolean;
    isAgent: boolean;
    isCustodian: boolean;
    staff: number;
    patients: number;
    records: number;
  }[];
  blocks: {
    height: number;
    transactions: number;
    invalid: number;
    /** The last 24, oldest first. */
    hours: { hour: string; blocks: number; transactions: number }[];
  };
  /** Of the files of all chained records. */
  audits: {
    everyDays: number;
    files: number;
    covered: number;
    failing: number;
    neverAudited: number;
    open: number;
    /** Without a proof for longest; `since` is its last one, or when it was chained. */
    oldestUnproven: {
      recordId: string;
      version: number;
      kind: 'sealed' | 'sanitized';
      since: string;
      isNeverProven: boolean;
    } | null;
  };
}

/** One read of a patient's records, as its receipt on the ledger says. */
export interface AccessLogItem {
  receiptId: string;
  at: string | null;
  reader: string;
  readerName: string | null;
  organization: string;
  organizationName: string | null;
  basis: string;
  consentId: string | null;
  recordIds: string[];
  /** The receipt by itself, to keep and to have verified. */
  statement: ReceiptStatement;
  ledger: LedgerPart;
}

/** `medseal/receipt/1`: what the access log says of one read, as others can have it verified. */
export interface ReceiptStatement {
  format: 'medseal/receipt/1';
  channel: string;
  receiptId: string;
  reader: string;
  organization: string;
  basis: string;
  consentId: string | null;
  recordIds: string[];
}

/** `medseal/document/1`: a record's document with the salt of its commitment on the ledger. */
export interface DocumentStatement {
  format: 'medseal/document/1';
  channel: string;
  recordId: string;
  version: number;
  salt: string;
  document: unknown;
}

/** The certificate once `status` is `erased`; it is a statement for `POST /verify` as it is. */
export interface ErasureCertificate {
  format: string;
  channel: string;
  status: 'erasing' | 'erased';
  ledgerId: string;
  /** MSP id of the home hospital. */
  home: string;
  requestedAt: string;
  requestedBy: 'patient' | 'hospital-admin';
  transactionId: string;
  erasedAt: string | null;
  attestations: { organization: string; at: string; transactionId: string }[];
  /** MSP ids that have still to attest. */
  waitingFor: string[];
  /** MSP ids that were suspended when the others had attested, and had not. */
  unattested?: string[];
  /** Until when the law has an organisation that is waited for keep its records. */
  keptUntil?: Record<string, string>;
  /** What it does not promise. */
  limit: string;
}

export interface Verification {
  kind: 'receipt' | 'document' | 'erasure';
  verdict: 'valid' | 'changed' | 'revoked' | 'erased' | 'unknown';
  issuer: { mspId: string; name: string | null } | null;
  transactionId: string | null;
  blockNumber: number | null;
  reason: string | null;
  checkedAt: string;
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

/** A question to one organisation; nothing is written by it. */
export interface Question extends Signing {
  mspId: string;
}

/**
 * Answer 202 to a member of staff whose device holds the keys: what it signs before the same request, repeated with its
 * Idempotency-Key, can go on; see `StaffDevice`.
 */
export interface ToSign {
  repeat?: true;
  signing?: Signing;
  questions?: Question[];
}

/** The caller's own keys as staff; public ones are those on the ledger, hex. */
export interface StaffKeysAnswer {
  keyHolder: KeyHolder;
  mspId: string;
  channel: string;
  /** PEM; null before a device has one. */
  certificate: string | null;
  /** Subject of the certificate request that a device may send now. */
  enrollmentId: string;
  receivingKey: string | null;
  readerKey: string | null;
}

/** What an organisation decides for its own gateway. */
export interface OrganizationSettings {
  staffKeys: 'gateway' | 'device-allowed';
}

export interface ActivationBegin {
  enrollmentId: string;
  ledgerId: string;
  registrationNo: string;
  channel: string;
  scopes: { general: string; sensitive: string };
  agents: OrganizationKey[];
  custodian: OrganizationKey | null;
  /** Null while there is none. */
  emergencyKey: EmergencyKeyAnswer | null;
  /** To whom the consents are that may be given together with the activation. */
  choices: { standingConsent: GranteeAnswer | null; emergencyGrant: GranteeAnswer | null };
}

/** What the gateway keeps for a device: blobs only the passphrase opens. */
export interface WrappedSeed {
  seed: unknown;
  /** What the device keeps to since it made its keys, under a key of the seed; missing in those of 0.1.0. */
  facts?: string;
}

/** Of a patient. */
export interface Keyring extends WrappedSeed {
  /** `epochs`: of each scope; a gateway before there were any has `epoch` alone. */
  scopes: {
    general: string;
    sensitive: string;
    epoch: number;
    epochs?: { general: number; sensitive: number };
  };
}

/** ABDM's codes; the agents refuse `BTG`, emergencies have their own way. */
export type ConsentPurpose = 'CAREMGT' | 'BTG' | 'PUBHLTH' | 'HPAYMT' | 'DSRCH' | 'PATRQT';

/** What a consent is for: private, the ledger only commits to it. Days included, instants RFC 3339 in UTC with ms. */
export interface TermsOfConsent {
  purpose: ConsentPurpose;
  recordTypes: string[];
  dateRange: { from: string; to: string };
  dataEraseAt: string;
}

export interface GranteeReference {
  kind: 'person' | 'guardian' | 'careTeam' | 'emergency';
  /** Staff id, team id or the digest of the emergency key. */
  id: string;
}

/** The key that emergency grants are made to; points and keys hex. */
export interface EmergencyKeyAnswer {
  epoch: number;
  digest: string;
  publicKey: string;
  proof: string;
  /** How many of the custodians open. */
  threshold: number;
  custodians: { mspId: string; publicKey: string; check: string; shareDigest: string }[];
  /** The ministry, whose service vouches for it. */
  mspId: string;
  certificate: string;
  signature: string;
}

/** Key of a grantee as it is registered on the ledger, hex. */
export interface GranteeKey extends GranteeReference {
  mspId: string;
  publicKey: string;
  /** Proof of possession, over MSP id and certificate. */
  proof: string;
  certificateHash: string;
  /** PEM; null where its holder has yet to sign in again. */
  certificate: string | null;
  epoch: number;
}

/** The public consent: argument of `consent:grant`. */
export interface ConsentFields {
  consentId: string;
  requestId: string | null;
  grantee: Omit<GranteeKey, 'proof' | 'certificate'>;
  scopes: {
    scopeId: string;
    epoch: number;
    publicKey: string;
    points: string[];
    shareDigests: string[];
  }[];
  /** Ascending by MSP id. */
  agents: { mspId: string; publicKey: string }[];
  threshold: number;
  expiresAt: string;
  termsCommitment: string;
  /** The delivery of the terms to the grantee's organisation. */
  termsId?: string;
}

/** Body of a grant: bytes are base64, and only the organisation named can open them. */
export interface GrantBody {
  fields: ConsentFields;
  sealedShares: { mspId: string; bytes: string }[];
  sealedOpenings: { mspId: string; deliveryId: string; bytes: string }[];
  /** The terms, sealed by the owner's device to itself: nobody else keeps them for the owner to read. */
  ownTerms?: string;
}

/** The key with which a patient reads as a guardian, and what its proof of possession is bound to. */
export interface GuardianKeyAnswer {
  mspId: string;
  /** PEM. */
  certificate: string;
  key: { publicKey: string; epoch: number } | null;
}

/** What a guardian's device signs to ask one agent; base64, `proposal` goes back as it is. */
export interface GuardianQuestion {
  mspId: string;
  proposal: string;
  bytes: string;
}

export interface GuardianAnswersInput {
  consentId: string;
  receiptId: string;
  version: number;
  questions: { mspId: string; proposal: string; signature: string }[];
}

/** A scope of the owner as it is now. */
export interface ScopeAnswer {
  scopeId: string;
  label: 'general' | 'sensitive';
  epoch: number;
  publicKey: string;
  /** Versions of records without a key slot of this epoch. */
  lacking: number;
}

/** A version of a record without a key slot of its scope's current epoch, with what a device needs to add one. */
export interface LackingSlot {
  channel: string;
  recordId: string;
  version: number;
  ledgerId: string;
  scopeId: string;
  epoch: number;
  /** Base64; null where the store has lost or altered it. */
  header: string | null;
  headerDigest: string;
  sealedDigest: string;
  dekCommitment: string;
}

/** What every patient is asked, at activation or at a later sign-in. */
export type Choice = 'standingConsent' | 'researchConsent' | 'emergencyGrant';

export interface ChoiceAnswer {
  choice: Choice;
  state: 'open' | 'given' | 'withheld' | 'revoked';
  /** Of the newest consent to that grantee. */
  consentId: string | null;
  /** To whom such a consent is; null for research. */
  grantee: (GranteeReference & { mspId: string }) | null;
}

/** Body of choices: a consent as the device made it, or false to withhold it; left out stays as it is. */
export interface ChoicesBody {
  standingConsent?: GrantBody | false;
  researchConsent?: boolean;
  emergencyGrant?: GrantBody | false;
}

/** Answer of an open under a consent, for the reader's device. */
export interface OpenedUnderConsent extends Omit<OpenedRecord, 'elements'> {
  /** Base64: the one that the agents answered for. */
  capsule: string;
  /** The public consent on the ledger. */
  consent: Omit<ConsentFields, 'requestId'> & { ledgerId: string };
  /** One an agent, base64. */
  elements: { mspId: string; scopeId: string; epoch: number; element: string }[];
  /** Of a consent to a care team, where the member's device holds the keys: the team's key sealed to it, base64. */
  teamKey?: string;
}

export interface GranteeAnswer {
  channel: string;
  /** How many agents a consent needs now. */
  threshold: number;
  grantee: GranteeKey;
  /** Where the grantee is one: for the device to check. */
  emergencyKey?: EmergencyKeyAnswer;
}

/** `ended`: the grantee's organisation has erased what it was given, and can open nothing more. */
export type ConsentStatus = 'granted' | 'active' | 'ended' | 'expired' | 'revoked';

/** A consent as its owner and grantee see it; the terms are not public. */
export interface ConsentAnswer extends Omit<ConsentFields, 'requestId' | 'agents'> {
  ledgerId: string;
  status: ConsentStatus;
  agents: {
    mspId: string;
    publicKey: string;
    answer: 'accepted' | 'complained' | null;
    code: string | null;
  }[];
  grantedAt: string;
  revokedAt: string | null;
  /** MSP ids of agents whose purge after the consent's end is not done yet. */
  purging: string[];
  /** For the owner: see `PatientDevice.openOwnTerms`; null where a device made none. */
  ownTerms?: string | null;
  /** When the grantee's organisation said that it holds nothing of the consent any more. */
  dataErased?: { organization: string; at: string; transactionId: string } | null;
  /** Epoch of the grantee's key as it is registered now; another one than `grantee.epoch` calls for a new consent. */
  granteeEpoch?: number | null;
  /** For the owner: what the device has yet to sign, `grant`, `share/<mspId>` or `terms/<mspId>`. */
  missing?: string[];
}

/** A record that a consent opens for its grantee; date and type as they were handed over. */
export interface ConsentedRecord {
  recordId: string;
  version: number;
  date: string;
  recordType: string;
  hospital: string;
  author: string;
}

export interface ConsentContents extends Page<ConsentedRecord> {
  consentId: string;
  ledgerId: string;
  status: ConsentStatus;
  expiresAt: string;
  /** Null until they have been handed over, and after the consent's end. */
  terms: TermsOfConsent | null;
  /** What the home hospital handed over of the owner: `identity` with name, birthDate and gender, and so on. */
  patient: Partial<Record<string, Record<string, unknown>>>;
}

export interface ConsentPreview {
  recordId: string;
  opens: boolean;
  rule: string;
  needsEncounter: boolean;
  consentId: string | null;
}

/** Asking for a consent; the owner may narrow it. */
export interface ConsentRequestInput extends TermsOfConsent {
  registrationNo: string;
  /** The caller if not given. */
  grantee?: GranteeReference;
  expiresAt: string;
}

export interface ConsentRequestAnswer extends TermsOfConsent {
  requestId: string;
  askedAt: string;
  from: { mspId: string; subject: string; role: string };
  registrationNo: string;
  grantee: GranteeReference;
  expiresAt: string;
  answer: 'granted' | 'denied' | null;
  consentId: string | null;
}

/** A person as the caller's own organisation knows them. */
export interface NoticePerson {
  subject: string;
  name: string | null;
  mspId: string;
  organizationName: string | null;
}

/** What `GET /events` tells its caller; `at` is when the transaction was made. */
export type Notice = { at: string | null } & (
  | { type: 'consent.requested'; requestId: string; from: NoticePerson }
  | { type: 'consent.granted'; consentId: string; requestId: string | null }
  | { type: 'consent.denied'; requestId: string }
  | {
      type: 'consent.active' | 'consent.revoked' | 'consent.expired';
      consentId: string;
      grantee: NoticePerson & { kind: GranteeReference['kind'] };
    }
  | {
      type: 'consent.complained';
      consentId: string;
      mspId: string;
      organizationName: string | null;
      code: string | null;
    }
  | {
      type: 'record.read';
      receiptId: string;
      /** The owner: the caller, or whose guardian the caller is. */
      ledgerId: string;
      reader: NoticePerson;
      byGuardian: boolean;
      basis: string;
      consentId: string | null;
      recordIds: string[];
    }
  | { type: 'emergency.opened'; emergencyId: string; reader: NoticePerson; until: string | null }
  | {
      type: 'audit.failed';
      auditId: string;
      recordId: string;
      version: number;
      kind: AuditedKind;
      hospital: string;
      organizationName: string | null;
      reason: string | null;
    }
);

/** Which of a record's files: the sealed one, or the sanitised document. */
export type AuditedKind = 'sealed' | 'sanitized';
export type AuditStatus = 'opened' | 'contributed' | 'revealed' | 'intact' | 'failed' | 'aborted';

export interface AuditInput {
  recordId: string;
  kind: AuditedKind;
  /** The latest chained one if not given. */
  version?: number;
}

export interface AuditQuery extends PageQuery {
  recordId?: string;
  kind?: AuditedKind;
  status?: AuditStatus;
  /** MSP id of one that has a part: auditor, hospital or contributor. */
  organization?: string;
}

/** An audit as the ledger has it; numbers of 32 bytes are hex. */
export interface AuditAnswer {
  auditId: string;
  recordId: string;
  version: number;
  kind: AuditedKind;
  hospital: string;
  /** Staff id; null where the schedule opened it. */
  auditor: string | null;
  auditorMspId: string;
  contributor: string;
  status: AuditStatus;
  reason: string | null;
  /** The verdict, or what is awaited, in words. */
  statement: string;
  openedAt: string;
  closedAt: string | null;
  deadlines: { contributeBy: string; revealBy: string; proveBy: string };
  challenge: {
    tagHash: string;
    blocks: number;
    size: number;
    commitment: string;
    contribution: string | null;
    revealed: string | null;
    seed: string | null;
  };
  /** Probability that the audit meets an alteration of one block, and of one block in a hundred. */
  detection: { everyBlock: boolean; oneBlock: number; onePercent: number };
  proofDigest: string | null;
  /** What the record's hospital has done since; for its own people. */
  repair: { outcome: 'whole' | 'restored' | 'lost'; at: string } | null;
}

/** What audits have last shown of one file. */
export interface FileStanding {
  /** The last audit that found it intact; null before there was one. */
  auditId: string | null;
  provenAt: string | null;
  /** A later audit that failed, and has not been followed by an intact one. */
  failed: { auditId: string; reason: string | null; at: string } | null;
}

export type EmergencyReason = 'UNRESPONSIVE' | 'LIFE_THREATENING' | 'CANNOT_CONSENT' | 'URGENT';
export type EmergencyVerdict = 'justified' | 'unjustified';

/** Breaking the glass; the text is for the reviewing organisation's auditors alone. */
export interface EmergencyInput {
  registrationNo: string;
  /** The code on the card, for another hospital's patient. */
  card?: string;
  reasonCode: EmergencyReason;
  reason: string;
  /** From 1 to 120; 3 if not given. */
  hours?: number;
}

/** A case as its doctor, its patient or its reviewers see it. */
export interface EmergencyAnswer {
  emergencyId: string;
  ledgerId: string;
  consentId: string;
  reader: string;
  readerName: string | null;
  mspId: string;
  reasonCode: EmergencyReason;
  openedAt: string;
  until: string;
  /** MSP id of the organisation whose auditors close it. */
  reviewer: string;
  /** `ended`: past its window and not reviewed yet; `overdue`: for seven days. */
  status: 'open' | 'ended' | 'overdue' | 'closed';
  overdue: boolean;
  closedAt: string | null;
  closedBy: string | null;
  verdict: EmergencyVerdict | null;
  /** For doctors of a hospital that holds it. */
  registrationNo: string | null;
  /** For auditors of the reviewing organisation. */
  reason?: string | null;
}

export interface EmergencyRecordAnswer {
  recordId: string;
  version: number;
  hospital: string;
  author: string;
  createdAt: string | null;
}

/** Answer of an open in an emergency, for the reader's device. */
export interface OpenedInEmergency extends OpenedUnderConsent {
  emergencyKey: EmergencyKeyAnswer;
  /** One a custodian, base64, sealed to the reader's receiving key. */
  custodianAnswers: { mspId: string; sealed: string }[];
  receipt: OpenedUnderConsent['receipt'] & { emergencyId: string };
}
