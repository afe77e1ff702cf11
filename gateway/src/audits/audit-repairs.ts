import { Injectable, Logger } from '@nestjs/common';
import type { AuditEntry } from '@medseal/chaincode';
import { Clock } from '../clock.js';
import type { Duty, DutySource } from '../consents/duty.js';
import type { Organization } from '../organizations/organization.js';
import type { Restored } from '../storage/object-store.js';
import { fileOfAudit } from './audited-file.js';

type FailedAudit = Pick<AuditEntry, 'auditId' | 'recordId' | 'version' | 'kind'>;

const FAILED = `SELECT a.entry FROM audits a
  WHERE a.hospital = $1 AND a.status = 'failed'
    AND NOT EXISTS (SELECT 1 FROM audit_repairs r WHERE r.audit_id = a.audit_id)`;
const AT_ONCE_MAX = 20;

/**
 * After an audit of a record of this hospital has failed: what of the file is missing or altered is put back from a copy,
 * where another store has it whole.
 */
@Injectable()
export class AuditRepairs implements DutySource {
  private readonly logger = new Logger(AuditRepairs.name);

  constructor(private readonly clock: Clock) {}

  async due(organization: Organization): Promise<Duty[]> {
    const rows = await organization.database.query<{ entry: FailedAudit }>(
      `${FAILED} ORDER BY a.closed_at LIMIT ${AT_ONCE_MAX}`,
      [organization.mspId],
    );
    return rows.map(({ entry }) => ({
      key: `repair/${entry.auditId}`,
      run: () => this.repair(organization, entry),
    }));
  }

  /** Before a file is proven anew. A copy that cannot be asked holds up no proof: it is asked again later. */
  async before(
    organization: Organization,
    { recordId, version, kind }: Pick<AuditEntry, 'recordId' | 'version' | 'kind'>,
  ): Promise<void> {
    const rows = await organization.database.query<{ entry: FailedAudit }>(
      `${FAILED} AND a.record_id = $2 AND a.version = $3 AND a.kind = $4`,
      [organization.mspId, recordId, version, kind],
    );
    try {
      for (const { entry } of rows) await this.repair(organization, entry);
    } catch (error) {
      this.logger.warn(`A repair of ${organization.mspId} waits: ${(error as Error).message}`);
    }
  }

  private async repair(organization: Organization, audit: FailedAudit): Promise<void> {
    const { object, signedFile, beside } = await fileOfAudit(organization, audit);
    const found: Restored[] = [];
    for (const digest of [object, signedFile, ...beside])
      found.push(await organization.objects.restore(digest));
    const outcome = (['lost', 'restored', 'whole'] as const).find((one) => found.includes(one)) ?? 'whole';
    const line = `Version ${audit.version} of record ${audit.recordId}, ${audit.kind} file`;
    if (outcome === 'lost') this.logger.error(`${line}: no store has it whole; restore it from a backup.`);
    else this.logger.log(`${line}: ${outcome} in the object store.`);
    await organization.database.query(
      `INSERT INTO audit_repairs (audit_id, outcome, repaired_at) VALUES ($1, $2, $3)
       ON CONFLICT (audit_id) DO NOTHING`,
      [audit.auditId, outcome, this.clock.date()],
    );
  }
}
