import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { AUDIT_STATUSES, AUDITED_KINDS } from '@medseal/chaincode';
import type { BusinessRequest } from '../http/business-request.js';
import { Business, CurrentUser, Roles } from '../http/decorators.js';
import { pageOf } from '../http/paging.js';
import { textOf } from '../http/query.js';
import type { SessionUser } from '../http/session-user.js';
import { OpenAuditRequest } from './audits.dto.js';
import { AuditsService } from './audits.service.js';

@ApiTags('audits')
@Controller('audits')
export class AuditsController {
  constructor(private readonly audits: AuditsService) {}

  @Post()
  @Roles('auditor')
  @ApiOperation({
    summary: "Opens an audit of a file of another hospital's record; it goes on to its verdict by itself",
  })
  open(
    @CurrentUser() user: SessionUser,
    @Business() business: BusinessRequest,
    @Body() body: OpenAuditRequest,
  ) {
    return this.audits.open(user, business, body);
  }

  @Get()
  @Roles('auditor', 'hospital-admin', 'system-manager')
  @ApiOperation({ summary: 'Audits of all members, newest first, scheduled ones included' })
  @ApiQuery({ name: 'recordId', required: false })
  @ApiQuery({ name: 'kind', required: false, enum: AUDITED_KINDS })
  @ApiQuery({ name: 'status', required: false, enum: AUDIT_STATUSES })
  @ApiQuery({ name: 'organization', required: false, description: 'MSP id of one that has a part in it' })
  @ApiQuery({ name: 'limit', required: false })
  @ApiQuery({ name: 'cursor', required: false })
  list(@CurrentUser() user: SessionUser, @Query() query: Record<string, unknown>) {
    return this.audits.list(user, pageOf(query), {
      recordId: textOf(query, 'recordId'),
      kind: textOf(query, 'kind'),
      status: textOf(query, 'status'),
      organization: textOf(query, 'organization'),
    });
  }

  @Get(':id')
  @Roles('auditor', 'hospital-admin', 'system-manager')
  @ApiOperation({ summary: 'One audit with its proof, which anybody can verify with the ledger’s values' })
  get(@CurrentUser() user: SessionUser, @Param('id') id: string) {
    return this.audits.get(user, id);
  }
}
