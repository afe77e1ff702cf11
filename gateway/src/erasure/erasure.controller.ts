import { Controller, Get, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { AnswerNotKept, CurrentUser, Public, Roles } from '../http/decorators.js';
import type { SessionUser } from '../http/session-user.js';
import { ErasureService } from './erasure.service.js';

@ApiTags('erasure')
@Controller()
export class ErasureController {
  constructor(private readonly erasure: ErasureService) {}

  @Post('patients/:registrationNo/erase')
  @HttpCode(202)
  @Roles('patient', 'hospital-admin')
  @AnswerNotKept()
  @ApiOperation({
    summary:
      'Has a patient erased everywhere. 200: the certificate; 202: `erasing`, or what the owner’s device signs',
  })
  async request(
    @CurrentUser() user: SessionUser,
    @Param('registrationNo') registrationNo: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ) {
    const answer = await this.erasure.request(user, registrationNo, ifMatch);
    if (answer['status'] === 'erased') response.status(200);
    return answer;
  }

  @Get('patients/:registrationNo/erase')
  @Roles('patient', 'hospital-admin')
  @ApiOperation({
    summary: 'The certificate of erasure, or how far it is; for a day after, then by ledgerId',
  })
  progress(@CurrentUser() user: SessionUser, @Param('registrationNo') registrationNo: string) {
    return this.erasure.progress(user, registrationNo);
  }

  @Get('erasures/:ledgerId')
  @Public()
  @ApiOperation({ summary: 'The certificate of erasure; nobody need sign in' })
  certificate(@Param('ledgerId') ledgerId: string) {
    return this.erasure.certificate(ledgerId);
  }
}
