import {
  canonicalJson,
  derivedSecret,
  fromBase64,
  fromHex,
  openCommitment,
  openPrivateValue,
  sealPrivateValue,
  toBase64,
  toHex,
  utf8Decode,
} from '@medseal/crypto';
import type { ConsentFields } from '../api.js';
import type { ConsentWish } from './consent-grant.js';
import { DeviceRefusal } from './signed-act.js';

/**
 * The owner's own copy of what was decided, under a key of the owner's seed: a consent is granted again from it alone,
 * because nobody else can make one. Adversary: the gateway that keeps it.
 */
export type OwnCopy = Pick<ConsentWish, 'grantee' | 'scopes' | 'terms' | 'expiresAt'>;

export const sealOwnCopy = async (
  seed: Uint8Array,
  consentId: string,
  { grantee, scopes, terms, expiresAt }: OwnCopy,
  salt: Uint8Array,
): Promise<string> =>
  toBase64(
    await sealPrivateValue(
      copyKey(seed),
      consentId,
      canonicalJson({ grantee, scopes, terms, expiresAt, salt: toHex(salt) }),
    ),
  );

/**
 * @throws CryptoError `OPEN_FAILED` for a copy of somebody else or of another consent; DeviceRefusal for terms that are
 *   not those the consent commits to
 */
export const openOwnCopy = async (
  seed: Uint8Array,
  { consentId, termsCommitment }: Pick<ConsentFields, 'consentId' | 'termsCommitment'>,
  ownTerms: string,
): Promise<OwnCopy> => {
  const opened = await openPrivateValue(copyKey(seed), consentId, fromBase64(ownTerms, 'ownTerms'));
  const { salt, ...copy } = JSON.parse(utf8Decode(opened)) as OwnCopy & { salt: string };
  if (copy.terms !== null && !openCommitment(termsCommitment, copy.terms, fromHex(salt)))
    throw new DeviceRefusal('the terms are not those of this consent');
  return copy;
};

const copyKey = (seed: Uint8Array): Uint8Array => derivedSecret(seed, 'own-copies');
