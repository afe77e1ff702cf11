import { fromHex } from '../canonical/index.js';
import type { EmergencyKey } from './emergency-key.js';
import type { GrantAgent } from './grant.js';

/** The scheme's values as ledger and REST answers carry them: bytes in lower-case hex. */

/** An emergency key as it is on the ledger. */
export interface HexEmergencyKey {
  publicKey: string;
  proof: string;
  threshold: number;
  custodians: readonly { mspId: string; publicKey: string; check: string; shareDigest: string }[];
}

/** @throws CryptoError BAD_ENCODING */
export const emergencyKeyOf = (
  channel: string,
  { publicKey, proof, threshold, custodians }: HexEmergencyKey,
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

/** A consent as it is on the ledger. */
export interface HexConsent {
  consentId: string;
  ledgerId: string;
  grantee: { mspId: string; publicKey: string };
  agents: readonly { mspId: string; publicKey: string }[];
  threshold: number;
}

/** One scope of it. */
export interface HexConsentScope {
  scopeId: string;
  epoch: number;
  publicKey: string;
  points: readonly string[];
  shareDigests: readonly string[];
}

/** One scope of a consent as a grant whose grantId is the consentId. @throws CryptoError BAD_ENCODING */
export const grantValuesOf = (channel: string, consent: HexConsent, scope: HexConsentScope) => ({
  grantId: consent.consentId,
  channel,
  owner: consent.ledgerId,
  scopeId: scope.scopeId,
  epoch: scope.epoch,
  ownerPublicKey: fromHex(scope.publicKey),
  reader: { mspId: consent.grantee.mspId, publicKey: fromHex(consent.grantee.publicKey) },
  threshold: consent.threshold,
  agents: consent.agents.map(({ mspId, publicKey }, at): GrantAgent => ({
    mspId,
    publicKey: fromHex(publicKey),
    check: fromHex(scope.points[at] ?? ''),
    shareDigest: scope.shareDigests[at] ?? '',
  })),
});
