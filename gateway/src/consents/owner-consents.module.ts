import { Module } from '@nestjs/common';
import { CareTeamsModule } from '../care-teams/care-teams.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { ConsentDutiesModule } from './consent-duties.module.js';
import { ConsentActs } from './consent-acts.service.js';
import { ConsentAsking } from './consent-asking.service.js';
import { ConsentsController } from './consents.controller.js';
import { ConsentsService } from './consents.service.js';

/** What owners decide, and who sees it. */
@Module({
  imports: [TransactionsModule, CareTeamsModule, ConsentDutiesModule],
  controllers: [ConsentsController],
  providers: [ConsentActs, ConsentAsking, ConsentsService],
  exports: [ConsentActs, ConsentsService],
})
export class OwnerConsentsModule {}
