import { Module } from '@nestjs/common';
import { OwnerConsentsModule } from '../consents/owner-consents.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { ChoiceActs } from './choice-acts.js';
import { ChoicesController } from './choices.controller.js';
import { OpenChoicesModule } from './open-choices.module.js';

/** What every patient is asked: standing consent, research, emergencies. */
@Module({
  imports: [OpenChoicesModule, TransactionsModule, OwnerConsentsModule],
  controllers: [ChoicesController],
  providers: [ChoiceActs],
  exports: [ChoiceActs],
})
export class ChoicesModule {}
