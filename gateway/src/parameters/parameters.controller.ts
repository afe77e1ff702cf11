import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiOperation, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import type { ParametersEntry } from '@medseal/chaincode';
import { canonicalJson } from '@medseal/crypto';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { CurrentUser, Roles } from '../http/decorators.js';
import { type LedgerAnswer, ledgerAnswer } from '../http/ledger-answer.js';
import { notFound } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';

const RETENTION_YEARS_MAX = 100;

class ChangeParametersRequest {
  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: 1,
    maximum: RETENTION_YEARS_MAX,
    description: 'Years for which records are kept after the last one; null: no longer than wanted.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(RETENTION_YEARS_MAX)
  retentionYears?: number | null;
}

type ParametersAnswer = Omit<ParametersEntry, 'schema'> & { ledger?: LedgerAnswer };

/** What the ministry decides for the whole network. */
@ApiTags('parameters')
@Controller('parameters')
export class ParametersController {
  @Get()
  @ApiOperation({ summary: 'The network’s parameters in force' })
  async get(@CurrentUser() user: SessionUser): Promise<ParametersAnswer> {
    const { schema: _schema, ...parameters } = await current(user);
    return parameters;
  }

  @Put()
  @Roles('system-manager')
  @ApiOperation({ summary: 'Sets how long records must be kept before a patient can be erased' })
  async change(
    @CurrentUser() user: SessionUser,
    @Body() { retentionYears }: ChangeParametersRequest,
  ): Promise<ParametersAnswer> {
    const { schema: _schema, retentionYears: _years, retentionSince: _since, ...kept } = await current(user);
    const next = {
      ...kept,
      policyVersion: kept.policyVersion + 1,
      ...(retentionYears == null ? {} : { retentionYears }),
    };
    const { organization } = user;
    const committed = await organization.ledger.submit(user.identity(), 'registry:setParameters', [
      canonicalJson(next),
    ]);
    return { ...(await this.get(user)), ledger: ledgerAnswer(committed) };
  }
}

const current = async ({ organization }: SessionUser): Promise<ParametersEntry> => {
  const parameters = await evaluateJson<ParametersEntry | null>(organization, 'registry:getParameters', []);
  if (parameters === null) throw notFound();
  return parameters;
};
