import { Injectable } from '@nestjs/common';
import type { BlindArgument, RecordEntry, ResearchChoiceEntry } from '@medseal/chaincode';
import { canonicalJson, CryptoError, toBase64 } from '@medseal/crypto';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { Committed } from '../fabric/ledger-client.js';
import { businessId } from '../http/business-request.js';
import { requireGatewayKeys } from '../http/keys-on-device.js';
import { problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { submitOnce } from '../outbox/submit-once.js';
import { OpenRecordsService } from '../records/open-records.service.js';
import { RecordReader } from '../records/record-reader.js';
import { referenceOf } from '../records/record-writer.js';
import { FileQueue } from './file-queue.js';
import type { BlindedFiles, ToBlind } from './file-work.js';
import { IdentityKeys } from './identity-keys.js';
import { DocumentPeople } from './known-people.js';
import { sanitizerOf } from './panel.js';
import { sealPackage } from './sealed-package.js';
import {
  forgetOtherSealedSignedFiles,
  forgetSealedSignedFile,
  hasStepFiles,
  noteSealedSignedFile,
} from './step-files.js';

/**
 * The author's step: both files of a record are signed with the author's identity key, the document's personal sectors
 * blinded, and the package for the sanitiser put into the hospital's spool. The document is in the clear in memory only.
 */
@Injectable()
export class BlindStep {
  private readonly running = new Map<string, Promise<Committed>>();

  constructor(
    private readonly reader: RecordReader,
    private readonly opening: OpenRecordsService,
    private readonly identityKeys: IdentityKeys,
    private readonly people: DocumentPeople,
    private readonly queue: FileQueue,
  ) {}

  /**
   * Begins the next round of a version; harmless to repeat.
   *
   * @param document of a record that was sealed just now; else it is opened with the author's own key
   * @throws ProblemException 409 `KEYS_ON_DEVICE`, `PANEL_INCOMPLETE`, `DOCUMENT_NOT_SIGNABLE`, 503 `EXTRACTORS_UNAVAILABLE`,
   *   `FILES_WAITING`; LedgerError
   */
  run(user: SessionUser, entry: RecordEntry, document?: unknown): Promise<Committed> {
    requireGatewayKeys(user);
    const { recordId, version, integrity } = entry;
    const act = businessId('blind', recordId, String(version), String(integrity?.round ?? 0));
    const running =
      this.running.get(act) ?? this.blind(user, entry, act, document).finally(() => this.running.delete(act));
    this.running.set(act, running);
    return running;
  }

  /** Whether the step after this one cannot be taken any more as things are: files are gone, or the choice about research. */
  async mustBeginAnew({ organization }: SessionUser, entry: RecordEntry): Promise<boolean> {
    if (entry.status !== 'blinded' && entry.status !== 'sanitized') return false;
    const isResearch = entry.integrity?.blinded?.profile === 'research';
    if (isResearch && (await researchConsent(organization, entry.ledgerId)) === undefined) return true;
    return !(await hasStepFiles(organization, entry));
  }

  private async blind(
    user: SessionUser,
    entry: RecordEntry,
    act: string,
    document: unknown,
  ): Promise<Committed> {
    const { organization } = user;
    const { recordId, version, integrity } = entry;
    const round = (integrity?.round ?? 0) + 1;
    const sanitizer = await sanitizerOf(organization, entry);
    const sanitizerKey = await this.reader.receivingKey(organization, sanitizer);
    const researchConsentId = await researchConsent(organization, entry.ledgerId);
    const profile = researchConsentId === undefined ? 'minimal' : 'research';
    const files = await this.signed(user, entry, document, {
      profile,
      ...(researchConsentId === undefined ? {} : { researchConsentId }),
      people: await this.people.of(organization, entry.ledgerId),
    });
    const reference = { channel: organization.ledger.channel, recordId, version, round };
    const sealed = await sealPackage(sanitizerKey?.publicKey ?? '', reference, files.package);
    const packageDigest = await organization.spool.put(recordId, sealed);
    const signedFile = await organization.spool.put(recordId, files.sealedSignedFile);
    await noteSealedSignedFile(organization, recordId, files.tags.sealed, signedFile);
    const argument: BlindArgument = {
      recordId,
      version,
      round,
      sanitizer,
      tags: { sealed: toBase64(files.tags.sealed), sanitized: toBase64(files.tags.sanitized) },
      packageDigest,
      packageBytes: sealed.length,
      profile,
    };
    const committed = await submitOnce(
      organization,
      user.identity(),
      'integrity:blind',
      [act, canonicalJson(argument)],
      { transient: { replacedSet: files.replacedSet } },
    );
    await this.tidy(organization, entry, { packageDigest, signedFile });
    return committed;
  }

  private async signed(
    user: SessionUser,
    entry: RecordEntry,
    document: unknown,
    layOut: ToBlind['layOut'],
  ): Promise<BlindedFiles> {
    const { organization } = user;
    const signer = await this.identityKeys.keyOf(organization, {
      identity: user.identity(),
      receivingSecretKey: user.receivingSecretKey(),
    });
    try {
      return await this.queue.run('blind', {
        signer,
        record: referenceOf(organization, entry),
        document: document ?? (await this.opening.documentOf(user, entry)),
        layOut,
        sealed: await this.opening.sealedObject(organization, entry),
      });
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      throw problem(
        409,
        'DOCUMENT_NOT_SIGNABLE',
        `The document cannot be signed as it is (${error.message}): amend the record with another one.`,
        undefined,
        { cause: error },
      );
    }
  }

  /** What earlier rounds left, and what a repetition made although the first attempt counts. */
  private async tidy(
    organization: Organization,
    before: RecordEntry,
    made: { packageDigest: string; signedFile: string },
  ): Promise<void> {
    const { recordId, version, integrity } = before;
    const now = await this.reader.current(organization, recordId, version);
    const counts = now?.integrity?.blinded?.packageDigest === made.packageDigest;
    const { blinded, sanitized } = integrity ?? {};
    const left = [blinded?.packageDigest, sanitized?.object.digest, sanitized?.signedFile.digest];
    if (counts) {
      left.push(...(await forgetOtherSealedSignedFiles(organization, recordId, made.signedFile)));
    } else {
      left.push(made.packageDigest, made.signedFile);
      await forgetSealedSignedFile(organization, recordId, made.signedFile);
    }
    for (const digest of left) if (digest !== undefined) await organization.spool.delete(recordId, digest);
  }
}

/** The owner's choice in favour, by its instant; undefined for a choice against it, and for none. */
const researchConsent = async (organization: Organization, ledgerId: string): Promise<string | undefined> => {
  const choice = await evaluateJson<ResearchChoiceEntry | null>(organization, 'consent:getResearchChoice', [
    ledgerId,
  ]);
  return choice?.allowed === true ? choice.at : undefined;
};
