import { Injectable } from '@nestjs/common';
import { type Page, pageOf, pageOfArray, type PageRequest } from '../http/paging.js';
import { invalid } from '../http/problem.js';
import { textOf } from '../http/query.js';
import type { SessionUser } from '../http/session-user.js';
import { isDateOrInstant } from '../patients/calendar-date.js';
import { isGone, PatientDirectory } from '../patients/patient-directory.js';
import type { IndexedVisit } from '../projection/personal-index.js';
import { Projections } from '../projection/projections.js';
import { type EncounterView, viewOf } from './encounters.service.js';

/** An encounter that the caller was arranged for, with its patient as far as the caller may know. */
export interface OwnEncounterView extends EncounterView {
  registrationNo: string;
  /** Null for a patient of another hospital: names are the home hospital's to tell. */
  patientName: string | null;
}

export interface OwnEncountersRequest extends PageRequest {
  /** RFC 3339, included. */
  from?: string;
  /** RFC 3339, not included. */
  to?: string;
}

/** @throws ProblemException naming the parameter */
export function ownEncountersRequestOf(query: Record<string, unknown>): OwnEncountersRequest {
  const request: OwnEncountersRequest = pageOf(query);
  for (const name of ['from', 'to'] as const) {
    request[name] = textOf(query, name);
    if (request[name] !== undefined && !(isDateOrInstant(request[name]) && request[name].length > DAY_LENGTH))
      throw invalid(name, 'must be an instant as 2026-01-31T00:00:00+05:30.');
  }
  return request;
}

const DAY_LENGTH = 'YYYY-MM-DD'.length;

/** What a doctor was arranged for, of all patients. */
@Injectable()
export class OwnEncountersService {
  constructor(
    private readonly directory: PatientDirectory,
    private readonly projections: Projections,
  ) {}

  /** Newest first; patients who are erased or deleted are left out. */
  async list(user: SessionUser, request: OwnEncountersRequest): Promise<Page<OwnEncounterView>> {
    const { organization, subject } = user;
    const { personal } = this.projections.of(organization);
    const begun = personal.visitsOfDoctor(subject).filter((visit) => isWithin(visit, request));
    const patients = await this.directory.entriesOf(
      organization,
      begun.map(({ ledgerId }) => ledgerId),
    );
    const found = begun
      .filter(({ ledgerId }) => {
        const entry = patients.get(ledgerId);
        return entry !== undefined && !isGone(entry) && personal.patient(ledgerId)?.registrationNo;
      })
      .sort(newestFirst);
    const { items, ...rest } = pageOfArray(found, request, ({ encounterId }) => encounterId);
    const visits = await this.directory.visitsOf(
      organization,
      items.map(({ ledgerId }) => ledgerId),
    );
    return {
      items: items.flatMap(({ encounterId, ledgerId }) => {
        const visit = visits.get(ledgerId)?.find((one) => one.encounterId === encounterId);
        const patient = personal.patient(ledgerId);
        if (visit === undefined || !patient?.registrationNo) return [];
        const isHome = patients.get(ledgerId)?.homeMsp === organization.mspId;
        return [
          {
            ...viewOf(visit),
            registrationNo: patient.registrationNo,
            patientName: isHome ? patient.name : null,
          },
        ];
      }),
      ...rest,
    };
  }
}

/** A visit of which only the day is known counts by the days of the limits as they are written, in their own zone. */
const isWithin = ({ start }: IndexedVisit, { from, to }: OwnEncountersRequest): boolean => {
  const isDay = start.length === DAY_LENGTH;
  const at = (instant: string): string | number =>
    isDay ? instant.slice(0, DAY_LENGTH) : Date.parse(instant);
  return (from === undefined || at(start) >= at(from)) && (to === undefined || at(start) < at(to));
};

const newestFirst = (a: IndexedVisit, b: IndexedVisit): number =>
  Date.parse(b.start) - Date.parse(a.start) || (a.encounterId < b.encounterId ? -1 : 1);
