import { setTimeout as sleep } from 'node:timers/promises';
import {
  LedgerError,
  type CallOptions,
  type Committed,
  type LedgerIdentity,
} from '../fabric/ledger-client.js';
import type { Organization } from '../organizations/organization.js';

const LOOK_UPS_MAX = 5;
const LOOK_UP_INTERVAL_MS = 1_000;

/**
 * Submits an act that carries a business id. A repetition answers from the first transaction (then `result` is empty),
 * and a commit that was not seen is looked up before the act is repeated under the same id.
 * @throws LedgerError
 */
export const submitOnce = async (
  organization: Organization,
  identity: LedgerIdentity,
  fn: string,
  args: string[],
  options: CallOptions = {},
): Promise<Committed> => {
  try {
    return await organization.ledger.submit(identity, fn, args, options);
  } catch (error) {
    if (!(error instanceof LedgerError) || error.transactionId === undefined) throw error;
    if (error.code === 'ALREADY_DONE') return firstTransaction(organization, error);
    if (error.code !== 'COMMIT_UNKNOWN') throw error;
    const found = await lookUp(organization, error.transactionId);
    return (
      found ??
      organization.ledger.submit(identity, fn, args, options).catch((again: unknown) => {
        if (again instanceof LedgerError && again.code === 'ALREADY_DONE')
          return firstTransaction(organization, again);
        throw again;
      })
    );
  }
};

const firstTransaction = async (organization: Organization, error: LedgerError): Promise<Committed> => {
  const first =
    error.transactionId === undefined ? undefined : await lookUp(organization, error.transactionId);
  if (first === undefined) throw error;
  return first;
};

const lookUp = async (organization: Organization, transactionId: string): Promise<Committed | undefined> => {
  for (let attempt = 1; ; attempt++) {
    const found = await organization.ledger.lookUp(transactionId);
    if (found !== undefined || attempt >= LOOK_UPS_MAX) return found;
    await sleep(LOOK_UP_INTERVAL_MS);
  }
};
