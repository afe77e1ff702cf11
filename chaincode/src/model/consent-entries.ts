/** What the ledger keeps of consents; every value is stored as canonical JSON with `schema`. Instants are RFC 3339 in UTC with milliseconds. */
import type { DataErasureEntry } from './erasure-entries.js';

/** A member of staff's key that grants are made to. */
export interface ConsentKeyEntry {
  schema: number;
  /** Staff id. */
  subject: string;
  mspId: string;
  /** pkB2 = [b]G, compressed G2 point, 192 hex characters. */
  publicKey: string;
  /** Proof of possession over mspId and certificateHash, 128 hex characters. */
  proof: string;
  /** SHA-256 (hex) of the DER certificate that registered it. */
  certificateHash: string;
  /** That certificate, PEM, by which a device sees whose key it is; missing in entries of 0.1.0. */
  certificate?: string;
  epoch: number;
}

export type CareTeamKind = 'treating' | 'duty' | 'named';

export interface CareTeamEntry {
  schema: number;
  teamId: string;
  mspId: string;
  /** `treating`: staff with an open encounter of the patient; `duty`: the hospital's doctors; `named`: `members`. */
  kind: CareTeamKind;
  /** As in `ConsentKeyEntry`; the proof names the certificate that put the entry. */
  publicKey: string;
  proof: string;
  certificateHash: string;
  certificate?: string;
  epoch: number;
  /** Staff ids of a `named` team, else empty. */
  members: string[];
}

/** `emergency`: whoever opens an emergency case; the grant is to the emergency key. */
export type GranteeKind = 'person' | 'guardian' | 'careTeam' | 'emergency';

export interface Grantee {
  kind: GranteeKind;
  /** Staff id, a guardian's ledgerId, teamId or the emergency key's digest. */
  id: string;
  /** `emergency` where the grantee is. */
  mspId: string;
  publicKey: string;
  certificateHash: string;
  epoch: number;
}

/** One scope and epoch of a consent, with the public check of each agent's share. */
export interface ConsentScope {
  scopeId: string;
  epoch: number;
  /** pk1, compressed G1 point, 96 hex characters. */
  publicKey: string;
  /** V_i = [f(i)]pk1 in the order of `agents`. */
  points: string[];
  /** SHA-256 (hex) of each agent's sealed share. */
  shareDigests: string[];
}

export interface ConsentAgent {
  mspId: string;
  /** X25519 agent key that the share is sealed to, 64 hex characters: the one on the ledger at the grant. */
  publicKey: string;
}

export interface ConsentEntry {
  schema: number;
  consentId: string;
  ledgerId: string;
  grantee: Grantee;
  scopes: ConsentScope[];
  /** Ascending by the bytes of the MSP ids; agent i of the scheme is entry i - 1. */
  agents: ConsentAgent[];
  threshold: number;
  expiresAt: string;
  /** Commitment to `ConsentTerms` without its salt; zeros in an emergency grant, which has none. */
  termsCommitment: string;
  /** deliveryId by which the grantee's organisation gets the terms; missing in consents of 0.1.0. */
  termsId?: string;
  grantedAt: string;
  revokedAt: string | null;
}

/** Computed, never stored. `ended`: the grantee's organisation has erased what it was given, and can open nothing more. */
export type ConsentStatus = 'granted' | 'active' | 'ended' | 'expired' | 'revoked';

/** What the agent found when it opened its share. */
export type ShareComplaint = 'doesNotOpen' | 'doesNotFit';

export interface ShareAnswerEntry {
  schema: number;
  consentId: string;
  mspId: string;
  answer: 'accepted' | 'complained';
  /** Null for `accepted`. */
  code: ShareComplaint | null;
  /** ledgerId of the patient whose device made the share; null for `accepted`. */
  blames: string | null;
}

export interface ConsentAnswerEntry {
  schema: number;
  requestId: string;
  ledgerId: string;
  answer: 'granted' | 'denied';
  consentId: string | null;
}

/** The grantee's hospital was handed an opening that does not fit the record's commitment. */
export interface OpeningComplaintEntry {
  schema: number;
  consentId: string;
  recordId: string;
  version: number;
  mspId: string;
}

/** Whether a patient lets sanitised files be used for research; without an entry they may not. */
export interface ResearchChoiceEntry {
  schema: number;
  ledgerId: string;
  allowed: boolean;
  at: string;
}

/** ABDM's codes of purposes: care, break the glass, public health, payment, disease-specific research, self-requested. */
export const PURPOSES = ['CAREMGT', 'BTG', 'PUBHLTH', 'HPAYMT', 'DSRCH', 'PATRQT'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** Transient `terms`: opens `termsCommitment`, which is `commit({purpose, recordTypes, dateRange, dataEraseAt}, salt)`. */
export interface ConsentTerms {
  purpose: Purpose;
  recordTypes: string[];
  /** Days, YYYY-MM-DD, both included. */
  dateRange: { from: string; to: string };
  dataEraseAt: string;
  /** 32 bytes, hex. */
  salt: string;
}

/** Transient `selector`: opens the entry's selector commitment, `commit({date, recordType, scope}, salt)`. */
export interface SelectorOpening {
  date: string;
  recordType: string;
  scope: string;
  salt: string;
}

/** Transient `share`, stored as it is under `share/<consentId>`: one sealed share a scope, base64. */
export interface DepositedShares {
  scopes: { scopeId: string; epoch: number; sealedShare: string }[];
}

/** Stored under `consentRequest/<requestId>` and `delivery/<deliveryId>`: what came sealed, and from whom. */
export interface HandedOver {
  mspId: string;
  role: string;
  /** Staff id or ledgerId; '' for a service without one. */
  subject: string;
  at: string;
  /** Base64. */
  sealed: string;
}

/** Answer of `getConsent`. */
export interface ConsentState {
  consent: ConsentEntry;
  status: ConsentStatus;
  /** Of the agents that have answered. */
  answers: ShareAnswerEntry[];
  /** MSP ids of agents that hold a share of a consent that has ended: their purges are not done yet. */
  purging: string[];
  /** The grantee's organisation holds nothing of it any more; null until it says so. */
  dataErasure: DataErasureEntry | null;
  /** Epoch of the grantee's key now, null where there is none: a consent to an earlier one is granted again. */
  granteeEpoch: number | null;
}

/** Answer of `checkShare`; `blames` is the patient whose device made the share. */
export type ShareVerdict = Pick<ShareAnswerEntry, 'answer' | 'code' | 'blames'>;

/** Answer of one agent: e(C1, rk_i) for the consent's grantee. */
export interface ReencryptedElement {
  /** Place of the agent in the consent, from 1. */
  index: number;
  scopeId: string;
  epoch: number;
  /** 576 bytes, with a proof that names a wrong agent 704, base64. */
  element: string;
}

/** What the public entries say about one record and one grantee. */
export interface ConsentPreview {
  recordId: string;
  /** True if the rule opens the record, as far as the consent's private terms cover it. */
  opens: boolean;
  rule:
    | 'author'
    | 'consent'
    | 'consentNotActive'
    | 'consentEnded'
    | 'consentExpired'
    | 'consentRevoked'
    | 'noConsent'
    | 'notInGoodStanding';
  /** Only while the hospital has an open encounter of the patient. */
  needsEncounter: boolean;
  consentId: string | null;
}
