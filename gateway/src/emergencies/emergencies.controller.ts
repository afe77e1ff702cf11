import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { BusinessRequest } from '../http/business-request.js';
import { Business, CurrentUser, Public, Roles } from '../http/decorators.js';
import { pageOf } from '../http/paging.js';
import type { SessionUser } from '../http/session-user.js';
import { EmergencyRecords } from '../records/emergency-records.service.js';
import { CloseEmergencyRequest, OpenEmergencyRequest } from './emergencies.dto.js';
import { EmergenciesService } from './emergencies.service.js';

@ApiTags('emergency access')
@Controller('emergency-access')
export class EmergenciesController {
  constructor(
    private readonly emergencies: EmergenciesService,
    private readonly records: EmergencyRecords,
  ) {}

  @Post()
  @Roles('doctor')
  @ApiOperation({ summary: 'Opens an emergency case: the patient is told, another organisation reviews it' })
  open(
    @CurrentUser() user: SessionUser,
    @Business() business: BusinessRequest,
    @Body() body: OpenEmergencyRequest,
  ) {
    return this.emergencies.open(user, business, body);
  }

  @Get()
  @Roles('doctor', 'auditor', 'patient')
  @ApiOperation({
    summary:
      'Own cases of a doctor or a patient; for auditors those that their organisation reviews, with the reason',
  })
  @ApiQuery({ name: 'limit', required: false })
  @ApiQuery({ name: 'cursor', required: false })
  list(@CurrentUser() user: SessionUser, @Query() query: Record<string, unknown>) {
    return this.emergencies.list(user, pageOf(query));
  }

  @Get('counts')
  @Public()
  @ApiOperation({ summary: 'How many cases await their review, and how many of those are overdue' })
  counts() {
    return this.emergencies.counts();
  }

  @Get(':id')
  @Roles('doctor', 'auditor', 'patient')
  get(@CurrentUser() user: SessionUser, @Param('id') id: string) {
    return this.emergencies.get(user, id);
  }

  @Get(':id/records')
  @Roles('doctor')
  @ApiOperation({ summary: 'Records that the case opens, for its doctor while it is open' })
  recordsOf(
    @CurrentUser() user: SessionUser,
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
  ) {
    return this.records.list(user, id, pageOf(query));
  }

  @Post(':id/close')
  @HttpCode(200)
  @Roles('auditor')
  @ApiOperation({ summary: 'The review: ends the case, if it is still open' })
  close(@CurrentUser() user: SessionUser, @Param('id') id: string, @Body() body: CloseEmergencyRequest) {
    return this.emergencies.close(user, id, body.verdict);
  }
}
