import { Injectable } from '@nestjs/common';
import type { CareTeamEntry, ConsentEntry } from '@medseal/chaincode';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { PatientDirectory } from '../patients/patient-directory.js';
import { implicitCollection } from '../projection/ledger-namespace.js';

/** What makes the caller the consent's grantee now. */
export interface Standing {
  /** Of the owner, open at the caller's hospital; for a treating team. */
  encounterId?: string;
}

/** Who of this hospital may read under a consent to a person or a care team; the contracts decide by the same rules. */
@Injectable()
export class TeamMembership {
  constructor(private readonly directory: PatientDirectory) {}

  /** Undefined unless the caller is the consent's grantee, or a member now of the care team that is. */
  async standing(
    user: Pick<SessionUser, 'organization' | 'subject' | 'role'>,
    { grantee, ledgerId }: Pick<ConsentEntry, 'grantee' | 'ledgerId'>,
  ): Promise<Standing | undefined> {
    const { organization } = user;
    if (grantee.mspId !== organization.mspId) return undefined;
    if (grantee.kind === 'person' || grantee.kind === 'guardian')
      return grantee.id === user.subject ? {} : undefined;
    if (user.role === 'patient') return undefined;
    const team = (await this.teamsOf(organization)).find(({ teamId }) => teamId === grantee.id);
    if (team === undefined || !isMember(user, team)) return undefined;
    if (team.kind !== 'treating') return {};
    const encounterId = await this.directory.openEncounter(organization, ledgerId);
    return encounterId === undefined ? undefined : { encounterId };
  }

  /**
   * Ids of consents to the caller and to teams that the caller is in now, of treating teams those of patients under
   * treatment; with `recordId` those in force of that record's owner.
   */
  async consentIds(user: SessionUser, recordId?: string): Promise<string[]> {
    const { organization, subject } = user;
    const { database, mspId } = organization;
    const teams = (await this.teamsOf(organization)).filter((team) => isMember(user, team));
    const ids = (treating: boolean): string[] =>
      teams.filter(({ kind }) => (kind === 'treating') === treating).map(({ teamId }) => teamId);
    const rows = await database.query<{ consent_id: string }>(
      `SELECT consent_id FROM consents c
        WHERE c.grantee_msp = $1 AND (c.grantee_id = ANY($2) OR (c.grantee_id = ANY($3) AND EXISTS (
          SELECT 1 FROM private_values v
           WHERE v.collection = $4 AND v.kind = 'encounter' AND v.ledger_id = c.ledger_id)))
          AND ($5::text IS NULL OR (c.revoked_at IS NULL AND EXISTS (
            SELECT 1 FROM records r WHERE r.record_id = $5 AND r.ledger_id = c.ledger_id)))
        ORDER BY c.grantee_id <> $6, c.consent_id`,
      [mspId, [subject, ...ids(false)], ids(true), implicitCollection(mspId), recordId ?? null, subject],
    );
    return rows.map(({ consent_id }) => consent_id);
  }

  /** This hospital's. */
  async teamsOf({ database, mspId }: Organization): Promise<CareTeamEntry[]> {
    const rows = await database.query<{ entry: CareTeamEntry }>(
      'SELECT entry FROM care_teams WHERE msp_id = $1 ORDER BY kind, team_id',
      [mspId],
    );
    return rows.map(({ entry }) => entry);
  }
}

export const isMember = (
  { role, subject }: Pick<SessionUser, 'role' | 'subject'>,
  { kind, members }: CareTeamEntry,
): boolean => {
  switch (kind) {
    case 'named':
      return members.includes(subject);
    case 'duty':
      return role === 'doctor';
    case 'treating':
      return role !== 'patient' && role !== 'service';
  }
};
