import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { StaffDetails, StaffEntry } from '@medseal/chaincode';
import { canonicalJson } from '@medseal/crypto';
import { AccountsService } from '../auth/accounts.service.js';
import { SessionsService } from '../auth/sessions.service.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { Committed } from '../fabric/ledger-client.js';
import { businessId, type BusinessRequest } from '../http/business-request.js';
import { checkIfMatch } from '../http/etag.js';
import { ledgerAnswer, type LedgerAnswer } from '../http/ledger-answer.js';
import { pageOfArray, type Page, type PageRequest } from '../http/paging.js';
import { invalid, notFound } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { OrganizationRegistry, type Organization } from '../organizations/organization.js';
import { submitOnce } from '../outbox/submit-once.js';
import { TwoPartActs } from '../outbox/two-part-act.js';
import { Projections } from '../projection/projections.js';
import type { ChangeDoctorDto, CreateDoctorDto } from './doctors.dto.js';

export interface DoctorAnswer {
  id: string;
  mspId: string;
  /** Short name of the hospital where this process serves it, else its MSP id. */
  organization: string;
  /** Null where this organisation may not hold staff details (the ministry). */
  name: string | null;
  specialization: string | null;
  status: 'active' | 'suspended' | 'revoked';
  version: number;
  /** Contact fields: staff of hospitals only. */
  contactNo?: string | null;
  email?: string | null;
  address?: string | null;
  ledger?: LedgerAnswer;
}

interface StaffRow {
  staff_id: string;
  msp_id: string;
  status: DoctorAnswer['status'];
  version: number;
}

const SORTS = ['name', 'specialization'] as const;

/** Doctors of all hospitals to read, of the own hospital to write. A doctor needs no sign-in. */
@Injectable()
export class DoctorsService {
  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly projections: Projections,
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
    private readonly acts: TwoPartActs,
  ) {}

  async list(user: SessionUser, request: PageRequest): Promise<Page<DoctorAnswer>> {
    const { organization } = user;
    const rows = await organization.database.query<StaffRow>(
      `SELECT staff_id, msp_id, status, version FROM staff WHERE role = 'doctor' AND status <> 'revoked'`,
    );
    const { personal } = this.projections.of(organization);
    const found =
      request.q === undefined
        ? undefined
        : new Set(personal.searchStaff(request.q).map((one) => one.staffId));
    const sort = SORTS.find((one) => one === (request.sort ?? 'name'));
    if (sort === undefined) throw invalid('sort', `must be one of ${SORTS.join(', ')}.`);
    const answers = rows
      .filter(({ staff_id }) => found === undefined || found.has(staff_id))
      .map((row) => this.answer(user, row))
      .sort((a, b) => compare([a[sort], a.name, a.id], [b[sort], b.name, b.id]));
    return pageOfArray(answers, request, ({ id }) => id);
  }

  async get(user: SessionUser, id: string): Promise<DoctorAnswer> {
    return this.answer(user, await this.row(user.organization, id));
  }

  async create(user: SessionUser, input: CreateDoctorDto, business: BusinessRequest): Promise<DoctorAnswer> {
    const { organization } = user;
    const details = detailsOf(input);
    const staffId = business.deriveId('doctor');
    const entry = {
      staffId,
      mspId: organization.mspId,
      role: 'doctor' as const,
      status: 'active' as const,
      version: 1,
    };
    const committed = await this.put(user, business.id, entry, details);
    return {
      id: staffId,
      mspId: organization.mspId,
      organization: organization.slug,
      ...filled(details),
      status: 'active',
      version: 1,
      ledger: ledgerAnswer(committed),
    };
  }

  async change(
    user: SessionUser,
    id: string,
    change: ChangeDoctorDto,
    ifMatch: string | undefined,
  ): Promise<DoctorAnswer> {
    const { organization } = user;
    const entry = await this.own(organization, id);
    checkIfMatch(ifMatch, entry.version);
    const held = await evaluateJson<StaffDetails | null>(organization, 'registry:getStaffDetails', [
      organization.mspId,
      id,
    ]);
    const details = detailsOf({ ...held, ...given(change) });
    const next = {
      staffId: id,
      mspId: entry.mspId,
      role: entry.role,
      status: entry.status,
      version: entry.version + 1,
    };
    // A PATCH has no key of its own: a second one is refused by the entry's version.
    const id64 = businessId(
      'doctor',
      organization.mspId,
      id,
      String(next.version),
      randomBytes(16).toString('hex'),
    );
    const committed = await this.put(user, id64, next, details);
    return {
      id,
      mspId: organization.mspId,
      organization: organization.slug,
      ...filled(details),
      status: next.status,
      version: next.version,
      ledger: ledgerAnswer(committed),
    };
  }

  /** Revokes: the entry stays, because records name it. A sign-in of the doctor ends too. */
  async remove(
    user: SessionUser,
    id: string,
    ifMatch: string | undefined,
  ): Promise<{ ledger: LedgerAnswer }> {
    const { organization } = user;
    const entry = await this.own(organization, id);
    checkIfMatch(ifMatch, entry.version);
    const committed = await submitOnce(organization, user.identity(), 'registry:setStaffStatus', [
      id,
      'revoked',
    ]);
    await this.accounts.setStatus(organization, id, 'revoked');
    await this.sessions.endAll(organization, id);
    return { ledger: ledgerAnswer(committed) };
  }

  private async put(
    user: SessionUser,
    actId: string,
    entry: Omit<StaffEntry, 'schema'>,
    details: StaffDetails,
  ): Promise<Committed> {
    return this.acts.run(user.identity(), user.organization, {
      businessId: actId,
      privateFunction: 'registry:putStaffPrivate',
      privateArgs: [actId],
      entry,
      details,
      publicFunction: 'registry:putStaff',
      publicArgs: [actId, canonicalJson(entry)],
    });
  }

  private async row(organization: Organization, id: string): Promise<StaffRow> {
    const [row] = await organization.database.query<StaffRow>(
      `SELECT staff_id, msp_id, status, version FROM staff WHERE role = 'doctor' AND staff_id = $1`,
      [id],
    );
    if (row === undefined) throw notFound();
    return row;
  }

  /** From the ledger, not the read model: what is changed must be the newest. */
  private async own(organization: Organization, id: string): Promise<StaffEntry> {
    if ((await this.row(organization, id)).msp_id !== organization.mspId) throw notFound();
    const entry = await evaluateJson<StaffEntry | null>(organization, 'registry:getStaff', [id]);
    if (entry === null || entry.status === 'revoked') throw notFound();
    return entry;
  }

  private answer(user: SessionUser, row: StaffRow): DoctorAnswer {
    const member = this.projections.of(user.organization).personal.staff(row.staff_id);
    const entitled = user.organization.kind === 'hospital' && user.role !== 'patient';
    return {
      id: row.staff_id,
      mspId: row.msp_id,
      organization: this.organizations.get(row.msp_id)?.slug ?? row.msp_id,
      name: member?.name ?? null,
      specialization: member?.specialization ?? null,
      status: row.status,
      version: row.version,
      ...(entitled
        ? {
            contactNo: member?.contactNo ?? null,
            email: member?.email ?? null,
            address: member?.address ?? null,
          }
        : {}),
    };
  }
}

const FIELDS = ['name', 'specialization', 'contactNo', 'email', 'address'] as const;

const given = (change: ChangeDoctorDto): Partial<StaffDetails> =>
  Object.fromEntries(
    FIELDS.filter((field) => change[field] !== undefined).map((field) => [field, change[field]]),
  );

/** Only the ledger's fields, empty ones left out. */
const detailsOf = (input: Partial<StaffDetails> & object): StaffDetails => ({
  name: input.name ?? '',
  ...Object.fromEntries(
    FIELDS.slice(1)
      .filter((field) => input[field] !== undefined && input[field] !== null)
      .map((field) => [field, input[field]]),
  ),
});

const filled = (details: StaffDetails) => ({
  name: details.name,
  specialization: details.specialization ?? null,
  contactNo: details.contactNo ?? null,
  email: details.email ?? null,
  address: details.address ?? null,
});

const compare = (a: readonly (string | null)[], b: readonly (string | null)[]): number => {
  for (let i = 0; i < a.length; i++) {
    const [left, right] = [a[i] ?? '', b[i] ?? ''];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
};
