import {
  checkEmergencyKey,
  CryptoError,
  emergencyKeyDigest,
  emergencyKeyOf,
  type PairingEngine,
} from '@medseal/crypto';
import type { EmergencyKeyAnswer, GranteeKey } from '../api.js';
import { acceptMinistryKey, type Trust } from './organization-trust.js';
import { DeviceRefusal } from './signed-act.js';

/**
 * Accepts an emergency key only if its values belong together, so that no fewer custodians than it says can open, and
 * only as the ministry's: with a signature of its service. That nobody kept its secret at the
 * ceremony cannot be seen.
 *
 * @throws DeviceRefusal naming what does not hold
 */
export async function acceptEmergencyKey(
  engine: PairingEngine,
  trust: Trust,
  input: { channel: string; emergencyKey: EmergencyKeyAnswer | undefined; grantee: GranteeKey },
): Promise<void> {
  const { channel, emergencyKey: key, grantee } = input;
  if (key === undefined) throw new DeviceRefusal('the gateway did not give the emergency key');
  const made = emergencyKeyOf(channel, key);
  try {
    checkEmergencyKey(engine, made);
  } catch (error) {
    if (error instanceof CryptoError) throw new DeviceRefusal(error.message);
    throw error;
  }
  const digest = emergencyKeyDigest(made);
  if (grantee.id !== digest || grantee.certificateHash !== digest || grantee.publicKey !== key.publicKey)
    throw new DeviceRefusal('the emergency key is another one than the grantee');
  const { mspId, epoch, certificate, signature } = key;
  const vouched = { kind: 'emergency', epoch, publicKey: digest, certificate, signature };
  await acceptMinistryKey(trust, mspId, vouched);
}
