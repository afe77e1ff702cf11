import type { RecordStatus } from './api.js';
import type { MedsealClient } from './medseal-client.js';

/** Who goes on with a record, signed in: `next.role` of its answers. */
export type RecordRole = 'author' | 'sanitizer' | 'verifier';

/** More than a record has steps, however often a service was faster. */
const TURNS_MAX = 12;

/**
 * Takes a sealed record to the patient's chain: whoever is next runs what they may run, until nothing is left.
 *
 * @throws ProblemError of the first step that is refused; Error when the record does not get any further
 */
export const completeByRoles = async (
  recordId: string,
  people: Record<RecordRole, MedsealClient>,
): Promise<RecordStatus> => {
  let status: RecordStatus = await people.author.record(recordId);
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    const { next } = status;
    if (next === null) return status;
    const person = people[next.role as RecordRole];
    status = await person.completeRecord(recordId);
  }
  throw new Error(`record ${recordId} stays ${status.status}`);
};
