import { Module } from '@nestjs/common';
import { IdentityKeys } from './identity-keys.js';
import { MasterKey } from './master-key.js';
import { MasterKeyDuties } from './master-key-duties.js';

/** Keys of integrity audits: the master key's ceremony, and doctors' identity keys. */
@Module({ providers: [IdentityKeys, MasterKey, MasterKeyDuties], exports: [IdentityKeys, MasterKeyDuties] })
export class IntegrityModule {}
