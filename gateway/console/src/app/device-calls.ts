import type {
  ActAnswer,
  ActivationInput,
  ActProgress,
  ChoicesMade,
  ConsentAnswer,
  ConsentWish,
  GrantBody,
  OpenedRecord,
  RecordContent,
  ScopeAnswer,
  TermsOfConsent,
} from '@medseal/client';

/** What the page asks of the device, which works in a thread of its own and alone has the keys. */
export interface DeviceCalls {
  fingerprint(rootCertificate: string): Promise<string>;
  /** @returns the recovery words, to be shown to their owner */
  activate(input: ActivationInput): Promise<string>;
  unlock(passphrase: string): Promise<void>;
  /** Unlocks by the words, and with another passphrase from then on. */
  recover(words: string, passphrase: string): Promise<void>;
  /** Unlocks by the present one. */
  changePassphrase(present: string, next: string): Promise<void>;
  /** Unlocks, as whoever sees the words has all keys. */
  recoveryWords(passphrase: string): Promise<string>;
  openRecord(opened: OpenedRecord): Promise<RecordContent>;
  /** Nothing is sent yet; the body holds nothing that only the owner may see. */
  makeConsent(wish: ConsentWish): Promise<GrantBody>;
  signConsent(body: GrantBody): Promise<ActAnswer>;
  denyRequest(requestId: string): Promise<ActAnswer>;
  revokeConsent(consentId: string): Promise<ActAnswer>;
  choose(made: ChoicesMade): Promise<ActAnswer>;
  openOwnTerms(
    consent: Pick<ConsentAnswer, 'consentId' | 'termsCommitment' | 'ownTerms'>,
  ): Promise<TermsOfConsent | undefined>;
  advanceScope(scope: ScopeAnswer['label']): Promise<ActAnswer>;
  /** Tells its progress; goes on where it stopped. */
  addSlots(): Promise<{ added: number; unopened: { recordId: string; version: number }[] }>;
  grantAgain(consentId: string): Promise<ActAnswer>;
  registerReaderKey(): Promise<ActAnswer>;
  readAsGuardian(recordId: string, consentId: string): Promise<RecordContent>;
}

export type CallName = keyof DeviceCalls;

export interface Call {
  id: number;
  name: CallName;
  args: unknown[];
}

/** An error that went from one thread to the other. */
export interface CarriedError {
  kind: 'problem' | 'connection' | 'other';
  message: string;
  code?: string;
  problem?: {
    status: number;
    code: string;
    detail: string;
    errors: { field: string; message: string }[];
    requestId?: string;
    retryAfter?: number;
  };
}

export type Reply =
  | { id: number; result: unknown }
  | { id: number; error: CarriedError }
  | { id: number; progress: ActProgress };
