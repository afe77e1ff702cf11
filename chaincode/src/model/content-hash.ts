import { canonicalJson, concat, fromBase64, lp, sha256Hex, tagHash, utf8 } from '@medseal/crypto';
import type { RecordEntry, SealedPart } from './entries.js';
import type { RecordTags } from './integrity-entries.js';

const LABEL = 'MS-ENTRY';

/** The fields of a sealed record entry that its contentHash covers; a `RecordEntry` with its `sealed` part fits. */
export type HashedEntryFields = Pick<
  RecordEntry,
  | 'recordId'
  | 'version'
  | 'ledgerId'
  | 'scopeId'
  | 'epoch'
  | 'hospital'
  | 'author'
  | 'policyVersion'
  | 'steps'
  | 'panel'
  | 'integrity'
> & { sealed: Pick<SealedPart, 'sealedBy' | 'sealedDigest' | 'dekCommitment' | 'commitments'> };

/**
 * contentHash of a chained entry: SHA-256 of lp("MS-ENTRY") and the canonical JSON of the fields below, lower-case hex.
 * `tags` are the hashes of its audit tags, sealed and sanitised, `[]` without the integrity steps; with them `integrity`
 * is SHA-256 of the canonical JSON of {panel, integrity}. `index` counts the patient's chained entries from 0;
 * `prevHash` is the contentHash of the one before, 64 zeros for the first.
 * `headerDigest` is not covered: a key slot added later changes the header.
 */
export const contentHash = (
  channel: string,
  entry: HashedEntryFields,
  index: number,
  prevHash: string,
): string => {
  const { selector, titleLine, document } = entry.sealed.commitments;
  const { panel, integrity } = entry;
  const covered = canonicalJson({
    channel,
    recordId: entry.recordId,
    version: entry.version,
    ledgerId: entry.ledgerId,
    scopeId: entry.scopeId,
    epoch: entry.epoch,
    hospital: entry.hospital,
    author: entry.author,
    policyVersion: entry.policyVersion,
    steps: [...entry.steps],
    sealedBy: entry.sealed.sealedBy,
    sealedDigest: entry.sealed.sealedDigest,
    dekCommitment: entry.sealed.dekCommitment,
    commitments: { selector, titleLine, document },
    tags: tagHashes(integrity?.blinded?.tags),
    ...(integrity === undefined ? {} : { integrity: sha256Hex(canonicalJson({ panel, integrity })) }),
    index,
    prevHash,
  });
  return sha256Hex(concat(lp(LABEL), utf8(covered)));
};

const tagHashes = (tags: RecordTags | undefined): string[] =>
  tags === undefined ? [] : [tags.sealed, tags.sanitized].map((tag) => tagHash(fromBase64(tag)));
