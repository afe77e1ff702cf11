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
    const over = await organization.database.query<{ consent_id: string; by_terms: boolean }>(
      `SELECT DISTINCT h.consent_id, (c.revoked_at IS NULL AND c.expires_at > $1) AS by_terms
         FROM held_values h JOIN consents c ON c.consent_id = h.consent_id
        WHERE c.revoked_at IS NOT NULL OR c.expires_at <= $1
           OR EXISTS (SELECT 1 FROM data_erasures d WHERE d.consent_id = h.consent_id)
        ORDER BY h.consent_id`,
      [this.clock.date()],
    );
    const known = new Set(over.map(({ consent_id }) => consent_id));
    const begun = await organization.database.query<{ consent_id: string; terms_id: string }>(
      `SELECT d.consent_id, d.terms_id FROM data_erasures d
        WHERE NOT EXISTS (SELECT 1 FROM data_erasure_attestations a WHERE a.consent_id = d.consent_id)
        ORDER BY d.consent_id`,
    );
    const erase = (consentId: string, isByTerms: boolean): Duty => ({
      key: `purgeHeld/${consentId}`,
      run: () => this.erase(organization, consentId, isByTerms),
    });
    return [
      ...over.map(({ consent_id, by_terms }) => erase(consent_id, by_terms)),
      ...(await this.toErase(organization))
        .filter((consentId) => !known.has(consentId))
        .map((consentId) => erase(consentId, true)),
      ...begun
        .filter(({ consent_id }) => !known.has(consent_id))
        .map(({ consent_id: consentId, terms_id: termsId }) => ({
          key: `attestDataErased/${consentId}`,
          run: () => attest(organization, consentId, termsId),
        })),
    ];
  }

  /** Consents whose terms say that the day has come. */
  private async toErase(organization: Organization): Promise<string[]> {
    const terms = await organization.database.query<{ delivery_id: string; consent_id: string }>(
      `SELECT delivery_id, consent_id FROM held_values WHERE kind = 'terms' ORDER BY consent_id, delivery_id`,
    );
    const now = this.clock.now();
    const due = new Set<string>();
    for (const { delivery_id: termsId, consent_id: consentId } of terms) {
      if ((await this.eraseAtOf(organization, termsId)) <= now) due.add(consentId);
    }
    return [...due];
  }

  private async eraseAtOf(organization: Organization, termsId: string): Promise<number> {
    const known = this.eraseAt.get(termsId);
    if (known !== undefined) return known;
    const [found] = await this.held.find(organization, 'terms', { delivery_id: termsId });
    // Without its erasure key the value is gone anyway.
    if (found === undefined) return Infinity;
    if (this.eraseAt.size >= REMEMBERED_MAX) this.eraseAt.clear();
    const at = Date.parse(found.delivery.terms.dataEraseAt);
    this.eraseAt.set(termsId, at);
    return at;
  }

  private async erase(organization: Organization, consentId: string, isByTerms: boolean): Promise<void> {
    const { database } = organization;
    const held = await database.query<HeldRow>(
      `SELECT delivery_id, kind FROM held_values WHERE consent_id = $1 ORDER BY kind = 'terms', delivery_id`,
      [consentId],
    );
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
