import { Module } from '@nestjs/common';
import { PatientsModule } from '../patients/patients.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { ErasureController } from './erasure.controller.js';
import { ErasureDuties } from './erasure-duties.js';
import { ErasureService } from './erasure.service.js';
import { RecentErasures } from './recent-erasures.js';

@Module({
  imports: [PatientsModule, TransactionsModule],
  controllers: [ErasureController],
  providers: [ErasureDuties, ErasureService, RecentErasures],
  exports: [ErasureDuties],
})
export class ErasureModule {}
