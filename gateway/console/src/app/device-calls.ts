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
  TermsOfConsent,
} from '@medseal/client';

/** What the page asks of the device, which works in a thread of its own and alone has the keys. */
export interface DeviceCalls {
  fingerprint(rootCertificate: string): Promise<string>;
  activate(input: ActivationInput): Promise<void>;
  unlock(passphrase: string): Promise<void>;
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
