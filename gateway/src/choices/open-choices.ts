import { Injectable } from '@nestjs/common';
import type { CareTeamEntry, ConsentEntry, ResearchChoiceEntry } from '@medseal/chaincode';
import { EMERGENCY_READER } from '@medseal/crypto';
import { Clock } from '../clock.js';
import type { Queries } from '../database/database.js';
import { readEmergencyKey } from '../emergencies/emergency-key.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';

/** What every patient is asked, at activation or at a later sign-in. */
export const CHOICES = ['standingConsent', 'researchConsent', 'emergencyGrant'] as const;
export type Choice = (typeof CHOICES)[number];
/** Those that are consents. */
export type GrantChoice = Exclude<Choice, 'researchConsent'>;

/** Where a choice stands: not made yet (or expired), given, withheld, or given and revoked since. */
export type ChoiceState = 'open' | 'given' | 'withheld' | 'revoked';

export interface ChoiceView {
  choice: Choice;
  state: ChoiceState;
  /** Of the newest consent to that grantee. */
  consentId: string | null;
  /** Whom such a consent would be to, see GET /consents/grantees/{id}; null for research. */
  grantee: { kind: 'careTeam' | 'emergency'; id: string; mspId: string } | null;
}

/** How a patient's choices stand, out of the read model and the ledger. */
@Injectable()
export class OpenChoices {
  constructor(private readonly clock: Clock) {}

  /** Choices that can be made now and have not been; none for anybody but a patient. */
  async openFor(user: Pick<SessionUser, 'organization' | 'role' | 'subject'>): Promise<Choice[]> {
    if (user.role !== 'patient') return [];
    const views = await this.list(user.organization, user.subject);
    return views.filter(({ state }) => state === 'open').map(({ choice }) => choice);
  }

  async list(organization: Organization, subject: string): Promise<ChoiceView[]> {
    const research = await evaluateJson<ResearchChoiceEntry | null>(
      organization,
      'consent:getResearchChoice',
      [subject],
    );
    const views: ChoiceView[] = [
      { choice: 'researchConsent', state: researchState(research), consentId: null, grantee: null },
    ];
    for (const choice of ['standingConsent', 'emergencyGrant'] as const) {
      const grantee = await this.granteeOf(organization, choice);
      if (grantee !== undefined) views.push(await this.view(organization, subject, choice, grantee));
    }
    return views;
  }

  /** Undefined where there is nobody yet to make such a consent to. */
  async granteeOf(
    organization: Organization,
    choice: GrantChoice,
  ): Promise<NonNullable<ChoiceView['grantee']> | undefined> {
    if (choice === 'emergencyGrant') {
      const key = await readEmergencyKey(organization);
      return key === null ? undefined : { kind: 'emergency', id: key.digest, mspId: EMERGENCY_READER };
    }
    const { database, mspId } = organization;
    const [row] = await database.query<{ entry: CareTeamEntry }>(
      `SELECT entry FROM care_teams WHERE msp_id = $1 AND kind = 'treating' ORDER BY team_id LIMIT 1`,
      [mspId],
    );
    return row && { kind: 'careTeam', id: row.entry.teamId, mspId };
  }

  /** Ends the asking; giving the consent later begins it anew for its end. */
  async withhold(
    { database }: Organization,
    subject: string,
    choice: GrantChoice,
    isWithheld: boolean,
    queries: Queries = database,
  ): Promise<void> {
    if (isWithheld) {
      await queries.query(
        `INSERT INTO withheld_choices (subject, choice, decided_at) VALUES ($1, $2, $3)
         ON CONFLICT (subject, choice) DO UPDATE SET decided_at = EXCLUDED.decided_at`,
        [subject, choice, this.clock.date()],
      );
    } else {
      await queries.query('DELETE FROM withheld_choices WHERE subject = $1 AND choice = $2', [
        subject,
        choice,
      ]);
    }
  }

  private async view(
    { database }: Organization,
    subject: string,
    choice: GrantChoice,
    grantee: NonNullable<ChoiceView['grantee']>,
  ): Promise<ChoiceView> {
    const consents = await database.query<{ entry: ConsentEntry }>(
      'SELECT entry FROM consents WHERE ledger_id = $1 AND grantee_id = $2',
      [subject, grantee.id],
    );
    const now = this.clock.date().toISOString();
    const newest = consents
      .map(({ entry }) => entry)
      .sort((left, right) => left.grantedAt.localeCompare(right.grantedAt))
      .at(-1);
    const given = consents.find(({ entry }) => entry.revokedAt === null && entry.expiresAt > now);
    const withheld = await database.query(
      'SELECT 1 FROM withheld_choices WHERE subject = $1 AND choice = $2',
      [subject, choice],
    );
    // One that has expired is asked for again, one that was revoked is not.
    const state = stateOf(given !== undefined, withheld.length > 0, (newest?.revokedAt ?? null) !== null);
    return { choice, state, consentId: (given?.entry ?? newest)?.consentId ?? null, grantee };
  }
}

const researchState = (choice: ResearchChoiceEntry | null): ChoiceState => {
  if (choice === null) return 'open';
  return choice.allowed ? 'given' : 'withheld';
};

const stateOf = (isGiven: boolean, isWithheld: boolean, isRevoked: boolean): ChoiceState => {
  if (isGiven) return 'given';
  if (isWithheld) return 'withheld';
  return isRevoked ? 'revoked' : 'open';
};
