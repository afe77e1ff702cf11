import type { Organization } from '../organizations/organization.js';
import type { Group } from './demographics.js';

/** Names of private values in the organisation's implicit collection (docs/flows.md). */
export const patientKeys = {
  /** HMAC under the index key: a number can be looked up, but not told from the hash of the name in a block. */
  number: (organization: Organization, registrationNo: string): string =>
    `number/${organization.keystore.indexHmac('number', registrationNo)}`,
  demographics: (ledgerId: string, group: Group): string => `demographics/${ledgerId}/${group}`,
  scopes: (ledgerId: string): string => `scopes/${ledgerId}`,
  encounter: (ledgerId: string, encounterId: string): string => `encounter/${ledgerId}/${encounterId}`,
  visit: (ledgerId: string, encounterId: string): string => `visit/${ledgerId}/${encounterId}`,
  selector: (recordId: string, version: number): string => `selector/${recordId}/${version}`,
  titleLine: (recordId: string, version: number): string => `titleLine/${recordId}/${version}`,
} as const;
