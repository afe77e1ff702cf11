import { type DynamicModule, Module } from '@nestjs/common';
import { AUDIT_EVERY_DAYS } from '../audits/audit-schedule.js';
import { NetworkController } from './network.controller.js';
import { NetworkService } from './network.service.js';

@Module({})
export class NetworkModule {
  static with(auditEveryDays: number): DynamicModule {
    return {
      module: NetworkModule,
      controllers: [NetworkController],
      providers: [{ provide: AUDIT_EVERY_DAYS, useValue: auditEveryDays }, NetworkService],
    };
  }
}
