import { Module } from '@nestjs/common';
import { PatientsModule } from '../patients/patients.module.js';
import { CareTeamDuties } from './care-team-duties.js';
import { CareTeams } from './care-teams.service.js';
import { CareTeamsController } from './care-teams.controller.js';
import { TeamKeys } from './team-keys.js';
import { TeamMembership } from './team-membership.js';

/** Care teams, their keys and who is in them. */
@Module({
  imports: [PatientsModule],
  controllers: [CareTeamsController],
  providers: [CareTeams, CareTeamDuties, TeamKeys, TeamMembership],
  exports: [CareTeams, CareTeamDuties, TeamKeys, TeamMembership],
})
export class CareTeamsModule {}
