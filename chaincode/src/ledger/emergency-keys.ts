import {
  checkEmergencyKey,
  CryptoError,
  type EmergencyKey,
  EMERGENCY_READER,
  emergencyKeyDigest,
  fromHex,
  mclEngine,
} from '@medseal/crypto';
import { ContractError } from '../errors.js';
import type { Grantee } from '../model/consent-entries.js';
import type { EmergencyKeyEntry } from '../model/emergency-entries.js';

type KeyFields = Pick<EmergencyKeyEntry, 'publicKey' | 'proof' | 'threshold' | 'custodians'>;

/** The ledger's entry, as the re-encryption scheme has it. */
export const emergencyKeyOf = (
  channel: string,
  { publicKey, proof, threshold, custodians }: KeyFields,
): EmergencyKey => ({
  channel,
  publicKey: fromHex(publicKey),
  proof: fromHex(proof),
  threshold,
  custodians: custodians.map((custodian) => ({
    mspId: custodian.mspId,
    publicKey: fromHex(custodian.publicKey),
    check: fromHex(custodian.check),
    shareDigest: custodian.shareDigest,
  })),
});

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
