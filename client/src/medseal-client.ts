import type {
  AccessLogChoices,
  AccessLogItem,
  AccessLogQuery,
  ActAnswer,
  ActivationBegin,
  ActivationLetter,
  AttestingAnswer,
  AttestReturnReason,
  AuditAnswer,
  AuditInput,
  AuditQuery,
  AwaitedStep,
  BlockDetail,
  BlockSummary,
  CareTeamAnswer,
  Changes,
  ChoiceAnswer,
  ChoicesBody,
  ConsentAnswer,
  ConsentContents,
  ConsentPreview,
  ConsentRequestAnswer,
  ConsentRequestInput,
  CurrentSession,
  DecryptedRecord,
  DoctorAnswer,
  DoctorInput,
  DocumentStatement,
  EmergencyAnswer,
  EmergencyInput,
  EmergencyKeyAnswer,
  EmergencyRecordAnswer,
  EmergencyVerdict,
  EncounterAnswer,
  EncounterInput,
  ErasureCertificate,
  FullVerdict,
  GrantBody,
  GranteeAnswer,
  GranteeReference,
  GuardianAnswersInput,
  GuardianKeyAnswer,
  KeyHolder,
  Keyring,
  LackingSlot,
  LedgerPart,
  NetworkAnswer,
  OpenedInEmergency,
  OpenedRecord,
  OpenedUnderConsent,
  OrganizationAnswer,
  OrganizationSettings,
  OwnSession,
  PackageReturnReason,
  OwnEncounterAnswer,
  OwnEncounterQuery,
  Page,
  PageQuery,
  PatientAnswer,
  PatientInput,
  PreparedRecord,
  ReceiptStatement,
  RecordAnswer,
  RecordDetails,
  RecordInput,
  RecordStatus,
  ReportAnswer,
  SanitizedRecord,
  SanitizingAnswer,
  ScopeAnswer,
  SessionAnswer,
  SessionSummary,
  StaffKeysAnswer,
  StatisticsAnswer,
  ToSign,
  TransactionSummary,
  UserChanged,
  UserCreated,
  UserInput,
  UserListing,
  Verification,
  VerificationProgress,
  WorkItem,
} from './api.js';
import { HttpTransport, ProblemError, problemOf, type SessionMode } from './http.js';
import { type NoticeEvent, readNotices } from './notices.js';

const segment = encodeURIComponent;

/** Optional parts of a write: a repeated key repeats the answer, not the act; `ifMatch` is the entry's ETag. */
export interface WriteOptions {
  idempotencyKey?: string;
  ifMatch?: string;
  /** Of a device that signs what the answer asks for, see `ToSign`; others get that answer as `KEYS_ON_DEVICE`. */
  signs?: boolean;
}

const keysOnDevice = (): ProblemError =>
  new ProblemError(
    409,
    'KEYS_ON_DEVICE',
    'This act needs your own device, which alone holds your keys: do it there.',
  );

/** The REST API, typed; one instance is one session. Every method throws ProblemError. */
export class MedsealClient {
  readonly http: HttpTransport;
  session?: CurrentSession;

  /** @param mode `cookie` in a browser: the session then rests in its HttpOnly cookie, see `resume` */
  constructor(baseUrl: string, fetchFunction?: typeof fetch, mode?: SessionMode) {
    this.http = new HttpTransport(baseUrl, fetchFunction, mode);
  }

  async #call<T>(
    method: string,
    path: string,
    body?: unknown,
    query?: PageQuery,
    options?: WriteOptions,
  ): Promise<T> {
    const { signs = false, ...headers } = options ?? {};
    const answer = (await this.http.request<T>(method, path, { body, query, ...headers })).body;
    if (!signs && (answer as ToSign | undefined)?.repeat === true) throw keysOnDevice();
    return answer;
  }

  // ---- sign-in

  async login(
    organization: string,
    username: string,
    password: string,
    rememberMe = false,
  ): Promise<SessionAnswer> {
    const session = await this.#call<SessionAnswer>('POST', '/auth/login', {
      organization,
      username,
      password,
      rememberMe,
    });
    this.#use(session);
    return session;
  }

  /** Goes on with the session of the browser's cookie. @throws ProblemError 401 without one */
  async resume(): Promise<CurrentSession> {
    const { csrfToken, expiresAt, sessionId: _sessionId, ...user } = await this.me();
    const session = { csrfToken, expiresAt, user };
    this.#use(session);
    return session;
  }

  async logout(): Promise<void> {
    await this.#call('POST', '/auth/logout');
    this.#use(undefined);
  }

  #use(session: CurrentSession | undefined): void {
    this.http.useSession(session);
    this.session = session;
  }

  me = () => this.#call<OwnSession>('GET', '/auth/me');

  sessions = () => this.#call<Page<SessionSummary>>('GET', '/auth/sessions');

  endSession = (id: string) => this.#call<void>('DELETE', `/auth/sessions/${segment(id)}`);

  changePassword = (currentPassword: string, newPassword: string) =>
    this.#call<void>('POST', '/auth/change-password', { currentPassword, newPassword });

  keyring = () => this.#call<Keyring>('GET', '/auth/keyring');

  /** Replaces all wrapped blobs. */
  putKeyring = (wrapped: Record<string, unknown>) => this.#call<Keyring>('PUT', '/auth/keyring', { wrapped });

  staffKeys = () => this.#call<StaffKeysAnswer>('GET', '/staff-keys');

  certifyStaffKey = (body: { enrollmentId: string; csr: string; wrapped: Record<string, unknown> }) =>
    this.#call<{ certificate: string }>('POST', '/staff-keys/certificate', body);

  /** See `StaffDevice.enrol`. */
  registerStaffKeys = (
    body: { receivingKey: string; readerKey?: string; proof?: string },
    options?: WriteOptions,
  ) => this.#call<StaffKeysAnswer & ToSign>('POST', '/staff-keys', body, undefined, options);

  settings = () => this.#call<OrganizationSettings>('GET', '/settings');

  changeSettings = (settings: OrganizationSettings) =>
    this.#call<OrganizationSettings>('PUT', '/settings', settings);

  beginActivation = (organization: string, activationCode: string) =>
    this.#call<ActivationBegin>('POST', '/auth/activate/begin', { organization, activationCode });

  activate = (body: Record<string, unknown>) => this.#call<ActAnswer>('POST', '/auth/activate', body);

  /** `signature`: base64 of a low-S DER signature over SHA-256 of the `signing` bytes. */
  sign = (id: string, signature: string) =>
    this.#call<ActAnswer>('POST', `/transactions/${segment(id)}/sign`, { signature });

  // ---- people

  organizations = () =>
    this.#call<{
      items: OrganizationAnswer[];
      rootCertificate?: string;
      /** Null while there is none. */
      emergencyKey?: EmergencyKeyAnswer | null;
    }>('GET', '/organizations');

  createUser = (input: UserInput, options?: WriteOptions) =>
    this.#call<UserCreated>('POST', '/users', input, undefined, options);

  users = (query?: PageQuery) => this.#call<Page<UserListing>>('GET', '/users', undefined, query);

  changeUser = (
    username: string,
    change: {
      action?: 'suspend' | 'resume' | 'revoke' | 'reset';
      displayName?: string;
      /** With `reset`. */
      keyHolder?: KeyHolder;
    },
  ) => this.#call<UserChanged>('PATCH', `/users/${segment(username)}`, change);

  createDoctor = (input: DoctorInput, options?: WriteOptions) =>
    this.#call<DoctorAnswer>('POST', '/doctors', input, undefined, options);

  doctors = (query?: PageQuery) => this.#call<Page<DoctorAnswer>>('GET', '/doctors', undefined, query);

  /** `null` clears a contact field. */
  changeDoctor = (id: string, change: Changes<DoctorInput>, options?: WriteOptions) =>
    this.#call<DoctorAnswer>('PATCH', `/doctors/${segment(id)}`, change, undefined, options);

  removeDoctor = (id: string, options?: WriteOptions) =>
    this.#call<{ ledger: LedgerPart }>('DELETE', `/doctors/${segment(id)}`, undefined, undefined, options);

  createPatient = (input: PatientInput, options?: WriteOptions) =>
    this.#call<PatientAnswer>('POST', '/patients', input, undefined, options);

  patients = (query?: PageQuery) => this.#call<Page<PatientAnswer>>('GET', '/patients', undefined, query);

  patient = (registrationNo: string) =>
    this.#call<PatientAnswer>('GET', `/patients/${segment(registrationNo)}`);

  /** `null` clears a field. */
  changePatient = (registrationNo: string, change: Changes<PatientInput>, options?: WriteOptions) =>
    this.#call<PatientAnswer>('PATCH', `/patients/${segment(registrationNo)}`, change, undefined, options);

  newActivationCode = (registrationNo: string, options?: WriteOptions) =>
    this.#call<ActivationLetter>(
      'POST',
      `/patients/${segment(registrationNo)}/activation-code`,
      {},
      undefined,
      options,
    );

  encounters = (registrationNo: string, query?: PageQuery) =>
    this.#call<Page<EncounterAnswer>>(
      'GET',
      `/patients/${segment(registrationNo)}/encounters`,
      undefined,
      query,
    );

  /** A doctor's own, newest first. */
  ownEncounters = (query?: OwnEncounterQuery) =>
    this.#call<Page<OwnEncounterAnswer>>('GET', '/encounters', undefined, query);

  openEncounter = (registrationNo: string, input: EncounterInput, options?: WriteOptions) =>
    this.#call<EncounterAnswer & { ledger: LedgerPart }>(
      'POST',
      `/patients/${segment(registrationNo)}/encounters`,
      input,
      undefined,
      options,
    );

  closeEncounter = (registrationNo: string, id: string, end?: string) =>
    this.#call<EncounterAnswer>(
      'POST',
      `/patients/${segment(registrationNo)}/encounters/${segment(id)}/close`,
      {
        end,
      },
    );

  // ---- records

  prepareRecord = (
    input: { registrationNo: string; scope: string; recordType: string; effectiveDate: string },
    options?: WriteOptions,
  ) => this.#call<PreparedRecord>('POST', '/records/prepare', input, undefined, options);

  /** Hospital-sealed: the author's own gateway seals in memory. */
  writeRecord = (input: RecordInput, options?: WriteOptions) =>
    this.#call<RecordStatus>('POST', '/records', input, undefined, options);

  records = (query?: PageQuery) => this.#call<Page<RecordAnswer>>('GET', '/records', undefined, query);

  /** Device-sealed: see `sealOnDevice`. */
  submitSealedRecord = (input: Record<string, unknown>, options?: WriteOptions) =>
    this.#call<RecordStatus>('POST', '/records', input, undefined, options);

  record = (id: string) => this.#call<RecordDetails>('GET', `/records/${segment(id)}`);

  recordVersions = (id: string) => this.#call<Page<RecordAnswer>>('GET', `/records/${segment(id)}/versions`);

  completeRecord = (id: string, options?: WriteOptions) =>
    this.#call<RecordStatus>('POST', `/records/${segment(id)}/complete`, {}, undefined, options);

  blindRecord = (id: string) => this.#call<RecordStatus>('POST', `/records/${segment(id)}/blind`, {});

  uploadRecord = (id: string) => this.#call<RecordStatus>('POST', `/records/${segment(id)}/upload`, {});

  /** Records that wait for the caller to take a step, what has waited longest first. */
  recordsAwaiting = (step: AwaitedStep, query?: PageQuery) =>
    this.#call<Page<WorkItem>>('GET', '/records', undefined, { ...query, awaiting: step });

  /** For the named sanitiser. */
  sanitizing = (id: string) => this.#call<SanitizingAnswer>('GET', `/records/${segment(id)}/sanitizing`);

  /** @param round the one that was looked at */
  sanitizeRecord = (id: string, round?: number) =>
    this.#call<RecordStatus>('POST', `/records/${segment(id)}/sanitize`, { round });

  returnPackage = (id: string, reason: PackageReturnReason, round?: number) =>
    this.#call<RecordStatus>('POST', `/records/${segment(id)}/sanitize`, { return: reason, round });

  /** For a named verifier; leaves a receipt. */
  attesting = (id: string) => this.#call<AttestingAnswer>('GET', `/records/${segment(id)}/attesting`);

  /** @param round the one that was looked at */
  attestRecord = (id: string, round?: number) =>
    this.#call<RecordStatus>('POST', `/records/${segment(id)}/attest`, { round });

  returnRecord = (id: string, reason: AttestReturnReason, round?: number) =>
    this.#call<RecordStatus>('POST', `/records/${segment(id)}/attest`, { return: reason, round });

  /** The sanitised document; leaves a receipt, unless it is the caller's own. */
  sanitizedRecord = (id: string, version?: number) =>
    this.#call<SanitizedRecord>('GET', `/records/${segment(id)}/sanitized`, undefined, { version });

  chainRecord = (id: string) => this.#call<RecordStatus>('POST', `/records/${segment(id)}/chain`, {});

  amendRecord = (id: string, input: Record<string, unknown>, options?: WriteOptions) =>
    this.#call<RecordStatus>('POST', `/records/${segment(id)}/amend`, input, undefined, options);

  /** @param version the newest that there is if not given */
  openRecord = (id: string, purpose = 'TREATMENT', options?: WriteOptions, version?: number) =>
    this.#call<OpenedRecord>('POST', `/records/${segment(id)}/open`, { purpose }, { version }, options);

  /** For the reader's device, see `openRecordAsReader`. */
  openRecordUnderConsent = (id: string, consentId: string, purpose = 'TREATMENT', options?: WriteOptions) =>
    this.#call<OpenedUnderConsent>(
      'POST',
      `/records/${segment(id)}/open`,
      { purpose, consentId },
      undefined,
      options,
    );

  /** Where the gateway holds the staff member's key. @param version the newest that there is if not given */
  async openRecordDecrypted(
    id: string,
    purpose = 'TREATMENT',
    consentId?: string,
    version?: number,
  ): Promise<DecryptedRecord> {
    const answer = await this.http.request<DecryptedRecord>('POST', `/records/${segment(id)}/open`, {
      body: { purpose, ...(consentId === undefined ? {} : { consentId }) },
      query: { decrypt: true, version },
    });
    return answer.body;
  }

  // ---- care teams

  careTeams = () => this.#call<Page<CareTeamAnswer>>('GET', '/care-teams');

  createCareTeam = (members: string[], options?: WriteOptions) =>
    this.#call<CareTeamAnswer>('POST', '/care-teams', { members }, undefined, options);

  changeCareTeam = (id: string, members: string[]) =>
    this.#call<CareTeamAnswer>('PUT', `/care-teams/${segment(id)}`, { members });

  // ---- consents; what the owner decides is signed on the owner's device, see `PatientDevice`

  requestConsent = (input: ConsentRequestInput, options?: WriteOptions) =>
    this.#call<{ requestId: string; status: 'requested'; ledger?: LedgerPart }>(
      'POST',
      '/consents/requests',
      input,
      undefined,
      options,
    );

  /** Made by the caller, or, for an owner, asking the caller. */
  consentRequests = (query?: PageQuery) =>
    this.#call<Page<ConsentRequestAnswer>>('GET', '/consents/requests', undefined, query);

  consents = (query?: PageQuery) => this.#call<Page<ConsentAnswer>>('GET', '/consents', undefined, query);

  consent = (id: string) => this.#call<ConsentAnswer>('GET', `/consents/${segment(id)}`);

  /** For the grantee: its terms and the records that it opens. */
  consentRecords = (id: string, query?: PageQuery) =>
    this.#call<ConsentContents>('GET', `/consents/${segment(id)}/records`, undefined, query);

  grantee = ({ kind, id }: GranteeReference) =>
    this.#call<GranteeAnswer>('GET', `/consents/grantees/${segment(id)}`, undefined, { kind });

  previewConsents = ({ kind, id }: GranteeReference) =>
    this.#call<Page<ConsentPreview>>('GET', '/consents/preview', undefined, { grantee: id, kind });

  /** Repeated with the same body it goes on where it stopped. */
  grantConsent = (body: GrantBody) => {
    const { requestId } = body.fields;
    const path = requestId === null ? '/consents/grants' : `/consents/requests/${segment(requestId)}/grant`;
    return this.#call<ActAnswer>('POST', path, body);
  };

  guardianKey = () => this.#call<GuardianKeyAnswer>('GET', '/guardian/key');

  putGuardianKey = (key: { publicKey: string; proof: string; epoch: number }) =>
    this.#call<ActAnswer>('POST', '/guardian/key', key);

  /** See `PatientDevice.readAsGuardian`. */
  beginGuardianRead = (recordId: string, consentId: string) =>
    this.#call<ActAnswer>('POST', `/guardian/records/${segment(recordId)}/read`, { consentId });

  guardianAnswers = (recordId: string, input: GuardianAnswersInput) =>
    this.#call<OpenedUnderConsent>('POST', `/guardian/records/${segment(recordId)}/answers`, input);

  /** The owner's scopes; see `PatientDevice.advanceScope`. */
  scopes = () => this.#call<Page<ScopeAnswer>>('GET', '/scopes');

  advanceScope = (scopeId: string, next: { epoch: number; publicKey: string }) =>
    this.#call<ActAnswer>('POST', `/scopes/${segment(scopeId)}/advance`, next);

  lackingSlots = (query?: PageQuery) =>
    this.#call<Page<LackingSlot>>('GET', '/scopes/slots', undefined, query);

  addSlots = (slots: { recordId: string; version: number; header: string }[]) =>
    this.#call<ActAnswer>('POST', '/scopes/slots', { slots });

  /** How the caller's choices stand; see `PatientDevice.choose`. */
  choices = () => this.#call<Page<ChoiceAnswer>>('GET', '/consents/choices');

  choose = (body: ChoicesBody) => this.#call<ActAnswer>('POST', '/consents/choices', body);

  resumeConsent = (id: string) => this.#call<ActAnswer>('POST', `/consents/${segment(id)}/resume`, {});

  denyRequest = (id: string) => this.#call<ActAnswer>('POST', `/consents/requests/${segment(id)}/deny`, {});

  revokeConsent = (id: string) => this.#call<ActAnswer>('POST', `/consents/${segment(id)}/revoke`, {});

  // ---- erasure

  /** Has a patient of the own hospital erased; the certificate, or how far it is. */
  erasePatient = (registrationNo: string, options?: WriteOptions) =>
    this.#call<ErasureCertificate>(
      'POST',
      `/patients/${segment(registrationNo)}/erase`,
      {},
      undefined,
      options,
    );

  /** For the owner: the act that the device signs. */
  beginErasure = (registrationNo: string) =>
    this.#call<ActAnswer>('POST', `/patients/${segment(registrationNo)}/erase`, {});

  erasure = (registrationNo: string) =>
    this.#call<ErasureCertificate>('GET', `/patients/${segment(registrationNo)}/erase`);

  /** Nobody need sign in. */
  erasureCertificate = (ledgerId: string) =>
    this.#call<ErasureCertificate>('GET', `/erasures/${segment(ledgerId)}`);

  // ---- audits

  /** By an auditor of another organisation than the record's hospital; it goes on to its verdict by itself. */
  openAudit = (input: AuditInput, options?: WriteOptions) =>
    this.#call<AuditAnswer & { ledger: LedgerPart }>('POST', '/audits', input, undefined, options);

  /** Of all members, newest first, scheduled ones included. */
  audits = (query?: AuditQuery) => this.#call<Page<AuditAnswer>>('GET', '/audits', undefined, query);

  /** With the proof, base64. */
  audit = (id: string) => this.#call<AuditAnswer & { proof: string | null }>('GET', `/audits/${segment(id)}`);

  // ---- emergencies

  openEmergency = (input: EmergencyInput, options?: WriteOptions) =>
    this.#call<EmergencyAnswer & { ledger: LedgerPart }>(
      'POST',
      '/emergency-access',
      input,
      undefined,
      options,
    );

  /** Own ones of a doctor or a patient; for auditors those that their organisation reviews. */
  emergencies = (query?: PageQuery) =>
    this.#call<Page<EmergencyAnswer>>('GET', '/emergency-access', undefined, query);

  emergency = (id: string) => this.#call<EmergencyAnswer>('GET', `/emergency-access/${segment(id)}`);

  emergencyRecords = (id: string, query?: PageQuery) =>
    this.#call<Page<EmergencyRecordAnswer>>(
      'GET',
      `/emergency-access/${segment(id)}/records`,
      undefined,
      query,
    );

  closeEmergency = (id: string, verdict: EmergencyVerdict, options?: WriteOptions) =>
    this.#call<EmergencyAnswer & { ledger: LedgerPart }>(
      'POST',
      `/emergency-access/${segment(id)}/close`,
      { verdict },
      undefined,
      options,
    );

  /** Public: cases that await their review, and those of them that should have had it. */
  emergencyCounts = () => this.#call<{ open: number; overdue: number }>('GET', '/emergency-access/counts');

  /** For the reader's device, see `openRecordInEmergency`. */
  openRecordUnderEmergency = (id: string, emergencyId: string, purpose = 'BTG', options?: WriteOptions) =>
    this.#call<OpenedInEmergency>(
      'POST',
      `/records/${segment(id)}/open`,
      { purpose, emergencyId },
      undefined,
      options,
    );

  /** Where the gateway holds the staff member's key. */
  async openRecordUnderEmergencyDecrypted(
    id: string,
    emergencyId: string,
    purpose = 'BTG',
  ): Promise<DecryptedRecord> {
    const answer = await this.http.request<DecryptedRecord>('POST', `/records/${segment(id)}/open`, {
      body: { purpose, emergencyId },
      query: { decrypt: true },
    });
    return answer.body;
  }

  // ---- ledger

  report = (query?: PageQuery) => this.#call<ReportAnswer>('GET', '/blockchain/report', undefined, query);

  verify = () => this.#call<FullVerdict>('GET', '/blockchain/verify');

  /**
   * The same walk, telling how far it is.
   *
   * @throws ProblemError; `INCOMPLETE` when the answer ended before the verdict
   */
  async verifyWithProgress(
    onProgress: (progress: VerificationProgress) => void,
    signal?: AbortSignal,
  ): Promise<FullVerdict> {
    const response = await this.http.raw('GET', '/blockchain/verify', {
      accept: 'application/x-ndjson',
      signal,
    });
    if (!response.ok) throw await problemOf(response);
    let rest = '';
    let last: FullVerdict | undefined;
    const decoder = new TextDecoder();
    for (const reader = response.body?.getReader(); reader;) {
      const { done, value } = await reader.read();
      rest += decoder.decode(value, { stream: !done });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.filter((one) => one !== '')) {
        const step = JSON.parse(line) as FullVerdict & { progress?: VerificationProgress };
        if (step.progress === undefined) last = step;
        else onProgress(step.progress);
      }
      if (done) break;
    }
    if (last === undefined)
      throw new ProblemError(502, 'INCOMPLETE', 'The walk was cut off before its verdict: start it again.');
    return last;
  }

  /** @param months from 1 to 600, until the present one */
  statistics = (months: number) => this.#call<StatisticsAnswer>('GET', '/statistics', undefined, { months });

  /** For system managers, administrators and auditors. */
  network = () => this.#call<NetworkAnswer>('GET', '/network');

  blocks = (query?: PageQuery) =>
    this.#call<Page<BlockSummary>>('GET', '/blockchain/blocks', undefined, query);

  block = (number: number) => this.#call<BlockDetail>('GET', `/blockchain/blocks/${number}`);

  transaction = (id: string) =>
    this.#call<TransactionSummary & { blockValid: boolean }>(
      'GET',
      `/blockchain/transactions/${segment(id)}`,
    );

  accessLog = (registrationNo: string, query?: AccessLogQuery) =>
    this.#call<Page<AccessLogItem>>(
      'GET',
      `/patients/${segment(registrationNo)}/access-log`,
      undefined,
      query,
    );

  accessLogChoices = (registrationNo: string) =>
    this.#call<AccessLogChoices>('GET', `/patients/${segment(registrationNo)}/access-log/choices`);

  /** Whether a receipt or a document is what the ledger has; nobody need sign in. */
  verifyStatement = (statement: ReceiptStatement | DocumentStatement | ErasureCertificate) =>
    this.#call<Verification>('POST', '/verify', statement);

  /** The same of a file as it was saved: its decimals count as they were written. @param json a statement */
  verifyStatementText = async (json: string): Promise<Verification> =>
    (await this.http.request<Verification>('POST', '/verify', { json })).body;

  /**
   * Notices for the caller as they are committed, without end; stops when `signal` is aborted or the session ends.
   *
   * @param lastEventId id of the last event that was read: what came since is told first
   * @throws ProblemError of the answer; TypeError when the connection is lost
   */
  async *notices(options: { lastEventId?: string; signal?: AbortSignal } = {}): AsyncGenerator<NoticeEvent> {
    const response = await this.http.raw('GET', '/events', { ...options, accept: 'text/event-stream' });
    if (!response.ok || response.body === null) throw await problemOf(response);
    yield* readNotices(response.body);
  }

  /** For auditors: the public part of a patient's access log. */
  accessLogOf = (ledgerId: string, query?: AccessLogQuery) =>
    this.#call<Page<AccessLogItem>>('GET', '/access-log', undefined, { ...query, ledgerId });

  accessLogChoicesOf = (ledgerId: string) =>
    this.#call<AccessLogChoices>('GET', '/access-log/choices', undefined, { ledgerId });
}
