import { Injectable } from '@nestjs/common';
import { canonicalJson } from '@medseal/crypto';
import { Clock } from '../clock.js';
import { removeDeletedBytes } from '../database/deleted-bytes.js';
import { LedgerError } from '../fabric/ledger-client.js';
import type { Organization } from '../organizations/organization.js';
import { type Duty, type DutySource, submitAsService } from './duty.js';
import { HeldValues } from './held-values.js';

const PURGED_AT_ONCE = 100;
/** Instants of `dataEraseAt` that are remembered; the next ones are opened again. */
const REMEMBERED_MAX = 50_000;

interface HeldRow {
  delivery_id: string;
  kind: string;
  consent_id: string;
  /** Revoked or expired. */
  ended: boolean;
  /** A purge that was interrupted. */
  begun: boolean;
}

/**
 * Purges what this organisation was handed over of a consent that has ended or whose data is to be erased by now, and
 * says so on the ledger. The terms go last: until then they tell when.
 */
@Injectable()
export class DataErasures implements DutySource {
  /** Milliseconds since the epoch, by the delivery of the terms. */
  private readonly eraseAt = new Map<string, number>();

  constructor(
    private readonly held: HeldValues,
    private readonly clock: Clock,
  ) {}

  async due(organization: Organization): Promise<Duty[]> {
    await this.held.index(organization);
    const rows = await organization.database.query<HeldRow>(
      `SELECT h.delivery_id, h.kind, h.consent_id,
              (c.revoked_at IS NOT NULL OR c.expires_at <= $1) AS ended, d.consent_id IS NOT NULL AS begun
         FROM held_values h JOIN consents c ON c.consent_id = h.consent_id
         LEFT JOIN data_erasures d ON d.consent_id = h.consent_id
        ORDER BY h.consent_id, h.kind = 'terms', h.delivery_id`,
      [this.clock.date()],
    );
    const byConsent = new Map<string, HeldRow[]>();
    for (const row of rows) byConsent.set(row.consent_id, [...(byConsent.get(row.consent_id) ?? []), row]);
    const duties: Duty[] = [];
    for (const [consentId, held] of byConsent) {
      const isEnded = held.some(({ ended }) => ended);
      const isBegun = held.some(({ begun }) => begun);
      if (!isEnded && !isBegun && !(await this.isToErase(organization, consentId, held))) continue;
      const run = () => this.erase(organization, consentId, held, !isEnded);
      duties.push({ key: `purgeHeld/${consentId}`, run });
    }
    const begun = await organization.database.query<{ consent_id: string; terms_id: string }>(
      `SELECT d.consent_id, d.terms_id FROM data_erasures d
        WHERE NOT EXISTS (SELECT 1 FROM data_erasure_attestations a WHERE a.consent_id = d.consent_id)
        ORDER BY d.consent_id`,
    );
    for (const { consent_id: consentId, terms_id: termsId } of begun) {
      if (byConsent.has(consentId)) continue;
      duties.push({
        key: `attestDataErased/${consentId}`,
        run: () => attest(organization, consentId, termsId),
      });
    }
    return duties;
  }

  private async isToErase(
    organization: Organization,
    consentId: string,
    held: readonly HeldRow[],
  ): Promise<boolean> {
    const terms = held.filter(({ kind }) => kind === 'terms').at(-1)?.delivery_id;
    if (terms === undefined) return false;
    let at = this.eraseAt.get(terms);
    if (at === undefined) {
      const found = await this.held.find(organization, 'terms', { consent_id: consentId });
      const dataEraseAt = found.at(-1)?.delivery.terms.dataEraseAt;
      if (dataEraseAt === undefined) return false;
      if (this.eraseAt.size >= REMEMBERED_MAX) this.eraseAt.clear();
      at = Date.parse(dataEraseAt);
      this.eraseAt.set(terms, at);
    }
    return at <= this.clock.now();
  }

  private async erase(
    organization: Organization,
    consentId: string,
    held: readonly HeldRow[],
    isByTerms: boolean,
  ): Promise<void> {
    const { database } = organization;
    const termsId = held.filter(({ kind }) => kind === 'terms').at(-1)?.delivery_id;
    if (termsId !== undefined) {
      await database.query(
        'INSERT INTO data_erasures (consent_id, terms_id) VALUES ($1, $2) ON CONFLICT (consent_id) DO NOTHING',
        [consentId, termsId],
      );
    }
    const ids = held.map(({ delivery_id }) => delivery_id);
    for (let at = 0; at < ids.length; at += PURGED_AT_ONCE) {
      const some = canonicalJson(ids.slice(at, at + PURGED_AT_ONCE));
      await submitAsService(organization, 'consent:purgeHeld', [some], { at: organization.mspId });
    }
    await this.held.index(organization);
    if (isByTerms) await removeDeletedBytes(database, ['private_values', 'held_values']);
    if (termsId !== undefined) await attest(organization, consentId, termsId);
  }
}

const attest = async (organization: Organization, consentId: string, termsId: string): Promise<void> => {
  try {
    await submitAsService(organization, 'consent:attestDataErased', [consentId, termsId]);
  } catch (error) {
    // An earlier try whose answer was lost.
    if (!(error instanceof LedgerError && error.code === 'ERASURE_ATTESTED')) throw error;
  }
};
