import { Injectable } from '@nestjs/common';
import {
  canonicalJson,
  CryptoError,
  decodeHeader,
  type LedgerFacts,
  openAsRecipient,
  toBase64,
} from '@medseal/crypto';
import type { ConsentEntry, CustodianAnswerEntry, RecordEntry, SealedPart } from '@medseal/chaincode';
import type { PublicEmergencyKey } from '../emergencies/emergency-key.js';
import type { Committed } from '../fabric/ledger-client.js';
import { KeySlots } from '../custodian/key-slots.js';
import type { BusinessRequest } from '../http/business-request.js';
import { type LedgerAnswer, ledgerAnswer } from '../http/ledger-answer.js';
import { notFound, problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { submitOnce } from '../outbox/submit-once.js';
import { ObjectAlteredError, ObjectMissingError } from '../storage/object-store.js';
import { unfoldDecimals } from './document/decimals.js';
import { madeOfSections, sectionsOf } from './document/fhir-document.js';
import { documentErrors, isBundle } from './document/validate-document.js';
import { DOCUMENT_FORMAT, type DocumentStatement } from '../verify/statement.js';
import { type AgentElement, type ConsentedRecord, ConsentedRecords } from './consented-records.service.js';
import { type EmergencyRecord, EmergencyRecords } from './emergency-records.service.js';
import { checkContent, decodeContent, type RecordContent } from './record-content.js';
import { RecordReader, type RecordRelation } from './record-reader.js';
import { referenceOf } from './record-writer.js';

export interface ReceiptView {
  receiptId: string;
  recordIds: string[];
  basis: 'author' | 'consent' | 'emergency';
  /** Of basis `consent` and `emergency`. */
  consentId?: string;
  /** Of basis `emergency`. */
  emergencyId?: string;
  blockNumber: number;
}

/** What a device needs to open a record with its own key; everything but the bytes stands on the ledger. */
export interface SealedAnswer {
  /** Null for the owner, whose reading needs none. */
  receipt: ReceiptView | null;
  recordId: string;
  version: number;
  status: RecordEntry['status'];
  channel: string;
  ledgerId: string;
  author: string;
  hospital: string;
  /** Base64 of the ciphertext chunks. */
  sealed: string;
  /** Base64 of the header object. */
  header: string;
  /** Base64 of the owner's newest capsule, null while there is none. */
  capsule: string | null;
  sealedDigest: string;
  headerDigest: string;
  dekCommitment: string;
  commitments: SealedPart['commitments'];
  /** Re-encrypted elements of agents; there are none where a key slot opens directly. */
  elements: AgentElement[];
  /** The public consent that the elements are for. */
  consent?: ConsentEntry;
  /** Of a consent to a care team: its key, base64, sealed to the receiving key of the caller's device. */
  teamKey?: string;
  /** In an emergency: the key that the grant is to, and the custodians' answers. */
  emergencyKey?: PublicEmergencyKey;
  custodianAnswers?: CustodianAnswerEntry[];
  ledger?: LedgerAnswer;
}

export interface OpenedAnswer {
  receipt: ReceiptView;
  recordId: string;
  version: number;
  /** In the form it was written: the eight sections, or a FHIR R4 document Bundle. */
  document: unknown;
  /** The FHIR R4 document Bundle that is sealed, which an owner's device sees. */
  bundle: unknown;
  selector: unknown;
  titleLine: unknown;
  /** When asked for: what the reader can show, to be verified by anybody. */
  statement?: DocumentStatement;
  /** Which parts are those that the ledger committed to. */
  verified: { selector: boolean; titleLine: boolean; document: boolean };
  ledger: LedgerAnswer;
}

interface Openable {
  entry: RecordEntry;
  sealed: SealedPart;
  relation: RecordRelation;
}

/** A record of a consent's owner; without version the newest that the consent covers. */
export interface RecordUnderConsent {
  recordId: string;
  version: number | undefined;
  consentId: string;
}

/** A record of a case's patient; without version the newest that the grant covers. */
export interface RecordInEmergency {
  recordId: string;
  version: number | undefined;
  emergencyId: string;
}

/** Opening, for the owner and the author, under a consent and in an emergency; every read but the owner's leaves a receipt on the ledger first. */
@Injectable()
export class OpenRecordsService {
  constructor(
    private readonly reader: RecordReader,
    private readonly keySlots: KeySlots,
    private readonly consented: ConsentedRecords,
    private readonly inEmergency: EmergencyRecords,
  ) {}

  /** The consent that opens the record for staff who did not write it and name none, as a treating team's member does. */
  async consentFor(
    user: SessionUser,
    recordId: string,
    version: number | undefined,
  ): Promise<string | undefined> {
    if (user.role === 'patient') return undefined;
    const row = await this.reader.find(user, recordId, version);
    return row?.relation === 'author' ? undefined : this.consented.applicable(user, recordId, version);
  }

  /**
   * Under a consent: the receipt is on the ledger before any agent is asked.
   *
   * @throws ProblemException 404 unless the caller is its grantee and the record its owner's; `CONSENT_REVOKED`,
   *   `CONSENT_EXPIRED`, `CONSENT_NOT_ACTIVE`, `NOT_IN_TERMS`, `AGENTS_UNAVAILABLE` and others by name
   */
  async openUnderConsent(
    user: SessionUser,
    business: BusinessRequest,
    { recordId, version, consentId }: RecordUnderConsent,
  ): Promise<SealedAnswer> {
    const found = await this.consented.find(user, consentId, recordId, version);
    const [content, header] = await this.objects(user.organization, found.entry, found.sealed);
    const capsule = this.consented.capsule(user, found, header);
    const teamKey = await this.consented.sealedTeamKey(user, found);
    const { receipt, ledger } = await this.consentReceipt(user, business, found);
    const elements = await this.consented.elements(user, found, receipt.receiptId, capsule);
    return {
      ...this.answer(user.organization, found.entry, found.sealed, [content, header], receipt, ledger),
      capsule: toBase64(capsule),
      elements,
      consent: found.consent,
      ...(teamKey === undefined ? {} : { teamKey: toBase64(teamKey) }),
    };
  }

  /** As `openUnderConsent`, opened with the reader's key that this gateway holds. */
  async decryptUnderConsent(
    user: SessionUser,
    business: BusinessRequest,
    { recordId, version, consentId }: RecordUnderConsent,
    withStatement = false,
  ): Promise<OpenedAnswer> {
    const found = await this.consented.find(user, consentId, recordId, version);
    const [content, header] = await this.objects(user.organization, found.entry, found.sealed);
    const { receipt, ledger } = await this.consentReceipt(user, business, found);
    const plaintext = await this.consented.open(user, found, receipt.receiptId, { content, header });
    return this.openedAnswer(user, found.entry, found.sealed, plaintext, { receipt, ledger }, withStatement);
  }

  /**
   * In an emergency: the receipt is on the ledger before any agent or custodian is asked.
   *
   * @throws ProblemException 404 unless the case is the caller's and the record its patient's; `EMERGENCY_ENDED`,
   *   `EMERGENCY_CLOSED`, `AGENTS_UNAVAILABLE`, `CUSTODIANS_UNAVAILABLE` and others by name
   */
  async openInEmergency(
    user: SessionUser,
    business: BusinessRequest,
    { recordId, version, emergencyId }: RecordInEmergency,
  ): Promise<SealedAnswer> {
    const found = await this.inEmergency.find(user, emergencyId, recordId, version);
    const objects = await this.objects(user.organization, found.entry, found.sealed);
    const capsule = this.inEmergency.capsule(user, found, objects[1]);
    const { receipt, ledger } = await this.emergencyReceipt(user, business, found);
    const answers = await this.inEmergency.answers(user, found, receipt.receiptId, capsule);
    return {
      ...this.answer(user.organization, found.entry, found.sealed, objects, receipt, ledger),
      capsule: toBase64(capsule),
      ...answers,
      consent: found.consent,
      emergencyKey: found.emergencyKey,
    };
  }

  /** As `openInEmergency`, opened with the reader's receiving key that this gateway holds. */
  async decryptInEmergency(
    user: SessionUser,
    business: BusinessRequest,
    { recordId, version, emergencyId }: RecordInEmergency,
    withStatement = false,
  ): Promise<OpenedAnswer> {
    const found = await this.inEmergency.find(user, emergencyId, recordId, version);
    const [content, header] = await this.objects(user.organization, found.entry, found.sealed);
    const { receipt, ledger } = await this.emergencyReceipt(user, business, found);
    const plaintext = await this.inEmergency.open(user, found, receipt.receiptId, { content, header });
    return this.openedAnswer(user, found.entry, found.sealed, plaintext, { receipt, ledger }, withStatement);
  }

  private async emergencyReceipt(
    user: SessionUser,
    business: BusinessRequest,
    record: EmergencyRecord,
  ): Promise<{ receipt: ReceiptView; ledger: LedgerAnswer }> {
    const committed = await this.inEmergency.receipt(user, business, record);
    const { transactionId: receiptId, blockNumber } = committed;
    const recordIds = [record.entry.recordId];
    const { consentId, emergencyId } = record.emergency;
    return {
      receipt: { receiptId, recordIds, basis: 'emergency', consentId, emergencyId, blockNumber },
      ledger: ledgerAnswer(committed),
    };
  }

  /** For a device that has signed for receipt and elements itself. */
  async forDevice(
    user: Pick<SessionUser, 'organization'>,
    found: ConsentedRecord,
    committed: Committed,
    elements: AgentElement[],
  ): Promise<SealedAnswer> {
    const { organization } = user;
    const { consent, entry, sealed } = found;
    const objects = await this.objects(organization, entry, sealed);
    const receipt: ReceiptView = {
      receiptId: committed.transactionId,
      recordIds: [entry.recordId],
      basis: 'consent',
      consentId: consent.consentId,
      blockNumber: committed.blockNumber,
    };
    const capsule = toBase64(this.consented.capsule(user, found, objects[1]));
    const answer = this.answer(organization, entry, sealed, objects, receipt, ledgerAnswer(committed));
    return { ...answer, capsule, elements, consent };
  }

  /** The header of a record under a consent. */
  async header({ organization }: Pick<SessionUser, 'organization'>, found: ConsentedRecord): Promise<Buffer> {
    return this.object(organization, found.entry, found.sealed.headerDigest);
  }

  private async consentReceipt(
    user: SessionUser,
    business: BusinessRequest,
    record: ConsentedRecord,
  ): Promise<{ receipt: ReceiptView; ledger: LedgerAnswer }> {
    const committed = await this.consented.receipt(user, business, record);
    const { transactionId: receiptId, blockNumber } = committed;
    const recordIds = [record.entry.recordId];
    const { consentId } = record.consent;
    return {
      receipt: { receiptId, recordIds, basis: 'consent', consentId, blockNumber },
      ledger: ledgerAnswer(committed),
    };
  }

  /** @throws ProblemException 404 for everybody but owner and author; 409 naming a record or object that does not hold */
  async open(
    user: SessionUser,
    business: BusinessRequest,
    recordId: string,
    version: number | undefined,
  ): Promise<SealedAnswer> {
    const openable = await this.openable(user, recordId, version);
    if (openable.relation === 'owner') {
      const { entry, sealed } = await this.withOwnerSlot(user.organization, openable);
      return this.sealedAnswer(user.organization, entry, sealed, null, undefined);
    }
    const { receipt, ledger } = await this.receipt(user, business, openable.entry);
    return this.sealedAnswer(user.organization, openable.entry, openable.sealed, receipt, ledger);
  }

  /** Opens with the staff member's key, which this gateway holds while the person is signed in. */
  async decrypt(
    user: SessionUser,
    business: BusinessRequest,
    recordId: string,
    version: number | undefined,
    withStatement = false,
  ): Promise<OpenedAnswer> {
    const { entry, sealed, relation } = await this.openable(user, recordId, version);
    if (relation !== 'author') {
      throw problem(
        409,
        'KEY_NOT_HELD',
        'The gateway does not hold your key: leave out decrypt and open the record on your device.',
      );
    }
    const { receipt, ledger } = await this.receipt(user, business, entry);
    const [content, header] = await this.objects(user.organization, entry, sealed);
    const plaintext = await this.plaintext(user, entry, sealed, content, header);
    return this.openedAnswer(user, entry, sealed, plaintext, { receipt, ledger }, withStatement);
  }

  private openedAnswer(
    user: SessionUser,
    entry: RecordEntry,
    sealed: SealedPart,
    plaintext: Uint8Array,
    { receipt, ledger }: { receipt: ReceiptView; ledger: LedgerAnswer },
    withStatement: boolean,
  ): OpenedAnswer {
    const opened = decodeContent(plaintext);
    if (opened === undefined) {
      throw problem(
        409,
        'CONTENT_UNREADABLE',
        `Record ${entry.recordId} opens, but what its author's device sealed is no record content.`,
      );
    }
    const bundle = unfoldDecimals(opened.document);
    const fromSections = isBundle(bundle) && documentErrors(bundle).length === 0 && madeOfSections(bundle);
    return {
      receipt,
      recordId: entry.recordId,
      version: entry.version,
      document: fromSections ? sectionsOf(bundle) : bundle,
      bundle,
      selector: opened.selector,
      titleLine: opened.titleLine,
      ...(withStatement && { statement: statementOf(user.organization, entry, opened) }),
      verified: checkContent(opened, sealed.commitments),
      ledger,
    };
  }

  private async openable(
    user: SessionUser,
    recordId: string,
    version: number | undefined,
  ): Promise<Openable> {
    const row = await this.reader.find(user, recordId, version);
    if (row === undefined || row.relation === 'hospital') throw notFound();
    const { entry, relation } = row;
    if (entry.sealed === null) {
      throw problem(
        409,
        'RECORD_STATUS',
        `Version ${entry.version} of this record is not sealed yet: there is nothing to open.`,
      );
    }
    return { entry, sealed: entry.sealed, relation };
  }

  /** A record written before the activation gets the owner's slot from the writing hospital's custodian. */
  private async withOwnerSlot(
    organization: Organization,
    { entry, sealed }: Openable,
  ): Promise<{ entry: RecordEntry; sealed: SealedPart }> {
    if (entry.ownerSlots.length > 0) return { entry, sealed };
    const now = await this.keySlots.waitFor(organization, entry);
    if (now?.sealed && now.ownerSlots.length > 0) return { entry: now, sealed: now.sealed };
    throw problem(
      409,
      'KEY_SLOT_PENDING',
      'The writing hospital has not yet handed this record over to your key: try again later.',
      undefined,
      { headers: { 'Retry-After': '10' } },
    );
  }

  private async receipt(
    user: SessionUser,
    business: BusinessRequest,
    entry: RecordEntry,
  ): Promise<{ receipt: ReceiptView; ledger: LedgerAnswer }> {
    const recordIds = [entry.recordId];
    const committed = await submitOnce(user.organization, user.identity(), 'access:receipt', [
      business.id,
      canonicalJson({ recordIds, basis: 'author' }),
    ]);
    const { transactionId: receiptId, blockNumber } = committed;
    return {
      receipt: { receiptId, recordIds, basis: 'author', blockNumber },
      ledger: ledgerAnswer(committed),
    };
  }

  private async sealedAnswer(
    organization: Organization,
    entry: RecordEntry,
    sealed: SealedPart,
    receipt: ReceiptView | null,
    ledger: LedgerAnswer | undefined,
  ): Promise<SealedAnswer> {
    const objects = await this.objects(organization, entry, sealed);
    return this.answer(organization, entry, sealed, objects, receipt, ledger);
  }

  private answer(
    organization: Organization,
    entry: RecordEntry,
    sealed: SealedPart,
    [content, header]: [Buffer, Buffer],
    receipt: ReceiptView | null,
    ledger: LedgerAnswer | undefined,
  ): SealedAnswer {
    const capsule = decodeHeader(header).slots.findLast((slot) => slot.capsule !== null)?.capsule ?? null;
    return {
      receipt,
      recordId: entry.recordId,
      version: entry.version,
      status: entry.status,
      channel: organization.ledger.channel,
      ledgerId: entry.ledgerId,
      author: entry.author,
      hospital: entry.hospital,
      sealed: content.toString('base64'),
      header: header.toString('base64'),
      capsule: capsule === null ? null : toBase64(capsule),
      sealedDigest: sealed.sealedDigest,
      headerDigest: sealed.headerDigest,
      dekCommitment: sealed.dekCommitment,
      commitments: sealed.commitments,
      elements: [],
      ...(ledger === undefined ? {} : { ledger }),
    };
  }

  /** Content and header as stored, each checked against the ledger's digest. */
  private async objects(
    organization: Organization,
    entry: RecordEntry,
    sealed: SealedPart,
  ): Promise<[Buffer, Buffer]> {
    return [
      await this.object(organization, entry, sealed.sealedDigest),
      await this.object(organization, entry, sealed.headerDigest),
    ];
  }

  private async object(organization: Organization, entry: RecordEntry, digest: string): Promise<Buffer> {
    try {
      return await organization.objects.get(digest);
    } catch (error) {
      if (error instanceof ObjectAlteredError)
        throw damaged('OBJECT_ALTERED', entry, digest, 'has been altered in the store', error);
      if (error instanceof ObjectMissingError)
        throw damaged('OBJECT_MISSING', entry, digest, 'is missing from the store', error);
      throw error;
    }
  }

  private async plaintext(
    user: SessionUser,
    entry: RecordEntry,
    sealed: SealedPart,
    content: Buffer,
    header: Buffer,
  ): Promise<Uint8Array> {
    const facts: LedgerFacts = {
      record: referenceOf(user.organization, entry),
      sealedDigest: sealed.sealedDigest,
      dekCommitment: sealed.dekCommitment,
      headerDigest: sealed.headerDigest,
    };
    const recipient = { kind: 'author' as const, id: user.subject, secretKey: user.receivingSecretKey() };
    try {
      return await openAsRecipient({ sealed: content, header, facts, recipient });
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      throw problem(
        409,
        'RECORD_UNOPENABLE',
        `Record ${entry.recordId}, version ${entry.version}, does not open with your key (${error.code}): ` +
          'after a password reset earlier records open by consent only.',
        undefined,
        { cause: error },
      );
    }
  }
}

/** The document as it is committed to, decimals folded: a program that parses and writes JSON does not alter it. */
const statementOf = (
  { ledger }: Organization,
  { recordId, version }: RecordEntry,
  { document, documentSalt: salt }: RecordContent,
): DocumentStatement => ({
  format: DOCUMENT_FORMAT,
  channel: ledger.channel,
  recordId,
  version,
  salt,
  document,
});

const damaged = (
  code: string,
  { recordId, version }: RecordEntry,
  digest: string,
  what: string,
  cause: Error,
) =>
  problem(
    409,
    code,
    `Object ${digest} of record ${recordId}, version ${version}, ${what}: restore it from a copy.`,
    undefined,
    {
      cause,
    },
  );
