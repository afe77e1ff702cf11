import { Body, Controller, Get, Header, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Roles } from '../http/decorators.js';
import { page, pageOf } from '../http/paging.js';
import type { SessionUser } from '../http/session-user.js';
import { EpochActs } from './epoch-acts.js';
import { NewSlotsRequest, NextScopeKeyRequest } from './epochs.dto.js';
import { LackingSlots } from './lacking-slots.js';

@ApiTags('scopes')
@Controller('scopes')
export class EpochsController {
  constructor(
    private readonly acts: EpochActs,
    private readonly lacking: LackingSlots,
  ) {}

  @Get()
  @Roles('patient')
  @ApiOperation({ summary: 'The caller’s scopes, their epochs, and how many records lack the current one' })
  async list(@CurrentUser() user: SessionUser) {
    const items = await this.acts.list(user);
    return page(items, null, items.length);
  }

  @Get('slots')
  @Roles('patient')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Records that lack a key slot of the current epoch, with what a device needs' })
  @ApiQuery({ name: 'limit', required: false, description: 'At most 50.' })
  @ApiQuery({ name: 'cursor', required: false })
  slots(@CurrentUser() user: SessionUser, @Query() query: Record<string, unknown>) {
    return this.lacking.list(user, pageOf(query));
  }

  @Post('slots')
  @HttpCode(202)
  @Roles('patient')
  @ApiOperation({ summary: 'Key slots of the current epoch, each signed by the owner’s device' })
  addSlots(@CurrentUser() user: SessionUser, @Body() body: NewSlotsRequest) {
    return this.acts.addSlots(user, body);
  }

  @Post(':scopeId/advance')
  @HttpCode(202)
  @Roles('patient')
  @ApiOperation({ summary: 'The next key of a scope, to be signed by the owner’s device' })
  advance(
    @CurrentUser() user: SessionUser,
    @Param('scopeId') scopeId: string,
    @Body() body: NextScopeKeyRequest,
  ) {
    return this.acts.advance(user, scopeId, body);
  }
}
