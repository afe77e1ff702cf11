import type { Logger } from '@nestjs/common';
import type { Clock } from '../clock.js';
import type { Duty, DutySource } from '../consents/duty.js';
import { LedgerError } from '../fabric/ledger-client.js';
import type { Organization, OrganizationRegistry } from '../organizations/organization.js';
import type { BlockChanges } from '../projection/block-changes.js';
import type { Projections } from '../projection/projections.js';
import { inParallel } from '../storage/in-parallel.js';

/** What comes due without a block, and what failed, is looked for this often. */
const SWEEP_INTERVAL_MS = 10_000;
const BACKOFF_MS = 1_000;
const BACKOFF_MAX_MS = 300_000;

export interface DutyRoundsParts {
  organizations: OrganizationRegistry;
  projections: Projections;
  clock: Clock;
  logger: Logger;
}

export interface DutyRoundsOptions {
  /** For the log: what waits when it does. */
  name: string;
  /** Asked one after the other in every round. */
  sources: readonly DutySource[];
  /** Whether a block starts a round. */
  concerns(changes: BlockChanges): boolean;
  /** Duties of one organisation that are done at a time; 1 if not given. */
  atOnce?: number;
}

interface Failing {
  failures: number;
  nextAt: number;
}

/** One organisation's rounds: never two at once, one more where something came up meanwhile. */
interface Rounds {
  running: Promise<void> | undefined;
  isWanted: boolean;
  readonly failing: Map<string, Failing>;
}

/**
 * What each organisation's service does by itself, in rounds. Blocks start one, and the clock; each organisation has
 * rounds of its own, so that one whose peer is away holds up nobody else. What fails is tried again with growing pauses.
 */
export class DutyRounds {
  private readonly rounds = new Map<string, Rounds>();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly parts: DutyRoundsParts,
    private readonly options: DutyRoundsOptions,
  ) {}

  /** Once the read models follow. */
  start(): void {
    const { organizations, projections } = this.parts;
    for (const organization of organizations.all()) {
      projections.of(organization).onBlocks((blocks) => {
        if (blocks.some((block) => this.options.concerns(block))) this.wake(organization);
      });
    }
    this.timer = setInterval(() => this.wakeAll(), SWEEP_INTERVAL_MS);
    this.timer.unref();
    this.wakeAll();
  }

  /** Resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await Promise.all([...this.rounds.values()].map(({ running }) => running));
  }

  private wakeAll(): void {
    for (const organization of this.parts.organizations.all()) this.wake(organization);
  }

  private wake(organization: Organization): void {
    const rounds = this.roundsOf(organization);
    rounds.isWanted = true;
    rounds.running ??= this.work(organization, rounds).finally(() => {
      rounds.running = undefined;
    });
  }

  private async work(organization: Organization, rounds: Rounds): Promise<void> {
    while (rounds.isWanted && !this.stopped) {
      rounds.isWanted = false;
      for (const source of this.options.sources) {
        try {
          await this.run(await source.due(organization), rounds.failing, organization);
        } catch (error) {
          this.parts.logger.warn(
            `${this.options.name} of ${organization.mspId} wait: ${(error as Error).message}`,
          );
        }
      }
    }
  }

  private async run(
    duties: readonly Duty[],
    failing: Rounds['failing'],
    { mspId }: Organization,
  ): Promise<void> {
    const { clock, logger } = this.parts;
    let isAway = false;
    await inParallel(duties, this.options.atOnce ?? 1, async ({ key, run }) => {
      if (this.stopped || isAway) return;
      const earlier = failing.get(key);
      if (earlier !== undefined && earlier.nextAt > clock.now()) return;
      try {
        await run();
        failing.delete(key);
      } catch (error) {
        const failures = (earlier?.failures ?? 0) + 1;
        const pauseMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** Math.min(failures, 20));
        failing.set(key, { failures, nextAt: clock.now() + pauseMs });
        logger.warn(`${key.split('/')[0]} of ${mspId} is tried again: ${(error as Error).message}`);
        // The rest of the kind would only wait for the same peer.
        isAway ||= error instanceof LedgerError && error.code === 'LEDGER_UNAVAILABLE';
      }
    });
  }

  private roundsOf({ mspId }: Organization): Rounds {
    let rounds = this.rounds.get(mspId);
    if (rounds === undefined) {
      rounds = { running: undefined, isWanted: false, failing: new Map() };
      this.rounds.set(mspId, rounds);
    }
    return rounds;
  }
}
