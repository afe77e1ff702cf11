import { Module } from '@nestjs/common';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { ConsentActs } from './consent-acts.service.js';
import { ConsentsController } from './consents.controller.js';
import { ConsentsService } from './consents.service.js';

/** What owners decide, and who sees it. */
@Module({
  imports: [TransactionsModule],
  controllers: [ConsentsController],
  providers: [ConsentActs, ConsentsService],
})
export class OwnerConsentsModule {}
