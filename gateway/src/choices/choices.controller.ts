import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Roles } from '../http/decorators.js';
import { page } from '../http/paging.js';
import { invalid } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { ChoiceActs } from './choice-acts.js';
import { ChoicesRequest } from './choices.dto.js';
import { CHOICES, OpenChoices } from './open-choices.js';

@ApiTags('consents')
@Controller('consents/choices')
export class ChoicesController {
  constructor(
    private readonly choices: OpenChoices,
    private readonly acts: ChoiceActs,
  ) {}

  @Get()
  @Roles('patient')
  @ApiOperation({ summary: 'How the choices stand that every patient is asked for' })
  async list(@CurrentUser() { organization, subject }: SessionUser) {
    const items = await this.choices.list(organization, subject);
    return page(items, null, items.length);
  }

  @Post()
  @HttpCode(202)
  @Roles('patient')
  @ApiOperation({ summary: 'Makes choices; what is given is signed by the owner’s device' })
  choose(@CurrentUser() user: SessionUser, @Body() body: ChoicesRequest) {
    if (CHOICES.every((choice) => body[choice] === undefined)) {
      throw invalid(CHOICES[0], 'or one of the other choices must be given.');
    }
    return this.acts.begin(user, body);
  }
}
