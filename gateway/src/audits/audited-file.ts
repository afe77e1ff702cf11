import type { AuditedKind, AuditEntry, RecordEntry } from '@medseal/chaincode';
import type { Organization } from '../organizations/organization.js';

/** One file of one chained version, and where the cloud has it. */
export interface AuditedFile {
  /** Base64, from the ledger. */
  tag: string;
  parametersVersion: number;
  /** Addresses of the object and of its signed file. */
  object: string;
  signedFile: string;
  /** What else is needed to open it, and is not audited: the header object of a sealed one. */
  beside: string[];
}

/** @throws Error for an entry that is not chained with the integrity steps: nothing else is audited */
export const auditedFileOf = (entry: RecordEntry, kind: AuditedKind): AuditedFile => {
  const { blinded, sanitized, uploaded } = entry.integrity ?? {};
  if (!blinded || !sanitized || !uploaded || entry.sealed === null)
    throw new Error('the audited entry has not been through the integrity steps');
  const common = { tag: blinded.tags[kind], parametersVersion: blinded.parametersVersion };
  return kind === 'sealed'
    ? {
        ...common,
        object: entry.sealed.sealedDigest,
        signedFile: uploaded.sealedSignedFile.digest,
        beside: [entry.sealed.headerDigest],
      }
    : { ...common, object: sanitized.object.digest, signedFile: sanitized.signedFile.digest, beside: [] };
};

/** Out of the read model. @throws Error where it is not there yet */
export const fileOfAudit = async (
  { database }: Organization,
  { recordId, version, kind }: Pick<AuditEntry, 'recordId' | 'version' | 'kind'>,
): Promise<AuditedFile> => {
  const [row] = await database.query<{ entry: RecordEntry }>(
    'SELECT entry FROM record_versions WHERE record_id = $1 AND version = $2',
    [recordId, version],
  );
  if (row === undefined) throw new Error('the audited entry is not in the read model yet');
  return auditedFileOf(row.entry, kind);
};
