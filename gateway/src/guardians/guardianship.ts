import type { ConsentState } from '@medseal/chaincode';
import { evaluateList } from '../fabric/evaluate-json.js';
import type { Organization } from '../organizations/organization.js';

/** ledgerIds of an owner's guardians: those whose consent is active. */
export const guardiansOf = async (organization: Organization, ledgerId: string): Promise<string[]> => {
  const states = await evaluateList<ConsentState>(organization, 'consent:listConsents', [ledgerId]);
  return states
    .filter(({ consent: { grantee }, status }) => grantee.kind === 'guardian' && status === 'active')
    .map(({ consent: { grantee } }) => grantee.id);
};
