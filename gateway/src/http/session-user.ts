import type { Role } from '@medseal/chaincode';
import type { LedgerIdentity } from '../fabric/ledger-client.js';
import type { Organization } from '../organizations/organization.js';

export type KeyHolder = 'gateway' | 'device';

/** Who makes the request. */
export interface SessionUser {
  organization: Organization;
  username: string;
  role: Role;
  /** Staff id, or a patient's ledgerId. */
  subject: string;
  displayName: string;
  sessionId: string;
  sessionExpiresAt: Date;
  /** What a cookie-authenticated write must send as X-CSRF-Token. */
  csrfToken: string;
  /** PEM of the user's current certificate; empty for staff whose device has made no keys yet. */
  certificate: string;
  /** Of patients always their device. */
  keyHolder: KeyHolder;
  /**
   * Of staff with keys on a device: what it has signed, see `DeviceCalls`.
   *
   * @throws ProblemException for a patient: only the patient's device holds the key; 409 `DEVICE_NOT_ENROLLED`
   */
  identity(): LedgerIdentity;
  /** X25519, 32 bytes. @throws as `identity`; 409 `KEYS_ON_DEVICE` */
  receivingSecretKey(): Uint8Array;
  /**
   * Secret of the reader key that consents are given to, 32 bytes.
   * @throws as `identity`; 409 READER_KEY_MISSING in a session from before there was one
   */
  readerSecretKey(): Uint8Array;
}
