import { Injectable } from '@nestjs/common';
import type { ConsentTerms, DemographicGroup, SelectorOpening } from '@medseal/chaincode';
import type { Organization } from '../organizations/organization.js';
import { PatientDirectory } from '../patients/patient-directory.js';
import { patientKeys } from '../patients/patient-keys.js';
import { HeldValues } from './held-values.js';

/** What the grantee's organisation was handed of a consent; every value fits its commitment. */
@Injectable()
export class HeldOpenings {
  constructor(
    private readonly held: HeldValues,
    private readonly directory: PatientDirectory,
  ) {}

  /** Undefined until the owner's device has delivered them, and after the consent's end. */
  async termsOf(organization: Organization, consentId: string): Promise<ConsentTerms | undefined> {
    const found = await this.held.find(organization, 'terms', { consent_id: consentId });
    return found.at(-1)?.delivery.terms;
  }

  /** Of these consents, as far as their terms are here; by consent id. */
  async termsOfAll(
    organization: Organization,
    consentIds: readonly string[],
  ): Promise<Map<string, ConsentTerms>> {
    const found = await this.held.find(organization, 'terms', { consent_id: consentIds });
    return new Map(found.map(({ delivery: { consentId, terms } }) => [consentId, terms]));
  }

  /** As it was handed over under the consent; the organisation's own where it wrote the record itself. */
  async selectorOf(
    organization: Organization,
    recordId: string,
    version: number,
    consentId: string,
  ): Promise<SelectorOpening | undefined> {
    const where = { consent_id: consentId, record_id: recordId, version };
    const found = await this.held.find(organization, 'selector', where);
    return found.at(-1)?.delivery.selector ?? this.ownSelector(organization, recordId, version);
  }

  /** Of all records that were handed over under the consent, by `<recordId>/<version>`. */
  async selectorsOf(organization: Organization, consentId: string): Promise<Map<string, SelectorOpening>> {
    const found = await this.held.find(organization, 'selector', { consent_id: consentId });
    return new Map(
      found.map(({ delivery: { recordId, version, selector } }) => [`${recordId}/${version}`, selector]),
    );
  }

  /** Fields of the groups that the home hospital handed over, e.g. `{identity: {name, birthDate, gender}}`. */
  async demographicsOf(
    organization: Organization,
    consentId: string,
  ): Promise<Partial<Record<DemographicGroup, Record<string, unknown>>>> {
    const found = await this.held.find(organization, 'demographics', { consent_id: consentId });
    return Object.fromEntries(
      found.map(({ delivery: { group, fields } }) => [group, JSON.parse(fields) as Record<string, unknown>]),
    );
  }

  private async ownSelector(
    organization: Organization,
    recordId: string,
    version: number,
  ): Promise<SelectorOpening | undefined> {
    const [row] = await organization.database.query<{ ledger_id: string }>(
      'SELECT ledger_id FROM record_versions WHERE record_id = $1 AND version = $2 AND hospital = $3',
      [recordId, version, organization.mspId],
    );
    if (row === undefined) return undefined;
    const key = patientKeys.selector(recordId, version);
    return this.directory.value<SelectorOpening>(organization, row.ledger_id, key);
  }
}
