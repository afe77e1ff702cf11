import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiOperation, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { type ParametersEntry, RECORD_STEPS, type RecordStep } from '@medseal/chaincode';
import { canonicalJson } from '@medseal/crypto';
import { IsArray, IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { CurrentUser, Roles } from '../http/decorators.js';
import { type LedgerAnswer, ledgerAnswer } from '../http/ledger-answer.js';
import { notFound } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';

const RETENTION_YEARS_MAX = 100;
const VERIFIERS_MAX = 16;

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

  @ApiPropertyOptional({
    enum: RECORD_STEPS,
    isArray: true,
    description: 'Steps of new records: all five, or chain alone; without it they stay.',
  })
  @IsOptional()
  @IsIn(RECORD_STEPS, { each: true, message: `use ${RECORD_STEPS.join(', ')}` })
  @IsArray()
  recordSteps?: RecordStep[];

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: VERIFIERS_MAX,
    description: 'Verifiers who must approve a new record; without it, as it was.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(VERIFIERS_MAX)
  attestThreshold?: number;
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
  @ApiOperation({
    summary:
      'Sets how long records must be kept before a patient can be erased, and the steps of new records',
  })
  async change(
    @CurrentUser() user: SessionUser,
    @Body() { retentionYears, recordSteps, attestThreshold }: ChangeParametersRequest,
  ): Promise<ParametersAnswer> {
    const { schema: _schema, retentionYears: _years, retentionSince: _since, ...kept } = await current(user);
    const next = {
      ...kept,
      policyVersion: kept.policyVersion + 1,
      ...(retentionYears == null ? {} : { retentionYears }),
      ...(recordSteps === undefined ? {} : { recordSteps }),
      ...(attestThreshold === undefined ? {} : { attestThreshold }),
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
