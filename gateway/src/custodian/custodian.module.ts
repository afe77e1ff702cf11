import { Module } from '@nestjs/common';
import { PatientsModule } from '../patients/patients.module.js';
import { Custodian } from './custodian.js';
import { KeySlots } from './key-slots.js';

@Module({ imports: [PatientsModule], providers: [Custodian, KeySlots], exports: [KeySlots] })
export class CustodianModule {}
