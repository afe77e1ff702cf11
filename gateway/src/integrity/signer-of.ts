import type { RecordEntry } from '@medseal/chaincode';
import { decodeAuditParameters, fromBase64, mclEngine } from '@medseal/crypto';
import { LedgerError } from '../fabric/ledger-client.js';
import type { Organization } from '../organizations/organization.js';
import { readAuditParameters } from './audit-parameters.js';
import type { SignedBy } from './sanitising-work.js';

/** Who signed the files of a round, and under which parameters, as the ledger says. @throws LedgerError */
export const signerOf = async (
  organization: Organization,
  { hospital, author, integrity }: RecordEntry,
): Promise<SignedBy> => {
  const { keyEpoch = 0, parametersVersion = 0 } = integrity?.blinded ?? {};
  const entry = await readAuditParameters(organization, parametersVersion);
  if (entry === null)
    throw new LedgerError('AUDIT_PARAMETERS_MISSING', 'the parameters of this round are not on the ledger');
  return {
    identity: { channel: organization.ledger.channel, mspId: hospital, userId: author, keyEpoch },
    parameters: decodeAuditParameters(await mclEngine(), fromBase64(entry.parameters)),
  };
};
