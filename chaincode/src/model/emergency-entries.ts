import type { ConsentEntry, ShareAnswerEntry } from './consent-entries.js';
import type { PatientEntry, ReceiptEntry, RecordEntry } from './entries.js';

/** What the ledger keeps of emergencies. Instants are RFC 3339 in UTC with milliseconds. */

/** Public part of the key that emergency grants are made to (cryptography.md T4). */
export interface EmergencyKeyEntry {
  schema: number;
  epoch: number;
  /** SHA-256 (hex) of what makes the key, its proof apart. */
  digest: string;
  /** pkE = [e]G, compressed G2 point, 192 hex characters. */
  publicKey: string;
  /** Proof that e was known when the key was made, 128 hex characters. */
  proof: string;
  /** How many custodians open. */
  threshold: number;
  custodians: EmergencyKeyCustodian[];
  /** The ministry, whose service made the key. */
  mspId: string;
  /** PEM of that service. */
  certificate: string;
  /** Base64 DER ECDSA over SHA-256 of the canonical JSON of {mspId, kind: "emergency", epoch, publicKey: digest}. */
  signature: string;
}

export interface EmergencyKeyCustodian {
  mspId: string;
  /** X25519 key of the custodian service that the share is sealed to, 64 hex characters. */
  publicKey: string;
  /** [g(j)]pkE, 192 hex characters. */
  check: string;
  /** SHA-256 (hex) of the sealed share. */
  shareDigest: string;
}

/** Why a doctor breaks the glass. */
export const EMERGENCY_REASONS = ['UNRESPONSIVE', 'LIFE_THREATENING', 'CANNOT_CONSENT', 'URGENT'] as const;
export type EmergencyReason = (typeof EMERGENCY_REASONS)[number];

export const EMERGENCY_VERDICTS = ['justified', 'unjustified'] as const;
export type EmergencyVerdict = (typeof EMERGENCY_VERDICTS)[number];

export interface EmergencyCaseEntry {
  schema: number;
  emergencyId: string;
  ledgerId: string;
  /** The emergency grant that it uses. */
  consentId: string;
  /** Staff id of the doctor who opened it, and alone reads under it. */
  reader: string;
  mspId: string;
  reasonCode: EmergencyReason;
  openedAt: string;
  until: string;
  /** MSP id of the organisation whose auditors close it. */
  reviewer: string;
  closedAt: string | null;
  /** Staff id of the auditor. */
  closedBy: string | null;
  verdict: EmergencyVerdict | null;
}

/** Who broke the glass without need: opens and reads under no case until their own administrator has acted. */
export interface EmergencySuspensionEntry {
  schema: number;
  /** Reader of the case. */
  staffId: string;
  /** The last case that was found unjustified. */
  emergencyId: string;
  since: string;
  /** When the administrator took the person back after a suspension; null until then. */
  liftedAt: string | null;
  /** Staff id of the administrator. */
  liftedBy: string | null;
}

/** Computed, never stored. `ended`: the window is over, the review not yet; `overdue`: for more than 7 days. */
export type EmergencyStatus = 'open' | 'ended' | 'overdue' | 'closed';

/** Answer of `getEmergency` and, one a case, of a page of `listEmergencies`. */
export interface EmergencyState {
  emergency: EmergencyCaseEntry;
  status: EmergencyStatus;
}

/** Cases that are not closed, and those of them that should have been; `countEmergencies` gives them for one page of all cases. */
export interface EmergencyCounts {
  open: number;
  overdue: number;
}

/** Every public entry that decides a read in an emergency; answer of `getEmergencyFacts`. */
export interface EmergencyFacts {
  receipt: ReceiptEntry;
  emergency: EmergencyCaseEntry;
  consent: ConsentEntry;
  /** Of the agents that have answered. */
  answers: ShareAnswerEntry[];
  owner: PatientEntry;
  entry: RecordEntry;
  emergencyKey: EmergencyKeyEntry;
  /** X25519 receiving key of the receipt's reader, 64 hex characters. */
  receivingKey: string;
}

/** Answer of `custodian:getStatus`. */
export interface CustodianStatus {
  /** X25519, 64 hex characters. */
  publicKey: string;
  /** Digests of the emergency keys of which the custodian service keeps its share. */
  shares: string[];
}

/** Transient `answers` of `custodian:answer`: proven answers of agents. */
export interface ProvenAnswer {
  mspId: string;
  /** Base64, 704 bytes. */
  answer: string;
}

/** Answer of one custodian. */
export interface CustodianAnswerEntry {
  mspId: string;
  /** Base64: sealed to the reader's receiving key. */
  sealed: string;
}
