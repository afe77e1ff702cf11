import type { RecordEntry } from '@medseal/chaincode';
import { fromBase64, tagHash } from '@medseal/crypto';
import type { Organization } from '../organizations/organization.js';
import { ObjectMissingError } from '../storage/object-store.js';
import { StepFileError } from './step-spool.js';

/** What is to be uploaded of a record, in the order of the ledger's fields. */
export interface FilesToUpload {
  sealedSignedFile: Buffer;
  object: Buffer;
  signedFile: Buffer;
}

/**
 * Which file of the spool goes with a sealed object: the ledger has its tag from the blinding on, and its digest only
 * from the upload on.
 */
export const noteSealedSignedFile = async (
  { database }: Organization,
  recordId: string,
  tag: Uint8Array,
  digest: string,
): Promise<void> => {
  await database.query(
    'INSERT INTO sealed_signed_files (tag_hash, record_id, digest) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [tagHash(tag), recordId, digest],
  );
};

/** After its upload, and where a repetition made it in vain. */
export const forgetSealedSignedFile = async (
  { database }: Organization,
  recordId: string,
  digest: string,
): Promise<void> => {
  await database.query('DELETE FROM sealed_signed_files WHERE record_id = $1 AND digest = $2', [
    recordId,
    digest,
  ]);
};

/** Those of earlier rounds. @returns their digests */
export const forgetOtherSealedSignedFiles = async (
  { database }: Organization,
  recordId: string,
  kept: string,
): Promise<string[]> => {
  const rows = await database.query<{ digest: string }>(
    'DELETE FROM sealed_signed_files WHERE record_id = $1 AND digest <> $2 RETURNING digest',
    [recordId, kept],
  );
  return rows.map(({ digest }) => digest);
};

/**
 * Files of an entry in status `sanitized`. One that an upload which was cut short had stored is taken from the cloud.
 *
 * @throws StepFileError
 */
export const filesToUpload = async (
  organization: Organization,
  entry: RecordEntry,
): Promise<FilesToUpload> => {
  const { recordId, integrity } = entry;
  const { object, signedFile } = integrity?.sanitized ?? {};
  const sealedSignedFile = await sealedSignedFileOf(organization, entry);
  const [first, second, third] = await Promise.all(
    [sealedSignedFile, object?.digest, signedFile?.digest].map(async (digest) => {
      if (digest === undefined) throw new StepFileError('of the sealed object', 'missing');
      return fileOf(organization, recordId, digest);
    }),
  );
  return { sealedSignedFile: first!, object: second!, signedFile: third! };
};

/** Whether whoever is next finds what the step before left: else the record is blinded anew. */
export const hasStepFiles = async (organization: Organization, entry: RecordEntry): Promise<boolean> => {
  const { recordId, integrity } = entry;
  try {
    if (entry.status === 'sanitized') {
      await filesToUpload(organization, entry);
    } else {
      await organization.spool.get(recordId, integrity?.blinded?.packageDigest ?? '');
      const digest = await sealedSignedFileOf(organization, entry);
      if (digest === undefined) return false;
      await organization.spool.get(recordId, digest);
    }
    return true;
  } catch (error) {
    if (error instanceof StepFileError) return false;
    throw error;
  }
};

const sealedSignedFileOf = async (
  { database }: Organization,
  { integrity }: RecordEntry,
): Promise<string | undefined> => {
  const tag = integrity?.blinded?.tags.sealed;
  if (tag === undefined) return undefined;
  const [row] = await database.query<{ digest: string }>(
    'SELECT digest FROM sealed_signed_files WHERE tag_hash = $1',
    [tagHash(fromBase64(tag))],
  );
  return row?.digest;
};

const fileOf = async (
  { spool, objects }: Organization,
  recordId: string,
  digest: string,
): Promise<Buffer> => {
  try {
    return await spool.get(recordId, digest);
  } catch (error) {
    if (!(error instanceof StepFileError)) throw error;
    return objects.get(digest).catch((absent: unknown) => {
      throw absent instanceof ObjectMissingError ? error : absent;
    });
  }
};
