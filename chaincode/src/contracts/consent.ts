import type { Context } from 'fabric-contract-api';
import { LedgerContract } from './contract-base.js';
import * as deliveries from './consent/deliveries.js';
import * as grants from './consent/grants.js';
import * as keys from './consent/keys.js';
import { preview } from './consent/preview.js';
import * as queries from './consent/queries.js';
import { reencrypt } from './consent/reencrypt.js';
import * as requests from './consent/requests.js';
import * as research from './consent/research.js';
import * as shares from './consent/shares.js';

/** Who may read whose records, and the agents' part in it. Each function authorises first. */
export class ConsentContract extends LedgerContract {
  constructor() {
    super('consent');
  }

  async registerKey(ctx: Context, publicKey: string, proof: string, epoch: string) {
    return keys.registerKey(ctx, publicKey, proof, epoch);
  }

  async putCareTeam(ctx: Context, careTeamJson: string) {
    return keys.putCareTeam(ctx, careTeamJson);
  }

  async request(ctx: Context, requestId: string) {
    return requests.request(ctx, requestId);
  }

  async takeRequests(ctx: Context, requestIdsJson: string) {
    return requests.takeRequests(ctx, requestIdsJson);
  }

  async deny(ctx: Context, requestId: string) {
    return requests.deny(ctx, requestId);
  }

  async grant(ctx: Context, businessId: string, consentJson: string) {
    return grants.grant(ctx, businessId, consentJson);
  }

  async depositShare(ctx: Context, consentId: string) {
    return shares.depositShare(ctx, consentId);
  }

  async answerShare(ctx: Context, consentId: string, answer: string, code: string) {
    return shares.answerShare(ctx, consentId, answer, code);
  }

  async deliver(ctx: Context, deliveryId: string) {
    return deliveries.deliver(ctx, deliveryId);
  }

  async takeOver(ctx: Context, deliveryId: string) {
    return deliveries.takeOver(ctx, deliveryId);
  }

  async complainOpening(ctx: Context, consentId: string, recordId: string, version: string) {
    return deliveries.complainOpening(ctx, consentId, recordId, version);
  }

  async revoke(ctx: Context, consentId: string) {
    return grants.revoke(ctx, consentId);
  }

  async chooseResearch(ctx: Context, allowed: string) {
    return research.chooseResearch(ctx, allowed);
  }

  async purgeShare(ctx: Context, consentId: string) {
    return shares.purgeShare(ctx, consentId);
  }

  async purgeHeld(ctx: Context, deliveryIdsJson: string) {
    return deliveries.purgeHeld(ctx, deliveryIdsJson);
  }

  async attestDataErased(ctx: Context, consentId: string, termsId: string) {
    return deliveries.attestDataErased(ctx, consentId, termsId);
  }

  /** Evaluated only: uses the agent's key. */
  async checkShare(ctx: Context, consentId: string) {
    return shares.checkShare(ctx, consentId);
  }

  /** Evaluated only: uses the agent's key. */
  async reencrypt(ctx: Context, receiptId: string, recordId: string, version: string) {
    return reencrypt(ctx, receiptId, recordId, version);
  }

  async getConsent(ctx: Context, consentId: string) {
    return queries.getConsent(ctx, consentId);
  }

  async listConsents(ctx: Context, ledgerId: string, limit: string, after: string) {
    return queries.listConsents(ctx, ledgerId, limit, after);
  }

  async listConsentsTo(ctx: Context, granteeId: string, limit: string, after: string) {
    return queries.listConsentsTo(ctx, granteeId, limit, after);
  }

  async listOpeningComplaints(ctx: Context, consentId: string, limit: string, after: string) {
    return queries.listOpeningComplaints(ctx, consentId, limit, after);
  }

  async preview(ctx: Context, ledgerId: string, granteeJson: string) {
    return preview(ctx, ledgerId, granteeJson);
  }

  async getConsentKey(ctx: Context, subject: string) {
    return keys.getConsentKey(ctx, subject);
  }

  async getCareTeam(ctx: Context, teamId: string) {
    return keys.getCareTeam(ctx, teamId);
  }

  async getResearchChoice(ctx: Context, ledgerId: string) {
    return research.getResearchChoice(ctx, ledgerId);
  }

  async getRequestAnswers(ctx: Context, requestId: string, limit: string, after: string) {
    return requests.getRequestAnswers(ctx, requestId, limit, after);
  }

  async listRequests(ctx: Context, after: string) {
    return requests.listRequests(ctx, after);
  }

  async listDeliveries(ctx: Context, after: string) {
    return deliveries.listDeliveries(ctx, after);
  }
}
