import type { ReceivingKeyEntry, StaffRole } from '@medseal/chaincode';
import { newStaffKeys, type StaffKeys } from '../auth/staff-keys.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { ledgerIdentity } from '../fabric/identity.js';
import { LedgerError, type Committed, type LedgerIdentity } from '../fabric/ledger-client.js';
import { x25519PublicKey } from '../keystore/x25519.js';
import { newEnrollmentId } from '../organizations/enrollment-id.js';
import type { Organization } from '../organizations/organization.js';

export interface EnrolledStaff {
  identity: LedgerIdentity;
  keys: StaffKeys;
  /** Puts the public key on the ledger, signed by the holder; the next epoch if there was one before. */
  registerReceivingKey(): Promise<Committed | undefined>;
}

/** New keys, and a certificate of the organisation's CA that carries role and staff id. */
export const enrollStaff = async (
  organization: Organization,
  role: StaffRole,
  subject: string,
): Promise<EnrolledStaff> => {
  const keys = await newStaffKeys();
  const { certificate } = await organization.ca.issue(
    { enrollmentId: newEnrollmentId(), role, subject },
    keys.signingKey,
  );
  const identity = ledgerIdentity({ mspId: organization.mspId, certificate, subject, role }, keys.signingKey);
  return {
    identity,
    keys,
    registerReceivingKey: () =>
      registerReceivingKey(organization, identity, x25519PublicKey(keys.receivingKey)),
  };
};

/**
 * @param publicKey X25519, hex
 * @returns undefined when the key is on the ledger already
 */
export const registerReceivingKey = async (
  organization: Organization,
  identity: LedgerIdentity,
  publicKey: string,
): Promise<Committed | undefined> => {
  for (let attempt = 1; ; attempt++) {
    const current = await evaluateJson<ReceivingKeyEntry | null>(organization, 'registry:getReceivingKey', [
      identity.subject,
    ]);
    if (current?.publicKey === publicKey) return undefined;
    try {
      return await organization.ledger.submit(identity, 'registry:registerReceivingKey', [
        publicKey,
        String((current?.epoch ?? 0) + 1),
      ]);
    } catch (error) {
      // After an unseen commit the ledger itself tells whether the key is there.
      const again =
        error instanceof LedgerError && ['COMMIT_UNKNOWN', 'VERSION_CONFLICT'].includes(error.code);
      if (!again || attempt >= 3) throw error;
    }
  }
};
