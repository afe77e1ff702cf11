import { Body, Controller, Get, Header, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AnswerNotKept, CurrentUser, Roles } from '../http/decorators.js';
import type { SessionUser } from '../http/session-user.js';
import { GuardianReading } from './guardian-reading.js';
import { GuardianAnswersRequest, GuardianReadRequest, ReaderKeyRequest } from './guardians.dto.js';

@ApiTags('guardians')
@Controller('guardian')
export class GuardiansController {
  constructor(private readonly reading: GuardianReading) {}

  @Get('key')
  @Roles('patient')
  @ApiOperation({ summary: 'The caller’s key for consents as a guardian, and what its proof is bound to' })
  key(@CurrentUser() user: SessionUser) {
    return this.reading.key(user);
  }

  @Post('key')
  @HttpCode(202)
  @Roles('patient')
  @ApiOperation({ summary: 'The caller’s next key, to be signed by the caller’s device' })
  registerKey(@CurrentUser() user: SessionUser, @Body() body: ReaderKeyRequest) {
    return this.reading.registerKey(user, body);
  }

  @Post('records/:id/read')
  @HttpCode(202)
  @Roles('patient')
  @ApiOperation({ summary: 'A guardian’s read: its receipt, then a question for each agent, to be signed' })
  read(
    @CurrentUser() user: SessionUser,
    @Param('id') id: string,
    @Body() { consentId }: GuardianReadRequest,
  ) {
    return this.reading.begin(user, id, consentId);
  }

  @Post('records/:id/answers')
  @HttpCode(200)
  @AnswerNotKept()
  @Header('Cache-Control', 'no-store')
  @Roles('patient')
  @ApiOperation({ summary: 'The agents’ answers to signed questions, for the guardian’s device' })
  answers(@CurrentUser() user: SessionUser, @Param('id') id: string, @Body() body: GuardianAnswersRequest) {
    return this.reading.answer(user, id, body);
  }
}
