import type {
  ActAnswer,
  ActivationBegin,
  DecryptedRecord,
  DoctorAnswer,
  DoctorInput,
  EncounterInput,
  Keyring,
  LedgerPart,
  OpenedRecord,
  OrganizationAnswer,
  Page,
  PageQuery,
  PatientAnswer,
  PatientInput,
  PreparedRecord,
  RecordInput,
  RecordStatus,
  ReportAnswer,
  SessionAnswer,
  UserCreated,
  UserInput,
} from './api.js';
import { HttpTransport } from './http.js';

const segment = encodeURIComponent;

/** The REST API, typed; one instance is one session. Every method throws ProblemError. */
export class MedsealClient {
  readonly http: HttpTransport;
  session?: SessionAnswer;

  constructor(baseUrl: string, fetchFunction?: typeof fetch) {
    this.http = new HttpTransport(baseUrl, fetchFunction);
  }

  async #call<T>(method: string, path: string, body?: unknown, query?: PageQuery): Promise<T> {
    return (await this.http.request<T>(method, path, { body, query })).body;
  }

  // ---- sign-in

  async login(
    organization: string,
    username: string,
    password: string,
    rememberMe = false,
  ): Promise<SessionAnswer> {
    this.session = await this.#call<SessionAnswer>('POST', '/auth/login', {
      organization,
      username,
      password,
      rememberMe,
    });
    this.http.useToken(this.session.token);
    return this.session;
  }

  async logout(): Promise<void> {
    await this.#call('POST', '/auth/logout');
    this.http.useToken(undefined);
    this.session = undefined;
  }

  me = () => this.#call<SessionAnswer['user']>('GET', '/auth/me');

  changePassword = (currentPassword: string, newPassword: string) =>
    this.#call<void>('POST', '/auth/change-password', { currentPassword, newPassword });

  keyring = () => this.#call<Keyring>('GET', '/auth/keyring');

  beginActivation = (organization: string, activationCode: string) =>
    this.#call<ActivationBegin>('POST', '/auth/activate/begin', { organization, activationCode });

  activate = (body: Record<string, unknown>) => this.#call<ActAnswer>('POST', '/auth/activate', body);

  /** `signature`: base64 of a low-S DER signature over SHA-256 of the `signing` bytes. */
  sign = (id: string, signature: string) =>
    this.#call<ActAnswer>('POST', `/transactions/${segment(id)}/sign`, { signature });

  // ---- people

  organizations = () =>
    this.#call<{ items: OrganizationAnswer[]; rootCertificate?: string }>('GET', '/organizations');

  createUser = (input: UserInput) => this.#call<UserCreated>('POST', '/users', input);

  users = (query?: PageQuery) => this.#call<Page<Record<string, unknown>>>('GET', '/users', undefined, query);

  createDoctor = (input: DoctorInput) => this.#call<DoctorAnswer>('POST', '/doctors', input);

  doctors = (query?: PageQuery) => this.#call<Page<DoctorAnswer>>('GET', '/doctors', undefined, query);

  createPatient = (input: PatientInput) => this.#call<PatientAnswer>('POST', '/patients', input);

  patients = (query?: PageQuery) => this.#call<Page<PatientAnswer>>('GET', '/patients', undefined, query);

  patient = (registrationNo: string) =>
    this.#call<PatientAnswer>('GET', `/patients/${segment(registrationNo)}`);

  openEncounter = (registrationNo: string, input: EncounterInput) =>
    this.#call<{ id: string; ledger: LedgerPart }>(
      'POST',
      `/patients/${segment(registrationNo)}/encounters`,
      input,
    );

  // ---- records

  prepareRecord = (input: {
    registrationNo: string;
    scope: string;
    recordType: string;
    effectiveDate: string;
  }) => this.#call<PreparedRecord>('POST', '/records/prepare', input);

  /** Hospital-sealed: the author's own gateway seals in memory. */
  writeRecord = (input: RecordInput) => this.#call<RecordStatus>('POST', '/records', input);

  /** Device-sealed: see `sealOnDevice`. */
  submitSealedRecord = (input: Record<string, unknown>) =>
    this.#call<RecordStatus>('POST', '/records', input);

  record = (id: string) => this.#call<Record<string, unknown>>('GET', `/records/${segment(id)}`);

  completeRecord = (id: string) => this.#call<RecordStatus>('POST', `/records/${segment(id)}/complete`, {});

  chainRecord = (id: string) => this.#call<RecordStatus>('POST', `/records/${segment(id)}/chain`, {});

  amendRecord = (id: string, input: Record<string, unknown>) =>
    this.#call<RecordStatus>('POST', `/records/${segment(id)}/amend`, input);

  openRecord = (id: string, purpose = 'TREATMENT') =>
    this.#call<OpenedRecord>('POST', `/records/${segment(id)}/open`, { purpose });

  /** Where the gateway holds the staff member's key. */
  async openRecordDecrypted(id: string, purpose = 'TREATMENT'): Promise<DecryptedRecord> {
    const answer = await this.http.request<DecryptedRecord>('POST', `/records/${segment(id)}/open`, {
      body: { purpose },
      query: { decrypt: true },
    });
    return answer.body;
  }

  // ---- ledger

  report = (query?: PageQuery) => this.#call<ReportAnswer>('GET', '/blockchain/report', undefined, query);

  verify = () => this.#call<ReportAnswer>('GET', '/blockchain/verify');

  blocks = (query?: PageQuery) =>
    this.#call<Page<Record<string, unknown>>>('GET', '/blockchain/blocks', undefined, query);

  transaction = (id: string) =>
    this.#call<Record<string, unknown>>('GET', `/blockchain/transactions/${segment(id)}`);

  accessLog = (registrationNo: string, query?: PageQuery) =>
    this.#call<Page<Record<string, unknown>>>(
      'GET',
      `/patients/${segment(registrationNo)}/access-log`,
      undefined,
      query,
    );
}
