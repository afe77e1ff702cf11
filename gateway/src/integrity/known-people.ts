import { Injectable } from '@nestjs/common';
import type { KnownPeople, KnownPerson } from '@medseal/crypto';
import type { Organization } from '../organizations/organization.js';
import { PatientDirectory } from '../patients/patient-directory.js';
import { Projections } from '../projection/projections.js';

/** What this hospital knows of a document's people, so that free text is searched for it. */
@Injectable()
export class DocumentPeople {
  constructor(
    private readonly directory: PatientDirectory,
    private readonly projections: Projections,
  ) {}

  async of(organization: Organization, ledgerId: string): Promise<KnownPeople> {
    return {
      patient: await this.patient(organization, ledgerId),
      staff: await this.staff(organization),
    };
  }

  /** Another hospital's patient is known by the registration number alone. */
  private async patient(organization: Organization, ledgerId: string): Promise<KnownPerson> {
    const number = (await this.directory.numberOf(organization, ledgerId))?.number;
    const { name, guardian, contactNo, address, email } = await this.directory.demographics(
      organization,
      ledgerId,
    );
    return {
      names: known(name, guardian?.name),
      numbers: known(number, contactNo, guardian?.contactNo),
      addresses: known(address),
      emails: known(email),
    };
  }

  private async staff(organization: Organization): Promise<KnownPerson> {
    const staff = this.projections.of(organization).personal.allStaff(organization.mspId);
    const hospitals = await organization.database.query<{ name: string | null }>(
      `SELECT entry->>'name' AS name FROM organizations`,
    );
    return {
      names: known(...staff.map(({ name }) => name)),
      institutions: known(...hospitals.map(({ name }) => name)),
      numbers: known(...staff.map(({ contactNo }) => contactNo)),
      addresses: known(...staff.map(({ address }) => address)),
      emails: known(...staff.map(({ email }) => email)),
    };
  }
}

const known = (...values: (string | null | undefined)[]): string[] =>
  values.filter((value): value is string => value !== null && value !== undefined && value.trim() !== '');
