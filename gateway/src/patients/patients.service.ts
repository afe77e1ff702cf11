import { createHash, randomUUID, X509Certificate } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { canonicalJson, newSalt, toHex } from '@medseal/crypto';
import type { PatientEntry, PatientPublic, PatientUpdate, PrivateValue } from '@medseal/chaincode';
import { ActivationCodes, CODE_BYTES } from '../activation/activation-codes.js';
import { type Committed, LedgerError } from '../fabric/ledger-client.js';
import { businessId, type BusinessRequest } from '../http/business-request.js';
import { checkIfMatch } from '../http/etag.js';
import { type LedgerAnswer, ledgerAnswer } from '../http/ledger-answer.js';
import { type Page, pageOfArray, type PageRequest } from '../http/paging.js';
import { invalid, notFound, problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { TwoPartActs } from '../outbox/two-part-act.js';
import { encodeCard, numberCommitment } from './card.js';
import {
  type Demographics,
  type Group,
  groupCommitment,
  groupCommitments,
  groupFields,
  GROUPS,
  type Guardian,
  joinGroups,
  type SaltedGroup,
} from './demographics.js';
import { requireDoctor } from './doctor-check.js';
import { type HeldScopes, PatientDirectory, type StoredVisit } from './patient-directory.js';
import { patientKeys } from './patient-keys.js';
import type { CreatePatientRequest, UpdatePatientRequest } from './patients.dto.js';
import { drawRegistrationNumber } from './registration-number.js';

/** A patient as the home hospital and the owner see them; what was not given is left out. */
export interface PatientView {
  registrationNo: string;
  ledgerId: string;
  name: string;
  birthDate?: string;
  gender?: string;
  contactNo?: string;
  email?: string;
  address?: string;
  doctorId?: string;
  guardian?: { name: string; relationship: string; contactNo?: string };
  keyState: 'keyless' | 'active';
  opdVisits: number;
  admissions: number;
  version: number;
}

export interface RegisteredPatient extends PatientView {
  /** Shown once: whoever has it can activate the account. */
  activationCode: string;
  card: { code: string };
  /** SHA-256 of the ministry's root certificate, hex: for the letter, so that the device can check it. */
  rootFingerprint: string;
  ledger: LedgerAnswer;
}

export interface NewActivationCode {
  registrationNo: string;
  activationCode: string;
  rootFingerprint: string;
}

const NUMBER_DRAWS_MAX = 20;

@Injectable()
export class PatientsService {
  constructor(
    private readonly directory: PatientDirectory,
    private readonly acts: TwoPartActs,
    private readonly codes: ActivationCodes,
  ) {}

  /**
   * Registers a patient of the caller's hospital. A repetition of the same request gives the same number, ids and code.
   *
   * @throws ProblemException 400 naming `doctorId` when it is none of the hospital's doctors
   */
  async register(
    user: SessionUser,
    business: BusinessRequest,
    input: CreatePatientRequest,
  ): Promise<RegisteredPatient> {
    const { organization } = user;
    if (input.doctorId) await requireDoctor(organization, input.doctorId);
    const ledgerId = business.deriveId('ledgerId');
    const scopes = {
      general: business.deriveId('scope/general'),
      sensitive: business.deriveId('scope/sensitive'),
    };
    const demographics = demographicsOf(input);
    const groups = Object.fromEntries(
      GROUPS.map((group) => [
        group,
        { fields: groupFields(demographics, group), salt: toHex(business.derive(`salt/${group}`, 32)) },
      ]),
    ) as Record<Group, SaltedGroup>;
    await organization.keystore.createErasureKey(ledgerId);

    for (let draw = 0; draw < NUMBER_DRAWS_MAX; draw++) {
      const number = drawRegistrationNumber(organization.code, business.derive(`number/${draw}`, 16));
      const salt = toHex(business.derive(`salt/number/${draw}`, 32));
      try {
        const act = draw === 0 ? business : business.part(`number/${draw}`);
        const committed = await this.submitRegistration(
          user,
          act.id,
          { number, ledgerId, salt },
          scopes,
          groups,
        );
        const activationCode = await this.codes.issue(
          organization,
          ledgerId,
          business.derive('activationCode', CODE_BYTES),
        );
        return {
          ...viewOf({ number, ledgerId, keyState: 'keyless', version: 1 }, demographics, []),
          activationCode,
          card: { code: encodeCard({ number, ledgerId, salt, generalScopeId: scopes.general }) },
          rootFingerprint: rootFingerprint(organization),
          ledger: ledgerAnswer(committed),
        };
      } catch (error) {
        if (!(error instanceof LedgerError) || error.code !== 'NUMBER_TAKEN') throw error;
      }
    }
    throw problem(
      503,
      'NUMBERS_EXHAUSTED',
      `No free registration number was found in ${NUMBER_DRAWS_MAX} draws: try again.`,
    );
  }

  /**
   * Another letter for a patient who lost the first: its code is void from now on.
   *
   * @throws ProblemException 404; 409 for a patient who has activated
   */
  async newActivationCode(
    user: SessionUser,
    business: BusinessRequest,
    registrationNo: string,
  ): Promise<NewActivationCode> {
    const { organization } = user;
    const { entry } = await this.ownPatient(user, registrationNo);
    if (entry.status !== 'keyless') {
      throw problem(
        409,
        'PATIENT_ALREADY_ACTIVE',
        'The patient has activated the account: no code is needed.',
      );
    }
    const bytes = business.derive('activationCode', CODE_BYTES);
    return {
      registrationNo,
      activationCode: await this.codes.issue(organization, entry.ledgerId, bytes),
      rootFingerprint: rootFingerprint(organization),
    };
  }

  async list(user: SessionUser, request: PageRequest): Promise<Page<PatientView>> {
    const { organization } = user;
    const entries =
      user.role === 'patient'
        ? [await this.directory.entry(organization, user.subject)].filter((entry) => entry !== undefined)
        : await this.directory.homeEntries(organization);
    const views = await this.views(organization, entries);
    const found = views.filter((view) => matches(view, request.q));
    found.sort(orderOf(request.sort));
    return pageOfArray(found, request, ({ registrationNo }) => registrationNo);
  }

  async get(user: SessionUser, registrationNo: string): Promise<PatientView> {
    const patient = await this.directory.findFor(user, registrationNo);
    if (patient === undefined || patient.relation === 'treating') throw notFound();
    const [view] = await this.views(user.organization, [patient.entry]);
    if (view === undefined) throw notFound();
    return view;
  }

  /** @throws ProblemException 404; 412 for another version than `ifMatch` */
  async update(
    user: SessionUser,
    registrationNo: string,
    input: UpdatePatientRequest,
    ifMatch: string | undefined,
  ): Promise<PatientView & { ledger: LedgerAnswer }> {
    const { organization } = user;
    const { entry } = await this.ownPatient(user, registrationNo);
    checkIfMatch(ifMatch, entry.version);
    if (input.doctorId) await requireDoctor(organization, input.doctorId);
    const stored = await this.directory.groups(organization, entry.ledgerId);
    const before = joinGroups(stored);
    const after = merge(before, input);
    const changed = GROUPS.filter(
      (group) => canonicalJson(groupFields(before, group)) !== canonicalJson(groupFields(after, group)),
    );
    if (changed.length === 0) {
      throw invalid('body', 'changes nothing: send at least one field with a new value.');
    }
    const commitments = { ...entry.commitments };
    const values: PrivateValue[] = [];
    for (const group of changed) {
      const salted = { fields: groupFields(after, group), salt: toHex(newSalt()) };
      commitments[group] = groupCommitment(salted);
      const key = patientKeys.demographics(entry.ledgerId, group);
      const replaces = stored[group]?.valueHash;
      const value = await organization.keystore.sealValue(entry.ledgerId, key, salted);
      values.push({ key, value, ...(replaces === undefined ? {} : { replaces }) });
    }
    const committed = await this.submitUpdate(
      user,
      { ledgerId: entry.ledgerId, version: entry.version + 1, commitments },
      values,
    );
    const visits = await this.directory.visits(organization, entry.ledgerId);
    const keyState = entry.status === 'active' ? 'active' : 'keyless';
    return {
      ...viewOf(
        { number: registrationNo, ledgerId: entry.ledgerId, keyState, version: entry.version + 1 },
        after,
        visits,
      ),
      ledger: ledgerAnswer(committed),
    };
  }

  /**
   * Refuses every further act on the patient; entries and records stay, as the chain needs them (erasing is another
   * act).
   *
   * @throws ProblemException 409 while a visit is open or a record is not chained yet
   */
  async remove(
    user: SessionUser,
    registrationNo: string,
    ifMatch: string | undefined,
  ): Promise<{ registrationNo: string; ledgerId: string; status: 'deleted'; ledger: LedgerAnswer }> {
    const { organization } = user;
    const { entry } = await this.ownPatient(user, registrationNo);
    checkIfMatch(ifMatch, entry.version);
    if ((await this.directory.openEncounter(organization, entry.ledgerId)) !== undefined) {
      throw problem(409, 'ENCOUNTER_OPEN', 'The patient has an open visit or admission: close it first.');
    }
    const unfinished = await organization.database.query(
      `SELECT record_id FROM record_versions WHERE ledger_id = $1 AND status <> 'chained' LIMIT 1`,
      [entry.ledgerId],
    );
    if (unfinished.length > 0) {
      throw problem(
        409,
        'RECORD_UNFINISHED',
        'A record of the patient is not chained yet: its author must complete it first.',
      );
    }
    const committed = await this.submitUpdate(user, {
      ledgerId: entry.ledgerId,
      version: entry.version + 1,
      commitments: entry.commitments,
      status: 'deleted',
    });
    return { registrationNo, ledgerId: entry.ledgerId, status: 'deleted', ledger: ledgerAnswer(committed) };
  }

  private async ownPatient(user: SessionUser, registrationNo: string): Promise<{ entry: PatientEntry }> {
    const patient = await this.directory.findFor(user, registrationNo);
    if (patient?.relation !== 'home') throw notFound();
    return patient;
  }

  private async views(organization: Organization, entries: readonly PatientEntry[]): Promise<PatientView[]> {
    const ledgerIds = entries.map(({ ledgerId }) => ledgerId);
    const [numbers, groups, visits] = await Promise.all([
      this.directory.numbersOf(organization, ledgerIds),
      this.directory.groupsOf(organization, ledgerIds),
      this.directory.visitsOf(organization, ledgerIds),
    ]);
    return entries.flatMap(({ ledgerId, status, version }) => {
      const number = numbers.get(ledgerId)?.number;
      if (number === undefined) return [];
      const keyState = status === 'active' ? 'active' : 'keyless';
      const demographics = joinGroups(groups.get(ledgerId) ?? {});
      return [viewOf({ number, ledgerId, keyState, version }, demographics, visits.get(ledgerId) ?? [])];
    });
  }

  private async submitRegistration(
    user: SessionUser,
    actId: string,
    held: { number: string; ledgerId: string; salt: string },
    scopes: HeldScopes,
    groups: Record<Group, SaltedGroup>,
  ): Promise<Committed> {
    const { organization } = user;
    const { number, ledgerId, salt } = held;
    const entry: PatientPublic = {
      ledgerId,
      homeMsp: organization.mspId,
      version: 1,
      commitments: { number: numberCommitment(number, ledgerId, salt), ...groupCommitments(groups) },
    };
    const plain: [string, object][] = [
      [patientKeys.number(organization, number), held],
      ...GROUPS.map((group): [string, object] => [patientKeys.demographics(ledgerId, group), groups[group]]),
      [patientKeys.scopes(ledgerId), scopes],
    ];
    const values = await Promise.all(
      plain.map(async ([key, value]) => ({
        key,
        value: await organization.keystore.sealValue(ledgerId, key, value),
      })),
    );
    return this.acts.run(user.identity(), organization, {
      businessId: actId,
      privateFunction: 'registry:registerPatientPrivate',
      privateArgs: [actId],
      values,
      entry,
      publicFunction: 'registry:registerPatient',
      publicArgs: [actId, organization.mspId, canonicalJson(entry)],
    });
  }

  private async submitUpdate(
    user: SessionUser,
    entry: PatientUpdate,
    values?: PrivateValue[],
  ): Promise<Committed> {
    const { organization } = user;
    const actId = businessId('updatePatient', organization.mspId, entry.ledgerId, randomUUID());
    return this.acts.run(user.identity(), organization, {
      businessId: actId,
      privateFunction: 'registry:updatePatientPrivate',
      privateArgs: [actId],
      values,
      entry,
      publicFunction: 'registry:updatePatient',
      publicArgs: [actId, organization.mspId, canonicalJson(entry)],
    });
  }
}

const rootFingerprint = ({ authority }: Organization): string =>
  createHash('sha256').update(new X509Certificate(authority.root).raw).digest('hex');

interface PublicPart {
  number: string;
  ledgerId: string;
  keyState: 'keyless' | 'active';
  version: number;
}

function viewOf(part: PublicPart, demographics: Demographics, visits: readonly StoredVisit[]): PatientView {
  const { guardian, name, ...others } = demographics;
  return {
    registrationNo: part.number,
    ledgerId: part.ledgerId,
    name,
    ...given(others),
    ...(guardian === null
      ? {}
      : {
          guardian: {
            name: guardian.name,
            relationship: guardian.relationship,
            ...given({ contactNo: guardian.contactNo }),
          },
        }),
    keyState: part.keyState,
    opdVisits: visits.filter((visit) => visit.class === 'AMB').length,
    admissions: visits.filter((visit) => visit.class === 'IMP').length,
    version: part.version,
  };
}

/** Without the fields that are null. */
const given = (fields: Record<string, string | null>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => field[1] !== null));

const demographicsOf = (input: CreatePatientRequest): Demographics => ({
  name: input.name.trim(),
  birthDate: input.birthDate ?? null,
  gender: input.gender ?? null,
  contactNo: input.contactNo ?? null,
  email: input.email ?? null,
  address: input.address ?? null,
  guardian: guardianOf(input.guardian),
  doctorId: input.doctorId ?? null,
});

const guardianOf = (guardian: CreatePatientRequest['guardian']): Guardian | null =>
  guardian
    ? { name: guardian.name, relationship: guardian.relationship, contactNo: guardian.contactNo ?? null }
    : null;

const merge = (before: Demographics, change: UpdatePatientRequest): Demographics => ({
  name: change.name === undefined ? before.name : change.name.trim(),
  birthDate: change.birthDate === undefined ? before.birthDate : change.birthDate,
  gender: change.gender === undefined ? before.gender : change.gender,
  contactNo: change.contactNo === undefined ? before.contactNo : change.contactNo,
  email: change.email === undefined ? before.email : change.email,
  address: change.address === undefined ? before.address : change.address,
  guardian: change.guardian === undefined ? before.guardian : guardianOf(change.guardian),
  doctorId: change.doctorId === undefined ? before.doctorId : change.doctorId,
});

/** Every word of the search begins a word of the name or is part of number or phone. */
function matches(view: PatientView, q: string | undefined): boolean {
  if (q === undefined || q === '') return true;
  const names = words(view.name);
  return words(q).every(
    (word) =>
      names.some((name) => name.startsWith(word)) ||
      view.registrationNo.includes(word) ||
      (view.contactNo?.includes(word) ?? false),
  );
}

const words = (text: string): string[] =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .split(/[\s,.]+/)
    .filter((word) => word !== '');

const SORTS: Record<string, (view: PatientView) => string> = {
  name: ({ name }) => name.normalize('NFKC').toLowerCase(),
  registrationNo: ({ registrationNo }) => registrationNo,
  birthDate: ({ birthDate }) => birthDate ?? '',
};

function orderOf(sort: string | undefined): (a: PatientView, b: PatientView) => number {
  const descending = sort?.startsWith('-') ?? false;
  const key = SORTS[(sort ?? 'name').replace(/^-/, '')];
  if (key === undefined)
    throw invalid(
      'sort',
      `must be one of ${Object.keys(SORTS).join(', ')}, with - before it for descending.`,
    );
  const sign = descending ? -1 : 1;
  return (a, b) => sign * (compare(key(a), key(b)) || compare(a.registrationNo, b.registrationNo));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
