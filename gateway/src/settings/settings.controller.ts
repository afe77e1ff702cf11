import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { CurrentUser, Roles } from '../http/decorators.js';
import type { SessionUser } from '../http/session-user.js';
import { type OrganizationSettings, Settings, STAFF_KEYS, type StaffKeysPolicy } from './settings.service.js';

class ChangeSettingsRequest {
  @IsIn(STAFF_KEYS)
  staffKeys: StaffKeysPolicy;
}

@ApiTags('settings')
@Roles('hospital-admin', 'system-manager')
@Controller('settings')
export class SettingsController {
  constructor(private readonly settings: Settings) {}

  @Get()
  @ApiOperation({ summary: 'What the caller’s organisation has decided for its own gateway' })
  get(@CurrentUser() { organization }: SessionUser): Promise<OrganizationSettings> {
    return this.settings.of(organization);
  }

  @Put()
  @ApiOperation({
    summary: 'Whether staff may hold their keys on devices of their own; who does stays as it is',
  })
  async change(
    @CurrentUser() { organization }: SessionUser,
    @Body() body: ChangeSettingsRequest,
  ): Promise<OrganizationSettings> {
    await this.settings.change(organization, body);
    return this.settings.of(organization);
  }
}
