import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../clock.js';
import { OrganizationRegistry } from '../organizations/organization.js';
import { DutyRounds } from '../outbox/duty-rounds.js';
import { Projections } from '../projection/projections.js';
import { AuditDuties } from './audit-duties.js';
import { AuditRepairs } from './audit-repairs.js';
import { AuditSchedule } from './audit-schedule.js';

/** Of one organisation at a time: endorsers verify one proof after the other. */
const AT_ONCE = 4;

/** What each organisation's service does in audits by itself; apart from consents, which no proof may hold up. */
@Injectable()
export class AuditRounds implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly rounds: DutyRounds;

  constructor(
    organizations: OrganizationRegistry,
    projections: Projections,
    clock: Clock,
    audits: AuditDuties,
    repairs: AuditRepairs,
    schedule: AuditSchedule,
  ) {
    const logger = new Logger(AuditRounds.name);
    this.rounds = new DutyRounds(
      { organizations, projections, clock, logger },
      {
        name: 'Audits',
        sources: [audits, repairs, schedule],
        concerns: ({ world }) => world.some(({ type }) => type === 'audit'),
        atOnce: AT_ONCE,
      },
    );
  }

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.rounds.stop();
  }
}
