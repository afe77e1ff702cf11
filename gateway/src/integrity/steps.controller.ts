import { Body, Controller, Get, Header, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { BusinessRequest } from '../http/business-request.js';
import { Business, CurrentUser } from '../http/decorators.js';
import type { SessionUser } from '../http/session-user.js';
import { versionOf } from '../records/version-of.js';
import { AttestStep } from './attest-step.js';
import { SanitizedFiles } from './sanitized-files.js';
import { SanitizeStep } from './sanitize-step.js';
import { AttestRequest, SanitizeRequest } from './steps.dto.js';

/** The steps of the people whom a record's panel names, and what comes of them. */
@ApiTags('records')
@Controller('records')
export class RecordStepsController {
  constructor(
    private readonly sanitizing: SanitizeStep,
    private readonly attesting: AttestStep,
    private readonly sanitizedFiles: SanitizedFiles,
  ) {}

  @Get(':id/sanitizing')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'For the named sanitiser: the document as it would be stored, and what is replaced in it',
  })
  showPackage(@CurrentUser() user: SessionUser, @Param('id') id: string) {
    return this.sanitizing.show(user, id);
  }

  @Post(':id/sanitize')
  @HttpCode(200)
  @ApiOperation({
    summary: 'By the named sanitiser: replaces what is to be replaced, or gives the package back',
  })
  sanitize(
    @CurrentUser() user: SessionUser,
    @Param('id') id: string,
    @Body() { return: reasonCode, round }: SanitizeRequest,
  ) {
    return reasonCode === undefined
      ? this.sanitizing.run(user, id, round)
      : this.sanitizing.giveBack(user, id, reasonCode, round);
  }

  @Get(':id/attesting')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary:
      'For the named verifiers, with a receipt: what comparing the stored files with the original found',
  })
  showFindings(@CurrentUser() user: SessionUser, @Param('id') id: string) {
    return this.attesting.show(user, BusinessRequest.fresh(), id);
  }

  @Post(':id/attest')
  @HttpCode(200)
  @ApiOperation({
    summary: 'By a named verifier: approves what the checks found nothing in, or gives it back',
  })
  attest(
    @CurrentUser() user: SessionUser,
    @Business() business: BusinessRequest,
    @Param('id') id: string,
    @Body() { return: reasonCode, round }: AttestRequest,
  ) {
    return reasonCode === undefined
      ? this.attesting.run(user, business, id, round)
      : this.attesting.giveBack(user, id, reasonCode, round);
  }

  @Get(':id/sanitized')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'The sanitised document of a chained record, with a receipt for everybody but its owner',
  })
  @ApiQuery({ name: 'version', required: false, type: Number })
  sanitized(
    @CurrentUser() user: SessionUser,
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
  ) {
    return this.sanitizedFiles.read(user, id, versionOf(query));
  }
}
