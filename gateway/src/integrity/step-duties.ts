import { Injectable } from '@nestjs/common';
import type { RecordEntry } from '@medseal/chaincode';
import type { Duty, DutySource } from '../consents/duty.js';
import type { Organization } from '../organizations/organization.js';
import { chainEntry } from './chain-entry.js';
import { UploadStep } from './upload-step.js';

/** The steps that need nobody's judgement: a hospital uploads what was sanitised, and chains what was attested. */
@Injectable()
export class StepDuties implements DutySource {
  constructor(private readonly upload: UploadStep) {}

  async due(organization: Organization): Promise<Duty[]> {
    if (organization.kind !== 'hospital') return [];
    const rows = await organization.database.query<{ entry: RecordEntry }>(
      `SELECT v.entry FROM record_versions v JOIN patients p USING (ledger_id)
        WHERE v.status IN ('sanitized', 'attested') AND v.hospital = $1 AND p.status NOT IN ('erasing', 'erased')
        ORDER BY v.last_block, v.record_id`,
      [organization.mspId],
    );
    return rows.map(({ entry }) => ({
      key: `${entry.status === 'sanitized' ? 'upload' : 'chain'}/${entry.recordId}/${entry.version}`,
      run: () => this.take(organization, entry),
    }));
  }

  private async take(organization: Organization, entry: RecordEntry): Promise<void> {
    const { service, projection } = organization;
    const committed =
      entry.status === 'sanitized'
        ? await this.upload.run(organization, service, entry)
        : await chainEntry(organization, service, entry);
    if (committed !== undefined) await projection.reached(committed.blockNumber);
  }
}
