import { Injectable, Logger } from '@nestjs/common';
import {
  type ConsentEntry,
  ContractError,
  type HandedOver,
  type PatientEntry,
  type RecordEntry,
} from '@medseal/chaincode';
import { canonicalJson, CryptoError, fromHex, openCommitment, utf8Decode } from '@medseal/crypto';
import { Clock } from '../clock.js';
import { LedgerError } from '../fabric/ledger-client.js';
import type { Organization } from '../organizations/organization.js';
import { PatientDirectory } from '../patients/patient-directory.js';
import { implicitCollection } from '../projection/ledger-namespace.js';
import {
  type Delivery,
  type DemographicsDelivery,
  openDelivery,
  type SelectorDelivery,
  type TermsDelivery,
} from './delivery-formats.js';
import { type Duty, type DutySource, submitAsService } from './duty.js';
import { HeldValues } from './held-values.js';

/** A delivery may be here before the grant it belongs to; after this long it belongs to nothing. */
const UNKNOWN_CONSENT_MS = 24 * 60 * 60_000;
const GONE: readonly string[] = ['DELIVERY_NOT_FOUND', 'REQUEST_NOT_FOUND'];

interface WaitingRow {
  key: string;
  value: Uint8Array;
}

/** Takes over what waits for this organisation. */
@Injectable()
export class Incoming implements DutySource {
  private readonly logger = new Logger(Incoming.name);

  constructor(
    private readonly directory: PatientDirectory,
    private readonly held: HeldValues,
    private readonly clock: Clock,
  ) {}

  async due(organization: Organization): Promise<Duty[]> {
    const waiting = await organization.database.query<WaitingRow>(
      `SELECT key, value FROM private_values
        WHERE collection = $1 AND kind IN ('consentRequest', 'delivery') AND value IS NOT NULL
        ORDER BY block_number, key`,
      [implicitCollection(organization.mspId)],
    );
    return waiting.map(({ key, value }) => {
      const [kind = '', id = ''] = key.split('/');
      const given = { id, ...(JSON.parse(utf8Decode(value)) as HandedOver) };
      return kind === 'delivery'
        ? { key: `takeOver/${id}`, run: () => this.takeOver(organization, given) }
        : { key: `takeRequest/${id}`, run: () => this.takeRequest(organization, given) };
    });
  }

  /** A request for a number that this hospital never gave is purged like any other, and kept nowhere. */
  private async takeRequest(organization: Organization, given: HandedOver & { id: string }): Promise<void> {
    const delivery = await this.opened(organization, given);
    const patient =
      delivery?.kind === 'request'
        ? await this.directory.find(organization, delivery.registrationNo)
        : undefined;
    const isOurs = patient?.entry.homeMsp === organization.mspId && patient.entry.status === 'active';
    await this.take(organization, 'consent:takeRequests', canonicalJson([given.id]), given, {
      delivery: isOurs ? delivery : undefined,
      ledgerId: patient?.entry.ledgerId ?? '',
    });
  }

  private async takeOver(organization: Organization, given: HandedOver & { id: string }): Promise<void> {
    const delivery = await this.opened(organization, given);
    if (delivery === undefined || delivery.kind === 'request') {
      return this.take(organization, 'consent:takeOver', given.id, given, { ledgerId: '' });
    }
    const consent = await consentOf(organization, delivery.consentId);
    const isOld = this.clock.now() - Date.parse(given.at) > UNKNOWN_CONSENT_MS;
    // Not in the read model yet: the grant's block starts the next round.
    if (consent === undefined && !isOld) return;
    const patient = await this.directory.entry(organization, consent?.ledgerId ?? '');
    const isKept =
      consent !== undefined &&
      patient?.status === 'active' &&
      (await this.isFor(organization, consent)) &&
      (await this.isGood(organization, consent, given, delivery));
    const ledgerId = consent?.ledgerId ?? '';
    if (isKept) await organization.keystore.createErasureKey(ledgerId);
    await this.take(organization, 'consent:takeOver', given.id, given, {
      delivery: isKept ? delivery : undefined,
      ledgerId,
    });
  }

  private async isFor(
    { mspId, database }: Organization,
    { consentId, grantee, revokedAt, expiresAt }: ConsentEntry,
  ): Promise<boolean> {
    if (grantee.mspId !== mspId || revokedAt !== null || Date.parse(expiresAt) <= this.clock.now())
      return false;
    const erased = await database.query('SELECT 1 FROM data_erasures WHERE consent_id = $1', [consentId]);
    return erased.length === 0;
  }

  /** Whether the one who may say it says what the ledger was promised; an opening that differs is complained of. */
  private async isGood(
    organization: Organization,
    consent: ConsentEntry,
    from: HandedOver,
    delivery: Exclude<Delivery, { kind: 'request' }>,
  ): Promise<boolean> {
    switch (delivery.kind) {
      case 'terms':
        return from.role === 'patient' && from.subject === consent.ledgerId && opensTerms(consent, delivery);
      case 'demographics': {
        const patient = await this.directory.entry(organization, consent.ledgerId);
        return (
          from.role === 'service' && from.mspId === patient?.homeMsp && opensDemographics(patient, delivery)
        );
      }
      case 'selector': {
        const entry = await recordOf(organization, delivery);
        if (entry?.ledgerId !== consent.ledgerId || from.role !== 'service' || from.mspId !== entry.hospital)
          return false;
        if (opensSelector(entry, delivery)) return true;
        const { consentId, recordId, version } = delivery;
        await submitAsService(organization, 'consent:complainOpening', [
          consentId,
          recordId,
          String(version),
        ]);
        return false;
      }
    }
  }

  /** Undefined for what is not sealed to this organisation, or of no known form. */
  private async opened(
    { mspId, keystore }: Organization,
    given: HandedOver & { id: string },
  ): Promise<Delivery | undefined> {
    try {
      return await openDelivery(keystore.handoverSecretKey(), mspId, given);
    } catch (error) {
      if (!(error instanceof CryptoError) && !(error instanceof ContractError)) throw error;
      this.logger.warn(`Something handed over to ${mspId} by ${given.mspId} is unusable: ${error.code}`);
      return undefined;
    }
  }

  private async take(
    organization: Organization,
    fn: string,
    argument: string,
    { id: deliveryId, mspId, role, subject, at }: HandedOver & { id: string },
    { delivery, ledgerId }: { delivery?: Delivery | undefined; ledgerId: string },
  ): Promise<void> {
    const from = { mspId, role, subject, at };
    const transient =
      delivery === undefined
        ? undefined
        : { private: await this.held.keep(organization, { deliveryId, ledgerId, from, delivery }) };
    try {
      await submitAsService(organization, fn, [argument], {
        at: organization.mspId,
        ...(transient === undefined ? {} : { transient }),
      });
    } catch (error) {
      if (!(error instanceof LedgerError && GONE.includes(error.code))) throw error;
    }
  }
}

const consentOf = async (
  organization: Organization,
  consentId: string,
): Promise<ConsentEntry | undefined> => {
  const [row] = await organization.database.query<{ entry: ConsentEntry }>(
    'SELECT entry FROM consents WHERE consent_id = $1',
    [consentId],
  );
  return row?.entry;
};

const recordOf = async (
  organization: Organization,
  { recordId, version }: SelectorDelivery,
): Promise<RecordEntry | undefined> => {
  const [row] = await organization.database.query<{ entry: RecordEntry }>(
    'SELECT entry FROM record_versions WHERE record_id = $1 AND version = $2',
    [recordId, version],
  );
  return row?.entry;
};

const opensTerms = (consent: ConsentEntry, { terms: { salt, ...terms } }: TermsDelivery): boolean =>
  openCommitment(consent.termsCommitment, terms, fromHex(salt));

const opensSelector = (
  { sealed }: RecordEntry,
  { selector: { salt, ...selector } }: SelectorDelivery,
): boolean => sealed !== null && openCommitment(sealed.commitments.selector, selector, fromHex(salt));

const opensDemographics = (patient: PatientEntry, { group, fields, salt }: DemographicsDelivery): boolean =>
  openCommitment(patient.commitments[group], JSON.parse(fields), fromHex(salt));
