import { ContractError } from '../../errors.js';
import type { Act } from '../../ledger/authorization.js';
import { worldKeys } from '../../ledger/keys.js';
import type { RecordEntry, RecordHead, Role } from '../../model/entries.js';
import { requireResearchChoice } from '../integrity/blinding.js';
import { partOf } from '../integrity/record-round.js';

/** Who has read access to a record's entries within the hospitals that it concerns. */
const HOSPITAL_READERS: ReadonlySet<Role> = new Set(['hospital-admin', 'doctor', 'verifier', 'sanitizer']);

/** Versions looked at, newest first. */
const VERSIONS_MAX = 50;

/** Whether a version of the record waits for attestations, and its panel names the caller. */
export const isAwaitedVerifier = async (act: Act, head: RecordHead): Promise<boolean> => {
  const { role, subject, mspId } = act.caller;
  if (role !== 'verifier' || mspId !== head.hospital) return false;
  const awaiting = await newestVersion(
    act,
    head,
    ({ status, panel }) =>
      (status === 'uploaded' || status === 'attested') && panel?.verifiers.includes(subject) === true,
  );
  return awaiting !== undefined;
};

/**
 * A sanitised file shows no personal data: auditors of any organisation may read it, and whoever sees the record's entries
 * in the hospitals that it concerns; researchers of any organisation, while the owner says yes to research and where it
 * was sanitised for that.
 *
 * @throws ContractError RECORD_STATUS where no chained version has a sanitised file; RESEARCH_NOT_ALLOWED
 */
export const mayReadSanitized = async (
  act: Act,
  head: RecordHead,
  isConcernedHospital: boolean,
): Promise<boolean> => {
  const { role, subject, mspId } = act.caller;
  const isAuthor = head.author === subject && head.hospital === mspId;
  const isReader = isConcernedHospital && HOSPITAL_READERS.has(role);
  if (role !== 'auditor' && role !== 'researcher' && !isAuthor && !isReader) return false;
  const sanitized = await newestVersion(
    act,
    head,
    ({ status, integrity }) => status === 'chained' && integrity !== undefined,
  );
  if (sanitized?.integrity === undefined)
    throw new ContractError('RECORD_STATUS', 'no chained version of a record has a sanitised file');
  if (role !== 'researcher') return true;
  const { profile } = partOf(sanitized.integrity.blinded);
  await requireResearchChoice(act, head.ledgerId, profile);
  return profile === 'research';
};

const newestVersion = async (
  { world }: Act,
  { recordId, version: newest }: RecordHead,
  isWanted: (entry: RecordEntry) => boolean,
): Promise<RecordEntry | undefined> => {
  for (let version = newest; version > 0 && newest - version < VERSIONS_MAX; version--) {
    const entry = await world.get(worldKeys.recordVersion(recordId, version));
    if (entry !== undefined && isWanted(entry)) return entry;
  }
  return undefined;
};
