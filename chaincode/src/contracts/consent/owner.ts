import { ContractError } from '../../errors.js';
import type { Act } from '../../ledger/authorization.js';
import { requireConsent } from '../../ledger/consent-state.js';
import { worldKeys } from '../../ledger/keys.js';
import type { ConsentAnswerEntry, ConsentEntry } from '../../model/consent-entries.js';

/** A consent of the caller's own. */
export const requireOwnConsent = async (act: Act, consentId: string): Promise<ConsentEntry> => {
  const consent = await requireConsent(act.world, consentId);
  if (consent.ledgerId !== act.caller.subject) {
    throw new ContractError('NOT_ALLOWED', 'only its owner decides about a consent');
  }
  return consent;
};

export const answeredFor = async (
  { world, caller }: Act,
  requestId: string,
  consentId: string | null,
): Promise<ConsentAnswerEntry> => {
  const key = worldKeys.consentAnswer(requestId, caller.subject);
  if ((await world.get(key)) !== undefined) {
    throw new ContractError('REQUEST_ANSWERED', 'the patient has answered this request');
  }
  return world.put(key, {
    requestId,
    ledgerId: caller.subject,
    answer: consentId === null ? 'denied' : 'granted',
    consentId,
  });
};
