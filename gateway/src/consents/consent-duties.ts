import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CareTeamDuties } from '../care-teams/care-team-duties.js';
import { Clock } from '../clock.js';
import { EmergencyKeyDuties } from '../emergencies/emergency-key-duties.js';
import { MasterKeyDuties } from '../integrity/master-key-duties.js';
import { SpoolDuties } from '../integrity/spool-duties.js';
import { StepDuties } from '../integrity/step-duties.js';
import { OrganizationRegistry } from '../organizations/organization.js';
import { DutyRounds } from '../outbox/duty-rounds.js';
import type { BlockChanges } from '../projection/block-changes.js';
import { Projections } from '../projection/projections.js';
import { ErasureDuties } from '../erasure/erasure-duties.js';
import { AgentDuties } from './agent-duties.js';
import { DataErasures } from './data-erasures.js';
import { Incoming } from './incoming.js';
import { Outgoing } from './outgoing.js';

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

/** What each organisation's service does for consents by itself. */
@Injectable()
export class ConsentDuties implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly rounds: DutyRounds;

  constructor(
    organizations: OrganizationRegistry,
    projections: Projections,
    clock: Clock,
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
    const logger = new Logger(ConsentDuties.name);
    this.rounds = new DutyRounds(
      { organizations, projections, clock, logger },
      {
        name: 'Consents',
        sources: [
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
        ],
        concerns: concernsConsents,
      },
    );
  }

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.rounds.stop();
  }
}

const concernsConsents = ({ world, privateValues }: BlockChanges): boolean =>
  world.some(({ type }) => WORLD_TYPES.has(type)) ||
  privateValues.some(({ key }) => PRIVATE_KINDS.has(key?.split('/')[0] ?? ''));
