import { STAFF_COLLECTION } from './ledger/keys.js';
import { mspId } from './model/validation.js';

/** A collection as a chaincode definition names it. */
export interface CollectionConfig {
  name: string;
  policy: string;
  requiredPeerCount: number;
  maxPeerCount: number;
  blockToLive: number;
  memberOnlyRead: boolean;
  memberOnlyWrite: boolean;
  endorsementPolicy: { signaturePolicy: string };
}

/**
 * The explicit collection `hospitals`: members are all hospitals, any one of them endorses. A new hospital is added by
 * one chaincode definition with the longer list. The organisations' own values need none: implicit collections.
 */
export const collectionsFor = (hospitalMspIds: readonly string[]): CollectionConfig[] => {
  const anyOf = (role: string): string =>
    `OR(${hospitalMspIds.map((hospital) => `'${mspId(hospital, 'hospitalMspIds')}.${role}'`).join(',')})`;
  return [
    {
      name: STAFF_COLLECTION,
      policy: anyOf('member'),
      requiredPeerCount: 0,
      maxPeerCount: Math.max(1, hospitalMspIds.length),
      blockToLive: 0,
      memberOnlyRead: true,
      memberOnlyWrite: true,
      endorsementPolicy: { signaturePolicy: anyOf('peer') },
    },
  ];
};
