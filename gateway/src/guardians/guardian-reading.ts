import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { ConsentKeyEntry } from '@medseal/chaincode';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { Committed } from '../fabric/ledger-client.js';
import { businessId } from '../http/business-request.js';
import { notFound } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { answersOf } from '../records/asking.js';
import { ConsentedRecords, elementOf, questionOf, receiptOf } from '../records/consented-records.service.js';
import { capsuleOf } from '../records/covered-record.js';
import { OpenRecordsService, type SealedAnswer } from '../records/open-records.service.js';
import { type ActAnswer, DeviceActs } from '../transactions/device-acts.js';
import type { GuardianAnswersRequest, ReaderKeyRequest } from './guardians.dto.js';

const KEY = 'reader-key';
const READ = 'guardian-read';

/** What a guardian's device signs to ask one agent. */
export interface Question {
  mspId: string;
  /** Base64; sent back as it is. */
  proposal: string;
  /** Base64 of a marshalled `protos.Proposal`; the signature is over their SHA-256. */
  bytes: string;
}

interface ReadPayload {
  subject: string;
  certificate: string;
  consentId: string;
  recordId: string;
  version: number;
}

/** A guardian's own key, and their reads: their device signs receipt and questions, and alone opens the answers. */
@Injectable()
export class GuardianReading implements OnModuleInit {
  constructor(
    private readonly acts: DeviceActs,
    private readonly consented: ConsentedRecords,
    private readonly records: OpenRecordsService,
  ) {}

  onModuleInit(): void {
    this.acts.handle(KEY, { committed: (_organization, payload) => Promise.resolve({ answer: payload }) });
    this.acts.handle(READ, {
      committed: (organization, payload, committed) =>
        this.receipted(organization, payload as ReadPayload, committed),
    });
  }

  /** What the proof of possession is bound to, and the key that is registered. */
  async key({ organization, subject, certificate }: SessionUser): Promise<{
    mspId: string;
    certificate: string;
    key: { publicKey: string; epoch: number } | null;
  }> {
    const entry = await evaluateJson<ConsentKeyEntry | null>(organization, 'consent:getConsentKey', [
      subject,
    ]);
    const key = entry && { publicKey: entry.publicKey, epoch: entry.epoch };
    return { mspId: organization.mspId, certificate, key };
  }

  async registerKey(user: SessionUser, { publicKey, proof, epoch }: ReaderKeyRequest): Promise<ActAnswer> {
    const { organization, subject, certificate } = user;
    const signing = await this.acts.begin(organization, {
      kind: KEY,
      subject,
      certificate,
      fn: 'consent:registerKey',
      args: [publicKey, proof, String(epoch)],
      payload: { epoch },
    });
    return { epoch, signing };
  }

  /** Prepares the receipt. @throws ProblemException as a read under a consent */
  async begin(user: SessionUser, recordId: string, consentId: string): Promise<ActAnswer> {
    const { organization, subject, certificate } = user;
    const found = await this.consented.find(user, consentId, recordId, undefined);
    const { version } = found.entry;
    const business = businessId(READ, subject, randomBytes(16).toString('hex'));
    const payload: ReadPayload = { subject, certificate, consentId, recordId, version };
    const signing = await this.acts.begin(organization, {
      kind: READ,
      subject,
      certificate,
      fn: 'access:receipt',
      args: [organization.keystore.indexHmac('businessId', business), receiptOf(found)],
      payload,
    });
    return { recordId, version, signing };
  }

  /**
   * Asks the agents what the device has signed.
   *
   * @throws ProblemException 404 for a receipt that is not there; as a read under a consent
   */
  async answer(user: SessionUser, recordId: string, request: GuardianAnswersRequest): Promise<SealedAnswer> {
    const { consentId, receiptId, version, questions } = request;
    const { ledger } = user.organization;
    const found = await this.consented.find(user, consentId, recordId, version);
    const committed = await ledger.lookUp(receiptId);
    if (committed === undefined) throw notFound();
    const signed = new Map(questions.map((question) => [question.mspId, question]));
    const elements = await answersOf({
      organizations: [...signed.keys()],
      threshold: found.consent.threshold,
      as: 'agents',
      ask: async (mspId) => {
        const { proposal = '', signature = '' } = signed.get(mspId) ?? {};
        const [bytes, der] = [Buffer.from(proposal, 'base64'), Buffer.from(signature, 'base64')];
        return elementOf(mspId, await ledger.evaluateSigned(bytes, der));
      },
    });
    return this.records.forDevice(user, found, committed, elements);
  }

  private async receipted(
    organization: Organization,
    { subject, certificate, consentId, recordId, version }: ReadPayload,
    { transactionId: receiptId }: Committed,
  ): Promise<{ answer: object }> {
    const reader = { organization, subject, role: 'patient' as const };
    const found = await this.consented.find(reader, consentId, recordId, version);
    const capsule = capsuleOf(organization, found, await this.records.header(reader, found));
    const { ledger, mspId: own } = organization;
    const questions: Question[] = found.consent.agents.map(({ mspId }) => {
      const { bytes, signedBytes } = ledger.newProposal(
        { mspId: own, certificate },
        'consent:reencrypt',
        [receiptId, recordId, String(version)],
        { transient: questionOf(found, capsule), endorsingOrganizations: [mspId] },
      );
      return {
        mspId,
        proposal: Buffer.from(bytes).toString('base64'),
        bytes: Buffer.from(signedBytes).toString('base64'),
      };
    });
    return { answer: { receiptId, recordId, version, questions } };
  }
}
