import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Roles } from '../http/decorators.js';
import { pageOf, type Page } from '../http/paging.js';
import type { SessionUser } from '../http/session-user.js';
import { AccessLogService, type AccessLogItem } from './access-log.service.js';

@ApiTags('access-log')
@Controller()
export class AccessLogController {
  constructor(private readonly log: AccessLogService) {}

  @Get('patients/:registrationNo/access-log')
  @Roles('patient')
  @ApiOperation({ summary: 'Who read the own records, newest first' })
  @ApiQuery({ name: 'limit', required: false })
  @ApiQuery({ name: 'cursor', required: false })
  ofOwner(
    @CurrentUser() user: SessionUser,
    @Param('registrationNo') registrationNo: string,
    @Query() query: Record<string, unknown>,
  ): Promise<Page<AccessLogItem>> {
    return this.log.ofOwner(user, registrationNo, pageOf(query));
  }

  @Get('access-log')
  @Roles('auditor', 'patient')
  @ApiOperation({ summary: 'The public part of a patient’s access log, for auditors and guardians' })
  @ApiQuery({ name: 'ledgerId' })
  @ApiQuery({ name: 'limit', required: false })
  @ApiQuery({ name: 'cursor', required: false })
  ofLedgerId(
    @CurrentUser() user: SessionUser,
    @Query() query: Record<string, unknown>,
  ): Promise<Page<AccessLogItem>> {
    return this.log.ofLedgerId(user, query['ledgerId'], pageOf(query));
  }
}
