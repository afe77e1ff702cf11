import type { RecordEntry } from '@medseal/chaincode';
import type { Organization } from '../organizations/organization.js';

/** Digests of what the integrity steps of a version's present round put into the cloud. */
export const integrityDigests = ({ integrity }: Pick<RecordEntry, 'integrity'>): string[] =>
  [
    integrity?.sanitized?.object.digest,
    integrity?.sanitized?.signedFile.digest,
    integrity?.uploaded?.sealedSignedFile.digest,
  ].filter((digest) => digest !== undefined);

/**
 * Those of the digests that the present round of another record, of somebody who is not erased, also has: two documents of which everything personal is gone
 * may be the same bytes, which are stored once.
 *
 * @param recordIds whose own rounds do not count
 */
export const sharedDigests = async (
  { database }: Pick<Organization, 'database'>,
  digests: readonly string[],
  recordIds: readonly string[],
): Promise<Set<string>> => {
  if (digests.length === 0) return new Set();
  const rows = await database.query<{ digest: string }>(
    `SELECT DISTINCT v.entry #>> '{integrity,sanitized,object,digest}' AS digest
       FROM record_versions v JOIN patients p USING (ledger_id)
      WHERE v.entry #>> '{integrity,sanitized,object,digest}' = ANY($1) AND v.record_id <> ALL($2)
        AND p.status NOT IN ('erasing', 'erased')`,
    [[...digests], [...recordIds]],
  );
  return new Set(rows.map(({ digest }) => digest));
};

/** After a return: nothing of the round is used again, and what a verifier rejected must not lie in the cloud. */
export const deleteRoundObjects = async (organization: Organization, entry: RecordEntry): Promise<void> => {
  const digests = integrityDigests(entry);
  const shared = await sharedDigests(organization, digests, [entry.recordId]);
  for (const digest of digests) if (!shared.has(digest)) await organization.objects.delete(digest);
};
