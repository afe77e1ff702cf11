import type { Context } from 'fabric-contract-api';
import * as acts from './acts.js';
import { LedgerContract } from './contract-base.js';
import * as emergencyKeys from './emergency-keys.js';
import * as encounters from './encounters.js';
import * as erasure from './erasure.js';
import * as organizations from './organizations.js';
import * as patients from './patients.js';
import * as staff from './staff.js';

/** Who and what there is: organisations, parameters, staff, patients, encounters. Each function authorises first. */
export class RegistryContract extends LedgerContract {
  constructor() {
    super('registry');
  }

  async setParameters(ctx: Context, parametersJson: string) {
    return organizations.setParameters(ctx, parametersJson);
  }

  async admitOrganization(ctx: Context, organizationJson: string) {
    return organizations.admitOrganization(ctx, organizationJson);
  }

  async putOrganizationKey(ctx: Context, organizationKeyJson: string) {
    return organizations.putOrganizationKey(ctx, organizationKeyJson);
  }

  async certifyAuthorities(ctx: Context, organizationAuthoritiesJson: string) {
    return organizations.certifyAuthorities(ctx, organizationAuthoritiesJson);
  }

  async putStaffPrivate(ctx: Context, businessId: string) {
    return staff.putStaffPrivate(ctx, businessId);
  }

  async putStaff(ctx: Context, businessId: string, staffJson: string) {
    return staff.putStaff(ctx, businessId, staffJson);
  }

  async setStaffStatus(ctx: Context, staffId: string, status: string) {
    return staff.setStaffStatus(ctx, staffId, status);
  }

  async registerReceivingKey(ctx: Context, publicKey: string, epoch: string) {
    return staff.registerReceivingKey(ctx, publicKey, epoch);
  }

  async registerPatientPrivate(ctx: Context, businessId: string) {
    return patients.registerPatientPrivate(ctx, businessId);
  }

  async registerPatient(ctx: Context, businessId: string, homeMsp: string, patientJson: string) {
    return patients.registerPatient(ctx, businessId, homeMsp, patientJson);
  }

  async updatePatientPrivate(ctx: Context, businessId: string) {
    return patients.updatePatientPrivate(ctx, businessId);
  }

  async updatePatient(ctx: Context, businessId: string, homeMsp: string, patientJson: string) {
    return patients.updatePatient(ctx, businessId, homeMsp, patientJson);
  }

  async activatePatient(ctx: Context, activationJson: string) {
    return patients.activatePatient(ctx, activationJson);
  }

  async requestErasure(ctx: Context, ledgerId: string) {
    return erasure.requestErasure(ctx, ledgerId);
  }

  async purgePatient(ctx: Context, ledgerId: string) {
    return erasure.purgePatient(ctx, ledgerId);
  }

  async attestErasure(ctx: Context, ledgerId: string) {
    return erasure.attestErasure(ctx, ledgerId);
  }

  async advanceScope(ctx: Context, scopeKeyJson: string) {
    return patients.advanceScope(ctx, scopeKeyJson);
  }

  async openEncounter(ctx: Context) {
    return encounters.openEncounter(ctx);
  }

  async closeEncounter(ctx: Context) {
    return encounters.closeEncounter(ctx);
  }

  async putEmergencyKey(ctx: Context, emergencyKeyJson: string) {
    return emergencyKeys.putEmergencyKey(ctx, emergencyKeyJson);
  }

  async depositCustodianShare(ctx: Context, digest: string) {
    return emergencyKeys.depositCustodianShare(ctx, digest);
  }

  /** The current one for ''. */
  async getEmergencyKey(ctx: Context, digest: string) {
    return emergencyKeys.getEmergencyKey(ctx, digest);
  }

  async getOrganizations(ctx: Context) {
    return organizations.getOrganizations(ctx);
  }

  async getOrganizationKeys(ctx: Context, mspId: string) {
    return organizations.getOrganizationKeys(ctx, mspId);
  }

  async getOrganizationAuthorities(ctx: Context) {
    return organizations.getOrganizationAuthorities(ctx);
  }

  async getParameters(ctx: Context) {
    return organizations.getParameters(ctx);
  }

  async getStaff(ctx: Context, staffId: string) {
    return staff.getStaff(ctx, staffId);
  }

  async getStaffDetails(ctx: Context, mspId: string, staffId: string) {
    return staff.getStaffDetails(ctx, mspId, staffId);
  }

  async getReceivingKey(ctx: Context, subject: string) {
    return staff.getReceivingKey(ctx, subject);
  }

  async getPatient(ctx: Context, ledgerId: string) {
    return patients.getPatient(ctx, ledgerId);
  }

  async getErasure(ctx: Context, ledgerId: string) {
    return erasure.getErasure(ctx, ledgerId);
  }

  async getPrivate(ctx: Context, keysJson: string) {
    return acts.getPrivate(ctx, keysJson);
  }

  async getBusiness(ctx: Context, businessId: string) {
    return acts.getBusiness(ctx, businessId);
  }

  async hasPending(ctx: Context, mspId: string, businessId: string) {
    return acts.hasPending(ctx, mspId, businessId);
  }
}
