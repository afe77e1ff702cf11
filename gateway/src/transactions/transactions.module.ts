import { Module } from '@nestjs/common';
import { DeviceActs } from './device-acts.js';
import { TransactionsController } from './transactions.controller.js';

@Module({ controllers: [TransactionsController], providers: [DeviceActs], exports: [DeviceActs] })
export class TransactionsModule {}
