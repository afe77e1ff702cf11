import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { CurrentUser } from '../http/decorators.js';
import type { SessionUser } from '../http/session-user.js';
import { parseEventId } from './event-id.js';
import { EventsService } from './events.service.js';

@ApiTags('events')
@Controller('events')
export class EventsController {
  constructor(private readonly events: EventsService) {}

  /**
   * Server-sent events: `notice` with what concerns the caller, `ready` when everything missed has been told, `reload`
   * when that was too much to be told one by one.
   */
  @Get()
  @ApiOperation({ summary: 'Notices for the caller as they are committed, as server-sent events' })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Goes on after this event.' })
  @ApiProduces('text/event-stream')
  stream(
    @CurrentUser() user: SessionUser,
    @Headers('last-event-id') last: string | undefined,
    @Res() response: Response,
  ): void {
    this.events.open(user, response, last ? parseEventId(last) : undefined);
  }
}
