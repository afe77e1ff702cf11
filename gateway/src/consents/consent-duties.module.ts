import { Module } from '@nestjs/common';
import { CareTeamsModule } from '../care-teams/care-teams.module.js';
import { EmergencyKeysModule } from '../emergencies/emergency-keys.module.js';
import { ErasureModule } from '../erasure/erasure.module.js';
import { IntegrityModule } from '../integrity/integrity.module.js';
import { PatientsModule } from '../patients/patients.module.js';
import { AgentDuties } from './agent-duties.js';
import { ConsentDuties } from './consent-duties.js';
import { ConsentRequests } from './consent-requests.js';
import { DataErasures } from './data-erasures.js';
import { HeldOpenings } from './held-openings.js';
import { HeldValues } from './held-values.js';
import { Incoming } from './incoming.js';
import { Outgoing } from './outgoing.js';

/** What the organisations' services do for consents by themselves, and what they were handed over. */
@Module({
  imports: [PatientsModule, CareTeamsModule, EmergencyKeysModule, ErasureModule, IntegrityModule],
  providers: [
    AgentDuties,
    ConsentDuties,
    ConsentRequests,
    DataErasures,
    HeldOpenings,
    HeldValues,
    Incoming,
    Outgoing,
  ],
  exports: [ConsentRequests, HeldOpenings],
})
export class ConsentDutiesModule {}
