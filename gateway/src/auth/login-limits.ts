import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';
import type { Organization } from '../organizations/organization.js';
import { tooManyRequests } from '../http/problem.js';

const WINDOW_MS = 15 * 60_000;
const FAILURES_MAX = 10;
/** An address that tries many accounts. */
const ADDRESS_FAILURES_MAX = 100;
/** What a stranger's failures can cost the rightful owner at an address never seen before, after the last of them. */
const STRANGER_PAUSE_MS = 60_000;
const DELAY_FROM_FAILURES = 3;
const DELAY_STEP_MS = 100;
const DELAY_MAX_MS = 1_000;

interface Bucket {
  failures: number;
  first_at: Date;
  last_at: Date;
}

/**
 * Limits guessing without letting anybody lock others out: the long lock is for one account *from one address*; failures
 * from elsewhere only make addresses from which the account was never used wait a minute.
 */
@Injectable()
export class LoginLimits {
  constructor(private readonly clock: Clock) {}

  /** @returns how long this attempt's answer must wait, in ms. @throws ProblemException 429 while locked */
  async before(organization: Organization, login: string, address: string): Promise<number> {
    const now = this.clock.now();
    const [pair, account, all] = await Promise.all(
      this.buckets(organization, login, address).map((name) => this.read(organization, name, now)),
    );
    if (pair!.failures >= FAILURES_MAX) throw locked(pair!.first_at.getTime() + WINDOW_MS - now);
    if (all!.failures >= ADDRESS_FAILURES_MAX) throw locked(all!.first_at.getTime() + WINDOW_MS - now);
    if (account!.failures >= FAILURES_MAX && !(await this.isKnown(organization, login, address))) {
      const waitMs = account!.last_at.getTime() + STRANGER_PAUSE_MS - now;
      if (waitMs > 0) throw locked(waitMs);
    }
    return Math.min(DELAY_MAX_MS, DELAY_STEP_MS * 2 ** (pair!.failures - DELAY_FROM_FAILURES));
  }

  async failed(organization: Organization, login: string, address: string): Promise<void> {
    const now = new Date(this.clock.now());
    const windowStart = new Date(now.getTime() - WINDOW_MS);
    for (const name of this.buckets(organization, login, address)) {
      await organization.database.query(
        `INSERT INTO login_failures AS f (bucket, failures, first_at, last_at) VALUES ($1, 1, $2, $2)
         ON CONFLICT (bucket) DO UPDATE SET
           failures = CASE WHEN f.first_at < $3 THEN 1 ELSE f.failures + 1 END,
           first_at = CASE WHEN f.first_at < $3 THEN $2 ELSE f.first_at END,
           last_at = $2`,
        [name, now, windowStart],
      );
    }
    await organization.database.query('DELETE FROM login_failures WHERE last_at < $1', [windowStart]);
  }

  async succeeded(organization: Organization, login: string, address: string): Promise<void> {
    const [pair] = this.buckets(organization, login, address);
    await organization.database.query('DELETE FROM login_failures WHERE bucket = $1', [pair!]);
    await organization.database.query(
      `INSERT INTO known_addresses (bucket, seen_at) VALUES ($1, $2)
       ON CONFLICT (bucket) DO UPDATE SET seen_at = excluded.seen_at`,
      [pair!, this.clock.date()],
    );
  }

  private async isKnown(organization: Organization, login: string, address: string): Promise<boolean> {
    const [pair] = this.buckets(organization, login, address);
    return (
      (await organization.database.query('SELECT 1 FROM known_addresses WHERE bucket = $1', [pair!])).length >
      0
    );
  }

  /** Account at this address, account anywhere, address with any account; addresses rest as HMACs. */
  private buckets(organization: Organization, login: string, address: string): string[] {
    const hmac = (kind: string, value: string): string =>
      organization.keystore.indexHmac(`login-${kind}`, value);
    return [hmac('pair', `${login}/${address}`), hmac('account', login), hmac('address', address)];
  }

  private async read(organization: Organization, name: string, now: number): Promise<Bucket> {
    const [row] = await organization.database.query<Bucket>(
      'SELECT failures, first_at, last_at FROM login_failures WHERE bucket = $1',
      [name],
    );
    const current = row !== undefined && row.first_at.getTime() >= now - WINDOW_MS;
    return current ? row : { failures: 0, first_at: new Date(now), last_at: new Date(now) };
  }
}

const locked = (waitMs: number): Error =>
  tooManyRequests(
    'SIGN_IN_LOCKED',
    'Too many failed sign-ins: wait until Retry-After has passed, or ask an administrator for a reset.',
    waitMs / 1000,
  );
