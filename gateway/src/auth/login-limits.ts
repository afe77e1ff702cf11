import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';
import type { Organization } from '../organizations/organization.js';
import { tooManyRequests } from '../http/problem.js';
import { Turns } from './turns.js';

const WINDOW_MS = 15 * 60_000;
const FAILURES_MAX = 10;
/** Failures of one address with any account. */
const ADDRESS_FAILURES_MAX = 100;
const DELAY_FROM_FAILURES = 3;
const DELAY_STEP_MS = 100;
const DELAY_MAX_MS = 1_000;
/** Between two attempts of addresses from which the account was never used, once others have failed at it. */
const STRANGER_INTERVAL_MS = 2_000;

interface Bucket {
  failures: number;
  first_at: Date;
}

/**
 * Limits guessing without letting anybody lock others out. The lock is for one account *from one address*; failures from
 * elsewhere, or of an address with many accounts, only slow down addresses from which the account was never used.
 */
@Injectable()
export class LoginLimits {
  private readonly turns = new Turns();

  constructor(private readonly clock: Clock) {}

  /**
   * Runs one attempt, alone for its account and address, and counts its outcome.
   * @param attempt gives undefined for a failure
   * @throws ProblemException 429 while locked
   */
  async attempt<Result>(
    organization: Organization,
    login: string,
    address: string,
    attempt: () => Promise<Result | undefined>,
  ): Promise<Result | undefined> {
    const [pair, account, all] = this.buckets(organization, login, address);
    return this.turns.run(pair, async () => {
      const before = await this.read(organization, pair);
      if (before.failures >= FAILURES_MAX)
        throw locked(before.first_at.getTime() + WINDOW_MS - this.clock.now());
      for (const [bucket, most] of [
        [account, FAILURES_MAX],
        [all, ADDRESS_FAILURES_MAX],
      ] as const) {
        const others = await this.read(organization, bucket);
        if (others.failures >= most && !(await this.isKnown(organization, pair))) {
          await this.turns.run(bucket, () => sleep(STRANGER_INTERVAL_MS));
        }
      }
      const result = await attempt();
      if (result !== undefined) {
        await this.succeeded(organization, pair);
        return result;
      }
      for (const bucket of [pair, account, all]) await this.failed(organization, bucket);
      if (before.failures >= DELAY_FROM_FAILURES) {
        await sleep(Math.min(DELAY_MAX_MS, DELAY_STEP_MS * 2 ** (before.failures - DELAY_FROM_FAILURES)));
      }
      return undefined;
    });
  }

  /** Account at this address, account anywhere, address with any account; all rest as HMACs. */
  private buckets(organization: Organization, login: string, address: string): [string, string, string] {
    const hmac = (kind: string, value: string): string =>
      organization.keystore.indexHmac(`login-${kind}`, value);
    return [hmac('pair', `${login}/${address}`), hmac('account', login), hmac('address', address)];
  }

  private async read(organization: Organization, bucket: string): Promise<Bucket> {
    const now = this.clock.now();
    const [row] = await organization.database.query<Bucket>(
      'SELECT failures, first_at FROM login_failures WHERE bucket = $1',
      [bucket],
    );
    const current = row !== undefined && row.first_at.getTime() >= now - WINDOW_MS;
    return current ? row : { failures: 0, first_at: new Date(now) };
  }

  private async failed(organization: Organization, bucket: string): Promise<void> {
    const now = new Date(this.clock.now());
    const windowStart = new Date(now.getTime() - WINDOW_MS);
    await organization.database.query(
      `INSERT INTO login_failures AS f (bucket, failures, first_at, last_at) VALUES ($1, 1, $2, $2)
       ON CONFLICT (bucket) DO UPDATE SET
         failures = CASE WHEN f.first_at < $3 THEN 1 ELSE f.failures + 1 END,
         first_at = CASE WHEN f.first_at < $3 THEN $2 ELSE f.first_at END,
         last_at = $2`,
      [bucket, now, windowStart],
    );
    await organization.database.query('DELETE FROM login_failures WHERE last_at < $1', [windowStart]);
  }

  private async succeeded(organization: Organization, pair: string): Promise<void> {
    await organization.database.query('DELETE FROM login_failures WHERE bucket = $1', [pair]);
    await organization.database.query(
      `INSERT INTO known_addresses (bucket, seen_at) VALUES ($1, $2)
       ON CONFLICT (bucket) DO UPDATE SET seen_at = excluded.seen_at`,
      [pair, this.clock.date()],
    );
  }

  private async isKnown(organization: Organization, pair: string): Promise<boolean> {
    const rows = await organization.database.query('SELECT 1 FROM known_addresses WHERE bucket = $1', [pair]);
    return rows.length > 0;
  }
}

const locked = (waitMs: number): Error =>
  tooManyRequests(
    'SIGN_IN_LOCKED',
    'Too many failed sign-ins: wait until Retry-After has passed, or ask an administrator for a reset.',
    waitMs / 1000,
  );
