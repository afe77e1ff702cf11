import { Module } from '@nestjs/common';
import { ChoicesModule } from '../choices/choices.module.js';
import { OpenChoicesModule } from '../choices/open-choices.module.js';
import { OwnerConsentsModule } from '../consents/owner-consents.module.js';
import { CustodianModule } from '../custodian/custodian.module.js';
import { PatientsModule } from '../patients/patients.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { ActivationController } from './activation.controller.js';
import { ActivationService } from './activation.service.js';
import { KeyringsModule } from './keyrings.module.js';

@Module({
  imports: [
    ChoicesModule,
    OpenChoicesModule,
    OwnerConsentsModule,
    PatientsModule,
    CustodianModule,
    TransactionsModule,
    KeyringsModule,
  ],
  controllers: [ActivationController],
  providers: [ActivationService],
})
export class ActivationModule {}
