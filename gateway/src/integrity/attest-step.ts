import { Injectable } from '@nestjs/common';
import type {
  AttestArgument,
  Attestation,
  AttestReturnReason,
  RecordEntry,
  ReturnedPart,
  SanitisedProfile,
  SanitizedPart,
  UploadedPart,
} from '@medseal/chaincode';
import {
  canonicalJson,
  CryptoError,
  type Difference,
  type DocumentCoverage,
  fromBase64,
} from '@medseal/crypto';
import { type BusinessRequest, businessId } from '../http/business-request.js';
import { type FieldError, problem, ProblemException } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { submitOnce } from '../outbox/submit-once.js';
import { OpenRecordsService, type ReceiptView } from '../records/open-records.service.js';
import { checkContent, type RecordContent } from '../records/record-content.js';
import { RecordReader } from '../records/record-reader.js';
import { type RecordStatus, statusOf } from '../records/record-status.js';
import { referenceOf } from '../records/record-writer.js';
import { outOfOrder } from '../records/step-order.js';
import { ObjectAlteredError, ObjectMissingError } from '../storage/object-store.js';
import { awaitedEntry, type BlindedEntry, requireSameRound } from './awaited-entry.js';
import { FileQueue } from './file-queue.js';
import type { ComparedFiles } from './comparing-work.js';
import { DocumentPeople } from './known-people.js';
import { deleteRoundObjects } from './round-objects.js';
import { signerOf } from './signer-of.js';

/** Something that is not as it must be, with the code under which a verifier gives the record back. */
export interface Finding {
  code: AttestReturnReason;
  detail: string;
  /** Where in the document, without the numbers of entries. */
  path?: string;
}

/** What a verifier decides about; the original itself is opened with POST /records/{id}/open. */
export interface AttestingView {
  recordId: string;
  version: number;
  round: number;
  author: string;
  profile: SanitisedProfile;
  /** Nothing, where everything that is stored is what it must be. */
  findings: Finding[];
  /** The sanitised FHIR document; null where it cannot be read. */
  sanitized: unknown;
  coverage: DocumentCoverage | null;
  threshold: number;
  attestations: Attestation[];
  /** Why an earlier round came back. */
  returned: ReturnedPart | null;
  receipt: ReceiptView;
}

interface UploadedEntry extends BlindedEntry {
  integrity: BlindedEntry['integrity'] & { sanitized: SanitizedPart; uploaded: UploadedPart };
}

interface Checked {
  receipt: ReceiptView;
  findings: Finding[];
  files?: ComparedFiles;
}

/** The bytes of a round as the cloud gives them back. */
type StoredFiles = Record<'object' | 'signedFile' | 'sealedSignedFile', Buffer>;

/**
 * The verifiers' step: what the cloud gives back is held against the ledger, its authenticators, and the original that
 * the verifier's own key opens.
 */
@Injectable()
export class AttestStep {
  constructor(
    private readonly reader: RecordReader,
    private readonly opening: OpenRecordsService,
    private readonly people: DocumentPeople,
    private readonly queue: FileQueue,
  ) {}

  /** Whether the record waits for this person to attest it. */
  awaits({ subject }: Pick<SessionUser, 'subject'>, { status, panel, integrity }: RecordEntry): boolean {
    const isNamed = status === 'uploaded' && panel?.verifiers.includes(subject) === true;
    return isNamed && !hasAttested(integrity?.attestations, subject);
  }

  /**
   * Opens the record, which leaves a receipt, and says what was found.
   *
   * @throws ProblemException 404, 403 `NOT_ON_PANEL`, 409 `STEP_NOT_REQUIRED`, `RECORD_STATUS`, `RECORD_UNOPENABLE`; LedgerError
   */
  async show(user: SessionUser, business: BusinessRequest, recordId: string): Promise<AttestingView> {
    const entry = await this.awaited(user, recordId);
    const { version, author, panel, integrity } = entry;
    const { receipt, findings, files } = await this.check(user, business, entry);
    return {
      recordId,
      version,
      round: integrity.round,
      author,
      profile: integrity.blinded.profile,
      findings,
      sanitized: files?.document ?? null,
      coverage: files?.coverage ?? null,
      threshold: panel?.threshold ?? 0,
      attestations: integrity.attestations,
      returned: integrity.returned,
      receipt,
    };
  }

  /**
   * Approves what the checks approve. Harmless to repeat: whoever has approved this round is answered as it stands.
   *
   * @param round the one that was looked at; without it the present one
   * @throws as `show`; ProblemException 409 `ROUND_DIFFERS`, 422 with the code of the first finding
   */
  async run(
    user: SessionUser,
    business: BusinessRequest,
    recordId: string,
    round?: number,
  ): Promise<RecordStatus> {
    const entry = await this.entry(user, recordId);
    requireSameRound(entry, round);
    if (hasAttested(entry.integrity?.attestations, user.subject)) return statusOf(entry);
    const uploaded = uploadedEntry(entry);
    const { findings } = await this.check(user, business, uploaded);
    if (findings.length > 0) throw refused(findings);
    return this.attest(user, uploaded, { verdict: 'approve', reasonCode: null });
  }

  /**
   * Back to the author: what was stored in this round is taken out of the cloud.
   *
   * @throws as `show`; ProblemException 409 `ROUND_DIFFERS`
   */
  async giveBack(
    user: SessionUser,
    recordId: string,
    reasonCode: AttestReturnReason,
    round?: number,
  ): Promise<RecordStatus> {
    const entry = await this.awaited(user, recordId);
    requireSameRound(entry, round);
    const answer = await this.attest(user, entry, { verdict: 'return', reasonCode });
    await deleteRoundObjects(user.organization, entry);
    return answer;
  }

  private async attest(
    user: SessionUser,
    entry: UploadedEntry,
    verdict: Pick<AttestArgument, 'verdict' | 'reasonCode'>,
  ): Promise<RecordStatus> {
    const { organization, subject } = user;
    const { recordId, version, integrity } = entry;
    const { round } = integrity;
    const act = businessId('attest', recordId, String(version), String(round), subject, verdict.verdict);
    const argument: AttestArgument = { recordId, version, round, ...verdict };
    const committed = await submitOnce(organization, user.identity(), 'integrity:attest', [
      act,
      canonicalJson(argument),
    ]);
    return statusOf(await this.reader.entryAfter(organization, entry, committed), committed);
  }

  private entry(user: SessionUser, recordId: string): Promise<RecordEntry> {
    return awaitedEntry(this.reader, user, recordId, 'attest');
  }

  private async awaited(user: SessionUser, recordId: string): Promise<UploadedEntry> {
    return uploadedEntry(await this.entry(user, recordId));
  }

  private async check(user: SessionUser, business: BusinessRequest, entry: UploadedEntry): Promise<Checked> {
    const { organization } = user;
    const receipt = await this.opening.verifierReceipt(user, business, entry);
    const opened = await this.opened(user, entry);
    if ('code' in opened) return { receipt, findings: [opened] };
    const { content, ciphertext } = opened;
    const stored = await storedFiles(organization, entry);
    if (Array.isArray(stored)) return { receipt, findings: stored };
    const { tags, profile } = entry.integrity.blinded;
    const findings: Finding[] = [];
    if (entry.sealed === null || !checkContent(content, entry.sealed.commitments).document)
      findings.push({
        code: 'DOCUMENT_WRONG',
        detail: 'The sealed document is not the one of its commitment.',
      });
    try {
      const files = await this.queue.run('compare', {
        signer: await signerOf(organization, entry),
        record: referenceOf(organization, entry),
        tags: { sealed: fromBase64(tags.sealed), sanitized: fromBase64(tags.sanitized) },
        stored: { ...stored, sealed: ciphertext },
        original: content.document,
        layOut: {
          profile,
          people: await this.people.of(organization, entry.ledgerId),
          // The ledger took the round only with the owner's choice.
          researchConsentId: `${entry.recordId}/${entry.integrity.round}`,
        },
      });
      return { receipt, files, findings: [...findings, ...findingsOf(files)] };
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      return { receipt, findings: [...findings, unreadable(error)] };
    }
  }

  /** A sealed object that the cloud does not give back is a finding, too. */
  private async opened(
    user: SessionUser,
    entry: RecordEntry,
  ): Promise<{ content: RecordContent; ciphertext: Buffer } | Finding> {
    try {
      return await this.opening.openedByVerifier(user, entry);
    } catch (error) {
      if (!(error instanceof ProblemException) || !isObjectProblem(error.code)) throw error;
      return { code: 'OBJECT_MISSING', detail: error.problem.detail };
    }
  }
}

const hasAttested = (attestations: readonly Attestation[] | undefined, subject: string): boolean =>
  attestations?.some(({ verifier }) => verifier === subject) === true;

const uploadedEntry = (entry: RecordEntry): UploadedEntry => {
  const { status, integrity } = entry;
  const isUploaded = status === 'uploaded' || status === 'attested';
  if (isUploaded && integrity?.blinded && integrity.sanitized && integrity.uploaded) {
    const { blinded, sanitized, uploaded } = integrity;
    return { ...entry, integrity: { ...integrity, blinded, sanitized, uploaded } };
  }
  throw outOfOrder(entry, 'attest', 'uploaded');
};

/** All three, or what is wrong with some of them. */
const storedFiles = async (
  { objects }: Organization,
  { integrity: { sanitized, uploaded } }: UploadedEntry,
): Promise<StoredFiles | Finding[]> => {
  const findings: Finding[] = [];
  const read = async (digest: string, what: string): Promise<Buffer> => {
    try {
      return await objects.get(digest);
    } catch (error) {
      const isMissing = error instanceof ObjectMissingError;
      if (!isMissing && !(error instanceof ObjectAlteredError)) throw error;
      const detail = `${what} ${isMissing ? 'is not in the cloud' : 'was altered in the cloud'}.`;
      findings.push({ code: 'OBJECT_MISSING', detail });
      return Buffer.alloc(0);
    }
  };
  const files: StoredFiles = {
    object: await read(sanitized.object.digest, 'The sanitised document'),
    signedFile: await read(sanitized.signedFile.digest, 'The signed file of the sanitised document'),
    sealedSignedFile: await read(uploaded.sealedSignedFile.digest, 'The signed file of the sealed object'),
  };
  return findings.length > 0 ? findings : files;
};

const CODES: Readonly<Record<Difference['kind'], AttestReturnReason>> = {
  left: 'PERSONAL_DATA_LEFT',
  foreign: 'DOCUMENT_WRONG',
  lost: 'TOO_MUCH_REPLACED',
};

const WORDS: Readonly<Record<Difference['kind'], string>> = {
  left: 'Something is left that the profile replaces.',
  foreign: 'Something is not as the original has it.',
  lost: 'Something is gone that the profile keeps.',
};

/** The gravest first: a verifier gives back with the first one's code. */
const findingsOf = ({ faults, differences }: ComparedFiles): Finding[] => {
  const found = differences.map(({ kind, path }) => ({ code: CODES[kind], detail: WORDS[kind], path }));
  const grave = (finding: Finding): number => Object.values(CODES).indexOf(finding.code);
  return [
    ...faults.map((detail): Finding => ({ code: 'DOCUMENT_WRONG', detail: `Stored ${detail}.` })),
    ...found.sort((left, right) => grave(left) - grave(right)),
  ];
};

const unreadable = (error: CryptoError): Finding => ({
  code: 'DOCUMENT_WRONG',
  detail: `What is stored cannot be compared with the original (${error.code}): ${error.message}.`,
});

const isObjectProblem = (code: string): boolean => code === 'OBJECT_MISSING' || code === 'OBJECT_ALTERED';

const refused = (findings: readonly Finding[]): ProblemException => {
  const [{ code, detail }] = findings as [Finding];
  const errors = findings.map((finding): FieldError => ({
    field: finding.path ?? finding.code,
    message: finding.detail,
  }));
  return problem(
    422,
    code,
    `${detail} Give the record back with POST /records/{id}/attest {"return": "${code}"}.`,
    errors,
  );
};
