import type { RecordEntry } from '@medseal/chaincode';
import { examineBlocks } from '../blockchain/block-examiner.js';
import { validChanges } from '../blockchain/verifier/ledger-walk.js';
import { integrityDigests, sharedDigests } from '../integrity/round-objects.js';
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
  const recordIds = new Set<string>();
  for (const number of numbers) {
    const block = blocks.get(number);
    for (const { type, entry } of block === undefined ? [] : validChanges(block)) {
      if (type !== 'recordVersion' || entry === undefined) continue;
      const version = entry as unknown as RecordEntry;
      const { ledgerId: owner, hospital, recordId, sealed } = version;
      if (owner !== ledgerId || hospital !== mspId || sealed === null) continue;
      digests.add(sealed.sealedDigest).add(sealed.headerDigest);
      for (const digest of integrityDigests(version)) digests.add(digest);
      recordIds.add(recordId);
    }
  }
  const shared = await sharedDigests(organization, [...digests], [...recordIds]);
  return [...digests].filter((digest) => !shared.has(digest));
};
