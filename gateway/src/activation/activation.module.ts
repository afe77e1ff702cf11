import { Module } from '@nestjs/common';
import { ChoicesModule } from '../choices/choices.module.js';
import { OpenChoicesModule } from '../choices/open-choices.module.js';
import { OwnerConsentsModule } from '../consents/owner-consents.module.js';
import { CustodianModule } from '../custodian/custodian.module.js';
import { PatientsModule } from '../patients/patients.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { ActivationController } from './activation.controller.js';
import { ActivationService } from './activation.service.js';
import { Keyrings } from './keyrings.js';

@Module({
  imports: [
    ChoicesModule,
    OpenChoicesModule,
    OwnerConsentsModule,
    PatientsModule,
    CustodianModule,
    TransactionsModule,
  ],
  controllers: [ActivationController],
  providers: [ActivationService, Keyrings],
})
export class ActivationModule {}
