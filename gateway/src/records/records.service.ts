import { Injectable } from '@nestjs/common';
import {
  type IntegrityPart,
  isReturnedByVerifier,
  type RecordEntry,
  type RecordPanel,
} from '@medseal/chaincode';
import { type LastProven, lastProvenOf } from '../audits/last-proven.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { BusinessRequest } from '../http/business-request.js';
import { requireGatewayKeys } from '../http/keys-on-device.js';
import type { LedgerAnswer } from '../http/ledger-answer.js';
import { type Page, page, type PageRequest } from '../http/paging.js';
import { invalid, notFound, problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { PatientDirectory } from '../patients/patient-directory.js';
import { patientKeys } from '../patients/patient-keys.js';
import { foldDecimals } from './document/decimals.js';
import { toDocumentBundle } from './document/fhir-document.js';
import type { Sections } from './document/sections.js';
import { documentErrors, isBundle } from './document/validate-document.js';
import type { RecordContent, RecordType, ScopeLabel, Selector, TitleLine } from './record-content.js';
import { RecordReader, type RecordRow } from './record-reader.js';
import { ledgerPart, nextStep, type RecordStatus, statusOf } from './record-status.js';
import { RecordStepsService } from './record-steps.service.js';
import { contentSalts, type PreparedRecipient, RecordWriter, type Written } from './record-writer.js';
import { type StepDone, stepsDone } from './steps-done.js';
import type {
  AmendRecordRequest,
  DeviceSealedRequest,
  HospitalSealedRequest,
  PrepareRecordRequest,
  RecordContentRequest,
} from './records.dto.js';

export interface PreparedRecord {
  recordId: string;
  version: number;
  ledgerId: string;
  channel: string;
  scopeId: string;
  epoch: number;
  ownerKey?: string;
  custodianKey?: string;
  /** MSP id of the custodian's organisation. */
  custodian?: string;
  /** The author, and where the record names some, its verifiers. */
  recipients: PreparedRecipient[];
  policyVersion: number;
  steps: RecordEntry['steps'];
  ledger?: LedgerAnswer;
}

export interface RecordView extends Omit<RecordStatus, 'ledger'> {
  ledgerId: string;
  registrationNo: string | null;
  hospital: string;
  author: string;
  policyVersion: number;
  steps: RecordEntry['steps'];
  createdAt: string | null;
  chainedAt: string | null;
  sealedBy: 'device' | 'hospital' | null;
  contentHash: string | null;
  prevHash: string | null;
  /** The title line, for its author only; everybody else opens the record or asks for the report. */
  effectiveDate: string | null;
  disease: string | null;
  /** Of the selector, for owner and author where this organisation has it. */
  recordType: RecordType | null;
  scope: ScopeLabel | null;
  /** What audits have last shown of the version's two files; null without audited files. */
  lastProven: LastProven | null;
}

export const STATUSES: readonly RecordEntry['status'][] = [
  'created',
  'sealed',
  'blinded',
  'sanitized',
  'uploaded',
  'attested',
  'chained',
];

/** A version with how it came about. */
export interface RecordDetails extends RecordView {
  stepsDone: StepDone[];
  /** Who goes on with it, and how many verifiers must approve; null without the integrity steps. */
  panel: RecordPanel | null;
  /** Tags, digests and coverage as the ledger has them, and why the last round came back; null before the first. */
  integrity: IntegrityPart | null;
}

/** Verifiers and sanitisers work with pseudonyms. */
const SEES_NUMBERS: ReadonlySet<string> = new Set(['hospital-admin', 'doctor', 'patient']);

@Injectable()
export class RecordsService {
  constructor(
    private readonly reader: RecordReader,
    private readonly writer: RecordWriter,
    private readonly directory: PatientDirectory,
    private readonly steps: RecordStepsService,
  ) {}

  /** The committed *create* step with all that a device needs to seal. */
  async prepare(
    user: SessionUser,
    business: BusinessRequest,
    input: PrepareRecordRequest,
  ): Promise<PreparedRecord> {
    const patient = await this.writer.writablePatient(user.organization, input.registrationNo);
    const written = await this.writer.create(user, business, {
      recordId: business.deriveId('recordId'),
      version: 1,
      ledgerId: patient.ledgerId,
      scope: input.scope,
    });
    return this.prepared(user, written);
  }

  /** Creates and seals in one request; the author's part is done by the author's own hospital in memory. */
  async write(
    user: SessionUser,
    business: BusinessRequest,
    input: HospitalSealedRequest,
    document: unknown,
  ): Promise<RecordStatus> {
    requireDocument(document);
    const patient = await this.writer.writablePatient(user.organization, input.registrationNo);
    return this.createAndSeal(user, business, input, document, {
      recordId: business.deriveId('recordId'),
      version: 1,
      ledgerId: patient.ledgerId,
      scope: input.scope ?? 'general',
      recordType: input.recordType ?? 'OPConsultation',
    });
  }

  /** Takes over a record that its author's device sealed after `prepare`. */
  async submit(
    user: SessionUser,
    business: BusinessRequest,
    input: DeviceSealedRequest,
  ): Promise<RecordStatus> {
    const entry = await this.reader.ownLatest(user, input.recordId);
    if (entry.status !== 'created') {
      const committed = await this.writer.sealedBefore(user.organization, business);
      if (committed !== undefined) return statusOf(entry, committed);
      throw problem(
        409,
        'RECORD_STATUS',
        `Version ${entry.version} of this record is ${entry.status}: only a prepared one can be sealed.`,
      );
    }
    const sealed = await this.writer.takeSealed(user, business, entry, input);
    return statusOf(sealed.entry, sealed.committed);
  }

  /** A new version by the same author; with `document` sealed here, without it prepared for a device. */
  async amend(
    user: SessionUser,
    business: BusinessRequest,
    recordId: string,
    input: AmendRecordRequest,
    document: unknown,
  ): Promise<RecordStatus | PreparedRecord> {
    if (document !== undefined) {
      requireDocument(document);
      if (input.disease === undefined)
        throw invalid('disease', 'is missing: write the disease in 1 to 500 characters.');
    }
    const latest = await this.reader.ownLatest(user, recordId);
    const begun = await this.version(user, business, latest);
    const selector = await this.selectorOf(user.organization, latest);
    const wanted = {
      recordId,
      version: begun,
      ledgerId: latest.ledgerId,
      scope: input.scope ?? selector?.scope ?? 'general',
      recordType: input.recordType ?? selector?.recordType ?? 'OPConsultation',
    };
    if (document === undefined) return this.prepared(user, await this.writer.create(user, business, wanted));
    const content = { ...input, disease: input.disease ?? '', document: input.document ?? {} };
    return this.createAndSeal(user, business, content, document, wanted);
  }

  async get(user: SessionUser, recordId: string): Promise<RecordDetails> {
    const row = await this.reader.find(user, recordId);
    if (row === undefined) throw notFound();
    const [view] = await this.views(user, [row]);
    if (view === undefined) throw notFound();
    const { entry } = row;
    return {
      ...view,
      stepsDone: stepsDone(entry, await this.reader.writes(user.organization, entry)),
      panel: entry.panel ?? null,
      integrity: entry.integrity ?? null,
    };
  }

  /** Entries of all versions, oldest first. */
  async versions(user: SessionUser, recordId: string): Promise<Page<RecordView>> {
    if ((await this.reader.find(user, recordId)) === undefined) throw notFound();
    const rows = await this.reader.versions(user.organization, recordId);
    return page(await this.views(user, rows), null, rows.length);
  }

  async list(
    user: SessionUser,
    request: PageRequest,
    filter: { registrationNo?: string; status?: string },
  ): Promise<Page<RecordView>> {
    if (filter.status !== undefined && !STATUSES.some((status) => status === filter.status)) {
      throw invalid('status', `must be one of ${STATUSES.join(', ')}.`);
    }
    let ledgerId: string | undefined;
    if (filter.registrationNo !== undefined) {
      const patient = await this.directory.find(user.organization, filter.registrationNo);
      if (patient === undefined) return page<RecordView>([], null, 0);
      ledgerId = patient.entry.ledgerId;
    }
    const { limit, cursor: after } = request;
    if (after !== undefined && !/^\d{1,9}:[0-9a-f]{32}$/.test(after)) {
      throw invalid('cursor', 'is not one that this service gave.');
    }
    const { rows, next, total } = await this.reader.list(user, {
      ledgerId,
      status: filter.status,
      after,
      limit,
    });
    return page(await this.views(user, rows), next, total);
  }

  private async createAndSeal(
    user: SessionUser,
    business: BusinessRequest,
    input: Pick<RecordContentRequest, 'effectiveDate' | 'disease'>,
    document: unknown,
    wanted: {
      recordId: string;
      version: number;
      ledgerId: string;
      scope: ScopeLabel;
      recordType: RecordType;
    },
  ): Promise<RecordStatus> {
    requireGatewayKeys(user);
    const { organization } = user;
    const { recordId, version, ledgerId, scope, recordType } = wanted;
    const created = await this.writer.create(user, business, { recordId, version, ledgerId, scope });
    const bundle = isBundle(document)
      ? document
      : toDocumentBundle(document as Sections, {
          ledgerId,
          author: user.subject,
          hospital: organization.mspId,
          date: input.effectiveDate,
          title: input.disease,
          recordType,
        });
    const salts = contentSalts(business);
    const content: RecordContent = {
      document: foldDecimals(bundle),
      documentSalt: salts.document,
      selector: { date: input.effectiveDate, recordType, scope, salt: salts.selector },
      titleLine: { date: input.effectiveDate, disease: input.disease, salt: salts.titleLine },
    };
    const { entry, committed } =
      created.entry.status === 'created'
        ? await this.writer.sealHere(user, business, created.entry, content)
        : created;
    return (await this.steps.blindAtOnce(user, entry, content.document)) ?? statusOf(entry, committed);
  }

  private async prepared(user: SessionUser, { entry, committed }: Written): Promise<PreparedRecord> {
    const { organization } = user;
    const keeper = await this.writer.keeperOf(organization, entry);
    return {
      recordId: entry.recordId,
      version: entry.version,
      ledgerId: entry.ledgerId,
      channel: organization.ledger.channel,
      scopeId: entry.scopeId,
      epoch: entry.epoch,
      ...keeper,
      recipients: await this.writer.recipientsOf(organization, entry),
      policyVersion: entry.policyVersion,
      steps: entry.steps,
      ...ledgerPart(committed),
    };
  }

  /** Number of the version that this request begins, or began when it was sent before. */
  private async version(user: SessionUser, business: BusinessRequest, latest: RecordEntry): Promise<number> {
    const done = await evaluateJson<object | null>(user.organization, 'registry:getBusiness', [business.id]);
    if (done !== null) return latest.version;
    // One that was prepared for a key that the patient has replaced since is created anew.
    if (await this.writer.isStranded(user.organization, latest)) return latest.version;
    if (latest.status !== 'chained' && !isReturnedByVerifier(latest)) {
      throw problem(
        409,
        'RECORD_STATUS',
        `Version ${latest.version} is ${latest.status}: complete it before you amend it.`,
      );
    }
    return latest.version + 1;
  }

  private async selectorOf(
    organization: Organization,
    { recordId, version, ledgerId }: RecordEntry,
  ): Promise<Selector | undefined> {
    return this.directory.value<Selector>(organization, ledgerId, patientKeys.selector(recordId, version));
  }

  private async views(user: SessionUser, rows: readonly RecordRow[]): Promise<RecordView[]> {
    const { organization } = user;
    const ledgerIds = SEES_NUMBERS.has(user.role)
      ? [...new Set(rows.map(({ entry }) => entry.ledgerId))]
      : [];
    const numbers = await this.directory.numbersOf(organization, ledgerIds);
    const proven = await lastProvenOf(
      organization,
      rows.map(({ entry }) => entry),
    );
    return Promise.all(
      rows.map(async ({ entry, createdAt, chainedAt }) => {
        // To anybody but owner and author, showing it is a read that needs a receipt.
        const seesTitle = [entry.author, entry.ledgerId].includes(user.subject);
        const key = patientKeys.titleLine(entry.recordId, entry.version);
        const title = seesTitle
          ? await this.directory.value<TitleLine>(organization, entry.ledgerId, key)
          : undefined;
        const selector = seesTitle ? await this.selectorOf(organization, entry) : undefined;
        return {
          recordId: entry.recordId,
          version: entry.version,
          status: entry.status,
          next: nextStep(entry),
          ledgerId: entry.ledgerId,
          registrationNo: numbers.get(entry.ledgerId)?.number ?? null,
          hospital: entry.hospital,
          author: entry.author,
          policyVersion: entry.policyVersion,
          steps: entry.steps,
          createdAt: createdAt?.toISOString() ?? null,
          chainedAt: chainedAt?.toISOString() ?? null,
          sealedBy: entry.sealed?.sealedBy ?? null,
          contentHash: entry.chain?.contentHash ?? null,
          prevHash: entry.chain?.prevHash ?? null,
          effectiveDate: title?.date ?? null,
          disease: title?.disease ?? null,
          recordType: selector?.recordType ?? null,
          scope: selector?.scope ?? null,
          lastProven: proven.get(entry) ?? null,
        };
      }),
    );
  }
}

function requireDocument(document: unknown): void {
  const errors = documentErrors(document);
  if (errors.length > 0) {
    const fields = errors.map(({ field }) => field).join(', ');
    throw problem(
      400,
      'INVALID_REQUEST',
      `Correct these fields and send the request again: ${fields}.`,
      errors,
    );
  }
}
