import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { BusinessRequest } from '../http/business-request.js';
import { Business, CurrentUser, Roles } from '../http/decorators.js';
import { pageOf } from '../http/paging.js';
import type { SessionUser } from '../http/session-user.js';
import { CloseEncounterRequest, CreateEncounterRequest } from './encounters.dto.js';
import { EncountersService } from './encounters.service.js';
import { ownEncountersRequestOf, OwnEncountersService } from './own-encounters.service.js';

@ApiTags('encounters')
@Controller('patients/:registrationNo/encounters')
export class EncountersController {
  constructor(private readonly encounters: EncountersService) {}

  @Post()
  @Roles('hospital-admin', 'doctor')
  @ApiOperation({ summary: "Opens a visit or admission; raises the patient's count" })
  open(
    @CurrentUser() user: SessionUser,
    @Business() business: BusinessRequest,
    @Param('registrationNo') registrationNo: string,
    @Body() body: CreateEncounterRequest,
  ) {
    return this.encounters.open(user, business, registrationNo, body);
  }

  @Post(':encounterId/close')
  @HttpCode(200)
  @Roles('hospital-admin', 'doctor')
  @ApiOperation({
    summary: 'Closes an encounter: a hospital that is not the home may then write no further record',
  })
  close(
    @CurrentUser() user: SessionUser,
    @Param('registrationNo') registrationNo: string,
    @Param('encounterId') encounterId: string,
    @Body() body: CloseEncounterRequest,
  ) {
    return this.encounters.close(user, registrationNo, encounterId, body);
  }

  @Get()
  @Roles('hospital-admin', 'doctor', 'patient')
  list(
    @CurrentUser() user: SessionUser,
    @Param('registrationNo') registrationNo: string,
    @Query() query: Record<string, unknown>,
  ) {
    return this.encounters.list(user, registrationNo, pageOf(query));
  }
}

@ApiTags('encounters')
@Controller('encounters')
export class OwnEncountersController {
  constructor(private readonly encounters: OwnEncountersService) {}

  @Get()
  @Roles('doctor')
  @ApiOperation({ summary: 'Visits and admissions that the caller was arranged for, newest first' })
  @ApiQuery({ name: 'from', required: false, description: 'begun then or later; RFC 3339 with its offset' })
  @ApiQuery({ name: 'to', required: false, description: 'begun before' })
  list(@CurrentUser() user: SessionUser, @Query() query: Record<string, unknown>) {
    return this.encounters.list(user, ownEncountersRequestOf(query));
  }
}
