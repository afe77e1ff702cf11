import { Injectable } from '@nestjs/common';
import type {
  ObjectReference,
  PackageReturnReason,
  RecordEntry,
  ReturnedPart,
  ReturnArgument,
  SanitizeArgument,
  SanitisedProfile,
} from '@medseal/chaincode';
import {
  canonicalJson,
  CryptoError,
  type DocumentCoverage,
  fromBase64,
  type ReplacedPlace,
} from '@medseal/crypto';
import { businessId } from '../http/business-request.js';
import { problem, type ProblemException } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { submitOnce } from '../outbox/submit-once.js';
import { RecordReader } from '../records/record-reader.js';
import { type RecordStatus, statusOf } from '../records/record-status.js';
import { referenceOf } from '../records/record-writer.js';
import { outOfOrder } from '../records/step-order.js';
import { FileQueue } from './file-queue.js';
import type { SanitisedFiles } from './sanitising-work.js';
import { awaitedEntry, type BlindedEntry, requireSameRound } from './awaited-entry.js';
import { leftFault, type PackageFault, refusalFault } from './package-fault.js';
import { openPackage } from './sealed-package.js';
import { signerOf } from './signer-of.js';
import { StepFileError } from './step-spool.js';

/** What a sanitiser decides about: nothing personal of anybody. */
export interface SanitizingView {
  recordId: string;
  version: number;
  round: number;
  hospital: string;
  /** Staff id. */
  author: string;
  profile: SanitisedProfile;
  /** Null for a package that can be sanitised. */
  fault: PackageFault | null;
  /** The FHIR document as it will be stored; null where the package does not open. */
  document: unknown;
  replaced: ReplacedPlace[];
  coverage: DocumentCoverage | null;
  /** Why an earlier round came back. */
  returned: ReturnedPart | null;
}

type Checked =
  { files: SanitisedFiles; fault: PackageFault | null } | { files?: undefined; fault: PackageFault };

/**
 * The sanitiser's step: checks every authenticator of the author's package, puts the wildcards in and transforms the
 * authenticators, without the author's key. Only the named sanitiser's own key opens the package.
 */
@Injectable()
export class SanitizeStep {
  private readonly running = new Map<string, Promise<RecordStatus>>();

  constructor(
    private readonly reader: RecordReader,
    private readonly queue: FileQueue,
  ) {}

  /** Whether the record waits for this person to sanitise it. */
  awaits({ subject }: Pick<SessionUser, 'subject'>, { status, panel }: RecordEntry): boolean {
    return status === 'blinded' && panel?.sanitizer === subject;
  }

  /** @throws ProblemException 404, 403 `NOT_ON_PANEL`, 409 `STEP_NOT_REQUIRED`, `RECORD_STATUS`, `PACKAGE_MISSING` */
  async show(user: SessionUser, recordId: string): Promise<SanitizingView> {
    const entry = await this.awaited(user, recordId);
    const { version, hospital, author, integrity } = entry;
    const { files, fault } = await this.check(user, entry);
    return {
      recordId,
      version,
      round: integrity.round,
      hospital,
      author,
      profile: integrity.blinded.profile,
      fault,
      document: files?.document ?? null,
      replaced: files?.places ?? [],
      coverage: files?.coverage ?? null,
      returned: integrity.returned,
    };
  }

  /**
   * Harmless to repeat: what this person has done in this round is answered as it stands.
   *
   * @param round the one that was looked at; without it the present one
   * @throws as `show`; ProblemException 409 `ROUND_DIFFERS`, 422 with the code of what is wrong with the package; LedgerError
   */
  async run(user: SessionUser, recordId: string, round?: number): Promise<RecordStatus> {
    const entry = await this.entry(user, recordId);
    requireSameRound(entry, round);
    if (entry.status !== 'blinded' && entry.integrity?.sanitized?.by === user.subject) return statusOf(entry);
    const act = businessId('sanitize', recordId, String(entry.version), String(entry.integrity?.round));
    const running =
      this.running.get(act) ?? this.sanitize(user, recordId, act).finally(() => this.running.delete(act));
    this.running.set(act, running);
    return running;
  }

  /** Back to the author, to be blinded anew. @throws as `show`; ProblemException 409 `ROUND_DIFFERS`; LedgerError */
  async giveBack(
    user: SessionUser,
    recordId: string,
    reasonCode: PackageReturnReason,
    round?: number,
  ): Promise<RecordStatus> {
    const { organization } = user;
    const entry = await this.awaited(user, recordId);
    requireSameRound(entry, round);
    const argument: ReturnArgument = {
      recordId,
      version: entry.version,
      round: entry.integrity.round,
      reasonCode,
    };
    const act = businessId('returnPackage', recordId, String(argument.version), String(argument.round));
    const committed = await submitOnce(organization, user.identity(), 'integrity:returnPackage', [
      act,
      canonicalJson(argument),
    ]);
    await organization.spool.clear(recordId);
    return statusOf(await this.reader.entryAfter(organization, entry, committed), committed);
  }

  private async sanitize(user: SessionUser, recordId: string, act: string): Promise<RecordStatus> {
    const { organization } = user;
    const entry = await this.awaited(user, recordId);
    const { files, fault } = await this.check(user, entry);
    if (files === undefined || fault !== null) throw refused(fault);
    const argument: SanitizeArgument = {
      recordId,
      version: entry.version,
      round: entry.integrity.round,
      object: await spooled(organization, recordId, files.content),
      signedFile: await spooled(organization, recordId, files.signedFile),
    };
    const committed = await submitOnce(organization, user.identity(), 'integrity:sanitize', [
      act,
      canonicalJson(argument),
    ]);
    await organization.spool.delete(recordId, entry.integrity.blinded.packageDigest);
    return statusOf(await this.reader.entryAfter(organization, entry, committed), committed);
  }

  private entry(user: SessionUser, recordId: string): Promise<RecordEntry> {
    return awaitedEntry(this.reader, user, recordId, 'sanitize');
  }

  private async awaited(user: SessionUser, recordId: string): Promise<BlindedEntry> {
    const entry = await this.entry(user, recordId);
    return blindedEntry(entry);
  }

  private async check(user: SessionUser, entry: BlindedEntry): Promise<Checked> {
    const { organization } = user;
    const { recordId, version, integrity } = entry;
    const { blinded, round } = integrity;
    // Whose key a device holds is told before anything is read.
    const secretKey = user.receivingSecretKey();
    try {
      const sealed = await organization.spool.get(recordId, blinded.packageDigest);
      const reference = { channel: organization.ledger.channel, recordId, version, round };
      const files = await this.queue.run('sanitise', {
        signer: await signerOf(organization, entry),
        record: referenceOf(organization, entry),
        profile: blinded.profile,
        tag: fromBase64(blinded.tags.sanitized),
        package: await openPackage(secretKey, reference, sealed),
      });
      return { files, fault: leftFault(files) };
    } catch (error) {
      return { fault: faultOf(error) };
    }
  }
}

const blindedEntry = (entry: RecordEntry): BlindedEntry => {
  const { integrity } = entry;
  if (entry.status === 'blinded' && integrity?.blinded)
    return { ...entry, integrity: { ...integrity, blinded: integrity.blinded } };
  throw outOfOrder(entry, 'sanitize', 'blinded');
};

const spooled = async (
  { spool }: Organization,
  recordId: string,
  bytes: Uint8Array,
): Promise<ObjectReference> => ({ digest: await spool.put(recordId, bytes), bytes: bytes.length });

/** A package that is gone is no fault of anybody's. @throws anything that says nothing about the package */
const faultOf = (error: unknown): PackageFault => {
  if (error instanceof StepFileError && error.fault === 'missing') {
    throw problem(
      409,
      'PACKAGE_MISSING',
      'The package is no longer in the spool: its author hands it over anew with POST /records/{id}/blind.',
      undefined,
      { cause: error },
    );
  }
  if (error instanceof StepFileError)
    return { code: 'BAD_PACKAGE', detail: 'The package was altered in the spool.' };
  if (error instanceof CryptoError) return refusalFault(error);
  throw error;
};

const refused = (fault: PackageFault | null): ProblemException =>
  problem(
    422,
    fault?.code ?? 'BAD_PACKAGE',
    `${fault?.detail ?? ''} Give it back with POST /records/{id}/sanitize {"return": "${fault?.code ?? ''}"}.`,
    fault?.errors,
  );
