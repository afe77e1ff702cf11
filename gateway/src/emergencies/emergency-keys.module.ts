import { Module } from '@nestjs/common';
import { EmergencyKeyDuties } from './emergency-key-duties.js';
import { EmergencyKeys } from './emergency-keys.js';

/** The emergency key from its ceremony to the custodian services. */
@Module({ providers: [EmergencyKeys, EmergencyKeyDuties], exports: [EmergencyKeyDuties] })
export class EmergencyKeysModule {}
