import { Injectable } from '@nestjs/common';
import type { RecordedCoverage, RecordEntry, SanitisedProfile } from '@medseal/chaincode';
import { canonicalJson, CryptoError, sanitisedDocument } from '@medseal/crypto';
import { type Committed, LedgerError } from '../fabric/ledger-client.js';
import { newBusinessId } from '../http/business-request.js';
import { requireGatewayKeys } from '../http/keys-on-device.js';
import { type LedgerAnswer, ledgerAnswer } from '../http/ledger-answer.js';
import { notFound, problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { versionsOf } from '../records/covered-record.js';
import { damaged } from '../records/damaged.js';
import { RecordReader } from '../records/record-reader.js';
import { ObjectAlteredError, ObjectMissingError } from '../storage/object-store.js';

export interface SanitizedAnswer {
  recordId: string;
  version: number;
  hospital: string;
  profile: SanitisedProfile;
  coverage: RecordedCoverage;
  /** SHA-256 (hex) of the object, held against the ledger. */
  digest: string;
  /** A FHIR R4 document Bundle with masked values. */
  document: unknown;
  /** Null for the owner, whose reading needs none. */
  receipt: { receiptId: string; basis: 'sanitized'; blockNumber: number } | null;
  ledger?: LedgerAnswer;
}

interface SanitizedEntry {
  entry: RecordEntry;
  digest: string;
  profile: SanitisedProfile;
  coverage: RecordedCoverage;
}

/** Refusals of the receipt that are no matter of the caller's: the record is then as if it were not there. */
const HIDDEN: ReadonlySet<LedgerError['code']> = new Set([
  'NOT_ALLOWED',
  'RESEARCH_NOT_ALLOWED',
  'PATIENT_ERASED',
  'RECORD_STATUS',
]);

/** Sanitised documents of chained records; every reading but the owner's leaves a receipt first. */
@Injectable()
export class SanitizedFiles {
  constructor(private readonly reader: RecordReader) {}

  /**
   * For auditors and researchers of any organisation, researchers as far as the owner says yes to research; for whoever
   * sees the record's entries.
   *
   * @param version without it the newest one that has a sanitised file
   * @throws ProblemException 404 also where the caller may not see it; 409 `RECORD_STATUS` where there is none yet,
   *   `OBJECT_MISSING`, `OBJECT_ALTERED`, `KEYS_ON_DEVICE`
   */
  async read(user: SessionUser, recordId: string, version: number | undefined): Promise<SanitizedAnswer> {
    const { organization } = user;
    const isOutsider = user.role === 'auditor' || user.role === 'researcher';
    if (!isOutsider && (await this.reader.find(user, recordId)) === undefined) throw notFound();
    const found = await newest(organization, recordId, version);
    if (found === undefined) throw isOutsider ? notFound() : notYet();
    const { entry, digest, profile, coverage } = found;
    if (user.role === 'researcher' && profile !== 'research') throw notFound();
    const isOwner = user.role === 'patient';
    const committed = isOwner ? undefined : await receipt(user, recordId);
    return {
      recordId,
      version: entry.version,
      hospital: entry.hospital,
      profile,
      coverage,
      digest,
      document: await documentOf(organization, entry, digest),
      receipt:
        committed === undefined
          ? null
          : { receiptId: committed.transactionId, basis: 'sanitized', blockNumber: committed.blockNumber },
      ...(committed === undefined ? {} : { ledger: ledgerAnswer(committed) }),
    };
  }
}

const newest = async (
  organization: Organization,
  recordId: string,
  version: number | undefined,
): Promise<SanitizedEntry | undefined> => {
  for (const entry of await versionsOf(organization, recordId)) {
    const { blinded, sanitized } = entry.integrity ?? {};
    const isWanted = entry.status === 'chained' && (version ?? entry.version) === entry.version;
    if (isWanted && blinded && sanitized) {
      const { profile, coverage } = blinded;
      return { entry, digest: sanitized.object.digest, profile, coverage };
    }
  }
  return undefined;
};

const receipt = async (user: SessionUser, recordId: string): Promise<Committed> => {
  requireGatewayKeys(user);
  try {
    return await user.organization.ledger.submit(user.identity(), 'access:receipt', [
      newBusinessId(),
      canonicalJson({ basis: 'sanitized', recordIds: [recordId] }),
    ]);
  } catch (error) {
    if (error instanceof LedgerError && HIDDEN.has(error.code)) throw notFound();
    throw error;
  }
};

const documentOf = async (
  { objects }: Organization,
  entry: RecordEntry,
  digest: string,
): Promise<unknown> => {
  try {
    return sanitisedDocument(await objects.get(digest));
  } catch (error) {
    if (error instanceof ObjectMissingError)
      throw damaged('OBJECT_MISSING', entry, digest, 'is missing from the store', error);
    if (error instanceof ObjectAlteredError || error instanceof CryptoError)
      throw damaged('OBJECT_ALTERED', entry, digest, 'has been altered in the store', error);
    throw error;
  }
};

const notYet = () =>
  problem(
    409,
    'RECORD_STATUS',
    'No version of this record has a sanitised file: it has one once it is chained with the steps blind to attest.',
  );
