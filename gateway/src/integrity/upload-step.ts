import { Injectable } from '@nestjs/common';
import type { ObjectReference, RecordEntry, UploadArgument } from '@medseal/chaincode';
import { canonicalJson } from '@medseal/crypto';
import type { Committed, LedgerIdentity } from '../fabric/ledger-client.js';
import { businessId } from '../http/business-request.js';
import { problem } from '../http/problem.js';
import type { Organization } from '../organizations/organization.js';
import { submitOnce } from '../outbox/submit-once.js';
import { type FilesToUpload, filesToUpload, forgetSealedSignedFile } from './step-files.js';
import { StepFileError } from './step-spool.js';

/** The files of a sanitised record, from the hospital's spool to the cloud. */
@Injectable()
export class UploadStep {
  private readonly running = new Map<string, Promise<Committed>>();

  /**
   * Stored and read back before the ledger says so; harmless to repeat, by the author and the hospital's service alike.
   *
   * @param entry in status `sanitized`
   * @throws ProblemException 409 `STEP_FILES_GONE`; StorageUnavailableError, StorageFullError; LedgerError
   */
  run(organization: Organization, identity: LedgerIdentity, entry: RecordEntry): Promise<Committed> {
    const act = businessId('upload', entry.recordId, String(entry.version), String(entry.integrity?.round));
    const running =
      this.running.get(act) ??
      this.upload(organization, identity, entry, act).finally(() => this.running.delete(act));
    this.running.set(act, running);
    return running;
  }

  private async upload(
    organization: Organization,
    identity: LedgerIdentity,
    entry: RecordEntry,
    act: string,
  ): Promise<Committed> {
    const { recordId, version, integrity } = entry;
    const { sealedSignedFile, object, signedFile } = await found(organization, entry);
    const stored = async (bytes: Buffer): Promise<ObjectReference> => ({
      digest: await organization.objects.put(bytes),
      bytes: bytes.length,
    });
    const argument: UploadArgument = {
      recordId,
      version,
      round: integrity?.round ?? 0,
      sealedSignedFile: await stored(sealedSignedFile),
      object: await stored(object),
      signedFile: await stored(signedFile),
    };
    const committed = await submitOnce(organization, identity, 'integrity:upload', [
      act,
      canonicalJson(argument),
    ]);
    await forgetSealedSignedFile(organization, recordId, argument.sealedSignedFile.digest);
    for (const { digest } of [argument.sealedSignedFile, argument.object, argument.signedFile])
      await organization.spool.delete(recordId, digest);
    return committed;
  }
}

const found = async (organization: Organization, entry: RecordEntry): Promise<FilesToUpload> => {
  try {
    return await filesToUpload(organization, entry);
  } catch (error) {
    if (!(error instanceof StepFileError)) throw error;
    throw problem(
      409,
      'STEP_FILES_GONE',
      'Files of this record are no longer in the spool, or were altered there: its author begins anew with ' +
        'POST /records/{id}/blind.',
      undefined,
      { cause: error },
    );
  }
};
