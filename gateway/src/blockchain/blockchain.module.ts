import { Module } from '@nestjs/common';
import { BlockchainController } from './blockchain.controller.js';
import { BlocksService } from './blocks.service.js';
import { ReportService } from './report.service.js';
import { VerificationTurns } from './verification-turns.js';

@Module({
  controllers: [BlockchainController],
  providers: [BlocksService, ReportService, VerificationTurns],
})
export class BlockchainModule {}
