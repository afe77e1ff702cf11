import { applyDecorators, Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Roles } from '../http/decorators.js';
import { pageOf, type Page } from '../http/paging.js';
import type { SessionUser } from '../http/session-user.js';
import { type AccessLogItem, AccessLogService, LOG_FILTERS, logFilterOf } from './access-log.service.js';

const Filtered = () =>
  applyDecorators(...['limit', 'cursor', ...LOG_FILTERS].map((name) => ApiQuery({ name, required: false })));

@ApiTags('access-log')
@Controller()
export class AccessLogController {
  constructor(private readonly log: AccessLogService) {}

  @Get('patients/:registrationNo/access-log')
  @Roles('patient')
  @ApiOperation({ summary: 'Who read the own records, newest first' })
  @Filtered()
  ofOwner(
    @CurrentUser() user: SessionUser,
    @Param('registrationNo') registrationNo: string,
    @Query() query: Record<string, unknown>,
  ): Promise<Page<AccessLogItem>> {
    return this.log.ofOwner(user, registrationNo, pageOf(query), logFilterOf(query));
  }

  @Get('access-log')
  @Roles('auditor', 'patient')
  @ApiOperation({ summary: 'The public part of a patient’s access log, for auditors and guardians' })
  @ApiQuery({ name: 'ledgerId' })
  @Filtered()
  ofLedgerId(
    @CurrentUser() user: SessionUser,
    @Query() query: Record<string, unknown>,
  ): Promise<Page<AccessLogItem>> {
    return this.log.ofLedgerId(user, query['ledgerId'], pageOf(query), logFilterOf(query));
  }
}
