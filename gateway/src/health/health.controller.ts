import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { Response } from 'express';
import { Public } from '../http/decorators.js';
import { metrics } from './metrics.js';
import { Readiness } from './readiness.js';

/** Outside the API's base path, as orchestrators expect. */
@ApiTags('health')
@Public()
@SkipThrottle()
@Controller()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('health/live')
  live(): { status: string } {
    return { status: 'live' };
  }

  /** 200 when the object store, and ledger, database and read model of every organisation answer; 503 names what does not. */
  @Get('health/ready')
  async ready(
    @Res({ passthrough: true }) response: Response,
  ): Promise<{ status: string; waitingFor: string[] }> {
    const waitingFor = await this.readiness.waitingFor();
    if (waitingFor.length > 0) response.status(503);
    return { status: waitingFor.length === 0 ? 'ready' : 'starting', waitingFor };
  }

  @Get('metrics')
  @Header('Content-Type', metrics.contentType)
  metrics(): Promise<string> {
    return metrics.metrics();
  }
}
