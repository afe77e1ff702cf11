import { Module } from '@nestjs/common';
import { PatientsModule } from '../patients/patients.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { EpochActs } from './epoch-acts.js';
import { EpochsController } from './epochs.controller.js';
import { LackingSlots } from './lacking-slots.js';

/** Strong revocation: the next epoch of a scope, and slots of it for the records before. */
@Module({
  imports: [PatientsModule, TransactionsModule],
  controllers: [EpochsController],
  providers: [EpochActs, LackingSlots],
})
export class EpochsModule {}
