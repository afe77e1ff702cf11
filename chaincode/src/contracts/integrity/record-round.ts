import { ContractError } from '../../errors.js';
import type { Act } from '../../ledger/authorization.js';
import { worldKeys } from '../../ledger/keys.js';
import { refuseErasedOwner } from '../../ledger/patient-status.js';
import type { RecordEntry } from '../../model/entries.js';
import type { StepArgument } from '../../model/integrity-arguments.js';
import type { IntegrityPart, RecordPanel } from '../../model/integrity-entries.js';
import { missingSteps } from '../../model/record-steps.js';

/** An entry with the integrity steps, in a status in which an act may go on with it. */
export interface SteppedEntry extends RecordEntry {
  panel: RecordPanel;
}

/**
 * The entry that an act is about, of the caller's hospital.
 *
 * @throws ContractError RECORD_NOT_FOUND, RECORD_STATUS, STEP_MISSING, PATIENT_ERASED
 */
export const requireStepped = async (
  act: Act,
  { recordId, version }: StepArgument,
  statuses: readonly RecordEntry['status'][],
): Promise<SteppedEntry> => {
  const entry = await act.world.require(
    worldKeys.recordVersion(recordId, version),
    'RECORD_NOT_FOUND',
    'no entry of that recordId and version',
  );
  if (entry.hospital !== act.caller.mspId)
    throw new ContractError('NOT_ALLOWED', "only the record's own hospital goes on with it");
  const { panel } = entry;
  if (panel === undefined) {
    throw new ContractError(
      'RECORD_STATUS',
      `the entry needs no such step: ${entry.steps.join(', ')} is all`,
    );
  }
  if (!statuses.includes(entry.status)) refuseStatus(entry, statuses);
  await refuseErasedOwner(act, entry.ledgerId);
  return { ...entry, panel };
};

const refuseStatus = (entry: RecordEntry, statuses: readonly RecordEntry['status'][]): never => {
  const earliest = statuses[0] ?? 'chained';
  const before = missingSteps({ ...entry, status: earliest });
  const missing = missingSteps(entry).filter((step) => !before.includes(step));
  if (entry.status !== 'created' && missing.length > 0) {
    throw new ContractError('STEP_MISSING', `not done yet: ${missing.join(', ')}`);
  }
  throw new ContractError(
    'RECORD_STATUS',
    `the entry is ${entry.status}: this step needs it ${statuses.join(' or ')}`,
  );
};

/** The parts that the present blinding has left so far. @throws ContractError ROUND_DIFFERS */
export const requireRound = ({ integrity }: RecordEntry, { round }: StepArgument): IntegrityPart => {
  if (integrity?.round === round) return integrity;
  throw new ContractError(
    'ROUND_DIFFERS',
    `the record is in round ${integrity?.round ?? 0}: look at what was blinded then`,
  );
};

/** The parts of a step that the entry's status says is done. */
export const partOf = <T>(part: T | null): T => {
  if (part === null)
    throw new ContractError('INTERNAL', 'the entry lacks the part of a step that it has done');
  return part;
};

export const storeStep = (
  act: Act,
  entry: SteppedEntry,
  status: RecordEntry['status'],
  integrity: IntegrityPart,
): Promise<RecordEntry> =>
  act.world.put(worldKeys.recordVersion(entry.recordId, entry.version), { ...entry, status, integrity });

/** Back to be blinded anew; nothing of this round is used again. */
export const storeReturn = (
  act: Act,
  entry: SteppedEntry,
  { round }: IntegrityPart,
  why: Pick<NonNullable<IntegrityPart['returned']>, 'step' | 'reasonCode'>,
): Promise<RecordEntry> =>
  storeStep(act, entry, 'sealed', {
    round,
    blinded: null,
    sanitized: null,
    uploaded: null,
    attestations: [],
    returned: { ...why, by: act.caller.subject, at: act.at },
  });
