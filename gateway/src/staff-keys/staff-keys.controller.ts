import { Body, Controller, Get, Header, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Roles } from '../http/decorators.js';
import type { SessionUser } from '../http/session-user.js';
import { STAFF_ROLES } from '../users/users.dto.js';
import { CertificateRequest, PublicKeysRequest } from './staff-keys.dto.js';
import { StaffKeysService } from './staff-keys.service.js';

@ApiTags('staff keys')
@Roles(...STAFF_ROLES)
@Controller('staff-keys')
export class StaffKeysController {
  constructor(private readonly keys: StaffKeysService) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Who holds the caller’s keys, and what a device needs to make them' })
  get(@CurrentUser() user: SessionUser) {
    return this.keys.get(user);
  }

  @Post('certificate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Has the certificate of the caller’s device signed, and keeps its wrapped blobs' })
  certify(@CurrentUser() user: SessionUser, @Body() body: CertificateRequest) {
    return this.keys.certify(user, body);
  }

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Puts the device’s public keys on the ledger: 202 while the device has more to sign',
  })
  register(@CurrentUser() user: SessionUser, @Body() body: PublicKeysRequest) {
    return this.keys.register(user, body);
  }
}
