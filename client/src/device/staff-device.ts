import { sha256 } from '@noble/hashes/sha2.js';
import {
  fromBase64,
  fromHex,
  type KeyPair,
  mclEngine,
  newSeed,
  openTeamKey,
  proveReaderKey,
  readerKeyPair,
  receivingKeyPair,
  signDigest,
  signingKeyPair,
  toBase64,
  toHex,
  type WrapOptions,
} from '@medseal/crypto';
import type {
  ActAnswer,
  AuditAnswer,
  AuditInput,
  ConsentRequestInput,
  EmergencyAnswer,
  EmergencyInput,
  EmergencyVerdict,
  OpenedUnderConsent,
  Question,
  RecordStatus,
  StaffKeysAnswer,
  ToSign,
} from '../api.js';
import type { MedsealClient, WriteOptions } from '../medseal-client.js';
import { certificateRequest } from './certificate-request.js';
import { openRecordAsReader } from './consent-reading.js';
import { openRecordInEmergency } from './emergency-reading.js';
import { actOfReaderKey } from './guardian.js';
import { homeOf } from './home.js';
import { type DeviceFacts, unwrapKeyring, wrapKeyring } from './keyring.js';
import { certificateFingerprint, isCertificateOf } from './organization-trust.js';
import { actOfQuestion, actOfReceipt, type Receipt } from './reading-acts.js';
import { openRecordAsAuthor, type RecordContent, type RecordToSeal, sealOnDevice } from './record-content.js';
import { checkProposal, DeviceRefusal, type IntendedAct, proposedOf, signAct } from './signed-act.js';
import {
  actOfAudit,
  actOfChaining,
  actOfCreation,
  actOfReceivingKey,
  actOfRequest,
  actOfReview,
  actOfSealing,
  actsOfEmergency,
} from './staff-acts.js';

export interface EnrolmentInput {
  passphrase: string;
  /** Of the sign-in, which the gateway sees: the passphrase must be another. */
  password?: string;
  /** SHA-256 of the ministry's root, hex, where the person was given it. */
  rootFingerprint?: string;
  /** Cost of the passphrase's key derivation; the default is right outside tests. */
  wrap?: WrapOptions;
}

/** Whom the device signs as. */
interface StaffSigner {
  channel: string;
  mspId: string;
  /** PEM. */
  certificate: string;
}

/** What a request of this device leads to: transactions, each once, and questions that go with a receipt. */
interface Intended {
  acts: IntendedAct[];
  /** @param receiptId transaction id of the receipt that was signed last */
  questions?: (receiptId: string) => IntendedAct[];
}

/** The health record's channel has this name on every network. */
const CHANNEL = 'health';
/** The seed's reader key; a new one is of a new seed. */
const READER_KEY = 1;
const ROUNDS_MAX = 20;

/**
 * Device of a member of staff whose organisation leaves the keys to it: it holds the seed, from which signing, receiving
 * and reader key come, in memory while unlocked and nowhere else. What the ledger is to be told in this person's name is
 * checked here before it is signed, and what they read is opened here.
 */
export class StaffDevice {
  private constructor(
    private readonly seed: Uint8Array,
    readonly subject: string,
    private readonly signer: StaffSigner,
  ) {}

  /**
   * Makes the keys of a signed-in member of staff, has the certificate signed, and puts the public keys on the ledger. May
   * be repeated only after the administrator's reset; an enrolment cut short goes on with `unlock` and `register`.
   *
   * @throws ProblemError `KEYS_AT_GATEWAY`, `DEVICE_KEYS_NOT_ALLOWED`, `DEVICE_ENROLLED`; DeviceRefusal
   */
  static async enrol(client: MedsealClient, input: EnrolmentInput): Promise<StaffDevice> {
    if (input.passphrase === input.password) {
      throw new DeviceRefusal(
        'the passphrase is equal to the password, which the gateway sees; choose another',
      );
    }
    const root = certificateFingerprint((await homeOf(client)).rootCertificate);
    if (input.rootFingerprint !== undefined && input.rootFingerprint.toLowerCase() !== root)
      throw new DeviceRefusal("the ministry's root is not the one that you were given");
    const seed = newSeed();
    const subject = await subjectOf(client);
    const facts: DeviceFacts = { root };
    const wrapped = await wrapKeyring(seed, input.passphrase, subject, facts, input.wrap);
    const device = new StaffDevice(seed, subject, await certified(client, seed, wrapped));
    await device.register(client);
    return device;
  }

  /**
   * Opens the wrapped seed of a signed-in member of staff. A certificate about to end is renewed, for the same key.
   *
   * @throws CryptoError `WRONG_PASSPHRASE`, `OPEN_FAILED`; DeviceRefusal where the certificate is not this device's
   */
  static async unlock(client: MedsealClient, passphrase: string): Promise<StaffDevice> {
    const subject = await subjectOf(client);
    const { seed: sealed, facts } = await client.keyring();
    const { seed } = await unwrapKeyring<DeviceFacts>({ seed: sealed, facts }, passphrase, subject);
    return new StaffDevice(seed, subject, await certified(client, seed, { seed: sealed, facts }));
  }

  /** Puts what of the public keys is not on the ledger yet there. */
  async register(client: MedsealClient): Promise<StaffKeysAnswer> {
    const { certificate, mspId } = this.signer;
    const receivingKey = toHex(this.receivingKeyPair().publicKey);
    const acts = [actOfReceivingKey(receivingKey, this.signer)];
    if ((await homeOf(client)).kind !== 'hospital')
      return this.perform(client, { acts }, (options) => client.registerStaffKeys({ receivingKey }, options));
    const engine = await mclEngine();
    const certificateHash = certificateFingerprint(certificate);
    const { secretKey } = await this.readerKeyPair();
    const proven = proveReaderKey(engine, secretKey, { mspId, certificateHash });
    const key = { publicKey: toHex(proven.publicKey), proof: toHex(proven.proof) };
    acts.push(actOfReaderKey(key, undefined, this.signer));
    const body = { receivingKey, readerKey: key.publicKey, proof: key.proof };
    return this.perform(client, { acts }, (options) => client.registerStaffKeys(body, options));
  }

  requestConsent(client: MedsealClient, input: ConsentRequestInput) {
    return this.perform(client, { acts: [actOfRequest(this.signer)] }, (options) =>
      client.requestConsent(input, options),
    );
  }

  /**
   * Reads a record under a consent to this person, or to a care team of theirs.
   *
   * @throws ProblemError; CryptoError naming who is at fault; DeviceRefusal
   */
  async readUnderConsent(client: MedsealClient, recordId: string, consentId: string): Promise<RecordContent> {
    const intended = this.reading(recordId, { recordIds: [recordId], basis: 'consent', consentId });
    // Only a receipt of the treating team names an encounter, which nobody outside the hospital may learn.
    const opened = await this.perform(client, intended, (options) =>
      client.openRecordUnderConsent(recordId, consentId, undefined, options),
    );
    requireRecord(opened, recordId);
    return (await openRecordAsReader(opened, await this.readerKeyFor(opened))).content;
  }

  /** Reads a record that this person wrote. @throws as `readUnderConsent` */
  async readOwn(client: MedsealClient, recordId: string): Promise<RecordContent> {
    const intended = this.reading(recordId, { recordIds: [recordId], basis: 'author' });
    const opened = await this.perform(client, intended, (options) =>
      client.openRecord(recordId, undefined, options),
    );
    requireRecord(opened, recordId);
    return openRecordAsAuthor(opened, this.subject, this.receivingKeyPair().secretKey);
  }

  openEmergency(client: MedsealClient, input: EmergencyInput): Promise<EmergencyAnswer> {
    return this.perform(client, { acts: actsOfEmergency(input, this.signer) }, (options) =>
      client.openEmergency(input, options),
    );
  }

  /** Reads a record under a case of this person's. @throws as `readUnderConsent` */
  async readInEmergency(
    client: MedsealClient,
    recordId: string,
    emergencyId: string,
  ): Promise<RecordContent> {
    const intended = this.reading(recordId, { recordIds: [recordId], basis: 'emergency', emergencyId });
    const opened = await this.perform(client, intended, (options) =>
      client.openRecordUnderEmergency(recordId, emergencyId, undefined, options),
    );
    requireRecord(opened, recordId);
    return (await openRecordInEmergency(opened, this.receivingKeyPair().secretKey)).content;
  }

  /** The review of another organisation's case. */
  closeEmergency(client: MedsealClient, emergencyId: string, verdict: EmergencyVerdict) {
    const acts = [actOfReview(emergencyId, verdict, this.signer)];
    return this.perform(client, { acts }, (options) => client.closeEmergency(emergencyId, verdict, options));
  }

  /** An audit of another hospital's record; its organisation's service goes on with it. */
  openAudit(client: MedsealClient, input: AuditInput): Promise<AuditAnswer> {
    return this.perform(client, { acts: [actOfAudit(input, this.signer)] }, (options) =>
      client.openAudit(input, options),
    );
  }

  /**
   * Writes a record: sealed here, so that the hospital sees date, type and, unless `giveTitleLine` is false, title line.
   *
   * @throws ProblemError; CryptoError; DeviceRefusal
   */
  async writeRecord(
    client: MedsealClient,
    registrationNo: string,
    record: RecordToSeal,
    choice: { giveTitleLine?: boolean } = {},
  ): Promise<RecordStatus> {
    const { date, recordType, scope } = record.selector;
    let created: string | undefined;
    const creation = actOfCreation(this.signer, (recordId) => {
      created = recordId;
    });
    const prepared = await this.perform(client, { acts: [creation] }, (options) =>
      client.prepareRecord({ registrationNo, scope, recordType, effectiveDate: date }, options),
    );
    if (prepared.recordId !== created) throw new DeviceRefusal('another record was prepared than signed for');
    const { recordId, version } = prepared;
    const own = toHex(this.receivingKeyPair().publicKey);
    if (prepared.recipients.some(({ subject, publicKey }) => subject !== this.subject || publicKey !== own))
      throw new DeviceRefusal('the record is to be sealed to others than its author');
    const sealed = await sealOnDevice(prepared, record, choice);
    const sealing = actOfSealing(prepared, this.subject, sealed, this.signer);
    await this.perform(client, { acts: [sealing] }, (options) => client.submitSealedRecord(sealed, options));
    const chaining = actOfChaining(recordId, version, this.signer);
    return this.perform(client, { acts: [chaining] }, (options) => client.completeRecord(recordId, options));
  }

  private reading(recordId: string, receipt: Receipt): Intended {
    const act = { ...actOfReceipt(receipt, this.signer), unchecked: ['encounter'] };
    const questions = (receiptId: string): IntendedAct[] =>
      (['agent', 'custodian'] as const).map((asked) =>
        actOfQuestion({ receiptId, recordId }, this.signer, asked),
      );
    return { acts: [act], questions };
  }

  /**
   * Sends a request, signs what it turns out to need, and sends it again, until it is answered.
   *
   * @throws DeviceRefusal before anything is signed that was not intended; ProblemError
   */
  private async perform<Result extends object>(
    client: MedsealClient,
    { acts, questions = () => [] }: Intended,
    send: (options: WriteOptions) => Promise<Result>,
  ): Promise<Result> {
    const idempotencyKey = globalThis.crypto.randomUUID();
    const { secretKey } = signingKeyPair(this.seed);
    let left = acts;
    let receiptId = '';
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const answer: Result & ToSign = await send({ idempotencyKey, signs: true });
      if (answer.signing !== undefined) {
        const { intended } = proposedOf(fromBase64(answer.signing.bytes, 'signing.bytes'), left);
        const signed: ActAnswer = await signAct(client, { signing: answer.signing }, intended, secretKey);
        receiptId = signed.ledger?.transactionId ?? '';
        left = left.filter((act) => act !== intended);
      } else if (answer.questions !== undefined) {
        await signQuestions(client, answer.questions, questions(receiptId), secretKey);
      } else {
        return answer;
      }
    }
    throw new DeviceRefusal('the act did not complete; try again later');
  }

  private receivingKeyPair(): KeyPair {
    return receivingKeyPair(this.seed);
  }

  private async readerKeyPair(): Promise<KeyPair> {
    return readerKeyPair(await mclEngine(), this.seed, READER_KEY);
  }

  private async readerKeyFor({ consent: { grantee }, teamKey }: OpenedUnderConsent): Promise<Uint8Array> {
    if (grantee.kind === 'careTeam') {
      const team = { teamId: grantee.id, publicKey: fromHex(grantee.publicKey) };
      const { secretKey } = this.receivingKeyPair();
      return (await openTeamKey(await mclEngine(), secretKey, fromBase64(teamKey ?? '', 'teamKey'), team))
        .secretKey;
    }
    const pair = await this.readerKeyPair();
    if (toHex(pair.publicKey) !== grantee.publicKey)
      throw new DeviceRefusal('the consent is to a former key of yours: ask for another');
    return pair.secretKey;
  }
}

/** All are checked before one is signed. Who does not answer is asked again with the next round, as long as somebody does. */
async function signQuestions(
  client: MedsealClient,
  questions: readonly Question[],
  intended: readonly IntendedAct[],
  secretKey: Uint8Array,
): Promise<void> {
  const signed = questions.map(({ id, bytes }) => {
    const raw = fromBase64(bytes, 'questions.bytes');
    checkProposal(raw, proposedOf(raw, intended).intended);
    return { id, signature: toBase64(signDigest(secretKey, sha256(raw))) };
  });
  const results = await Promise.allSettled(signed.map(({ id, signature }) => client.sign(id, signature)));
  const failed = results.filter((result) => result.status === 'rejected');
  if (failed.length === results.length) throw failed[0]?.reason;
}

const subjectOf = async (client: MedsealClient): Promise<string> =>
  client.session?.user.subject ?? (await client.me()).subject;

/**
 * Whom the device signs as, by the certificate in force for its key.
 *
 * @throws DeviceRefusal for a certificate of another key
 */
const certified = async (
  client: MedsealClient,
  seed: Uint8Array,
  wrapped: Record<string, unknown>,
): Promise<StaffSigner> => {
  const { enrollmentId } = await client.staffKeys();
  // Every block carries it: the gateway must not have the device put a name there.
  if (!/^u-[0-9a-f]{20}$/.test(enrollmentId)) throw new DeviceRefusal('the enrolment id is not a random one');
  const pair = signingKeyPair(seed);
  const csr = await certificateRequest(enrollmentId, pair);
  const { certificate } = await client.certifyStaffKey({ enrollmentId, csr, wrapped });
  if (!isCertificateOf(certificate, pair.publicKey))
    throw new DeviceRefusal('the certificate is not for the key of this device');
  return { channel: CHANNEL, mspId: (await homeOf(client)).mspId, certificate };
};

const requireRecord = (opened: { recordId: string }, recordId: string): void => {
  if (opened.recordId !== recordId) throw new DeviceRefusal('another record was answered than asked for');
};
