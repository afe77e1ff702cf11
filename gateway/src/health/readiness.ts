import { Injectable } from '@nestjs/common';
import { OrganizationRegistry } from '../organizations/organization.js';
import { StorageFullError, StorageUnavailableError } from '../storage/object-store.js';

/** What must work before the service takes requests; `start` is cleared when the first start is complete. */
@Injectable()
export class Readiness {
  private readonly open = new Set<string>(['start']);

  constructor(private readonly organizations: OrganizationRegistry) {}

  /** Named work that readiness waits for. */
  begin(what: string): void {
    this.open.add(what);
  }

  done(what: string): void {
    this.open.delete(what);
  }

  /** Empty when ready. */
  async waitingFor(): Promise<string[]> {
    const missing = [...this.open];
    const storage = await this.storageTrouble();
    if (storage !== undefined) missing.push(storage);
    for (const organization of this.organizations.all()) {
      const check = async (what: string, act: () => Promise<unknown>): Promise<void> => {
        try {
          await act();
        } catch {
          missing.push(`${organization.slug} ${what}`);
        }
      };
      await check('database', () => organization.database.query('SELECT 1'));
      await check('ledger', async () => {
        const height = await organization.ledger.height();
        await organization.projection.reached(height - 1, 1_000);
      });
    }
    return missing;
  }

  /** Of the one store that all organisations of this process share. */
  private async storageTrouble(): Promise<string | undefined> {
    try {
      await this.organizations.all()[0]?.objects.check();
      return undefined;
    } catch (error) {
      if (error instanceof StorageFullError) return 'storage: is full';
      return error instanceof StorageUnavailableError ? `storage: ${error.reason}` : 'storage';
    }
  }
}
