import { Body, Controller, HttpStatus, Param, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Public } from '../http/decorators.js';
import { notFound } from '../http/problem.js';
import { OrganizationRegistry } from '../organizations/organization.js';
import { type ActAnswer, DeviceActs } from './device-acts.js';
import { SignRequest } from './transactions.dto.js';

@ApiTags('transactions')
@Controller('transactions')
export class TransactionsController {
  constructor(
    private readonly acts: DeviceActs,
    private readonly organizations: OrganizationRegistry,
  ) {}

  /** Nobody need be signed in: the signature, by the act's own certificate, is what authorises. */
  @Public()
  @Post(':id/sign')
  @ApiOperation({
    summary: 'Signs the current stage of a device-signed act: 202 while more is to be signed, 200 when done',
  })
  async sign(
    @Param('id') id: string,
    @Body() body: SignRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ActAnswer> {
    const organization = this.organizations.get(id.split('.')[0] ?? '');
    if (organization === undefined) throw notFound();
    const answer = await this.acts.sign(organization, id, body.signature);
    response.status(answer.signing === undefined ? HttpStatus.OK : HttpStatus.ACCEPTED);
    return answer;
  }
}
