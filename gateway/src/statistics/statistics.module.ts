import { Module } from '@nestjs/common';
import { ConsentDutiesModule } from '../consents/consent-duties.module.js';
import { StatisticsController } from './statistics.controller.js';
import { StatisticsService } from './statistics.service.js';

@Module({
  imports: [ConsentDutiesModule],
  controllers: [StatisticsController],
  providers: [StatisticsService],
})
export class StatisticsModule {}
