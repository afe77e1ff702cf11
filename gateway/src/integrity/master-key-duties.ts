import { Injectable } from '@nestjs/common';
import type { Duty, DutySource } from '../consents/duty.js';
import type { Organization } from '../organizations/organization.js';
import { MasterKey } from './master-key.js';

/** The ceremony of the master key, as soon as every organisation has an agent key. */
@Injectable()
export class MasterKeyDuties implements DutySource {
  private isSettled = false;
  private running: Promise<void> | undefined;

  constructor(private readonly masterKey: MasterKey) {}

  async due(organization: Organization): Promise<Duty[]> {
    if (organization.kind !== 'ministry' || this.isSettled) return [];
    const { database, mspId } = organization;
    const admitted = await database.query('SELECT 1 FROM organizations WHERE msp_id = $1', [mspId]);
    if (admitted.length === 0) return [];
    return [{ key: 'masterKey', run: () => this.hold(organization) }];
  }

  /** As far as it goes now: at a start. */
  async settleAll(organizations: readonly Organization[]): Promise<void> {
    for (const organization of organizations.filter(({ kind }) => kind === 'ministry'))
      await this.hold(organization);
  }

  /** Start and duties may come to it at once: a ceremony is not held twice. */
  private hold(ministry: Organization): Promise<void> {
    this.running ??= this.masterKey
      .hold(ministry)
      .then((isSettled) => {
        this.isSettled = isSettled;
      })
      .finally(() => {
        this.running = undefined;
      });
    return this.running;
  }
}
