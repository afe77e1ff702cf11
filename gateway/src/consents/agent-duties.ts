import { Injectable } from '@nestjs/common';
import type { ShareVerdict } from '@medseal/chaincode';
import { Clock } from '../clock.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { Organization } from '../organizations/organization.js';
import { implicitCollection } from '../projection/ledger-namespace.js';
import { type Duty, type DutySource, submitAsService } from './duty.js';

/** The agent's part: answers each share deposited here, and purges it when its consent has ended. */
@Injectable()
export class AgentDuties implements DutySource {
  constructor(private readonly clock: Clock) {}

  async due(organization: Organization): Promise<Duty[]> {
    const rows = await organization.database.query<{ consent_id: string; ended: boolean }>(
      `SELECT c.consent_id, (c.revoked_at IS NOT NULL OR c.expires_at <= $2) AS ended
         FROM private_values v JOIN consents c ON v.key = 'share/' || c.consent_id
        WHERE v.collection = $1 AND v.kind = 'share'
          AND (c.revoked_at IS NOT NULL OR c.expires_at <= $2 OR NOT EXISTS (
            SELECT 1 FROM share_answers a WHERE a.consent_id = c.consent_id AND a.msp_id = $3))`,
      [implicitCollection(organization.mspId), this.clock.date(), organization.mspId],
    );
    return rows.map(({ consent_id: consentId, ended }) =>
      ended
        ? { key: `purgeShare/${consentId}`, run: () => purgeShare(organization, consentId) }
        : { key: `answerShare/${consentId}`, run: () => answerShare(organization, consentId) },
    );
  }
}

/** The own chaincode process, which alone uses the agent's key, opens and judges the share. */
const answerShare = async (organization: Organization, consentId: string): Promise<void> => {
  const { answer, code } = await evaluateJson<ShareVerdict>(organization, 'consent:checkShare', [consentId]);
  await submitAsService(organization, 'consent:answerShare', [consentId, answer, code ?? '']);
};

const purgeShare = async (organization: Organization, consentId: string): Promise<void> => {
  await submitAsService(organization, 'consent:purgeShare', [consentId], { at: organization.mspId });
};
