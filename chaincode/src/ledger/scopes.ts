import { ContractError } from '../errors.js';
import type { PatientEntry, RecordEntry, ScopeKey, ScopeReference } from '../model/entries.js';

export const isSameScope = (left: ScopeReference, right: ScopeReference): boolean =>
  left.scopeId === right.scopeId && left.epoch === right.epoch;

/** The scopes of the consent in which the version has a key slot of the owner. */
export const grantedScopes = <Scope extends ScopeReference>(
  { ownerSlots }: Pick<RecordEntry, 'ownerSlots'>,
  { scopes }: { scopes: readonly Scope[] },
): Scope[] => scopes.filter((scope) => ownerSlots.some((slot) => isSameScope(slot, scope)));

/** The patient's key of that scope, if its epoch is the current one. */
export const requireCurrentScope = (patient: PatientEntry, wanted: ScopeReference): ScopeKey => {
  const scope = patient.scopes.find((current) => isSameScope(current, wanted));
  if (scope === undefined) {
    throw new ContractError(
      'SCOPE_NOT_CURRENT',
      'scopeId and epoch are not current ones of the patient: read the patient',
    );
  }
  return scope;
};
