import { Body, Controller, Delete, Get, Headers, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { BusinessRequest } from '../http/business-request.js';
import { Business, CurrentUser, Roles } from '../http/decorators.js';
import { etag } from '../http/etag.js';
import type { LedgerAnswer } from '../http/ledger-answer.js';
import { pageOf, type Page } from '../http/paging.js';
import type { SessionUser } from '../http/session-user.js';
import { ChangeDoctorDto, CreateDoctorDto } from './doctors.dto.js';
import { DoctorsService, type DoctorAnswer } from './doctors.service.js';

@ApiTags('doctors')
@Controller('doctors')
export class DoctorsController {
  constructor(private readonly doctors: DoctorsService) {}

  @Get()
  list(
    @CurrentUser() user: SessionUser,
    @Query() query: Record<string, unknown>,
  ): Promise<Page<DoctorAnswer>> {
    return this.doctors.list(user, pageOf(query));
  }

  @Roles('hospital-admin')
  @Post()
  async create(
    @CurrentUser() user: SessionUser,
    @Body() input: CreateDoctorDto,
    @Business() business: BusinessRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DoctorAnswer> {
    return tagged(response, await this.doctors.create(user, input, business));
  }

  @Get(':id')
  async get(
    @CurrentUser() user: SessionUser,
    @Param('id') id: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DoctorAnswer> {
    return tagged(response, await this.doctors.get(user, id));
  }

  @Roles('hospital-admin')
  @Patch(':id')
  async change(
    @CurrentUser() user: SessionUser,
    @Param('id') id: string,
    @Body() change: ChangeDoctorDto,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DoctorAnswer> {
    return tagged(response, await this.doctors.change(user, id, change, ifMatch));
  }

  @Roles('hospital-admin')
  @Delete(':id')
  remove(
    @CurrentUser() user: SessionUser,
    @Param('id') id: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<{ ledger: LedgerAnswer }> {
    return this.doctors.remove(user, id, ifMatch);
  }
}

const tagged = (response: Response, doctor: DoctorAnswer): DoctorAnswer => {
  response.header('ETag', etag(doctor.version));
  return doctor;
};
