import type { RecordEntry } from '@medseal/chaincode';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { type Committed, LedgerError, type LedgerIdentity } from '../fabric/ledger-client.js';
import type { Organization } from '../organizations/organization.js';

/**
 * The last step, by the author or the hospital's service: appends the entry to the patient's chain.
 *
 * @returns undefined when an earlier transaction did it that is not known here
 * @throws LedgerError
 */
export const chainEntry = async (
  organization: Organization,
  identity: LedgerIdentity,
  { recordId, version }: Pick<RecordEntry, 'recordId' | 'version'>,
): Promise<Committed | undefined> => {
  const args = [recordId, String(version)];
  try {
    return await organization.ledger.submit(identity, 'records:chain', args);
  } catch (error) {
    if (
      !(error instanceof LedgerError) ||
      (error.code !== 'COMMIT_UNKNOWN' && error.code !== 'RECORD_STATUS')
    )
      throw error;
    // It may have been chained by the transaction whose answer was lost, or by the service.
    const now = await evaluateJson<RecordEntry | null>(organization, 'records:getVersion', args);
    if (now?.status !== 'chained') throw error;
    return error.transactionId === undefined ? undefined : organization.ledger.lookUp(error.transactionId);
  }
};
