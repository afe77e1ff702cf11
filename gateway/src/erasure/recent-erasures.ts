import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';
import type { Organization } from '../organizations/organization.js';

const REMEMBERED_MS = 24 * 60 * 60_000;
const MAX = 10_000;

/**
 * Which registration number was whose, for a day and in this process's memory only: nothing on disk pairs them any more,
 * and whoever asked for the erasure asks how it went by the number.
 */
@Injectable()
export class RecentErasures {
  private readonly ledgerIds = new Map<string, { ledgerId: string; until: number }>();

  constructor(private readonly clock: Clock) {}

  remember(organization: Organization, registrationNo: string, ledgerId: string): void {
    if (this.ledgerIds.size >= MAX) this.ledgerIds.delete(this.ledgerIds.keys().next().value ?? '');
    this.ledgerIds.set(nameOf(organization, registrationNo), {
      ledgerId,
      until: this.clock.now() + REMEMBERED_MS,
    });
  }

  find(organization: Organization, registrationNo: string): string | undefined {
    const found = this.ledgerIds.get(nameOf(organization, registrationNo));
    return found !== undefined && found.until > this.clock.now() ? found.ledgerId : undefined;
  }
}

const nameOf = ({ keystore, mspId }: Organization, registrationNo: string): string =>
  `${mspId}/${keystore.indexHmac('erased', registrationNo)}`;
