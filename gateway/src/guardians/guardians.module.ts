import { Module } from '@nestjs/common';
import { RecordsModule } from '../records/records.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { GuardianReading } from './guardian-reading.js';
import { GuardiansController } from './guardians.controller.js';

/** What a patient does for another one who made them a guardian. */
@Module({
  imports: [RecordsModule, TransactionsModule],
  controllers: [GuardiansController],
  providers: [GuardianReading],
})
export class GuardiansModule {}
