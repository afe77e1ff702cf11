import { ContractError } from '../errors.js';
import type { ChainHead } from '../model/entries.js';
import { yearsAfter } from '../model/instants.js';
import { worldKeys } from './keys.js';
import type { WorldReader } from './store.js';

/** What the law has each hospital keep: its own records, so that nobody's new record holds up another's erasing. */

/** The part of the patient's next chain head that says when, after an entry of that hospital was chained. */
export const chainedAt = (
  head: ChainHead | undefined,
  hospital: string,
  at: string,
): Required<Pick<ChainHead, 'at' | 'lastOf'>> & Pick<ChainHead, 'before'> => {
  const isFirst = head !== undefined && head.lastOf === undefined;
  const before = isFirst ? (head.at ?? null) : head?.before;
  return { at, lastOf: { ...head?.lastOf, [hospital]: at }, ...(before === undefined ? {} : { before }) };
};

/** When the organisation's last record of the patient was chained, as far as the ledger says; undefined for none. */
export const lastRecordOf = (
  { at, lastOf, before }: ChainHead,
  mspId: string,
  ruleSince: string,
): string | undefined => {
  if (lastOf === undefined) return at ?? ruleSince;
  const last = lastOf[mspId];
  // Who chained the entries of before is not told.
  return last ?? (before === undefined ? undefined : (before ?? ruleSince));
};

/** How long the organisation has to keep what it holds of the patient, and for how many years that is. */
export interface Retention {
  years: number;
  /** Instant from which it may be erased. */
  until: string;
}

/** Undefined when nothing has to be kept at `at`. */
export const retentionOf = async (
  world: WorldReader,
  ledgerId: string,
  mspId: string,
  at: string,
): Promise<Retention | undefined> => {
  const parameters = await world.get(worldKeys.parameters());
  const head = await world.get(worldKeys.chain(ledgerId));
  if (parameters?.retentionYears === undefined || head === undefined) return undefined;
  const last = lastRecordOf(head, mspId, parameters.retentionSince ?? at);
  if (last === undefined) return undefined;
  const until = yearsAfter(last, parameters.retentionYears);
  return at < until ? { years: parameters.retentionYears, until } : undefined;
};

/** @throws ContractError RETENTION_NOT_OVER with the first day on which the organisation may erase */
export const requireRetentionOver = async (
  { world, at }: { world: WorldReader; at: string },
  ledgerId: string,
  mspId: string,
): Promise<void> => {
  const retention = await retentionOf(world, ledgerId, mspId, at);
  if (retention === undefined) return;
  const { years, until } = retention;
  throw new ContractError(
    'RETENTION_NOT_OVER',
    `the law keeps the records for ${years} years: ask again from ${until.slice(0, 10)} on`,
  );
};
