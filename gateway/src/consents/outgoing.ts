import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { OrganizationKeyEntry, SelectorOpening } from '@medseal/chaincode';
import { canonicalJson, EMERGENCY_READER } from '@medseal/crypto';
import { Clock } from '../clock.js';
import { LedgerError } from '../fabric/ledger-client.js';
import type { Organization } from '../organizations/organization.js';
import { PatientDirectory } from '../patients/patient-directory.js';
import { patientKeys } from '../patients/patient-keys.js';
import { type Delivery, sealDelivery } from './delivery-formats.js';
import { type Duty, type DutySource, submitAsService } from './duty.js';

interface ConsentRow {
  consent_id: string;
  ledger_id: string;
  grantee_msp: string;
}

interface OpeningRow extends ConsentRow {
  record_id: string;
  version: number;
}

/** The consent `c` is active at $2, to somebody who keeps data: nothing is handed over before an emergency. */
const ACTIVE = `c.grantee_msp <> '${EMERGENCY_READER}' AND c.revoked_at IS NULL AND c.expires_at > $2
  AND (SELECT count(*) FROM share_answers a WHERE a.consent_id = c.consent_id AND a.answer = 'accepted')
      >= c.threshold
  AND NOT EXISTS (SELECT 1 FROM share_answers a WHERE a.consent_id = c.consent_id AND a.answer <> 'accepted')
  AND NOT EXISTS (SELECT 1 FROM data_erasure_attestations d WHERE d.consent_id = c.consent_id)`;

/**
 * What this organisation owes the grantee's organisation once a consent is active: as the writing hospital the opening
 * of each version's selector, later versions included; as the home hospital the group `identity`. It does not know the
 * terms, so every version with a key slot in the consent's scopes is in range.
 */
@Injectable()
export class Outgoing implements DutySource {
  constructor(
    private readonly directory: PatientDirectory,
    private readonly clock: Clock,
  ) {}

  async due(organization: Organization): Promise<Duty[]> {
    if (organization.kind !== 'hospital') return [];
    const parameters = [organization.mspId, this.clock.date()];
    const openings = await organization.database.query<OpeningRow>(
      `SELECT c.consent_id, c.ledger_id, c.grantee_msp, r.record_id, r.version
         FROM consents c JOIN record_versions r ON r.ledger_id = c.ledger_id
         JOIN patients p ON p.ledger_id = c.ledger_id AND p.status = 'active'
        WHERE r.hospital = $1 AND c.grantee_msp <> $1 AND ${ACTIVE}
          AND jsonb_typeof(r.entry->'sealed') = 'object'
          AND EXISTS (
            SELECT 1 FROM jsonb_array_elements(r.entry->'ownerSlots') slot,
                          jsonb_array_elements(c.entry->'scopes') scope
             WHERE slot->>'scopeId' = scope->>'scopeId' AND slot->>'epoch' = scope->>'epoch')
          AND NOT EXISTS (
            SELECT 1 FROM handed_over h WHERE h.is_done AND h.consent_id = c.consent_id
               AND h.what = 'selector/' || r.record_id || '/' || r.version)
        ORDER BY c.consent_id, r.record_id, r.version`,
      parameters,
    );
    const patients = await organization.database.query<ConsentRow>(
      `SELECT c.consent_id, c.ledger_id, c.grantee_msp
         FROM consents c JOIN patients p ON p.ledger_id = c.ledger_id
        WHERE p.home_msp = $1 AND p.status = 'active' AND c.grantee_msp <> $1 AND ${ACTIVE}
          AND NOT EXISTS (
            SELECT 1 FROM handed_over h WHERE h.is_done AND h.consent_id = c.consent_id
               AND h.what = 'demographics/identity')
        ORDER BY c.consent_id`,
      parameters,
    );
    return [
      ...patients.map((row) => ({
        key: `deliverDemographics/${row.consent_id}`,
        run: () => this.deliverIdentity(organization, row),
      })),
      ...openings.map((row) => ({
        key: `deliverSelector/${row.consent_id}/${row.record_id}/${row.version}`,
        run: () => this.deliverSelector(organization, row),
      })),
    ];
  }

  private async deliverSelector(organization: Organization, row: OpeningRow): Promise<void> {
    const { consent_id: consentId, ledger_id: ledgerId, record_id: recordId, version } = row;
    const key = patientKeys.selector(recordId, version);
    const held = await this.directory.value<SelectorOpening>(organization, ledgerId, key);
    if (held === undefined) throw new Error('the selector of a record written here is not held');
    const { date, recordType, scope, salt } = held;
    const selector = { date, recordType, scope, salt };
    await deliver(organization, row, `selector/${recordId}/${version}`, {
      kind: 'selector',
      consentId,
      recordId,
      version,
      selector,
    });
  }

  private async deliverIdentity(organization: Organization, row: ConsentRow): Promise<void> {
    const { identity } = await this.directory.groups(organization, row.ledger_id);
    if (identity === undefined) throw new Error('the demographics of an own patient are not held');
    await deliver(organization, row, 'demographics/identity', {
      kind: 'demographics',
      consentId: row.consent_id,
      group: 'identity',
      fields: canonicalJson(identity.fields),
      salt: identity.salt,
    });
  }
}

/** Under an id drawn once, so that a repetition after an unseen commit is refused and not delivered twice. */
const deliver = async (
  organization: Organization,
  { consent_id: consentId, grantee_msp: receiver }: ConsentRow,
  what: string,
  delivery: Delivery,
): Promise<void> => {
  const { database } = organization;
  await database.query(
    `INSERT INTO handed_over (consent_id, what, delivery_id, is_done) VALUES ($1, $2, $3, false)
     ON CONFLICT (consent_id, what) DO NOTHING`,
    [consentId, what, randomBytes(16).toString('hex')],
  );
  const [row] = await database.query<{ delivery_id: string }>(
    'SELECT delivery_id FROM handed_over WHERE consent_id = $1 AND what = $2',
    [consentId, what],
  );
  const deliveryId = row?.delivery_id ?? '';
  const publicKey = await handoverKeyOf(organization, receiver);
  const sealed = await sealDelivery({ mspId: receiver, publicKey }, deliveryId, delivery);
  try {
    await submitAsService(organization, 'consent:deliver', [deliveryId], {
      at: receiver,
      transient: { delivery: sealed },
    });
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'PRIVATE_VALUE_EXISTS')) throw error;
  }
  await database.query('UPDATE handed_over SET is_done = true WHERE consent_id = $1 AND what = $2', [
    consentId,
    what,
  ]);
};

const handoverKeyOf = async (organization: Organization, mspId: string): Promise<string> => {
  const [row] = await organization.database.query<{ entry: OrganizationKeyEntry }>(
    `SELECT entry FROM organization_keys WHERE msp_id = $1 AND kind = 'handover'`,
    [mspId],
  );
  if (row === undefined) throw new Error(`${mspId} has no hand-over key on the ledger yet`);
  return row.entry.publicKey;
};
