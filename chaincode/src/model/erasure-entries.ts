/** What the ledger keeps of erasures; every value is stored as canonical JSON with `schema`. Instants are RFC 3339 in UTC with milliseconds. */

export interface ErasureEntry {
  schema: number;
  ledgerId: string;
  homeMsp: string;
  requestedAt: string;
  requestedBy: 'patient' | 'hospital-admin';
  /** Of the request. */
  transactionId: string;
  /** Every MSP id on the ledger at the request, ascending: each of them has to attest. */
  organizations: string[];
  /** Of the last attestation; null until then. */
  erasedAt: string | null;
  /** Organisations that were suspended and had not attested then, ascending; missing where there were none. */
  unattested?: string[];
}

/** One organisation keeps no key, value or object of the patient any more. */
export interface ErasureAttestationEntry {
  schema: number;
  ledgerId: string;
  mspId: string;
  at: string;
  transactionId: string;
}

/** Answer of `getErasure`. */
export interface ErasureState {
  erasure: ErasureEntry;
  /** Ascending by MSP id. */
  attestations: ErasureAttestationEntry[];
  /** Until when the law has an organisation keep its records; those that it has not are left out. */
  keptUntil: Record<string, string>;
}

/** The grantee's organisation holds nothing of the consent any more. */
export interface DataErasureEntry {
  schema: number;
  consentId: string;
  mspId: string;
  at: string;
  transactionId: string;
}

/** Private values that one transaction purges at most. */
export const PURGED_AT_ONCE = 128;
