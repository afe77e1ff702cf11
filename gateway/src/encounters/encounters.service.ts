import { Injectable } from '@nestjs/common';
import { canonicalJson, utf8 } from '@medseal/crypto';
import type { PatientEntry, PrivateValue } from '@medseal/chaincode';
import { Clock } from '../clock.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { type Committed, LedgerError } from '../fabric/ledger-client.js';
import type { BusinessRequest } from '../http/business-request.js';
import { type LedgerAnswer, ledgerAnswer } from '../http/ledger-answer.js';
import { type Page, pageOfArray, type PageRequest } from '../http/paging.js';
import { invalid, notFound, problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { requireDoctor } from '../patients/doctor-check.js';
import { knownPatient } from '../patients/known-patient.js';
import {
  type HeldNumber,
  isGone,
  PatientDirectory,
  type StoredVisit,
  type Visit,
} from '../patients/patient-directory.js';
import { patientKeys } from '../patients/patient-keys.js';
import type { CloseEncounterRequest, CreateEncounterRequest } from './encounters.dto.js';

export interface EncounterView {
  id: string;
  class: Visit['class'];
  doctorId: string;
  reason: string;
  period: { start: string; end?: string };
  status: 'in-progress' | 'finished';
}

@Injectable()
export class EncountersService {
  constructor(
    private readonly directory: PatientDirectory,
    private readonly clock: Clock,
  ) {}

  /**
   * Opens an encounter: from here on the hospital's doctors may write records for the patient.
   *
   * @throws ProblemException 404 for a number that this hospital does not know, unless the card proves it
   */
  async open(
    user: SessionUser,
    business: BusinessRequest,
    registrationNo: string,
    input: CreateEncounterRequest,
  ): Promise<EncounterView & { ledger: LedgerAnswer | null }> {
    const { organization } = user;
    const period = checkedPeriod(input.period);
    const { entry, card } = await knownPatient(this.directory, organization, registrationNo, input.card);
    await requireDoctor(organization, input.doctorId);
    const { ledgerId } = entry;
    const encounterId = business.deriveId('encounter');
    const visit: Visit = { class: input.class, doctorId: input.doctorId, reason: input.reason, period };

    await refuseErased(organization, ledgerId);
    await organization.keystore.createErasureKey(ledgerId);
    const plain: [string, object][] = [
      [patientKeys.encounter(ledgerId, encounterId), { encounterId }],
      [patientKeys.visit(ledgerId, encounterId), visit],
    ];
    if (card !== undefined) {
      const { number, salt, generalScopeId } = card;
      const held: HeldNumber = { number, ledgerId, salt, generalScopeId };
      plain.push([patientKeys.number(organization, number), held]);
    }
    const values = await Promise.all(
      plain.map(async ([key, value]) => ({
        key,
        value: await organization.keystore.sealValue(ledgerId, key, value),
      })),
    );
    const committed = await this.submitOpening(user, values).catch((error: unknown) => {
      // The same request again: its encounter is there.
      if (error instanceof LedgerError && error.code === 'PRIVATE_VALUE_EXISTS') return undefined;
      throw error;
    });
    if (committed === undefined && !(await this.isHeld(organization, ledgerId, encounterId))) {
      throw problem(
        409,
        'PRIVATE_VALUE_EXISTS',
        'Another request for this patient was first: repeat yours with a new Idempotency-Key.',
      );
    }
    return {
      ...viewOf({ ...visit, encounterId, open: true }),
      ledger: committed === undefined ? null : ledgerAnswer(committed),
    };
  }

  /** @throws ProblemException 404 where the hospital does not know number or encounter, 409 for one that is closed */
  async close(
    user: SessionUser,
    registrationNo: string,
    encounterId: string,
    input: CloseEncounterRequest,
  ): Promise<EncounterView & { ledger: LedgerAnswer }> {
    const { organization } = user;
    const patient = await this.directory.find(organization, registrationNo);
    if (patient === undefined || isGone(patient.entry)) throw notFound();
    const { ledgerId } = patient.entry;
    const visit = (await this.directory.visits(organization, ledgerId)).find(
      (one) => one.encounterId === encounterId,
    );
    if (visit === undefined) throw notFound();
    if (!visit.open) throw problem(409, 'ENCOUNTER_CLOSED', 'This encounter was closed before.');
    const end = input.end ?? this.clock.date().toISOString();
    checkedPeriod({ start: visit.period.start, end });
    const closed: Visit = {
      class: visit.class,
      doctorId: visit.doctorId,
      reason: visit.reason,
      period: { start: visit.period.start, end },
    };
    const key = patientKeys.visit(ledgerId, encounterId);
    const value = await organization.keystore.sealValue(ledgerId, key, closed);
    const committed = await organization.ledger.submit(user.identity(), 'registry:closeEncounter', [], {
      transient: transientOf([{ key, value, replaces: visit.valueHash }]),
      endorsingOrganizations: [organization.mspId],
    });
    return { ...viewOf({ ...closed, encounterId, open: false }), ledger: ledgerAnswer(committed) };
  }

  /** This hospital's encounters of the patient, newest first; the patient sees those of the home hospital. */
  async list(user: SessionUser, registrationNo: string, request: PageRequest): Promise<Page<EncounterView>> {
    const { organization } = user;
    const patient =
      user.role === 'patient'
        ? await this.directory.findFor(user, registrationNo)
        : await this.directory.find(organization, registrationNo);
    if (patient === undefined || isGone(patient.entry)) throw notFound();
    const visits = await this.directory.visits(organization, patient.entry.ledgerId);
    const foreign = patient.entry.homeMsp !== organization.mspId;
    if (foreign && visits.length === 0) throw notFound();
    return pageOfArray(visits.reverse().map(viewOf), request, ({ id }) => id);
  }

  private async submitOpening(user: SessionUser, values: PrivateValue[]): Promise<Committed> {
    const { organization } = user;
    return organization.ledger.submit(user.identity(), 'registry:openEncounter', [], {
      transient: transientOf(values),
      endorsingOrganizations: [organization.mspId],
    });
  }

  private async isHeld(organization: Organization, ledgerId: string, encounterId: string): Promise<boolean> {
    return (
      (await this.directory.valueHash(organization, patientKeys.visit(ledgerId, encounterId))) !== undefined
    );
  }
}

/** Asked of the peer: a contract that read the patient's entry would put its key on the encounter's block. */
const refuseErased = async (organization: Organization, ledgerId: string): Promise<void> => {
  const entry = await evaluateJson<PatientEntry | null>(organization, 'registry:getPatient', [ledgerId]);
  if (entry !== null && isGone(entry)) {
    throw problem(409, 'PATIENT_ERASED', 'The patient is being erased, or was: no encounter can be opened.');
  }
};

const transientOf = (values: PrivateValue[]): Record<string, Uint8Array> => ({
  private: utf8(canonicalJson(values)),
});

function checkedPeriod({ start, end }: { start: string; end?: string }): Visit['period'] {
  if (end !== undefined && Date.parse(end) < Date.parse(start)) {
    throw invalid('period.end', 'is before the start: correct one of the two.');
  }
  return { start, end: end ?? null };
}

export const viewOf = (visit: Pick<StoredVisit, 'encounterId' | 'open' | keyof Visit>): EncounterView => ({
  id: visit.encounterId,
  class: visit.class,
  doctorId: visit.doctorId,
  reason: visit.reason,
  period: { start: visit.period.start, ...(visit.period.end === null ? {} : { end: visit.period.end }) },
  status: visit.open ? 'in-progress' : 'finished',
});
