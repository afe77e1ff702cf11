import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { AuditEntry } from '@medseal/chaincode';
import { countAudit } from '../health/metrics.js';
import { OrganizationRegistry, type Organization } from '../organizations/organization.js';
import type { BlockChanges } from '../projection/block-changes.js';
import { Projections } from '../projection/projections.js';
import { partIn } from './audit-part.js';

/** Tells the operator how audits ended in which the organisation has a part; people are told by notices. */
@Injectable()
export class AuditAlarms implements OnApplicationBootstrap {
  private readonly logger = new Logger(AuditAlarms.name);

  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly projections: Projections,
  ) {}

  onApplicationBootstrap(): void {
    for (const organization of this.organizations.all())
      this.projections.of(organization).onBlocks((blocks) => {
        for (const block of blocks) this.tell(organization, block);
      });
  }

  private tell({ mspId, slug }: Organization, { world }: BlockChanges): void {
    for (const { type, entry } of world) {
      if (type !== 'audit' || entry === undefined) continue;
      const audit = entry as unknown as AuditEntry;
      const part = partIn(audit, mspId);
      if (part === undefined || audit.closedAt === null) continue;
      countAudit(slug, part, audit.status);
      if (audit.status === 'failed')
        this.logger.error(
          `Audit ${audit.auditId} failed (${audit.reason}): the ${audit.kind} file of version ${audit.version} of ` +
            `record ${audit.recordId}, kept by ${audit.hospital}.`,
        );
    }
  }
}
