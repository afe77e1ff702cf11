import { Module } from '@nestjs/common';
import { CustodianModule } from '../custodian/custodian.module.js';
import { PatientsModule } from '../patients/patients.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { ActivationController } from './activation.controller.js';
import { ActivationService } from './activation.service.js';
import { Keyrings } from './keyrings.js';

@Module({
  imports: [PatientsModule, CustodianModule, TransactionsModule],
  controllers: [ActivationController],
  providers: [ActivationService, Keyrings],
})
export class ActivationModule {}
