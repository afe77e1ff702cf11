import { Injectable } from '@nestjs/common';
import type { Duty, DutySource } from '../consents/duty.js';
import type { Organization } from '../organizations/organization.js';

/** Files of record steps that nobody took further are removed. */
@Injectable()
export class SpoolDuties implements DutySource {
  async due({ spool }: Organization): Promise<Duty[]> {
    const overdue = await spool.overdue();
    return overdue.length === 0 ? [] : [{ key: 'sweepSpool', run: () => spool.sweep() }];
  }
}
