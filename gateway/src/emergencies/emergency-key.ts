import type { EmergencyKeyEntry } from '@medseal/chaincode';
import { EMERGENCY_READER } from '@medseal/crypto';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { Organization } from '../organizations/organization.js';

/** The key that emergency grants are made to, as a device judges it: by its own checks, signature and certificate. */
export type PublicEmergencyKey = Omit<EmergencyKeyEntry, 'schema'>;

/** The one of that digest, the current one without; null while there is none. */
export const readEmergencyKey = async (
  organization: Organization,
  digest = '',
): Promise<PublicEmergencyKey | null> => {
  const entry = await evaluateJson<EmergencyKeyEntry | null>(organization, 'registry:getEmergencyKey', [
    digest,
  ]);
  if (entry === null) return null;
  const { schema: _schema, ...key } = entry;
  return key;
};

/** The key as who is granted to. */
export const emergencyGrantee = ({ digest, publicKey, proof, epoch }: PublicEmergencyKey) => ({
  mspId: EMERGENCY_READER,
  publicKey,
  proof,
  certificateHash: digest,
  certificate: null,
  epoch,
});
