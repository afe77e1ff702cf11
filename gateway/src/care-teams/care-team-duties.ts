import { Injectable } from '@nestjs/common';
import type { Duty, DutySource } from '../consents/duty.js';
import type { Organization } from '../organizations/organization.js';
import { CareTeams } from './care-teams.service.js';

/** After somebody left for good, the teams that are rules get a new key, which the leaver never had. */
@Injectable()
export class CareTeamDuties implements DutySource {
  constructor(private readonly teams: CareTeams) {}

  async due(organization: Organization): Promise<Duty[]> {
    const rows = await organization.database.query<{ kind: 'treating' | 'duty' }>(
      `SELECT DISTINCT t.kind FROM care_teams t
         JOIN care_team_keys k ON k.public_key = t.public_key
         JOIN staff s ON s.staff_id = k.subject
        WHERE t.msp_id = $1 AND t.kind <> 'named' AND s.status = 'revoked' ORDER BY t.kind`,
      [organization.mspId],
    );
    return rows.map(({ kind }) => ({
      key: `renewTeam/${kind}`,
      run: () => this.teams.renewRule(organization, kind),
    }));
  }
}
