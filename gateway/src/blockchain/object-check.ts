import { drained } from '../storage/checked-pieces.js';
import { ObjectAlteredError, ObjectMissingError, type ObjectStore } from '../storage/object-store.js';
import type { Findings } from './verdict.js';
import type { StoredObjects } from './verifier/ledger-walk.js';

/**
 * Reads a record version's objects and recomputes their digests; adds what is wrong to the findings.
 *
 * @returns whether all of them are as they were written
 */
export async function checkObjects(
  objects: ObjectStore,
  stored: StoredObjects,
  findings: Findings,
): Promise<boolean> {
  const { recordId, digests, superseded } = stored;
  let valid = true;
  for (const digest of [...digests, ...superseded]) {
    const reason = await objectFault(objects, digest);
    if (reason === undefined || (reason === MISSING && superseded.includes(digest))) continue;
    findings.add({ kind: 'object', id: digest, reason, recordId });
    valid = false;
  }
  return valid;
}

const MISSING = 'object: missing from the store';

async function objectFault(objects: ObjectStore, digest: string): Promise<string | undefined> {
  try {
    await drained(objects.stream(digest));
    return undefined;
  } catch (error) {
    if (error instanceof ObjectMissingError) return MISSING;
    if (error instanceof ObjectAlteredError) return 'object: its bytes were altered';
    return 'object: cannot be read';
  }
}
