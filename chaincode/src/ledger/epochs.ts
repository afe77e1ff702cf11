import { ContractError } from '../errors.js';

/** Keys are replaced one by one: the epoch offered is the one after the current, 1 for the first. */
export const requireNextEpoch = (current: number | undefined, offered: number): void => {
  const next = (current ?? 0) + 1;
  if (offered !== next) {
    throw new ContractError('VERSION_CONFLICT', `the next epoch of this key is ${next}: read the key again`);
  }
};
