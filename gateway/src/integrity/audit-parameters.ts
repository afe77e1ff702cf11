import type { AuditParametersEntry } from '@medseal/chaincode';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { Organization } from '../organizations/organization.js';

/** The set of that version, the current one without; null while there is none. */
export const readAuditParameters = (
  organization: Organization,
  version?: number,
): Promise<AuditParametersEntry | null> =>
  evaluateJson<AuditParametersEntry | null>(organization, 'integrity:getAuditParameters', [
    version === undefined ? '' : String(version),
  ]);
