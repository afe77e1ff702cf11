import {
  auditCommitment,
  type AuditParameters,
  blindDocument,
  blockRange,
  combineIdentityShares,
  decodeSanitisingPackage,
  decodeSignedFile,
  encodeAuditParameters,
  fromBase64,
  fromHex,
  type IdentityKey,
  type KeyPair,
  makeMasterKey,
  mclEngine,
  newReceivingKeyPair,
  openIdentityShare,
  proveFile,
  type RecordReference,
  sanitise,
  type SectorPosition,
  sha256Hex,
  type SignerIdentity,
  signSealedFile,
  toBase64,
  toHex,
} from '@medseal/crypto';
import { organizationKeyStatement } from '../../src/ledger/certificates';
import type { RecordEntry } from '../../src/model/entries';
import type { AuditParametersArgument, BlindArgument } from '../../src/model/integrity-arguments';
import type {
  AuditedKind,
  AuditEntry,
  AuditParametersEntry,
  ExtractedShare,
  IdentityKeyEntry,
  ObjectReference,
} from '../../src/model/integrity-entries';
import type { Clinic, CreateFields, Patient } from './clinic';
import { CHANNEL, type HealthNetwork, newDigest, type Person, signatureOf } from './health-network';

/** A doctor with a receiving key, and with the identity key once it is extracted. */
export interface Signer extends Person {
  receiving: KeyPair;
  signsAs: SignerIdentity;
  key: IdentityKey;
  /** That the key was extracted under. */
  parameters: AuditParameters;
}

/** What the cloud holds of one file. */
export interface StoredFile {
  content: Uint8Array;
  signedFile: Uint8Array;
}

/** A chained record, and what the cloud holds of it. */
export interface AuditedRecord {
  entry: RecordEntry;
  signer: Signer;
  stored: Record<AuditedKind, StoredFile>;
}

/** What the author's side makes of a sealed entry. */
export interface SignedFiles {
  argument: Omit<BlindArgument, 'round' | 'sanitizer'>;
  replacedSet: Uint8Array;
  package: Uint8Array;
  sealedSignedFile: ObjectReference;
  sealed: StoredFile;
}

export interface SigningWish {
  /** Of the document. */
  content?: Uint8Array;
  identity?: SignerIdentity;
  key?: IdentityKey;
  record?: Partial<RecordReference>;
  /** Of the sealed object. */
  sealedBytes?: number;
  personal?: SectorPosition[];
  /** Nonce and R of both tags follow from it. */
  nonce?: Uint8Array;
}

/** Sectors of a block: few, so that small objects have several blocks. */
const SECTORS = 4;
/** 5 blocks, the last of them short. */
const DOCUMENT = new Uint8Array(530).fill(0x61);

export const objectOf = (bytes: Uint8Array): ObjectReference => ({
  digest: sha256Hex(bytes),
  bytes: bytes.length,
});

/** The PKG and the integrity steps as gateways and staff make them, each step a real transaction. */
export class Integrity {
  parameters!: AuditParameters;
  /** By version. */
  private readonly sets = new Map<number, AuditParameters>();
  private sealedShares: { mspId: string; sealed: Uint8Array }[] = [];
  private readonly agentKeys = new Map<string, Uint8Array>();

  constructor(
    readonly ledger: HealthNetwork,
    readonly clinic: Clinic,
  ) {}

  /** Every organisation's agent key, on the ledger and in its process. */
  async registerAgents(): Promise<void> {
    for (const mspId of this.ledger.mspIds) {
      const { publicKey } = this.ledger.newAgentKey(mspId);
      await this.ledger.putOrganizationKey(this.clinic.service(mspId), 'agent', publicKey);
      this.agentKeys.set(mspId, publicKey);
    }
  }

  async ceremony(
    service: Person,
    version: number,
    mspIds: readonly string[],
  ): Promise<AuditParametersArgument> {
    const engine = await mclEngine();
    const extractors = mspIds.map((mspId) => ({ mspId, publicKey: this.agentKeys.get(mspId)! }));
    const made = await makeMasterKey(engine, { extractors, threshold: 2, sectorsPerBlock: SECTORS });
    this.parameters = made.parameters;
    this.sets.set(version, made.parameters);
    this.sealedShares = made.sealedShares;
    return this.argument(service, version, encodeAuditParameters(engine, made.parameters));
  }

  argument(service: Person, version: number, encoded: Uint8Array): AuditParametersArgument {
    const statement = organizationKeyStatement({
      mspId: service.mspId,
      kind: 'audit',
      epoch: version,
      publicKey: sha256Hex(encoded),
    });
    return {
      version,
      parameters: toBase64(encoded),
      shares: this.sealedShares.map(({ mspId, sealed }) => ({
        mspId,
        publicKey: toHex(this.agentKeys.get(mspId)!),
        shareDigest: sha256Hex(sealed),
      })),
      certificate: service.certificate,
      signature: signatureOf(service, statement),
    };
  }

  put(service: Person, argument: AuditParametersArgument): Promise<AuditParametersEntry> {
    return this.ledger.submit<AuditParametersEntry>(service, 'integrity:putAuditParameters', [argument]);
  }

  async deposit(service: Person, version: number, mspId: string, share = this.shareOf(mspId)): Promise<void> {
    await this.ledger.submit(service, 'integrity:depositMasterShare', [version], {
      transient: { share },
      endorsers: [mspId],
    });
  }

  shareOf(mspId: string): Uint8Array {
    return this.sealedShares.find((share) => share.mspId === mspId)!.sealed;
  }

  /** A doctor with a receiving key; no identity key yet. */
  async doctor(mspId: string): Promise<Person & { receiving: KeyPair }> {
    const person = await this.clinic.staff(mspId, 'doctor');
    const receiving = newReceivingKeyPair();
    await this.ledger.submit(person, 'registry:registerReceivingKey', [toHex(receiving.publicKey), 1]);
    return { ...person, receiving };
  }

  enroll(person: Person, keyEpoch: number): Promise<IdentityKeyEntry> {
    return this.ledger.submit<IdentityKeyEntry>(person, 'integrity:enrollIdentityKey', [keyEpoch]);
  }

  extract(person: Person, at: string, keyEpoch = 1, age = 0): Promise<ExtractedShare> {
    return this.ledger.evaluate<ExtractedShare>(person, 'integrity:extract', [keyEpoch], { at, age });
  }

  /** A share as the doctor opens it. */
  async open(
    person: { receiving: KeyPair },
    identity: SignerIdentity,
    { mspId, parametersVersion, sealed }: ExtractedShare,
  ) {
    const parameters = this.sets.get(parametersVersion)!;
    const bytes = fromBase64(sealed);
    return {
      mspId,
      share: await openIdentityShare(person.receiving.secretKey, bytes, { parameters, mspId, identity }),
    };
  }

  /** Enrols the epoch and extracts its key at these organisations. */
  async signer(
    person: Person & { receiving: KeyPair },
    extractors: readonly string[],
    keyEpoch = 1,
  ): Promise<Signer> {
    const { parametersVersion } = await this.enroll(person, keyEpoch);
    const identity = { channel: CHANNEL, mspId: person.mspId, userId: person.subject, keyEpoch };
    const shares = [];
    for (const at of extractors)
      shares.push(await this.open(person, identity, await this.extract(person, at, keyEpoch)));
    const parameters = this.sets.get(parametersVersion)!;
    const key = combineIdentityShares(await mclEngine(), { parameters, identity, shares });
    return { ...person, signsAs: identity, key, parameters };
  }

  /** Created with a panel, and sealed. */
  async sealed(author: Person, patient: Patient, fields: Partial<CreateFields>): Promise<RecordEntry> {
    const created = await this.clinic.create(author, patient.ledgerId, fields);
    return this.clinic.seal(author, patient, created);
  }

  /** The author's side of *blind*. */
  async sign(signer: Signer, entry: RecordEntry, wish: SigningWish = {}): Promise<SignedFiles> {
    const engine = await mclEngine();
    const { identity = signer.signsAs, key = signer.key, nonce } = wish;
    const { recordId, version, ledgerId: owner } = entry;
    const record = { channel: CHANNEL, recordId, version, owner, ...wish.record };
    const randomOf = (label: string) => Buffer.from(sha256Hex(`${label}${toHex(nonce!)}`), 'hex');
    const random =
      nonce === undefined
        ? {}
        : {
            random: { nonce, salt: randomOf('s'), r: randomOf('r'), q: randomOf('q'), k1: randomOf('k') },
          };
    const common = { parameters: signer.parameters, identity, key, record, ...random };
    const sealedBytes = wish.sealedBytes ?? entry.sealed!.sealedBytes;
    const sealedContent = new Uint8Array(sealedBytes).fill(7);
    const sealed = signSealedFile(engine, { ...common, content: sealedContent });
    const { personal = [{ block: 0, sector: 1 }], content = DOCUMENT } = wish;
    const organisation = [{ block: 2, sector: 3 }];
    const blinded = blindDocument(engine, { ...common, content, personal, organisation });
    const { replacedSet } = decodeSanitisingPackage(blinded.package);
    return {
      argument: {
        recordId,
        version,
        tags: { sealed: toBase64(sealed.tag), sanitized: toBase64(blinded.tag) },
        packageDigest: newDigest(),
        packageBytes: blinded.package.length,
        profile: 'minimal',
      },
      replacedSet,
      package: blinded.package,
      sealedSignedFile: objectOf(sealed.signedFile),
      sealed: { content: sealedContent, signedFile: sealed.signedFile },
    };
  }

  blind(
    author: Person,
    entry: RecordEntry,
    files: SignedFiles,
    changed: Partial<BlindArgument> = {},
  ): Promise<RecordEntry> {
    const argument = {
      ...files.argument,
      round: (entry.integrity?.round ?? 0) + 1,
      sanitizer: entry.panel!.sanitizer,
      ...changed,
    };
    return this.ledger.submit<RecordEntry>(author, 'integrity:blind', [newDigest(), argument], {
      transient: { replacedSet: files.replacedSet },
    });
  }

  /** What the sanitiser says of what is made of a package. */
  async sanitised(signer: Signer, entry: RecordEntry, files: SignedFiles) {
    const { content, signedFile } = await this.sanitisedFile(signer, entry, files);
    return { object: objectOf(content), signedFile: objectOf(signedFile) };
  }

  async sanitisedFile(signer: Signer, entry: RecordEntry, files: SignedFiles): Promise<StoredFile> {
    const { recordId, version, ledgerId: owner } = entry;
    return sanitise(await mclEngine(), {
      parameters: signer.parameters,
      identity: signer.signsAs,
      record: { channel: CHANNEL, recordId, version, owner },
      package: files.package,
    });
  }

  step(by: Person, fn: string, entry: RecordEntry, fields: object): Promise<RecordEntry> {
    const { recordId, version, integrity } = entry;
    return this.ledger.submit<RecordEntry>(by, `integrity:${fn}`, [
      newDigest(),
      { recordId, version, round: integrity!.round, ...fields },
    ]);
  }

  approve(verifier: Person, entry: RecordEntry): Promise<RecordEntry> {
    return this.step(verifier, 'attest', entry, { verdict: 'approve', reasonCode: null });
  }

  /** All steps, by their own people, until the record is chained. */
  async audited(
    signer: Signer,
    patient: Patient,
    {
      sanitizer,
      verifier,
      wish = {},
      fields = {},
    }: { sanitizer: Person; verifier: Person; wish?: SigningWish; fields?: Partial<CreateFields> },
  ): Promise<AuditedRecord> {
    const panel = { sanitizer: sanitizer.subject, verifiers: [verifier.subject] };
    const sealed = await this.sealed(signer, patient, { ...fields, ...panel });
    const files = await this.sign(signer, sealed, wish);
    const blinded = await this.blind(signer, sealed, files);
    const sanitized = await this.sanitisedFile(signer, blinded, files);
    const made = { object: objectOf(sanitized.content), signedFile: objectOf(sanitized.signedFile) };
    const { sealedSignedFile } = files;
    const done = await this.step(sanitizer, 'sanitize', blinded, made);
    const uploaded = await this.step(signer, 'upload', done, { ...made, sealedSignedFile });
    await this.approve(verifier, uploaded);
    const { recordId, version } = sealed;
    const entry = await this.ledger.submit<RecordEntry>(signer, 'records:chain', [recordId, version]);
    return { entry, signer, stored: { sealed: files.sealed, sanitized } };
  }

  openAudit(
    auditor: Person,
    { recordId, version }: Pick<RecordEntry, 'recordId' | 'version'>,
    kind: string,
    nonce = newDigest(),
  ): Promise<AuditEntry> {
    const commitment = auditCommitment(fromHex(nonce));
    return this.ledger.submit<AuditEntry>(auditor, 'integrity:openAudit', [
      newDigest(),
      recordId,
      version,
      kind,
      commitment,
    ]);
  }

  /** An audit as far as the auditor's nonce. */
  async revealed(auditor: Person, record: AuditedRecord, kind: AuditedKind): Promise<AuditEntry> {
    const nonce = newDigest();
    const { auditId, contributor } = await this.openAudit(auditor, record.entry, kind, nonce);
    await this.contribute(this.clinic.service(contributor), auditId);
    return this.reveal(auditor, auditId, nonce);
  }

  contribute(service: Person, auditId: string, nonce = newDigest()): Promise<AuditEntry> {
    return this.ledger.submit<AuditEntry>(service, 'integrity:contribute', [auditId, nonce]);
  }

  reveal(auditor: Person, auditId: string, nonce: string): Promise<AuditEntry> {
    return this.ledger.submit<AuditEntry>(auditor, 'integrity:reveal', [auditId, nonce]);
  }

  expire(service: Person, auditId: string): Promise<AuditEntry> {
    return this.ledger.submit<AuditEntry>(service, 'integrity:expire', [auditId]);
  }

  /** What the storage's side makes of what it holds. */
  async proofOf(
    { signer, stored }: Pick<AuditedRecord, 'signer' | 'stored'>,
    { auditId, seed, size, kind }: AuditEntry,
  ): Promise<Uint8Array> {
    const { content, signedFile } = stored[kind];
    const { tag, replacedSet, authenticators } = decodeSignedFile(signedFile);
    return proveFile(await mclEngine(), {
      parameters: signer.parameters,
      tag: tag.bytes,
      replacedSet,
      challenge: { auditId, seed: seed!, size },
      read: (block) => {
        const { start, end } = blockRange(tag, block);
        return { data: content.subarray(start, end), authenticator: authenticators[block]! };
      },
    });
  }

  /** What is sent with the proof of a file. */
  replacedSetOf({ stored }: Pick<AuditedRecord, 'stored'>): { replacedSet: Uint8Array } {
    return { replacedSet: decodeSignedFile(stored.sanitized.signedFile).replacedSet };
  }

  prove(
    service: Person,
    { auditId }: Pick<AuditEntry, 'auditId'>,
    proof: Uint8Array | string,
    transient: Record<string, Uint8Array> = {},
  ): Promise<AuditEntry> {
    const text = typeof proof === 'string' ? proof : toBase64(proof);
    return this.ledger.submit<AuditEntry>(service, 'integrity:prove', [auditId, text], { transient });
  }
}
