import { Controller, Get, Param, Query, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Clock } from '../clock.js';
import { CurrentUser } from '../http/decorators.js';
import { pageOf, type Page } from '../http/paging.js';
import { invalid } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import {
  BlocksService,
  type BlockDetail,
  type BlockSummary,
  type TransactionDetail,
} from './blocks.service.js';
import { verifyEverything } from './full-verification.js';
import { ReportService, type ReportAnswer } from './report.service.js';
import { VerificationTurns } from './verification-turns.js';

const NDJSON = 'application/x-ndjson';

@ApiTags('blockchain')
@Controller('blockchain')
export class BlockchainController {
  constructor(
    private readonly reports: ReportService,
    private readonly blocks: BlocksService,
    private readonly turns: VerificationTurns,
    private readonly clock: Clock,
  ) {}

  @Get('report')
  @ApiOperation({ summary: 'Chained records by date, with a verdict recomputed from the bytes on disk' })
  @ApiQuery({ name: 'registrationNo', required: false, description: 'Rows of one patient of this hospital' })
  @ApiQuery({ name: 'limit', required: false })
  @ApiQuery({ name: 'cursor', required: false })
  @ApiQuery({
    name: 'q',
    required: false,
    description: 'In patient, doctor or disease, where they are shown',
  })
  @ApiQuery({ name: 'sort', required: false, enum: ['ehrDate', '-ehrDate'] })
  async report(
    @CurrentUser() user: SessionUser,
    @Query() query: Record<string, unknown>,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ReportAnswer> {
    const { registrationNo } = query;
    if (registrationNo !== undefined && typeof registrationNo !== 'string') {
      throw invalid('registrationNo', 'may be given once only.');
    }
    response.header('Cache-Control', 'no-store');
    return this.reports.report(user, pageOf(query), registrationNo || undefined);
  }

  /** With `Accept: application/x-ndjson` one line a step, `{"progress": …}`, and the verdict as the last line. */
  @Get('verify')
  @ApiOperation({ summary: 'Walk over every block, chained entry and stored object' })
  @ApiProduces('application/json', NDJSON)
  async verify(
    @CurrentUser() user: SessionUser,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { ledger, database, objects, mspId } = user.organization;
    const streamed = request.accepts('application/json', NDJSON) === NDJSON;
    const left = new AbortController();
    response.on('close', () => left.abort());
    const verdict = await this.turns.take(mspId, async () => {
      response.header('Cache-Control', 'no-store');
      if (streamed) {
        response.contentType(NDJSON);
        // Proxies would otherwise hold the progress back.
        response.header('X-Accel-Buffering', 'no');
        response.flushHeaders();
      }
      return verifyEverything(
        { ledger, database, objects, now: () => this.clock.date() },
        (progress) => streamed && response.write(`${JSON.stringify({ progress })}\n`),
        left.signal,
      );
    });
    if (streamed) response.end(`${JSON.stringify(verdict)}\n`);
    else response.json(verdict);
  }

  @Get('blocks')
  @ApiOperation({ summary: 'Blocks, newest first, with recomputed hashes and verdict' })
  @ApiQuery({ name: 'limit', required: false })
  @ApiQuery({ name: 'cursor', required: false })
  list(
    @CurrentUser() user: SessionUser,
    @Query() query: Record<string, unknown>,
  ): Promise<Page<BlockSummary>> {
    return this.blocks.list(user.organization, pageOf(query));
  }

  @Get('blocks/:number')
  @ApiOperation({ summary: 'One block with its transactions' })
  block(@CurrentUser() user: SessionUser, @Param('number') number: string): Promise<BlockDetail> {
    return this.blocks.block(user.organization, number);
  }

  @Get('blocks/:number/bytes')
  @ApiOperation({
    summary: 'The block as the peer has it, a marshalled common.Block: for verification elsewhere',
  })
  @ApiProduces('application/octet-stream')
  async bytes(@CurrentUser() user: SessionUser, @Param('number') number: string): Promise<StreamableFile> {
    return new StreamableFile(await this.blocks.bytes(user.organization, number));
  }

  @Get('transactions/:id')
  @ApiOperation({ summary: 'Function, validation code, block and endorsing organisations of a transaction' })
  transaction(@CurrentUser() user: SessionUser, @Param('id') id: string): Promise<TransactionDetail> {
    return this.blocks.transaction(user.organization, id);
  }
}
