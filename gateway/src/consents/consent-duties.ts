import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CareTeamDuties } from '../care-teams/care-team-duties.js';
import { Clock } from '../clock.js';
import { LedgerError } from '../fabric/ledger-client.js';
import { EmergencyKeyDuties } from '../emergencies/emergency-key-duties.js';
import { MasterKeyDuties } from '../integrity/master-key-duties.js';
import { SpoolDuties } from '../integrity/spool-duties.js';
import { StepDuties } from '../integrity/step-duties.js';
import { OrganizationRegistry, type Organization } from '../organizations/organization.js';
import type { BlockChanges } from '../projection/block-changes.js';
import { Projections } from '../projection/projections.js';
import { ErasureDuties } from '../erasure/erasure-duties.js';
import { AgentDuties } from './agent-duties.js';
import { DataErasures } from './data-erasures.js';
import type { Duty, DutySource } from './duty.js';
import { Incoming } from './incoming.js';
import { Outgoing } from './outgoing.js';

/** What expires without a block, and what failed, is looked for this often. */
const SWEEP_INTERVAL_MS = 10_000;
const BACKOFF_MS = 1_000;
const BACKOFF_MAX_MS = 300_000;

const WORLD_TYPES: ReadonlySet<string> = new Set([
  'consent',
  'shareAnswer',
  'recordVersion',
  'patient',
  'staff',
  'erasure',
  'organizationKey',
  'emergencyKey',
]);
const PRIVATE_KINDS: ReadonlySet<string> = new Set([
  'share',
  'delivery',
  'consentRequest',
  'held',
  'custodianShare',
]);

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
 * What each organisation's service does for consents by itself. Blocks that concern consents start a round; each
 * organisation has rounds of its own, so that one whose peer is away holds up nobody else.
 */
@Injectable()
export class ConsentDuties implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(ConsentDuties.name);
  private readonly rounds = new Map<string, Rounds>();
  private readonly sources: readonly DutySource[];
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly projections: Projections,
    private readonly clock: Clock,
    agent: AgentDuties,
    incoming: Incoming,
    outgoing: Outgoing,
    dataErasures: DataErasures,
    erasures: ErasureDuties,
    careTeams: CareTeamDuties,
    emergencyKeys: EmergencyKeyDuties,
    masterKey: MasterKeyDuties,
    spool: SpoolDuties,
    steps: StepDuties,
  ) {
    this.sources = [
      erasures,
      agent,
      dataErasures,
      incoming,
      outgoing,
      careTeams,
      emergencyKeys,
      masterKey,
      spool,
      steps,
    ];
  }

  onApplicationBootstrap(): void {
    for (const organization of this.organizations.all()) {
      this.projections.of(organization).onBlocks((blocks) => {
        if (blocks.some(concernsConsents)) this.wake(organization);
      });
    }
    this.timer = setInterval(() => this.wakeAll(), SWEEP_INTERVAL_MS);
    this.timer.unref();
    this.wakeAll();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await Promise.all([...this.rounds.values()].map(({ running }) => running));
  }

  private wakeAll(): void {
    for (const organization of this.organizations.all()) this.wake(organization);
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
      for (const source of this.sources) {
        try {
          await this.run(await source.due(organization), rounds.failing, organization);
        } catch (error) {
          this.logger.warn(`Consents of ${organization.mspId} wait: ${(error as Error).message}`);
        }
      }
    }
  }

  private async run(
    duties: readonly Duty[],
    failing: Rounds['failing'],
    { mspId }: Organization,
  ): Promise<void> {
    for (const { key, run } of duties) {
      if (this.stopped) return;
      const earlier = failing.get(key);
      if (earlier !== undefined && earlier.nextAt > this.clock.now()) continue;
      try {
        await run();
        failing.delete(key);
      } catch (error) {
        const failures = (earlier?.failures ?? 0) + 1;
        const pauseMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** Math.min(failures, 20));
        failing.set(key, { failures, nextAt: this.clock.now() + pauseMs });
        this.logger.warn(`${key.split('/')[0]} of ${mspId} is tried again: ${(error as Error).message}`);
        // The rest of the kind would only wait for the same peer.
        if (error instanceof LedgerError && error.code === 'LEDGER_UNAVAILABLE') return;
      }
    }
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

const concernsConsents = ({ world, privateValues }: BlockChanges): boolean =>
  world.some(({ type }) => WORLD_TYPES.has(type)) ||
  privateValues.some(({ key }) => PRIVATE_KINDS.has(key?.split('/')[0] ?? ''));
