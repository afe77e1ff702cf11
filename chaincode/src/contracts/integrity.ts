import type { Context } from 'fabric-contract-api';
import { LedgerContract } from './contract-base.js';
import * as afterBlinding from './integrity/after-blinding.js';
import * as auditQueries from './integrity/audit-queries.js';
import * as audits from './integrity/audits.js';
import { blind } from './integrity/blinding.js';
import * as identityKeys from './integrity/identity-keys.js';
import * as parameters from './integrity/parameters.js';

/** Identity keys, the steps that make a record's files auditable, and their audits. Each function authorises first. */
export class IntegrityContract extends LedgerContract {
  constructor() {
    super('integrity');
  }

  async putAuditParameters(ctx: Context, auditParametersJson: string) {
    return parameters.putAuditParameters(ctx, auditParametersJson);
  }

  async depositMasterShare(ctx: Context, version: string) {
    return parameters.depositMasterShare(ctx, version);
  }

  async enrollIdentityKey(ctx: Context, keyEpoch: string) {
    return identityKeys.enrollIdentityKey(ctx, keyEpoch);
  }

  async revokeIdentityKey(ctx: Context, subject: string) {
    return identityKeys.revokeIdentityKey(ctx, subject);
  }

  /** Evaluated only: uses the agent's key. */
  async extract(ctx: Context, keyEpoch: string) {
    return identityKeys.extract(ctx, keyEpoch);
  }

  async blind(ctx: Context, businessId: string, blindJson: string) {
    return blind(ctx, businessId, blindJson);
  }

  async sanitize(ctx: Context, businessId: string, sanitizeJson: string) {
    return afterBlinding.sanitize(ctx, businessId, sanitizeJson);
  }

  async returnPackage(ctx: Context, businessId: string, returnJson: string) {
    return afterBlinding.returnPackage(ctx, businessId, returnJson);
  }

  async upload(ctx: Context, businessId: string, uploadJson: string) {
    return afterBlinding.upload(ctx, businessId, uploadJson);
  }

  async attest(ctx: Context, businessId: string, attestJson: string) {
    return afterBlinding.attest(ctx, businessId, attestJson);
  }

  async openAudit(
    ctx: Context,
    businessId: string,
    recordId: string,
    version: string,
    kind: string,
    hA: string,
  ) {
    return audits.openAudit(ctx, businessId, recordId, version, kind, hA);
  }

  async contribute(ctx: Context, auditId: string, nB: string) {
    return audits.contribute(ctx, auditId, nB);
  }

  async reveal(ctx: Context, auditId: string, nA: string) {
    return audits.reveal(ctx, auditId, nA);
  }

  async prove(ctx: Context, auditId: string, proof: string) {
    return audits.prove(ctx, auditId, proof);
  }

  async expire(ctx: Context, auditId: string) {
    return audits.expire(ctx, auditId);
  }

  async getAudit(ctx: Context, auditId: string) {
    return auditQueries.getAudit(ctx, auditId);
  }

  async listAudits(ctx: Context, filterJson: string, limit: string, after: string) {
    return auditQueries.listAudits(ctx, filterJson, limit, after);
  }

  async countAudits(ctx: Context, limit: string, after: string) {
    return auditQueries.countAudits(ctx, limit, after);
  }

  async getLastProven(ctx: Context, recordId: string) {
    return auditQueries.getLastProven(ctx, recordId);
  }

  /** The current set for ''. */
  async getAuditParameters(ctx: Context, version: string) {
    return parameters.getAuditParameters(ctx, version);
  }

  async getIdentityKey(ctx: Context, subject: string) {
    return identityKeys.getIdentityKey(ctx, subject);
  }
}
