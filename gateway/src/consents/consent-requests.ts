import { Injectable } from '@nestjs/common';
import type { Organization } from '../organizations/organization.js';
import type { RequestDelivery } from './delivery-formats.js';
import { HeldValues, type HeldValue, type Sender } from './held-values.js';

export interface TakenRequest {
  requestId: string;
  /** The patient who is asked. */
  ledgerId: string;
  /** Who asks, from the certificate. */
  from: Sender;
  request: RequestDelivery;
  /** The asked patient's answer on the ledger; null while there is none. */
  answer: { answer: 'granted' | 'denied'; consentId: string | null } | null;
}

/**
 * Requests for consent that were addressed to this organisation and name one of its patients. That one is answered is
 * not kept here: the ledger says so.
 */
@Injectable()
export class ConsentRequests {
  constructor(private readonly held: HeldValues) {}

  /** Oldest first. */
  async listFor(organization: Organization, ledgerId: string): Promise<TakenRequest[]> {
    const found = await this.held.find(organization, 'request', { ledger_id: ledgerId });
    return Promise.all(found.map((value) => answered(organization, value)));
  }

  async get(organization: Organization, requestId: string): Promise<TakenRequest | undefined> {
    const [found] = await this.held.find(organization, 'request', { delivery_id: requestId });
    return found && answered(organization, found);
  }
}

const answered = async (
  organization: Organization,
  { deliveryId: requestId, ledgerId, from, delivery: request }: HeldValue<'request'>,
): Promise<TakenRequest> => {
  const [row] = await organization.database.query<{
    answer: 'granted' | 'denied';
    consent_id: string | null;
  }>('SELECT answer, consent_id FROM consent_answers WHERE request_id = $1 AND ledger_id = $2', [
    requestId,
    ledgerId,
  ]);
  const answer = row === undefined ? null : { answer: row.answer, consentId: row.consent_id };
  return { requestId, ledgerId, from, request, answer };
};
