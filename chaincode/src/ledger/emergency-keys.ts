import {
  checkEmergencyKey,
  CryptoError,
  EMERGENCY_READER,
  emergencyKeyDigest,
  emergencyKeyOf,
  mclEngine,
} from '@medseal/crypto';
import { ContractError } from '../errors.js';
import type { Grantee } from '../model/consent-entries.js';
import type { EmergencyKeyEntry } from '../model/emergency-entries.js';

type KeyFields = Pick<EmergencyKeyEntry, 'publicKey' | 'proof' | 'threshold' | 'custodians'>;

/** Its digest, once everything that needs no secret has been checked. */
export const requireEmergencyKey = async (channel: string, fields: KeyFields): Promise<string> => {
  const key = emergencyKeyOf(channel, fields);
  try {
    checkEmergencyKey(await mclEngine(), key);
  } catch (error) {
    if (error instanceof CryptoError) throw new ContractError('EMERGENCY_KEY_INVALID', error.message);
    throw error;
  }
  return emergencyKeyDigest(key);
};

/** How grants name an emergency key. */
export const emergencyGrantee = ({ digest, publicKey, epoch }: EmergencyKeyEntry): Grantee => ({
  kind: 'emergency',
  id: digest,
  mspId: EMERGENCY_READER,
  publicKey,
  certificateHash: digest,
  epoch,
});
