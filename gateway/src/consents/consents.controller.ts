import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { BusinessRequest } from '../http/business-request.js';
import { Business, CurrentUser, Roles } from '../http/decorators.js';
import { pageOf } from '../http/paging.js';
import { invalid } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { ConsentActs } from './consent-acts.service.js';
import { ConsentAsking } from './consent-asking.service.js';
import { AskConsentRequest, GRANTEE_KINDS, GrantConsentRequest } from './consents.dto.js';
import { ConsentsService } from './consents.service.js';

@ApiTags('consents')
@Controller('consents')
export class ConsentsController {
  constructor(
    private readonly consents: ConsentsService,
    private readonly acts: ConsentActs,
    private readonly asking: ConsentAsking,
  ) {}

  @Post('requests')
  @HttpCode(202)
  @Roles('doctor', 'hospital-admin')
  @ApiOperation({ summary: 'Asks a patient for a consent, by registration number' })
  ask(
    @CurrentUser() user: SessionUser,
    @Business() business: BusinessRequest,
    @Body() body: AskConsentRequest,
  ) {
    const { from, to } = body.dateRange;
    if (from > to) throw invalid('dateRange.to', 'must not be before dateRange.from.');
    return this.asking.ask(user, business, body);
  }

  @Get('requests')
  @Roles('patient', 'doctor', 'hospital-admin')
  @ApiOperation({ summary: 'Requests that the caller made, or that ask the caller; newest first' })
  @ApiQuery({ name: 'limit', required: false })
  @ApiQuery({ name: 'cursor', required: false })
  requests(@CurrentUser() user: SessionUser, @Query() query: Record<string, unknown>) {
    return this.asking.list(user, pageOf(query));
  }

  @Get()
  @ApiOperation({ summary: 'Consents of which the caller is owner or grantee, newest first' })
  @ApiQuery({ name: 'limit', required: false })
  @ApiQuery({ name: 'cursor', required: false })
  list(@CurrentUser() user: SessionUser, @Query() query: Record<string, unknown>) {
    return this.consents.list(user, pageOf(query));
  }

  @Get('preview')
  @Roles('patient')
  @ApiOperation({ summary: 'What a grantee would see now of the own records, and which rule decides' })
  @ApiQuery({ name: 'grantee', description: 'Staff id or team id.' })
  @ApiQuery({ name: 'kind', required: false, enum: ['person', 'careTeam'] })
  preview(@CurrentUser() user: SessionUser, @Query() query: Record<string, unknown>) {
    const { grantee } = query;
    return this.consents.preview(user, typeof grantee === 'string' ? grantee : undefined, kindOf(query));
  }

  @Get('grantees/:id')
  @Roles('patient')
  @ApiOperation({ summary: 'Registered key of a grantee, and how many agents a consent needs' })
  @ApiQuery({ name: 'kind', required: false, enum: GRANTEE_KINDS })
  grantee(
    @CurrentUser() user: SessionUser,
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
  ) {
    const { kind } = query;
    const isOther = kind === 'emergency' || kind === 'guardian';
    return this.consents.grantee(user, id, isOther ? kind : kindOf(query));
  }

  @Get(':id')
  get(@CurrentUser() user: SessionUser, @Param('id') id: string) {
    return this.consents.get(user, id);
  }

  @Post('grants')
  @HttpCode(202)
  @Roles('patient')
  @ApiOperation({ summary: 'A consent of the owner’s own accord, to be signed by the owner’s device' })
  grant(@CurrentUser() user: SessionUser, @Body() body: GrantConsentRequest) {
    if ((body.fields.requestId ?? null) !== null) {
      throw invalid(
        'fields.requestId',
        'must be null: answer a request at POST /consents/requests/{id}/grant.',
      );
    }
    return this.acts.grant(user, body);
  }

  @Post('requests/:id/grant')
  @HttpCode(202)
  @Roles('patient')
  @ApiOperation({ summary: 'Grants a request, narrowed or as it is, to be signed by the owner’s device' })
  async grantRequest(
    @CurrentUser() user: SessionUser,
    @Param('id') id: string,
    @Body() body: GrantConsentRequest,
  ) {
    if (body.fields.requestId !== id) throw invalid('fields.requestId', 'must be the id of the path.');
    await this.asking.requireAddressed(user, id);
    return this.acts.grant(user, body);
  }

  @Post('requests/:id/deny')
  @HttpCode(202)
  @Roles('patient')
  @ApiOperation({ summary: 'Denies a request, to be signed by the owner’s device' })
  async deny(@CurrentUser() user: SessionUser, @Param('id') id: string) {
    await this.asking.requireAddressed(user, id);
    return this.acts.deny(user, id);
  }

  @Post(':id/resume')
  @HttpCode(202)
  @Roles('patient')
  @ApiOperation({ summary: 'Goes on with a consent of which not everything is signed' })
  resume(@CurrentUser() user: SessionUser, @Param('id') id: string) {
    return this.acts.resume(user, id);
  }

  @Post(':id/revoke')
  @HttpCode(202)
  @Roles('patient')
  @ApiOperation({ summary: 'Revokes an own consent, to be signed by the owner’s device' })
  async revoke(@CurrentUser() user: SessionUser, @Param('id') id: string) {
    await this.consents.requireOwn(user, id);
    return this.acts.revoke(user, id);
  }
}

const kindOf = ({ kind }: Record<string, unknown>): 'person' | 'careTeam' => {
  if (kind === undefined || kind === 'person') return 'person';
  if (kind === 'careTeam') return kind;
  throw invalid('kind', 'must be person or careTeam.');
};
