import { ContractError } from '../errors.js';
import type { ConsentEntry, ConsentScope } from '../model/consent-entries.js';
import type { RecordEntry } from '../model/entries.js';
import { holdsCapsule } from './reencryption-checks.js';
import { grantedScopes } from './scopes.js';

/** The scope of the consent for which the capsule was made, with the context rebuilt from the entry. */
export const requireCapsule = async (
  channel: string,
  entry: RecordEntry,
  consent: ConsentEntry,
  capsule: Uint8Array,
): Promise<ConsentScope> => {
  const scopes = grantedScopes(entry, consent);
  if (scopes.length === 0) {
    throw new ContractError('SCOPE_NOT_GRANTED', 'the consent covers no key slot of this version');
  }
  const sealedDigest = entry.sealed?.sealedDigest ?? '';
  for (const scope of scopes)
    if (await holdsCapsule(channel, entry, sealedDigest, scope, capsule)) return scope;
  throw new ContractError('CAPSULE_INVALID', "the capsule's proof does not hold for this entry and key");
};
