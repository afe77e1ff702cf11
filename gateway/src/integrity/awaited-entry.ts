import type { BlindedPart, IntegrityPart, RecordEntry } from '@medseal/chaincode';
import { requireGatewayKeys } from '../http/keys-on-device.js';
import { notFound, problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { RecordReader } from '../records/record-reader.js';
import { requireStep } from '../records/step-order.js';

/** An entry of which a round is under way. */
export interface BlindedEntry extends RecordEntry {
  integrity: IntegrityPart & { blinded: BlindedPart };
}

/**
 * The latest version, as the ledger has it now, for somebody whom its panel names for a step.
 *
 * @throws ProblemException 404, 409 `STEP_NOT_REQUIRED`, 403 `NOT_ON_PANEL`, 409 `KEYS_ON_DEVICE`
 */
export const awaitedEntry = async (
  reader: RecordReader,
  user: SessionUser,
  recordId: string,
  step: 'sanitize' | 'attest',
): Promise<RecordEntry> => {
  const row = await reader.find(user, recordId);
  if (row === undefined) throw notFound();
  requireStep(row.entry, step);
  // Before the ledger is asked anything for somebody who has no part in it.
  requireNamed(user, row.entry, step);
  const entry = (await reader.current(user.organization, recordId, row.entry.version)) ?? row.entry;
  requireNamed(user, entry, step);
  requireGatewayKeys(user);
  return entry;
};

const requireNamed = (
  { subject }: SessionUser,
  { panel }: RecordEntry,
  step: 'sanitize' | 'attest',
): void => {
  const isNamed =
    step === 'sanitize' ? panel?.sanitizer === subject : (panel?.verifiers.includes(subject) ?? false);
  if (isNamed) return;
  throw problem(
    403,
    'NOT_ON_PANEL',
    step === 'sanitize'
      ? 'The record names another sanitiser.'
      : 'The record does not name you among its verifiers.',
  );
};

/** What was looked at is what is decided about. @throws ProblemException 409 `ROUND_DIFFERS` */
export const requireSameRound = ({ integrity }: RecordEntry, round: number | undefined): void => {
  const now = integrity?.round ?? 0;
  if (round !== undefined && round !== now)
    throw problem(409, 'ROUND_DIFFERS', `The record is in round ${now}: look at what was blinded then.`);
};
