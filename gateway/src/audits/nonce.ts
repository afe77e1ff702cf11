import { type AuditEntry } from '@medseal/chaincode';
import { auditCommitment, fromHex } from '@medseal/crypto';
import type { Keystore } from '../keystore/keystore.js';
import type { Organization } from '../organizations/organization.js';

/**
 * nA of the audit that an act opens, 32 bytes of hex. It follows from the organisation's index key and the act's business
 * id, which the ledger keeps: nothing has to be stored for an audit to go on after a restart, or with another database.
 */
export const auditNonce = (keystore: Keystore, businessId: string): string =>
  keystore.indexHmac('audit-nonce', businessId);

/** hA = SHA-256(nA). */
export const nonceCommitment = (nonce: string): string => auditCommitment(fromHex(nonce));

/** Undefined where another keystore opened the audit. */
export const nonceOf = async (
  { database, keystore, mspId }: Organization,
  { auditId, commitment }: Pick<AuditEntry, 'auditId' | 'commitment'>,
): Promise<string | undefined> => {
  const [row] = await database.query<{ business_id: string }>(
    'SELECT business_id FROM business_acts WHERE transaction_id = $1 AND msp_id = $2',
    [auditId, mspId],
  );
  const nonce = row && auditNonce(keystore, row.business_id);
  return nonce !== undefined && nonceCommitment(nonce) === commitment ? nonce : undefined;
};
