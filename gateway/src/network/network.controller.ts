import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Roles } from '../http/decorators.js';
import type { SessionUser } from '../http/session-user.js';
import { type NetworkAnswer, NetworkService } from './network.service.js';

@ApiTags('network')
@Controller('network')
export class NetworkController {
  constructor(private readonly network: NetworkService) {}

  @Get()
  @Roles('system-manager', 'hospital-admin', 'auditor')
  @ApiOperation({
    summary:
      'Organisations with the heights of their peers, block rate, custodians, and how far audits reach',
  })
  state(@CurrentUser() user: SessionUser): Promise<NetworkAnswer> {
    return this.network.state(user);
  }
}
