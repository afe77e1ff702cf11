import { type DynamicModule, Module } from '@nestjs/common';
import { IntegrityModule } from '../integrity/integrity.module.js';
import { AuditAlarms } from './audit-alarms.js';
import { AuditDuties } from './audit-duties.js';
import { AuditRepairs } from './audit-repairs.js';
import { AuditRounds } from './audit-rounds.js';
import { AUDIT_EVERY_DAYS, AuditSchedule } from './audit-schedule.js';
import { AuditsController } from './audits.controller.js';
import { AuditsService } from './audits.service.js';

/** Audits of stored files: on demand, on a schedule, with what each organisation has to do in them. */
@Module({})
export class AuditsModule {
  static with(everyDays: number): DynamicModule {
    return {
      module: AuditsModule,
      imports: [IntegrityModule],
      controllers: [AuditsController],
      providers: [
        { provide: AUDIT_EVERY_DAYS, useValue: everyDays },
        AuditAlarms,
        AuditDuties,
        AuditRepairs,
        AuditRounds,
        AuditSchedule,
        AuditsService,
      ],
    };
  }
}
