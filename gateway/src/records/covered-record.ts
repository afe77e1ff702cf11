import { type ConsentEntry, grantedScopes, type RecordEntry, type SealedPart } from '@medseal/chaincode';
import { grantedCapsules, type LedgerFacts } from '@medseal/crypto';
import { notFound, problem } from '../http/problem.js';
import type { Organization } from '../organizations/organization.js';
import { referenceOf } from './record-writer.js';

/** A sealed version of a record, and a consent or emergency grant of its owner that covers it. */
export interface CoveredRecord {
  consent: ConsentEntry;
  entry: RecordEntry;
  sealed: SealedPart;
}

/** Newest first. */
export const versionsOf = async ({ database }: Organization, recordId: string): Promise<RecordEntry[]> => {
  const rows = await database.query<{ entry: RecordEntry }>(
    'SELECT entry FROM record_versions WHERE record_id = $1 ORDER BY version DESC',
    [recordId],
  );
  return rows.map(({ entry }) => entry);
};

/** Those of this owner, all or the version that is asked for. @throws ProblemException 404 where there is none */
export const versionsOfOwner = (
  versions: readonly RecordEntry[],
  ledgerId: string,
  version: number | undefined,
): RecordEntry[] => {
  const found = versions.filter(
    (entry) => entry.ledgerId === ledgerId && (version ?? entry.version) === entry.version,
  );
  if (found.length === 0) throw notFound();
  return found;
};

/** The newest that the consent covers. @throws ProblemException 403 `SCOPE_NOT_GRANTED` with `refusal` */
export const newestCovered = (
  versions: readonly RecordEntry[],
  consent: ConsentEntry,
  refusal: string,
): CoveredRecord => {
  const entry = versions.find((one) => grantedScopes(one, consent).length > 0);
  if (entry?.sealed == null) throw problem(403, 'SCOPE_NOT_GRANTED', refusal);
  return { consent, entry, sealed: entry.sealed };
};

export const factsOf = (
  organization: Organization,
  { entry, sealed }: Pick<CoveredRecord, 'entry' | 'sealed'>,
): LedgerFacts => ({
  record: referenceOf(organization, entry),
  sealedDigest: sealed.sealedDigest,
  dekCommitment: sealed.dekCommitment,
  headerDigest: sealed.headerDigest,
});

/** The one whose capsule is put to the agents, whatever they say of it. */
export const scopeOf = ({ entry, consent }: Pick<CoveredRecord, 'entry' | 'consent'>) =>
  grantedScopes(entry, consent)[0]!;

/** The key slot that the consent covers. */
export const capsuleOf = (
  organization: Organization,
  record: CoveredRecord,
  header: Uint8Array,
): Uint8Array => {
  const facts = factsOf(organization, record);
  const [found] = grantedCapsules({ header, facts }, scopeOf(record));
  return found!.capsule;
};
