import { Module } from '@nestjs/common';
import { ActivationCodes } from '../activation/activation-codes.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { PatientDirectory } from './patient-directory.js';
import { PatientsController } from './patients.controller.js';
import { PatientsService } from './patients.service.js';

@Module({
  imports: [TransactionsModule],
  controllers: [PatientsController],
  providers: [PatientDirectory, PatientsService, ActivationCodes],
  exports: [PatientDirectory, ActivationCodes],
})
export class PatientsModule {}
