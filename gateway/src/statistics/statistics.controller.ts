import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../http/decorators.js';
import { invalid } from '../http/problem.js';
import { textOf } from '../http/query.js';
import type { SessionUser } from '../http/session-user.js';
import { type StatisticsAnswer, StatisticsService } from './statistics.service.js';

const MONTHS_DEFAULT = 12;
const MONTHS_MAX = 600;

@ApiTags('statistics')
@Controller('statistics')
export class StatisticsController {
  constructor(private readonly statistics: StatisticsService) {}

  @Get()
  @ApiOperation({
    summary:
      'Counts for plots: visits, diseases, consents by purpose, reads by ground, audit results; null for parts that the role may not see',
  })
  @ApiQuery({ name: 'months', required: false, description: '1 to 600, 12 if not given, until this month' })
  of(@CurrentUser() user: SessionUser, @Query() query: Record<string, unknown>): Promise<StatisticsAnswer> {
    const months = Number(textOf(query, 'months') ?? MONTHS_DEFAULT);
    if (!Number.isInteger(months) || months < 1 || months > MONTHS_MAX)
      throw invalid('months', `must be a whole number from 1 to ${MONTHS_MAX}.`);
    return this.statistics.of(user, months);
  }
}
