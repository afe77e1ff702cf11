import { Injectable } from '@nestjs/common';
import {
  canonicalJson,
  CryptoError,
  decodeHeader,
  fromHex,
  type Header,
  mclEngine,
  type SealTo,
  sealRecord,
  sha256Hex,
  toHex,
  utf8,
} from '@medseal/crypto';
import {
  type PatientEntry,
  type PrivateValue,
  type RecordEntry,
  type SealedPart,
  type SealPublic,
  ZERO_SCOPE,
} from '@medseal/chaincode';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { CallOptions, Committed } from '../fabric/ledger-client.js';
import type { BusinessRequest } from '../http/business-request.js';
import { requireGatewayKeys } from '../http/keys-on-device.js';
import { invalid, notFound, problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { panelFor } from '../integrity/panel.js';
import type { Organization } from '../organizations/organization.js';
import { submitOnce } from '../outbox/submit-once.js';
import { TwoPartActs } from '../outbox/two-part-act.js';
import { isGone, PatientDirectory } from '../patients/patient-directory.js';
import { patientKeys } from '../patients/patient-keys.js';
import {
  contentCommitments,
  encodeContent,
  type RecordContent,
  type ScopeLabel,
  selectorCommitment,
  titleLineCommitment,
} from './record-content.js';
import { RecordReader } from './record-reader.js';
import type { DeviceSealedRequest } from './records.dto.js';

/** Key that the content is sealed to beside the author's. */
export type Keeper =
  | { ownerKey: string }
  /** While the patient has no keys: of the writing hospital's custodian. */
  | { custodianKey: string; custodian: string };

export interface Written {
  /** As the ledger has it after this step. */
  entry: RecordEntry;
  /** Undefined when an earlier request did it and its transaction is not known here. */
  committed: Committed | undefined;
}

/** Somebody whom a record is sealed to beside its owner or custodian. */
export interface PreparedRecipient {
  kind: 'author' | 'verifier';
  /** Staff id. */
  subject: string;
  /** X25519, hex. */
  publicKey: string;
}

interface ToCreate {
  recordId: string;
  version: number;
  ledgerId: string;
  scope: ScopeLabel;
}

interface SealedObjects {
  sealed: Uint8Array;
  header: Uint8Array;
  part: SealedPart;
  capsule: Uint8Array | null;
}

/** Name of sealing among the acts of one request. */
const SEAL = 'seal';

/** The steps of writing a record, each of which may be repeated with the same business request. */
@Injectable()
export class RecordWriter {
  constructor(
    private readonly reader: RecordReader,
    private readonly directory: PatientDirectory,
    private readonly acts: TwoPartActs,
  ) {}

  /**
   * The patient for whom the caller's hospital may write: its own, or one with an open encounter here.
   *
   * @throws ProblemException 404 for any other number
   */
  async writablePatient(organization: Organization, registrationNo: string): Promise<PatientEntry> {
    const patient = await this.directory.find(organization, registrationNo);
    if (patient === undefined || isGone(patient.entry)) throw notFound();
    const isHome = patient.entry.homeMsp === organization.mspId;
    if (!isHome && (await this.directory.openEncounter(organization, patient.entry.ledgerId)) === undefined) {
      throw notFound();
    }
    return patient.entry;
  }

  /** Step 0, *create*: fixes author, scope, policy and steps. */
  async create(user: SessionUser, business: BusinessRequest, wanted: ToCreate): Promise<Written> {
    const { organization } = user;
    const { recordId, version, ledgerId } = wanted;
    const patient = await this.reader.patient(organization, ledgerId);
    if (patient === null) throw notFound();
    const scope = await this.scopeOf(organization, patient, wanted.scope);
    const encounterId =
      patient.homeMsp === organization.mspId
        ? undefined
        : await this.directory.openEncounter(organization, ledgerId);
    const panel = await panelFor(organization, { recordId, author: user.subject });
    // No device blinds in this version: what it sealed could not be finished.
    if (panel !== undefined) requireGatewayKeys(user);
    // An argument would stand on the block.
    const options: CallOptions =
      encounterId === undefined ? {} : { transient: { encounter: utf8(encounterId) } };
    const committed = await submitOnce(
      organization,
      user.identity(),
      'records:create',
      [business.id, canonicalJson({ recordId, version, ledgerId, ...scope, ...panel })],
      options,
    );
    return this.written(organization, { recordId, version }, committed);
  }

  /** The owner's key for the scope and epoch that *create* fixed, or the custodian's. */
  async keeperOf(organization: Organization, entry: RecordEntry): Promise<Keeper> {
    if (entry.scopeId === ZERO_SCOPE) {
      const key = await this.reader.organizationKey(organization, entry.hospital, 'custodian');
      if (key === undefined) {
        throw problem(
          503,
          'NO_CUSTODIAN',
          'This hospital has no custodian key on the ledger yet: ask its administrator.',
        );
      }
      return { custodianKey: key.publicKey, custodian: entry.hospital };
    }
    const patient = await this.reader.patient(organization, entry.ledgerId);
    const scope = patient?.scopes.find(
      ({ scopeId, epoch }) => scopeId === entry.scopeId && epoch === entry.epoch,
    );
    if (scope === undefined) {
      throw problem(
        409,
        'SCOPE_NOT_CURRENT',
        'The patient has changed keys since this record was prepared: prepare a new one.',
      );
    }
    return { ownerKey: scope.publicKey };
  }

  /** Created and not sealed, for a key of the owner that is no longer the current one. */
  async isStranded(organization: Organization, entry: RecordEntry): Promise<boolean> {
    if (entry.status !== 'created' || entry.scopeId === ZERO_SCOPE) return false;
    const patient = await this.reader.patient(organization, entry.ledgerId);
    const isCurrent = patient?.scopes.some(
      ({ scopeId, epoch }) => scopeId === entry.scopeId && epoch === entry.epoch,
    );
    return isCurrent === false;
  }

  /**
   * Whom a record is sealed to beside its keeper: its author, and the verifiers that it names.
   *
   * @throws ProblemException 409 for somebody without a registered key
   */
  async recipientsOf(
    organization: Organization,
    { author, panel }: RecordEntry,
  ): Promise<PreparedRecipient[]> {
    const keyOf = async (kind: PreparedRecipient['kind'], subject: string): Promise<PreparedRecipient> => {
      const key = await this.reader.receivingKey(organization, subject);
      if (key !== null) return { kind, subject, publicKey: key.publicKey };
      throw problem(
        409,
        'NO_RECEIVING_KEY',
        kind === 'author'
          ? 'You have no receiving key on the ledger: ask your administrator to reset your sign-in.'
          : 'A verifier of this record has no receiving key on the ledger: ask your administrator to reset their sign-in.',
      );
    };
    return Promise.all([
      keyOf('author', author),
      ...(panel?.verifiers ?? []).map((verifier) => keyOf('verifier', verifier)),
    ]);
  }

  /** The author's part in this process's memory; the content is stored nowhere in the clear. */
  async sealHere(
    user: SessionUser,
    business: BusinessRequest,
    entry: RecordEntry,
    content: RecordContent,
  ): Promise<Written> {
    const { organization } = user;
    const keeper = await this.keeperOf(organization, entry);
    const recipients = await this.recipientsOf(organization, entry);
    const to: SealTo =
      'ownerKey' in keeper
        ? { owner: { scopeId: entry.scopeId, epoch: entry.epoch, publicKey: fromHex(keeper.ownerKey) } }
        : { custodian: { id: keeper.custodian, publicKey: fromHex(keeper.custodianKey) } };
    const made = await sealRecord(await mclEngine(), {
      plaintext: encodeContent(content),
      record: referenceOf(organization, entry),
      to,
      recipients: recipients.map(({ kind, subject, publicKey }) => ({
        kind,
        id: subject,
        publicKey: fromHex(publicKey),
      })),
    });
    const part: SealedPart = {
      sealedBy: 'hospital',
      sealedDigest: made.sealedDigest,
      sealedBytes: made.sealed.length,
      headerDigest: made.headerDigest,
      headerBytes: made.header.length,
      dekCommitment: made.dekCommitment,
      commitments: contentCommitments(content),
      recipients: [keeperName(entry), entry.author, ...(entry.panel?.verifiers ?? [])],
    };
    const objects = { sealed: made.sealed, header: made.header, part, capsule: made.capsule };
    return this.seal(user, business, entry, objects, {
      selector: content.selector,
      titleLine: content.titleLine,
    });
  }

  /** Takes over what the author's device sealed, after everything that can be checked without a key was checked. */
  async takeSealed(
    user: SessionUser,
    business: BusinessRequest,
    entry: RecordEntry,
    input: DeviceSealedRequest,
  ): Promise<Written> {
    const sealed = Buffer.from(input.sealed, 'base64');
    const headerBytes = Buffer.from(input.header, 'base64');
    const header = checkedHeader(user.organization, entry, headerBytes);
    const sealedDigest = sha256Hex(sealed);
    if (header.sealedDigest !== sealedDigest)
      throw invalid('sealed', 'is not the content whose digest the header names.');
    if (selectorCommitment(input.selector) !== input.commitments.selector) {
      throw invalid(
        'selector',
        'does not open commitments.selector: send the values and the salt that were committed to.',
      );
    }
    if (
      input.titleLine !== undefined &&
      titleLineCommitment(input.titleLine) !== input.commitments.titleLine
    ) {
      throw invalid(
        'titleLine',
        'does not open commitments.titleLine: send the values and the salt that were committed to.',
      );
    }
    const { date, recordType, scope, salt } = input.selector;
    const part: SealedPart = {
      sealedBy: 'device',
      sealedDigest,
      sealedBytes: sealed.length,
      headerDigest: sha256Hex(headerBytes),
      headerBytes: headerBytes.length,
      dekCommitment: header.dekCommitment,
      commitments: {
        selector: input.commitments.selector,
        titleLine: input.commitments.titleLine,
        document: input.commitments.document,
      },
      recipients: [keeperName(entry), entry.author, ...(entry.panel?.verifiers ?? [])],
    };
    const objects = { sealed, header: headerBytes, part, capsule: header.slots[0]?.capsule ?? null };
    return this.seal(user, business, entry, objects, {
      selector: { date, recordType, scope, salt },
      titleLine: input.titleLine && {
        date: input.titleLine.date,
        disease: input.titleLine.disease,
        salt: input.titleLine.salt,
      },
    });
  }

  /**
   * Objects first, read back; then the private values and the announcement; then the public digests. A
   * repetition after an interruption goes on with what was announced, whose objects are stored, not with its own.
   */
  private async seal(
    user: SessionUser,
    business: BusinessRequest,
    entry: RecordEntry,
    { sealed, header, part, capsule }: SealedObjects,
    given: { selector: object; titleLine?: object },
  ): Promise<Written> {
    const { organization } = user;
    const act = business.part(SEAL);
    await organization.objects.put(sealed);
    await organization.objects.put(header);
    const publicEntry: SealPublic = {
      recordId: entry.recordId,
      version: entry.version,
      author: entry.author,
      sealed: part,
    };
    const values = await this.privateValues(organization, entry, given);
    const committed = await this.acts.run(user.identity(), organization, {
      businessId: act.id,
      privateFunction: 'records:sealPrivate',
      privateArgs: [act.id, entry.recordId, String(entry.version)],
      values,
      entry: publicEntry,
      publicFunction: 'records:seal',
      publicArgs: [act.id, organization.mspId, canonicalJson(publicEntry)],
      ...(capsule === null ? {} : { publicTransient: { capsule } }),
    });
    return this.written(organization, entry, committed);
  }

  /** The transaction in which this same request sealed the version, if it did before its answer was lost. */
  async sealedBefore(organization: Organization, business: BusinessRequest): Promise<Committed | undefined> {
    const done = await evaluateJson<{ transactionId: string } | null>(organization, 'registry:getBusiness', [
      business.part(SEAL).id,
    ]);
    return done === null ? undefined : organization.ledger.lookUp(done.transactionId);
  }

  private async written(
    organization: Organization,
    reference: Pick<RecordEntry, 'recordId' | 'version'>,
    committed: Committed | undefined,
  ): Promise<Written> {
    return { entry: await this.reader.entryAfter(organization, reference, committed), committed };
  }

  private async privateValues(
    organization: Organization,
    entry: RecordEntry,
    given: { selector: object; titleLine?: object },
  ): Promise<PrivateValue[]> {
    const { ledgerId, recordId, version } = entry;
    const plain: [string, object][] = [[patientKeys.selector(recordId, version), given.selector]];
    if (given.titleLine !== undefined)
      plain.push([patientKeys.titleLine(recordId, version), given.titleLine]);
    return Promise.all(
      plain.map(async ([key, value]) => {
        const replaces = await this.directory.valueHash(organization, key);
        const sealed = await organization.keystore.sealValue(ledgerId, key, value);
        return { key, value: sealed, ...(replaces === undefined ? {} : { replaces }) };
      }),
    );
  }

  /** Scope and epoch for a label: zero while the patient has no keys. */
  private async scopeOf(
    organization: Organization,
    patient: PatientEntry,
    label: ScopeLabel,
  ): Promise<{ scopeId: string; epoch: number }> {
    if (patient.status === 'keyless') return { scopeId: ZERO_SCOPE, epoch: 0 };
    const scope = await currentScope(this.directory, organization, patient, label);
    if (scope === undefined) {
      throw problem(
        409,
        'SCOPE_UNKNOWN',
        `This hospital does not know the patient's ${label} scope: read the card at the next visit.`,
      );
    }
    return { scopeId: scope.scopeId, epoch: scope.epoch };
  }
}

/** The patient's current key of a scope by its label, which is private. */
export async function currentScope(
  directory: PatientDirectory,
  organization: Organization,
  patient: PatientEntry,
  label: ScopeLabel,
): Promise<PatientEntry['scopes'][number] | undefined> {
  const held = await directory.scopes(organization, patient.ledgerId);
  if (held === undefined) return undefined;
  const isGeneral = ({ scopeId }: { scopeId: string }): boolean => scopeId === held.general;
  return patient.scopes
    .filter((scope) => isGeneral(scope) === (label === 'general'))
    .sort((a, b) => b.epoch - a.epoch)[0];
}

export const referenceOf = (organization: Organization, entry: RecordEntry) => ({
  channel: organization.ledger.channel,
  recordId: entry.recordId,
  version: entry.version,
  owner: entry.ledgerId,
});

const keeperName = (entry: RecordEntry): string =>
  entry.scopeId === ZERO_SCOPE ? `custodian:${entry.hospital}` : entry.ledgerId;

function checkedHeader(organization: Organization, entry: RecordEntry, bytes: Uint8Array): Header {
  let header: Header;
  try {
    header = decodeHeader(bytes);
  } catch (error) {
    if (error instanceof CryptoError) throw invalid('header', `cannot be read: ${error.message}.`);
    throw error;
  }
  const expected = referenceOf(organization, entry);
  for (const field of ['channel', 'recordId', 'version', 'owner'] as const) {
    if (header.record[field] !== expected[field]) {
      throw invalid('header', `belongs to another ${field}: seal with what POST /records/prepare answered.`);
    }
  }
  const [slot, ...more] = header.slots;
  if (slot === undefined || more.length > 0 || slot.scopeId !== entry.scopeId || slot.epoch !== entry.epoch) {
    throw invalid(
      'header',
      'must have one key slot, of the scopeId and epoch that POST /records/prepare answered.',
    );
  }
  const expectedRecipients = [
    { kind: 'author', id: entry.author },
    ...(entry.scopeId === ZERO_SCOPE ? [{ kind: 'custodian', id: entry.hospital }] : []),
    ...(entry.panel?.verifiers ?? []).map((id) => ({ kind: 'verifier', id })),
  ];
  for (const { kind, id } of expectedRecipients) {
    if (!slot.recipients.some((recipient) => recipient.kind === kind && recipient.id === id)) {
      throw invalid(
        'header',
        `has no key for the ${kind}: seal to every recipient that POST /records/prepare answered.`,
      );
    }
  }
  if (slot.recipients.length !== expectedRecipients.length) {
    throw invalid('header', 'has recipients that POST /records/prepare did not answer.');
  }
  return header;
}

/** Salts of a content that a repetition of the same request finds again. */
export const contentSalts = (business: BusinessRequest) => ({
  selector: toHex(business.derive('salt/selector', 32)),
  titleLine: toHex(business.derive('salt/titleLine', 32)),
  document: toHex(business.derive('salt/document', 32)),
});
