import type { RecordEntry } from '@medseal/chaincode';
import { examineBlocks } from '../blockchain/block-examiner.js';
import { validChanges } from '../blockchain/verifier/ledger-walk.js';
import type { Organization } from '../organizations/organization.js';

/**
 * Digests of the envelopes, headers and audited files of a patient's records that the organisation wrote: headers before
 * a later key slot and files of earlier rounds included, a sanitised document that is also somebody else's left out.
 *
 * @throws LedgerError LEDGER_UNAVAILABLE
 */
export const objectsOf = async (organization: Organization, ledgerId: string): Promise<string[]> => {
  const { ledger, database, mspId } = organization;
  const writes = await database.query<{ block_number: number }>(
    `SELECT DISTINCT w.block_number FROM record_writes w JOIN record_versions v USING (record_id, version)
      WHERE v.ledger_id = $1 AND v.hospital = $2`,
    [ledgerId, mspId],
  );
  if (writes.length === 0) return [];
  const numbers = writes.map(({ block_number }) => block_number);
  const blocks = await examineBlocks(ledger, database, numbers);
  const digests = new Set<string>();
  for (const number of numbers) {
    const block = blocks.get(number);
    for (const { type, entry } of block === undefined ? [] : validChanges(block)) {
      if (type !== 'recordVersion' || entry === undefined) continue;
      const { ledgerId: owner, hospital, sealed, integrity } = entry as unknown as RecordEntry;
      if (owner !== ledgerId || hospital !== mspId || sealed === null) continue;
      digests.add(sealed.sealedDigest).add(sealed.headerDigest);
      const { sanitized, uploaded } = integrity ?? {};
      if (sanitized) digests.add(sanitized.object.digest).add(sanitized.signedFile.digest);
      if (uploaded) digests.add(uploaded.sealedSignedFile.digest);
    }
  }
  for (const shared of await sharedWithOthers(organization, ledgerId, [...digests])) digests.delete(shared);
  return [...digests];
};

/** Two documents may have the same masked values, and then one object in the cloud. */
const sharedWithOthers = async (
  { database }: Organization,
  ledgerId: string,
  digests: readonly string[],
): Promise<string[]> => {
  const rows = await database.query<{ digest: string }>(
    `SELECT DISTINCT v.entry->'integrity'->'sanitized'->'object'->>'digest' AS digest FROM record_versions v
       JOIN patients p USING (ledger_id)
      WHERE v.ledger_id <> $1 AND p.status NOT IN ('erasing', 'erased')
        AND v.entry->'integrity'->'sanitized'->'object'->>'digest' = ANY($2)`,
    [ledgerId, [...digests]],
  );
  return rows.map(({ digest }) => digest);
};
