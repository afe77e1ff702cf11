import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { authorizeAct, authorizeQuery, EVERYONE } from '../../ledger/authorization.js';
import { worldKeys } from '../../ledger/keys.js';
import type { ResearchChoiceEntry } from '../../model/consent-entries.js';
import { id, oneOf } from '../../model/validation.js';
import { requireActivePatient } from '../patients.js';

/** By the owner, as often as they like: whether sanitised files may be used for research. The last one counts. */
export const chooseResearch = async (ctx: Context, allowed: string): Promise<ResearchChoiceEntry> => {
  const act = await authorizeAct(ctx, { roles: ['patient'] });
  const { ledgerId } = await requireActivePatient(act);
  // Read, so that a choice that somebody held back conflicts with every later one.
  const last = await act.world.get(worldKeys.researchChoice(ledgerId));
  if (last !== undefined && act.at <= last.at) {
    throw new ContractError('VERSION_CONFLICT', 'a later choice is on the ledger: choose again');
  }
  return act.world.put(worldKeys.researchChoice(ledgerId), {
    ledgerId,
    allowed: oneOf('true', 'false')(allowed, 'allowed') === 'true',
    at: act.at,
  });
};

/** Null while the patient has not chosen: research is not allowed then. */
export const getResearchChoice = async (
  ctx: Context,
  ledgerId: string,
): Promise<ResearchChoiceEntry | null> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE });
  return (await world.get(worldKeys.researchChoice(id(ledgerId, 'ledgerId')))) ?? null;
};
