import { Body, Controller, Get, Header, HttpCode, Post, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Public } from '../http/decorators.js';
import type { SessionUser } from '../http/session-user.js';
import { ActivateRequest, BeginActivationRequest, KeyringRequest } from './activation.dto.js';
import { ActivationService } from './activation.service.js';

@ApiTags('activation')
@Controller('auth')
export class ActivationController {
  constructor(private readonly activation: ActivationService) {}

  @Public()
  @Post('activate/begin')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'What a device needs to make the keys of a patient’s account' })
  begin(@Body() body: BeginActivationRequest) {
    return this.activation.begin(body);
  }

  @Public()
  @Post('activate')
  @HttpCode(202)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Begins the device-signed activation; go on with POST /transactions/{id}/sign' })
  activate(@Body() body: ActivateRequest) {
    return this.activation.activate(body);
  }

  @Get('keyring')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: "The caller's wrapped blobs" })
  keyring(@CurrentUser() user: SessionUser) {
    return this.activation.keyring(user);
  }

  @Put('keyring')
  @Header('Cache-Control', 'no-store')
  putKeyring(@CurrentUser() user: SessionUser, @Body() body: KeyringRequest) {
    return this.activation.putKeyring(user, body.wrapped);
  }
}
