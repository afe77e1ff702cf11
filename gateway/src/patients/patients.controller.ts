import { Body, Controller, Delete, Get, Headers, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { BusinessRequest } from '../http/business-request.js';
import { Business, CurrentUser, Roles } from '../http/decorators.js';
import { etag } from '../http/etag.js';
import { pageOf } from '../http/paging.js';
import type { SessionUser } from '../http/session-user.js';
import { CreatePatientRequest, UpdatePatientRequest } from './patients.dto.js';
import { PatientsService, type PatientView } from './patients.service.js';

@ApiTags('patients')
@Controller('patients')
export class PatientsController {
  constructor(private readonly patients: PatientsService) {}

  @Post()
  @Roles('hospital-admin')
  @ApiOperation({ summary: 'Registers a patient; the answer shows the activation code once' })
  async register(
    @CurrentUser() user: SessionUser,
    @Business() business: BusinessRequest,
    @Body() body: CreatePatientRequest,
    @Res({ passthrough: true }) response: Response,
  ) {
    return tagged(response, await this.patients.register(user, business, body));
  }

  @Post(':registrationNo/activation-code')
  @Roles('hospital-admin')
  @ApiOperation({ summary: 'A new activation code in place of a lost one; the answer shows it once' })
  newActivationCode(
    @CurrentUser() user: SessionUser,
    @Business() business: BusinessRequest,
    @Param('registrationNo') registrationNo: string,
  ) {
    return this.patients.newActivationCode(user, business, registrationNo);
  }

  @Get()
  @Roles('hospital-admin', 'doctor', 'patient')
  @ApiOperation({ summary: "The home hospital's patients; for a patient, their own entry" })
  list(@CurrentUser() user: SessionUser, @Query() query: Record<string, unknown>) {
    return this.patients.list(user, pageOf(query));
  }

  @Get(':registrationNo')
  async get(
    @CurrentUser() user: SessionUser,
    @Param('registrationNo') registrationNo: string,
    @Res({ passthrough: true }) response: Response,
  ) {
    return tagged(response, await this.patients.get(user, registrationNo));
  }

  @Patch(':registrationNo')
  @Roles('hospital-admin')
  async update(
    @CurrentUser() user: SessionUser,
    @Param('registrationNo') registrationNo: string,
    @Body() body: UpdatePatientRequest,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ) {
    return tagged(response, await this.patients.update(user, registrationNo, body, ifMatch));
  }

  @Delete(':registrationNo')
  @Roles('hospital-admin')
  @ApiOperation({ summary: 'Refuses every further act on the patient; entries and records stay' })
  remove(
    @CurrentUser() user: SessionUser,
    @Param('registrationNo') registrationNo: string,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.patients.remove(user, registrationNo, ifMatch);
  }
}

function tagged<View extends PatientView>(response: Response, view: View): View {
  response.setHeader('ETag', etag(view.version));
  return view;
}
