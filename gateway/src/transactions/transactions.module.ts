import { Module } from '@nestjs/common';
import { DeviceActs } from './device-acts.js';
import { StaffSigning } from './staff-signing.js';
import { TransactionsController } from './transactions.controller.js';

@Module({
  controllers: [TransactionsController],
  providers: [DeviceActs, StaffSigning],
  exports: [DeviceActs, StaffSigning],
})
export class TransactionsModule {}
