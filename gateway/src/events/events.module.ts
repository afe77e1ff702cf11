import { Module } from '@nestjs/common';
import { CareTeamsModule } from '../care-teams/care-teams.module.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';
import { LedgerNotices } from './ledger-notices.js';

@Module({
  imports: [CareTeamsModule],
  controllers: [EventsController],
  providers: [EventsService, LedgerNotices],
})
export class EventsModule {}
