import { Injectable } from '@nestjs/common';
import type { Duty, DutySource } from '../consents/duty.js';
import type { Organization } from '../organizations/organization.js';
import { EmergencyKeys } from './emergency-keys.js';

/** What is left of the emergency key: later organisations, custodian services that were away, lost folders. */
@Injectable()
export class EmergencyKeyDuties implements DutySource {
  private readonly registered = new Set<string>();
  private readonly settled = new Set<string>();
  private readonly running = new Map<string, Promise<void>>();

  constructor(private readonly keys: EmergencyKeys) {}

  async due(organization: Organization): Promise<Duty[]> {
    const { mspId, kind, database } = organization;
    const admitted = await database.query('SELECT 1 FROM organizations WHERE msp_id = $1', [mspId]);
    if (admitted.length === 0) return [];
    const duties: Duty[] = [];
    if (!this.registered.has(mspId)) {
      duties.push({ key: 'registerCustodian', run: () => this.register(organization) });
    } else if (!this.settled.has(mspId)) {
      if (kind === 'ministry') duties.push({ key: 'emergencyKey', run: () => this.hold(organization) });
      duties.push({ key: 'custodianShare', run: () => this.settle(organization) });
    }
    return duties;
  }

  /** All of it at once, as far as it goes now: at a start. */
  async settleAll(organizations: readonly Organization[]): Promise<void> {
    await Promise.all(organizations.map((organization) => this.register(organization)));
    for (const organization of organizations.filter(({ kind }) => kind === 'ministry'))
      await this.hold(organization);
    await Promise.all(organizations.map((organization) => this.settle(organization)));
  }

  private register(organization: Organization): Promise<void> {
    return this.once(`register/${organization.mspId}`, async () => {
      await this.keys.registerCustodian(organization);
      this.registered.add(organization.mspId);
    });
  }

  private hold(ministry: Organization): Promise<void> {
    return this.once('hold', async () => {
      await this.keys.hold(ministry);
    });
  }

  private settle(organization: Organization): Promise<void> {
    return this.once(`settle/${organization.mspId}`, async () => {
      if (await this.keys.handOver(organization)) this.settled.add(organization.mspId);
    });
  }

  /** Start and duties may come to the same step at once: a ceremony is not held twice. */
  private once(step: string, run: () => Promise<void>): Promise<void> {
    const running = this.running.get(step) ?? run().finally(() => this.running.delete(step));
    this.running.set(step, running);
    return running;
  }
}
