import { Injectable } from '@nestjs/common';
import type { AuditStatus, Role } from '@medseal/chaincode';
import { TeamMembership } from '../care-teams/team-membership.js';
import { Clock } from '../clock.js';
import { HeldOpenings } from '../consents/held-openings.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { Projections } from '../projection/projections.js';
import { countDiseases, type DiseaseCounts, type TitledRecord } from './disease-counts.js';
import { monthOf, monthsUntil } from './months.js';

/** Counts by month; months without any are there with zeros. */
export interface VisitCount {
  month: string;
  outpatient: number;
  admissions: number;
}

export interface ConsentCount {
  purpose: string;
  consents: number;
}

export interface AccessCount {
  month: string;
  basis: string;
  reads: number;
}

export interface AuditCount {
  month: string;
  status: Extract<AuditStatus, 'intact' | 'failed' | 'aborted'>;
  audits: number;
}

/** Each part is null for those who may not see it. */
export interface StatisticsAnswer {
  /** `YYYY-MM`, oldest first. */
  months: string[];
  /** Encounters of the own hospital by the month in which they began. */
  visits: VisitCount[] | null;
  /** Patients by the disease of their chained records of these months, most first. */
  diseases: DiseaseCounts | null;
  /**
   * Consents in force by purpose, as far as the terms were delivered: of an administrator those to the hospital's
   * people, of a doctor those under which the doctor reads.
   */
  consents: ConsentCount[] | null;
  /** Reads by the ground on which they happened. */
  accesses: {
    /** Whose reads: of the caller's own records, the caller's own, those of the organisation's people, or all. */
    of: 'own-records' | 'own' | 'organization' | 'network';
    items: AccessCount[];
  };
  /** Audits of the whole network that are closed. */
  audits: AuditCount[] | null;
}

/** A count of fewer patients could tell who they are; nothing is left out of what somebody wrote. */
const LEAST_PATIENTS = 5;
const LEAST_OF_OWN = 1;
const SEES_AUDITS: ReadonlySet<Role> = new Set<Role>(['auditor', 'hospital-admin', 'system-manager']);
const SEES_ALL_READS: ReadonlySet<Role> = new Set<Role>(['auditor', 'system-manager']);

/** Counts over the read model, for plots; nobody's name and no record is in them. */
@Injectable()
export class StatisticsService {
  constructor(
    private readonly projections: Projections,
    private readonly held: HeldOpenings,
    private readonly membership: TeamMembership,
    private readonly clock: Clock,
  ) {}

  async of(user: SessionUser, monthCount: number): Promise<StatisticsAnswer> {
    const { organization, role } = user;
    const months = monthsUntil(this.clock.date(), monthCount);
    const isAdministrator = role === 'hospital-admin';
    const isOfCare = isAdministrator || role === 'doctor';
    const [diseases, consents, accesses, audits] = await Promise.all([
      isOfCare ? this.#diseases(user, months) : null,
      isOfCare ? this.#consents(user) : null,
      accessesOf(user, months),
      SEES_AUDITS.has(role) ? auditsOf(organization, months) : null,
    ]);
    const visits = isAdministrator ? this.#visits(organization, months) : null;
    return { months, visits, diseases, consents, accesses, audits };
  }

  #visits(organization: Organization, months: readonly string[]): VisitCount[] {
    const counts = new Map(months.map((month) => [month, { month, outpatient: 0, admissions: 0 }]));
    for (const visit of this.projections.of(organization).personal.visits()) {
      const count = counts.get(monthOf(visit.start));
      if (count === undefined) continue;
      if (visit.class === 'IMP') count.admissions++;
      else count.outpatient++;
    }
    return [...counts.values()];
  }

  /**
   * Of a doctor those of the doctor's own records, whose title lines are the doctor's to see; of an administrator those
   * of the hospital, without what only few patients have: single title lines are a read, and leave a receipt.
   */
  async #diseases(
    { organization, role, subject }: SessionUser,
    months: readonly string[],
  ): Promise<StatisticsAnswer['diseases']> {
    const rows = await organization.database.query<{ record_id: string; version: number; ledger_id: string }>(
      `SELECT v.record_id, v.version, v.ledger_id FROM record_versions v
         JOIN records r ON r.record_id = v.record_id AND r.version = v.version
         JOIN patients p ON p.ledger_id = v.ledger_id AND p.status IN ('keyless', 'active')
        WHERE v.hospital = $1 AND v.status = 'chained' AND ($2::text IS NULL OR v.author = $2)`,
      [organization.mspId, role === 'doctor' ? subject : null],
    );
    const { personal } = this.projections.of(organization);
    const titled = function* (): Generator<TitledRecord> {
      for (const { record_id: recordId, version, ledger_id: ledgerId } of rows) {
        const line = personal.titleLine(recordId, version);
        if (line !== undefined) yield { ledgerId, ...line };
      }
    };
    return countDiseases(titled(), months, role === 'doctor' ? LEAST_OF_OWN : LEAST_PATIENTS);
  }

  async #consents(user: SessionUser): Promise<ConsentCount[]> {
    const { organization, role } = user;
    const readUnder = role === 'doctor' ? await this.membership.consentIds(user) : null;
    const inForce = await organization.database.query<{ consent_id: string }>(
      `SELECT consent_id FROM consents
        WHERE grantee_msp = $1 AND revoked_at IS NULL AND expires_at > $2
          AND ($3::text[] IS NULL OR consent_id = ANY($3))`,
      [organization.mspId, this.clock.date(), readUnder],
    );
    const terms = await this.held.termsOfAll(
      organization,
      inForce.map(({ consent_id }) => consent_id),
    );
    const counts = new Map<string, number>();
    for (const { purpose } of terms.values()) counts.set(purpose, (counts.get(purpose) ?? 0) + 1);
    return [...counts].sort().map(([purpose, consents]) => ({ purpose, consents }));
  }
}

const firstDay = (months: readonly string[]): Date => new Date(`${months[0]}-01T00:00:00Z`);

async function accessesOf(
  { organization, role, subject }: SessionUser,
  months: readonly string[],
): Promise<StatisticsAnswer['accesses']> {
  const of =
    role === 'patient'
      ? 'own-records'
      : SEES_ALL_READS.has(role)
        ? 'network'
        : role === 'hospital-admin'
          ? 'organization'
          : 'own';
  const condition = {
    'own-records': 'receipt_id IN (SELECT receipt_id FROM receipt_records WHERE ledger_id = $2)',
    own: 'reader = $2',
    organization: 'msp_id = $2',
    network: '$2::text IS NOT NULL',
  }[of];
  const items = await organization.database.query<AccessCount>(
    `SELECT to_char(committed_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, basis, count(*)::int AS reads
       FROM receipts WHERE committed_at >= $1 AND ${condition} GROUP BY 1, 2 ORDER BY 1, 2`,
    [firstDay(months), of === 'organization' ? organization.mspId : subject],
  );
  return { of, items };
}

const auditsOf = ({ database }: Organization, months: readonly string[]): Promise<AuditCount[]> =>
  database.query<AuditCount>(
    `SELECT to_char(closed_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, status, count(*)::int AS audits
       FROM audits WHERE closed_at >= $1 GROUP BY 1, 2 ORDER BY 1, 2`,
    [firstDay(months)],
  );
