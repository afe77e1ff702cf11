import { Injectable } from '@nestjs/common';
import { OrganizationRegistry } from '../organizations/organization.js';

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
}
