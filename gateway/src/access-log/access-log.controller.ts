import { applyDecorators, Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Roles } from '../http/decorators.js';
import type { Page } from '../http/paging.js';
import type { SessionUser } from '../http/session-user.js';
import {
  type AccessLogItem,
  AccessLogService,
  LOG_FILTERS,
  type LogChoices,
  logRequestOf,
} from './access-log.service.js';

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
    return this.log.page(this.log.ofOwner(user, registrationNo), logRequestOf(query));
  }

  @Get('patients/:registrationNo/access-log/choices')
  @Roles('patient')
  @ApiOperation({
    summary: 'By what the own access log can be narrowed: who is in it, on what grounds, which records',
  })
  choicesOfOwner(
    @CurrentUser() user: SessionUser,
    @Param('registrationNo') registrationNo: string,
  ): Promise<LogChoices> {
    return this.log.choices(this.log.ofOwner(user, registrationNo));
  }

  @Get('access-log')
  @Roles('auditor', 'patient')
  @ApiOperation({ summary: 'The public part of a patient’s access log, for auditors and guardians' })
  @ApiQuery({ name: 'ledgerId' })
  @Filtered()
  async ofLedgerId(
    @CurrentUser() user: SessionUser,
    @Query() query: Record<string, unknown>,
  ): Promise<Page<AccessLogItem>> {
    return this.log.page(await this.log.ofLedgerId(user, query['ledgerId']), logRequestOf(query));
  }

  @Get('access-log/choices')
  @Roles('auditor', 'patient')
  @ApiOperation({ summary: 'By what the public part of a patient’s access log can be narrowed' })
  @ApiQuery({ name: 'ledgerId' })
  async choicesOfLedgerId(
    @CurrentUser() user: SessionUser,
    @Query('ledgerId') ledgerId: unknown,
  ): Promise<LogChoices> {
    return this.log.choices(await this.log.ofLedgerId(user, ledgerId));
  }
}
