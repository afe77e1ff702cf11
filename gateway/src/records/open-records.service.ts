import { Injectable } from '@nestjs/common';
import { canonicalJson, CryptoError, decodeHeader, openAsRecipient, toBase64 } from '@medseal/crypto';
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
import { capsuleOf, factsOf } from './covered-record.js';
import { damaged } from './damaged.js';
import { type EmergencyRecord, EmergencyRecords } from './emergency-records.service.js';
import { checkContent, decodeContent, type RecordContent } from './record-content.js';
import { RecordReader, type RecordRelation } from './record-reader.js';

export interface ReceiptView {
  receiptId: string;
  recordIds: string[];
  basis: 'author' | 'verifier' | 'consent' | 'emergency';
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
  relation: DirectRelation | 'owner';
}

/** Who has a key slot of their own, beside the owner; a receipt's basis and a recipient's kind have the same names. */
type DirectRelation = Extract<RecordRelation, 'author' | 'verifier'>;

/** A read that its receipt on the ledger allows. */
interface Receipted {
  receipt: ReceiptView;
  ledger: LedgerAnswer;
}

const receiptedBy = (
  committed: Committed,
  { recordId }: RecordEntry,
  basis: Pick<ReceiptView, 'basis' | 'consentId' | 'emergencyId'>,
): Receipted => {
  const { transactionId: receiptId, blockNumber } = committed;
  return {
    receipt: { receiptId, recordIds: [recordId], ...basis, blockNumber },
    ledger: ledgerAnswer(committed),
  };
};

/** A record of a case's patient; without version the newest that the grant covers. */
export interface RecordInEmergency {
  recordId: string;
  version: number | undefined;
  emergencyId: string;
}

/** Opening, for the owner, the author and the verifiers who attest, under a consent and in an emergency; every read but the owner's leaves a receipt on the ledger first. */
@Injectable()
export class OpenRecordsService {
  constructor(
    private readonly reader: RecordReader,
    private readonly keySlots: KeySlots,
    private readonly consented: ConsentedRecords,
    private readonly inEmergency: EmergencyRecords,
  ) {}

  /**
   * The record under the consent that is named; where none is, for staff who did not write it, under one that opens it,
   * as for a treating team's member.
   *
   * @returns undefined where no consent is needed, or none opens it
   * @throws ProblemException 404 unless the caller is the consent's grantee and the record its owner's; `CONSENT_REVOKED`,
   *   `CONSENT_EXPIRED`, `CONSENT_NOT_ACTIVE`, `NOT_IN_TERMS` and others by name
   */
  async underConsent(
    user: SessionUser,
    recordId: string,
    version: number | undefined,
    consentId: string | undefined,
  ): Promise<ConsentedRecord | undefined> {
    if (consentId !== undefined) return this.consented.find(user, consentId, recordId, version);
    if (user.role === 'patient') return undefined;
    const row = await this.reader.find(user, recordId, version);
    const opensAlone = row?.relation === 'author' || row?.relation === 'verifier';
    return opensAlone ? undefined : this.consented.applicable(user, recordId, version);
  }

  /**
   * Under a consent: the receipt is on the ledger before any agent is asked.
   *
   * @throws ProblemException `AGENTS_UNAVAILABLE`; LedgerError of an agent's refusal
   */
  async openUnderConsent(
    user: SessionUser,
    business: BusinessRequest,
    found: ConsentedRecord,
  ): Promise<SealedAnswer> {
    const { organization } = user;
    const objects = await this.objects(organization, found.entry, found.sealed);
    const capsule = capsuleOf(organization, found, objects[1]);
    const teamKey = await this.consented.sealedTeamKey(user, found);
    const receipted = await this.consentReceipt(user, business, found);
    const elements = await this.consented.elements(user, found, receipted.receipt.receiptId, capsule);
    return {
      ...this.answer(organization, found.entry, found.sealed, objects, receipted),
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
    found: ConsentedRecord,
    withStatement = false,
  ): Promise<OpenedAnswer> {
    const readerKey = await this.consented.readerKey(user, found);
    const [content, header] = await this.objects(user.organization, found.entry, found.sealed);
    const receipted = await this.consentReceipt(user, business, found);
    const { receiptId } = receipted.receipt;
    const plaintext = await this.consented.open(user, found, receiptId, { content, header }, readerKey);
    return this.openedAnswer(user, found.entry, found.sealed, plaintext, receipted, withStatement);
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
    const capsule = capsuleOf(user.organization, found, objects[1]);
    const receipted = await this.emergencyReceipt(user, business, found);
    const answers = await this.inEmergency.answers(user, found, receipted.receipt.receiptId, capsule);
    return {
      ...this.answer(user.organization, found.entry, found.sealed, objects, receipted),
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
    const receipted = await this.emergencyReceipt(user, business, found);
    const { receiptId } = receipted.receipt;
    const plaintext = await this.inEmergency.open(user, found, receiptId, { content, header });
    return this.openedAnswer(user, found.entry, found.sealed, plaintext, receipted, withStatement);
  }

  /** For a device that has signed for receipt and elements itself. */
  async forDevice(
    { organization }: Pick<SessionUser, 'organization'>,
    found: ConsentedRecord,
    committed: Committed,
    elements: AgentElement[],
  ): Promise<SealedAnswer> {
    const { consent, entry, sealed } = found;
    const objects = await this.objects(organization, entry, sealed);
    const capsule = toBase64(capsuleOf(organization, found, objects[1]));
    const receipted = receiptedBy(committed, entry, { basis: 'consent', consentId: consent.consentId });
    return { ...this.answer(organization, entry, sealed, objects, receipted), capsule, elements, consent };
  }

  /** The header of a record under a consent. */
  async header({ organization }: Pick<SessionUser, 'organization'>, found: ConsentedRecord): Promise<Buffer> {
    return this.object(organization, found.entry, found.sealed.headerDigest);
  }

  private async consentReceipt(
    user: SessionUser,
    business: BusinessRequest,
    record: ConsentedRecord,
  ): Promise<Receipted> {
    const { consentId } = record.consent;
    const committed = await this.consented.receipt(user, business, record);
    return receiptedBy(committed, record.entry, { basis: 'consent', consentId });
  }

  private async emergencyReceipt(
    user: SessionUser,
    business: BusinessRequest,
    record: EmergencyRecord,
  ): Promise<Receipted> {
    const { consentId, emergencyId } = record.emergency;
    const committed = await this.inEmergency.receipt(user, business, record);
    return receiptedBy(committed, record.entry, { basis: 'emergency', consentId, emergencyId });
  }

  /** @throws ProblemException 404 for everybody but owner, author and awaited verifiers; 409 naming a record or object that does not hold */
  async open(
    user: SessionUser,
    business: BusinessRequest,
    recordId: string,
    version: number | undefined,
  ): Promise<SealedAnswer> {
    const openable = await this.openable(user, recordId, version);
    if (openable.relation === 'owner') {
      const { entry, sealed } = await this.withOwnerSlot(user.organization, openable);
      return this.sealedAnswer(user.organization, entry, sealed, { receipt: null });
    }
    const receipted = await this.receipt(user, business, openable.entry, openable.relation);
    return this.sealedAnswer(user.organization, openable.entry, openable.sealed, receipted);
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
    if (relation === 'owner') {
      throw problem(
        409,
        'KEY_NOT_HELD',
        'The gateway does not hold your key: leave out decrypt and open the record on your device.',
      );
    }
    const receipted = await this.receipt(user, business, entry, relation);
    const [content, header] = await this.objects(user.organization, entry, sealed);
    const plaintext = await this.plaintext(user, entry, sealed, content, header, relation);
    return this.openedAnswer(user, entry, sealed, plaintext, receipted, withStatement);
  }

  /**
   * The document of the caller's own record for the author's next step: nobody is shown it, so that it leaves no receipt.
   *
   * @param entry sealed, and the caller its author
   * @throws ProblemException 409 naming a record or object that does not hold
   */
  async documentOf(user: SessionUser, entry: RecordEntry): Promise<unknown> {
    const sealed = sealedPart(entry);
    const [content, header] = await this.objects(user.organization, entry, sealed);
    return readable(entry, await this.plaintext(user, entry, sealed, content, header, 'author')).document;
  }

  /** Before a verifier whom the panel names looks at the record. @throws LedgerError `NOT_ALLOWED` */
  async verifierReceipt(
    user: SessionUser,
    business: BusinessRequest,
    entry: RecordEntry,
  ): Promise<ReceiptView> {
    return (await this.receipt(user, business, entry, 'verifier')).receipt;
  }

  /**
   * The content and its ciphertext, for the verifier's gateway to compare: after `verifierReceipt`.
   *
   * @throws ProblemException 409 naming a record or object that does not hold
   */
  async openedByVerifier(
    user: SessionUser,
    entry: RecordEntry,
  ): Promise<{ content: RecordContent; ciphertext: Buffer }> {
    const sealed = sealedPart(entry);
    const [ciphertext, header] = await this.objects(user.organization, entry, sealed);
    const plaintext = await this.plaintext(user, entry, sealed, ciphertext, header, 'verifier');
    return { content: readable(entry, plaintext), ciphertext };
  }

  /** The ciphertext as it is stored. @throws as `documentOf` */
  sealedObject(organization: Organization, entry: RecordEntry): Promise<Buffer> {
    return this.object(organization, entry, sealedPart(entry).sealedDigest);
  }

  private openedAnswer(
    user: SessionUser,
    entry: RecordEntry,
    sealed: SealedPart,
    plaintext: Uint8Array,
    { receipt, ledger }: Receipted,
    withStatement: boolean,
  ): OpenedAnswer {
    const opened = readable(entry, plaintext);
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
    return { entry, sealed: sealedPart(entry), relation };
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
    relation: DirectRelation,
  ): Promise<Receipted> {
    const committed = await submitOnce(user.organization, user.identity(), 'access:receipt', [
      business.id,
      canonicalJson({ recordIds: [entry.recordId], basis: relation }),
    ]);
    return receiptedBy(committed, entry, { basis: relation });
  }

  private async sealedAnswer(
    organization: Organization,
    entry: RecordEntry,
    sealed: SealedPart,
    receipted: Receipted | { receipt: null },
  ): Promise<SealedAnswer> {
    const objects = await this.objects(organization, entry, sealed);
    return this.answer(organization, entry, sealed, objects, receipted);
  }

  private answer(
    organization: Organization,
    entry: RecordEntry,
    sealed: SealedPart,
    [content, header]: [Buffer, Buffer],
    receipted: Receipted | { receipt: null },
  ): SealedAnswer {
    const capsule = decodeHeader(header).slots.findLast((slot) => slot.capsule !== null)?.capsule ?? null;
    return {
      ...receipted,
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
    };
  }

  /** Content and header as stored, each checked against the ledger's digest. */
  private async objects(
    organization: Organization,
    entry: RecordEntry,
    sealed: SealedPart,
  ): Promise<[Buffer, Buffer]> {
    return Promise.all([
      this.object(organization, entry, sealed.sealedDigest),
      this.object(organization, entry, sealed.headerDigest),
    ]);
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
    relation: DirectRelation,
  ): Promise<Uint8Array> {
    const facts = factsOf(user.organization, { entry, sealed });
    const recipient = { kind: relation, id: user.subject, secretKey: user.receivingSecretKey() };
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

/** @throws ProblemException 409 `RECORD_STATUS` */
const sealedPart = ({ sealed, version }: RecordEntry): SealedPart => {
  if (sealed !== null) return sealed;
  throw problem(
    409,
    'RECORD_STATUS',
    `Version ${version} of this record is not sealed yet: there is nothing to open.`,
  );
};

/** @throws ProblemException 409 `CONTENT_UNREADABLE` */
const readable = (entry: RecordEntry, plaintext: Uint8Array): RecordContent => {
  const content = decodeContent(plaintext);
  if (content !== undefined) return content;
  throw problem(
    409,
    'CONTENT_UNREADABLE',
    `Record ${entry.recordId} opens, but what its author's device sealed is no record content.`,
  );
};

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
