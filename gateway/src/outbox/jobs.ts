import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../clock.js';
import { OrganizationRegistry, type Organization } from '../organizations/organization.js';
import type { Queries } from '../database/database.js';

/** Repeats until it resolves, so it must be harmless to run twice. */
export type JobHandler<Payload = unknown> = (organization: Organization, payload: Payload) => Promise<void>;

interface JobRow {
  id: string;
  kind: string;
  payload: Uint8Array;
  attempts: number;
}

const POLL_INTERVAL_MS = 1_000;
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 300_000;
const BATCH = 20;

/** Later steps of acts, kept in the database until done: survive restarts, retried with growing pauses. */
@Injectable()
export class Jobs implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Jobs.name);
  private readonly handlers = new Map<string, JobHandler>();
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> = Promise.resolve();
  private stopped = false;
  private started = false;

  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly clock: Clock,
  ) {}

  /** To be called by a module's constructor or `onModuleInit`, once a kind. */
  register<Payload>(kind: string, handler: JobHandler<Payload>): void {
    if (this.handlers.has(kind)) throw new Error(`Jobs of kind ${kind} have a handler already.`);
    this.handlers.set(kind, handler as JobHandler);
  }

  /**
   * @param dedupeKey a second job of the kind with this key is the first one
   * @param payload JSON; kept sealed
   * @param queries a transaction that must also hold the job
   */
  async add(
    organization: Organization,
    kind: string,
    dedupeKey: string,
    payload: unknown,
    queries: Queries = organization.database,
  ): Promise<void> {
    await queries.query(
      `INSERT INTO jobs (kind, dedupe_key, payload, attempts, next_at, created_at) VALUES ($1, $2, $3, 0, $4, $4)
       ON CONFLICT (kind, dedupe_key) DO NOTHING`,
      [kind, dedupeKey, await organization.keystore.sealRow(jobContext(kind), payload), this.clock.date()],
    );
    this.schedule(0);
  }

  /** Jobs not yet done, of one kind or all. */
  async waiting(organization: Organization, kind?: string): Promise<number> {
    const rows = await organization.database.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM jobs WHERE $1::text IS NULL OR kind = $1',
      [kind ?? null],
    );
    return rows[0]?.count ?? 0;
  }

  onApplicationBootstrap(): void {
    this.started = true;
    this.schedule(0);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.working;
  }

  private schedule(delayMs: number): void {
    if (this.stopped || !this.started) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.working = this.working
        .then(() => this.workAll())
        .finally(() => {
          this.schedule(POLL_INTERVAL_MS);
        });
    }, delayMs);
    this.timer.unref();
  }

  private async workAll(): Promise<void> {
    for (const organization of this.organizations.all()) {
      try {
        await this.work(organization);
      } catch (error) {
        this.logger.warn(`Jobs of ${organization.mspId} wait: ${(error as Error).message}`);
      }
    }
  }

  private async work(organization: Organization): Promise<void> {
    for (;;) {
      const rows = await organization.database.query<JobRow>(
        'SELECT id, kind, payload, attempts FROM jobs WHERE next_at <= $1 ORDER BY id LIMIT $2',
        [this.clock.date(), BATCH],
      );
      for (const row of rows) {
        if (this.stopped) return;
        await this.attempt(organization, row);
      }
      if (rows.length < BATCH) return;
    }
  }

  private async attempt(organization: Organization, row: JobRow): Promise<void> {
    try {
      const handler = this.handlers.get(row.kind);
      if (handler === undefined) throw new Error(`no handler for jobs of kind ${row.kind}`);
      await handler(organization, await organization.keystore.openRow(jobContext(row.kind), row.payload));
      await organization.database.query('DELETE FROM jobs WHERE id = $1', [row.id]);
    } catch (error) {
      const pauseMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** Math.min(row.attempts, 20));
      this.logger.warn(
        `Job ${row.kind} of ${organization.mspId} is tried again: ${(error as Error).message}`,
      );
      await organization.database.query(
        'UPDATE jobs SET attempts = attempts + 1, next_at = $2 WHERE id = $1',
        [row.id, new Date(this.clock.now() + pauseMs)],
      );
    }
  }
}

/** What a job's payload is sealed for. */
export const jobContext = (kind: string): string => `jobs/${kind}`;
