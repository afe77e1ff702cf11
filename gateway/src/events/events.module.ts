import { Module } from '@nestjs/common';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';
import { LedgerNotices } from './ledger-notices.js';

@Module({ controllers: [EventsController], providers: [EventsService, LedgerNotices] })
export class EventsModule {}
