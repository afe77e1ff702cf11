import { CheckedCapsule, CryptoError, mclEngine } from '@medseal/crypto';
import { ContractError } from '../errors.js';
import type { ConsentEntry, ConsentScope } from '../model/consent-entries.js';
import type { RecordEntry } from '../model/entries.js';
import { contextOf, grantOf } from './reencryption-checks.js';
import { grantedScopes } from './scopes.js';

export interface GrantedCapsule {
  scope: ConsentScope;
  capsule: CheckedCapsule;
}

/** The scope of the consent for which the capsule was made, with the context rebuilt from the entry. */
export const requireCapsule = async (
  channel: string,
  entry: RecordEntry,
  consent: ConsentEntry,
  capsule: Uint8Array,
): Promise<GrantedCapsule> => {
  const scopes = grantedScopes(entry, consent);
  if (scopes.length === 0) {
    throw new ContractError('SCOPE_NOT_GRANTED', 'the consent covers no key slot of this version');
  }
  const engine = await mclEngine();
  for (const scope of scopes) {
    const context = contextOf(channel, entry, entry.sealed?.sealedDigest ?? '', scope);
    try {
      const checked = CheckedCapsule.of(engine, grantOf(channel, consent, scope), { capsule, context });
      return { scope, capsule: checked };
    } catch (error) {
      if (!(error instanceof CryptoError) || error.code !== 'BAD_CAPSULE') throw error;
    }
  }
  throw new ContractError('CAPSULE_INVALID', "the capsule's proof does not hold for this entry and key");
};
