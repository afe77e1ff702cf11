import { Module } from '@nestjs/common';
import { AccessLogController } from './access-log.controller.js';
import { AccessLogService } from './access-log.service.js';

@Module({ controllers: [AccessLogController], providers: [AccessLogService] })
export class AccessLogModule {}
