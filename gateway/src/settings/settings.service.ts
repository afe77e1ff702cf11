import { Injectable } from '@nestjs/common';
import { problem } from '../http/problem.js';
import type { Organization } from '../organizations/organization.js';

/** `device-allowed`: an administrator may leave a member of staff's keys to a device of that person's own. */
export const STAFF_KEYS = ['gateway', 'device-allowed'] as const;
export type StaffKeysPolicy = (typeof STAFF_KEYS)[number];

export interface OrganizationSettings {
  staffKeys: StaffKeysPolicy;
}

/**
 * What an organisation decides for its own gateway. Not on the ledger: nobody outside relies on it, and a contract cannot
 * tell where a key is.
 */
@Injectable()
export class Settings {
  async of({ database }: Organization): Promise<OrganizationSettings> {
    const [row] = await database.query<{ value: StaffKeysPolicy }>(
      `SELECT value FROM settings WHERE name = 'staffKeys'`,
    );
    return { staffKeys: row?.value ?? 'gateway' };
  }

  /** @throws ProblemException 409 `DEVICE_KEYS_NOT_ALLOWED` where the policy keeps keys at the gateway */
  async requireDeviceKeys(organization: Organization): Promise<void> {
    if ((await this.of(organization)).staffKeys === 'device-allowed') return;
    throw problem(
      409,
      'DEVICE_KEYS_NOT_ALLOWED',
      'This organisation keeps its staff’s keys at its gateway: an administrator allows devices at PUT /settings.',
    );
  }

  async change({ database }: Organization, { staffKeys }: OrganizationSettings): Promise<void> {
    await database.query(
      `INSERT INTO settings (name, value) VALUES ('staffKeys', $1)
       ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value`,
      [staffKeys],
    );
  }
}
