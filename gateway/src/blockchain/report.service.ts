import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { canonicalJson } from '@medseal/crypto';
import { Clock } from '../clock.js';
import type { Committed } from '../fabric/ledger-client.js';
import { ledgerAnswer, type LedgerAnswer } from '../http/ledger-answer.js';
import { pageOfArray, type PageRequest } from '../http/paging.js';
import { invalid } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { matchesText } from '../projection/personal-index.js';
import { Projections } from '../projection/projections.js';
import { keyOf, verifyRows, type EntryReference } from './report-verification.js';
import type { Verdict } from './verdict.js';

export interface ReportRow {
  readonly recordId: string;
  readonly version: number;
  /** MSP id of the hospital that wrote it. */
  readonly hospital: string;
  /** `YYYY-MM-DD`. This and the next three are null for those not entitled. */
  readonly ehrDate: string | null;
  readonly patient: string | null;
  readonly doctor: string | null;
  readonly disease: string | null;
  readonly hash: string;
  readonly prevHash: string;
  readonly prevHashValid: boolean;
  /** Whether the record's stored objects are as they were written. */
  readonly objectsValid: boolean;
  /** The patient is being erased, or was: hashes are all that is left. */
  readonly erased: boolean;
  /** Where the owner's device must open the record to see its title line. */
  readonly sealed?: { recordId: string; version: number };
}

export interface ReportAnswer extends Verdict {
  readonly rows: readonly ReportRow[];
  readonly nextCursor: string | null;
  readonly total: number;
  /** Of the receipt for the title lines shown; absent when none was needed. */
  readonly ledger?: LedgerAnswer;
}

interface ChainedEntry extends EntryReference {
  readonly hospital: string;
  readonly author: string;
  /** The home hospital closed the patient's file, or the patient was erased. */
  readonly deleted: boolean;
}

/** What of a row's personal part the caller is shown. */
interface ShownPart {
  readonly ehrDate: string | null;
  readonly patient: string | null;
  readonly doctor: string | null;
  readonly disease: string | null;
  /** Showing it is a read that the owner must find in the access log. */
  readonly needsReceipt: boolean;
  readonly sealed: boolean;
}

const HIDDEN: ShownPart = {
  ehrDate: null,
  patient: null,
  doctor: null,
  disease: null,
  needsReceipt: false,
  sealed: false,
};

/** Roles that work with title lines of their hospital. */
const TITLE_LINE_ROLES: ReadonlySet<string> = new Set(['doctor', 'hospital-admin']);

/** Of patients whose names their hospital still shows. */
const LIVING: ReadonlySet<string> = new Set(['keyless', 'active']);

const SORTS = ['ehrDate', '-ehrDate'];

/** The blockchain report: chained records by date, with hashes recomputed from what is on disk now. */
@Injectable()
export class ReportService {
  constructor(
    private readonly projections: Projections,
    private readonly clock: Clock,
  ) {}

  /**
   * @param registrationNo shows one patient's rows only; a number that is not known here has none
   * @throws LedgerError when the receipt is refused or the peer does not answer
   */
  async report(user: SessionUser, request: PageRequest, registrationNo?: string): Promise<ReportAnswer> {
    const { sort = 'ehrDate' } = request;
    if (!SORTS.includes(sort)) throw invalid('sort', `must be one of ${SORTS.join(', ')}.`);
    const entries = this.#sorted(user, await this.#chained(user, registrationNo, request.q), sort);
    const { items, nextCursor, total } = pageOfArray(entries, request, keyOf);
    const shown = items.map((entry) => this.#shown(user, entry));
    const recordIds = items.filter((_, index) => shown[index]!.needsReceipt).map(({ recordId }) => recordId);
    const receipt = recordIds.length > 0 ? await submitReceipt(user, [...new Set(recordIds)]) : undefined;
    const { ledger, database, objects } = user.organization;
    const { verdict, entries: verified } = await verifyRows(
      { ledger, database, objects, now: () => this.clock.date() },
      items,
    );
    const rows = items.map((entry, index): ReportRow => {
      const { recordId, version, hospital } = entry;
      const { ehrDate, patient, doctor, disease, sealed } = shown[index]!;
      const { hash, prevHash, prevHashValid, objectsValid, erased } = verified.get(keyOf(entry)) ?? {
        hash: '',
        prevHash: '',
        prevHashValid: false,
        objectsValid: false,
        erased: false,
      };
      return {
        recordId,
        version,
        hospital,
        ehrDate,
        patient,
        doctor,
        disease,
        hash,
        prevHash,
        prevHashValid,
        objectsValid,
        erased,
        ...(sealed ? { sealed: { recordId, version } } : {}),
      };
    });
    return { rows, ...verdict, nextCursor, total, ...(receipt ? { ledger: ledgerAnswer(receipt) } : {}) };
  }

  /** Entries the caller's report has, in chain order. */
  async #chained(
    user: SessionUser,
    registrationNo: string | undefined,
    q: string | undefined,
  ): Promise<ChainedEntry[]> {
    const { personal } = this.projections.of(user.organization);
    let ledgerIds = user.role === 'patient' ? [user.subject] : undefined;
    const narrow = (allowed: readonly string[]): void => {
      ledgerIds = ledgerIds ? ledgerIds.filter((ledgerId) => allowed.includes(ledgerId)) : [...allowed];
    };
    if (registrationNo !== undefined) {
      const ledgerId = seesNames(user) ? personal.patientByNumber(registrationNo)?.ledgerId : undefined;
      narrow(ledgerId === undefined ? [] : [ledgerId]);
    }
    const rows = await user.organization.database.query<{
      record_id: string;
      version: number;
      ledger_id: string;
      hospital: string;
      author: string;
      patient_status: string | null;
    }>(
      `SELECT v.record_id, v.version, v.ledger_id, v.hospital, v.author, p.status AS patient_status
       FROM record_versions v LEFT JOIN patients p USING (ledger_id)
       WHERE v.status = 'chained' ${ledgerIds ? 'AND v.ledger_id = ANY($1)' : ''}
       ORDER BY v.chained_block, v.chained_position, v.record_id, v.version`,
      ledgerIds ? [ledgerIds] : [],
    );
    const entries = rows.map(({ record_id, version, ledger_id, hospital, author, patient_status }) => ({
      recordId: record_id,
      version,
      ledgerId: ledger_id,
      hospital,
      author,
      deleted: patient_status !== null && !LIVING.has(patient_status),
    }));
    return q === undefined || q === '' ? entries : entries.filter((entry) => this.#matches(user, entry, q));
  }

  /** By date where the caller is shown it; the others follow in chain order, so that order tells nothing more. */
  #sorted(user: SessionUser, entries: readonly ChainedEntry[], sort: string): ChainedEntry[] {
    const sign = sort === '-ehrDate' ? -1 : 1;
    const dated = entries.map((entry, index) => ({ entry, index, date: this.#shown(user, entry).ehrDate }));
    return dated
      .sort((a, b) => {
        if (a.date === null || b.date === null) {
          return Number(a.date === null) - Number(b.date === null) || a.index - b.index;
        }
        return sign * (a.date < b.date ? -1 : a.date > b.date ? 1 : a.index - b.index);
      })
      .map(({ entry }) => entry);
  }

  #matches(user: SessionUser, entry: ChainedEntry, q: string): boolean {
    const { patient, doctor, disease } = this.#shown(user, entry);
    return matchesText(q, [patient, doctor, disease].join(' '));
  }

  #shown(
    user: SessionUser,
    { recordId, version, ledgerId, hospital, author, deleted }: ChainedEntry,
  ): ShownPart {
    const { personal } = this.projections.of(user.organization);
    const owner = user.role === 'patient' && ledgerId === user.subject;
    if (!owner && !seesNames(user)) return HIDDEN;
    const isAuthor = author === user.subject && hospital === user.organization.mspId;
    if (deleted && !owner && !isAuthor) return HIDDEN;
    const ownHospital = hospital === user.organization.mspId;
    const patient = personal.patient(ledgerId)?.name ?? null;
    const title = owner || ownHospital ? personal.titleLine(recordId, version) : undefined;
    const shown = {
      ehrDate: title?.date ?? null,
      patient,
      doctor: owner || ownHospital ? (personal.staff(author)?.name ?? null) : null,
      disease: title?.disease ?? null,
    };
    const anything = Object.values(shown).some((value) => value !== null);
    const needsReceipt = anything && !owner && !isAuthor;
    // Nobody here can sign the receipt: their own device does so where it opens a record.
    if (needsReceipt && user.keyHolder === 'device') return HIDDEN;
    return { ...shown, needsReceipt, sealed: owner && title === undefined };
  }
}

const seesNames = ({ role }: SessionUser): boolean => TITLE_LINE_ROLES.has(role) || role === 'patient';

/** One public transaction that names every record whose title line this page shows. */
async function submitReceipt(user: SessionUser, recordIds: readonly string[]): Promise<Committed> {
  const businessId = randomBytes(32).toString('hex');
  return user.organization.ledger.submit(user.identity(), 'access:receipt', [
    businessId,
    canonicalJson({ basis: 'titleLine', recordIds: [...recordIds] }),
  ]);
}
