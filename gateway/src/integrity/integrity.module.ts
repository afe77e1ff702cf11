import { Module } from '@nestjs/common';
import { FileQueue } from './file-queue.js';
import { IdentityKeys } from './identity-keys.js';
import { MasterKey } from './master-key.js';
import { MasterKeyDuties } from './master-key-duties.js';
import { StepDuties } from './step-duties.js';
import { UploadStep } from './upload-step.js';
import { SpoolDuties } from './spool-duties.js';

/** Keys of integrity audits: the master key's ceremony, and doctors' identity keys; the files between the record steps. */
@Module({
  providers: [FileQueue, IdentityKeys, MasterKey, MasterKeyDuties, SpoolDuties, StepDuties, UploadStep],
  exports: [FileQueue, IdentityKeys, MasterKeyDuties, SpoolDuties, StepDuties, UploadStep],
})
export class IntegrityModule {}
