import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AuditedKind,
  type AuditEntry,
  type AuditParametersEntry,
  type ExtractedShare,
  type ParametersEntry,
  privateKeys,
  type ReceivingKeyEntry,
  RECORD_STEPS,
  type RecordEntry,
  type StaffRole,
} from '@medseal/chaincode';
import {
  type AuditParameters,
  blindDocument,
  canonicalJson,
  combineIdentityShares,
  decodeAuditParameters,
  decodeSanitisingPackage,
  decodeSignedFile,
  fromBase64,
  type IdentityKey,
  mclEngine,
  openIdentityShare,
  sanitise,
  sha256Hex,
  type SignerIdentity,
  signSealedFile,
  toBase64,
  utf8,
} from '@medseal/crypto';
import { Clock } from '../src/clock';
import { CaClient } from '../src/fabric/ca-client';
import { newSigningKey } from '../src/fabric/certificate-request';
import { readConnectionProfile } from '../src/fabric/connection-profile';
import { ledgerIdentity } from '../src/fabric/identity';
import { LedgerClient, type LedgerIdentity } from '../src/fabric/ledger-client';
import { sealPackage } from '../src/integrity/sealed-package';
import { newX25519SecretKey, x25519PublicKey } from '../src/keystore/x25519';
import { FileObjectStore } from '../src/storage/file-object-store';
import { proveStored } from '../src/storage/prover';
import type { TestBed } from './harness';

const CITY = 'CityMSP';
const MINISTRY = 'MinistryMSP';
const CHANNEL = 'health';
const SEALED_BYTES = 3_000;
const DOCUMENT_BYTES = 2_500;
/** Of an authenticator. */
const G1_BYTES = 48;

/** A chained record with tags, and the four objects that audits look at. */
export interface AuditedRecord {
  recordId: string;
  entry: RecordEntry;
  /** Addresses. */
  files: Record<AuditedKind, { object: string; signedFile: string }>;
}

const newId = (): string => randomBytes(16).toString('hex');
const newDigest = (): string => randomBytes(32).toString('hex');
const objectOf = (bytes: Uint8Array) => ({ digest: sha256Hex(bytes), bytes: bytes.length });

/**
 * Records of City with all five steps, made by people of the tests' own with the contracts themselves: what an audit needs,
 * and nothing of how a gateway writes records.
 */
export class AuditedRecords {
  private readonly ledgers = new Map<string, LedgerClient>();
  private readonly cas = new Map<string, CaClient>();
  private admin!: LedgerIdentity;
  private author!: LedgerIdentity;
  private sanitizer!: LedgerIdentity;
  private verifier!: LedgerIdentity;
  private parameters!: AuditParameters;
  private signsAs!: SignerIdentity;
  private key!: IdentityKey;
  private objects!: FileObjectStore;

  private constructor(private readonly bed: TestBed) {}

  static async start(bed: TestBed): Promise<AuditedRecords> {
    const made = new AuditedRecords(bed);
    await made.found();
    return made;
  }

  close(): void {
    for (const ledger of this.ledgers.values()) ledger.close();
  }

  /** Whom the tags are verified for. */
  get signer(): { parameters: AuditParameters; identity: SignerIdentity } {
    return { parameters: this.parameters, identity: this.signsAs };
  }

  /** As the ledger has it now. */
  async audit(auditId: string): Promise<AuditEntry> {
    const answer = await this.ledger(CITY).evaluate(this.author, 'integrity:getAudit', [auditId]);
    return JSON.parse(answer.toString()) as AuditEntry;
  }

  async replacedSetOf({ files }: AuditedRecord, kind: AuditedKind): Promise<Uint8Array> {
    return decodeSignedFile(await this.objects.get(files[kind].signedFile)).replacedSet;
  }

  /** Of a record's file, whatever record the audit is of. */
  async proofOf(
    { files, entry }: AuditedRecord,
    kind: AuditedKind,
    { auditId, seed, size }: AuditEntry,
    store: FileObjectStore,
  ): Promise<Uint8Array> {
    const { proof } = await proveStored(await mclEngine(), store, {
      parameters: this.parameters,
      tag: fromBase64(entry.integrity!.blinded!.tags[kind]),
      challenge: { auditId, seed: seed!, size },
      ...files[kind],
    });
    return proof;
  }

  ledger(mspId: string): LedgerClient {
    return this.ledgers.get(mspId)!;
  }

  /** Somebody whose key the test has; no staff entry yet. */
  async person(mspId: string, role: StaffRole | 'service'): Promise<LedgerIdentity> {
    const subject = role === 'service' ? '' : newId();
    const key = newSigningKey();
    const named = role === 'service' ? {} : { subject };
    const enrollmentId = `u-${newId()}`;
    const { certificate } = await this.cas.get(mspId)!.issue({ enrollmentId, role, ...named }, key);
    return ledgerIdentity({ mspId, certificate, subject, role }, key);
  }

  /** A chained record of a patient of City's. */
  write(ledgerId: string): Promise<AuditedRecord> {
    return this.chained({ recordId: newId(), version: 1, ledgerId });
  }

  /** Its next version: other content, and other tags. */
  amend({ entry: { recordId, version, ledgerId } }: AuditedRecord): Promise<AuditedRecord> {
    return this.chained({ recordId, version: version + 1, ledgerId });
  }

  /**
   * A blinded record whose author exchanged an authenticator, and sealed the package to this sanitiser all the same; the
   * package is put into City's spool.
   */
  async blindWrongly(ledgerId: string, sanitizer: string): Promise<string> {
    const answer = await this.ledger(CITY).evaluate(this.author, 'registry:getReceivingKey', [sanitizer]);
    const { publicKey } = JSON.parse(answer.toString()) as ReceivingKeyEntry;
    const wanted = { recordId: newId(), version: 1, ledgerId };
    const { recordId } = wanted;
    await this.blinded(wanted, sanitizer, async (made) => {
      const altered = Uint8Array.from(made);
      const end = made.length;
      // The last block's authenticator is another block's.
      altered.set(made.subarray(end - 2 * G1_BYTES, end - G1_BYTES), end - G1_BYTES);
      const sealed = await sealPackage(
        publicKey,
        { channel: CHANNEL, recordId, version: 1, round: 1 },
        altered,
      );
      const name = `${recordId}.${sha256Hex(sealed)}`;
      writeFileSync(join(this.bed.folder, 'gateway', CITY, 'spool', name), sealed);
      return sealed;
    });
    return recordId;
  }

  /** @param handOver gives what the ledger has the digest of */
  private async blinded(
    wanted: Pick<RecordEntry, 'recordId' | 'version' | 'ledgerId'>,
    sanitizer: string,
    handOver: (made: Uint8Array) => Promise<Uint8Array>,
  ) {
    const { ledgerId } = wanted;
    const engine = await mclEngine();
    const created = await this.submit<RecordEntry>(this.author, 'records:create', [
      newDigest(),
      canonicalJson({
        ...wanted,
        scopeId: '0'.repeat(32),
        epoch: 0,
        sanitizer,
        verifiers: [this.verifier.subject],
      }),
    ]);
    const { recordId, version } = created;
    const sealed = randomBytes(SEALED_BYTES);
    await this.seal(created, sealed);

    const record = { channel: CHANNEL, recordId, version, owner: ledgerId };
    const common = { parameters: this.parameters, identity: this.signsAs, key: this.key, record };
    const sealedFile = signSealedFile(engine, { ...common, content: sealed });
    const blinded = blindDocument(engine, {
      ...common,
      content: randomBytes(DOCUMENT_BYTES),
      personal: [{ block: 0, sector: 1 }],
      organisation: [{ block: 1, sector: 3 }],
    });
    const handedOver = await handOver(blinded.package);
    const blind = {
      recordId,
      version,
      tags: { sealed: toBase64(sealedFile.tag), sanitized: toBase64(blinded.tag) },
      packageDigest: sha256Hex(handedOver),
      packageBytes: handedOver.length,
      profile: 'minimal',
      round: 1,
      sanitizer,
    };
    const { replacedSet } = decodeSanitisingPackage(blinded.package);
    await this.submit(this.author, 'integrity:blind', [newDigest(), canonicalJson(blind)], { replacedSet });
    return { record, sealed, sealedFile, package: blinded.package };
  }

  private async chained(
    wanted: Pick<RecordEntry, 'recordId' | 'version' | 'ledgerId'>,
  ): Promise<AuditedRecord> {
    const { recordId, version } = wanted;
    const engine = await mclEngine();
    const { subject } = this.sanitizer;
    const blinded = await this.blinded(wanted, subject, (made) => Promise.resolve(made));
    const { record, sealed, sealedFile } = blinded;
    const { parameters, signsAs: identity } = this;
    const made = await sanitise(engine, { parameters, identity, record, package: blinded.package });
    const stored = { object: objectOf(made.content), signedFile: objectOf(made.signedFile) };
    for (const object of [sealedFile.signedFile, made.content, made.signedFile])
      await this.objects.put(object);
    const sealedSignedFile = objectOf(sealedFile.signedFile);
    const step = (by: LedgerIdentity, fn: string, fields: object) =>
      this.submit(by, `integrity:${fn}`, [
        newDigest(),
        canonicalJson({ recordId, version, round: 1, ...fields }),
      ]);
    await step(this.sanitizer, 'sanitize', stored);
    await step(this.author, 'upload', { ...stored, sealedSignedFile });
    await step(this.verifier, 'attest', { verdict: 'approve', reasonCode: null });
    const entry = await this.onceChained(recordId, version);
    return {
      recordId,
      entry,
      files: {
        sealed: { object: sha256Hex(sealed), signedFile: sealedSignedFile.digest },
        sanitized: { object: stored.object.digest, signedFile: stored.signedFile.digest },
      },
    };
  }

  /** The hospital's service chains what is attested. */
  private async onceChained(recordId: string, version: number): Promise<RecordEntry> {
    for (;;) {
      const args = [recordId, String(version)];
      const answer = await this.ledger(CITY).evaluate(this.author, 'records:getVersion', args);
      const entry = JSON.parse(answer.toString()) as RecordEntry;
      if (entry.status === 'chained') return entry;
      await sleep(100);
    }
  }

  private async found(): Promise<void> {
    this.objects = await FileObjectStore.open(join(this.bed.folder, 'objects'));
    const profile = readConnectionProfile(join(this.bed.folder, 'connection.yaml'));
    const clock = new Clock(join(this.bed.folder, 'network/clock'));
    const { channel, chaincode } = profile;
    for (const mspId of [CITY, MINISTRY]) {
      const organization = profile.organization(mspId);
      this.cas.set(mspId, new CaClient({ mspId, ...organization.ca }));
      this.ledgers.set(mspId, new LedgerClient({ ...organization, mspId, channel, chaincode, clock }));
    }
    const manager = await this.person(MINISTRY, 'system-manager');
    const current = await this.ledger(MINISTRY).evaluate(manager, 'registry:getParameters', []);
    const { policyVersion } = JSON.parse(current.toString()) as ParametersEntry;
    await this.submit(manager, 'registry:setParameters', [
      canonicalJson({ policyVersion: policyVersion + 1, recordSteps: [...RECORD_STEPS] }),
    ]);
    this.admin = await this.person(CITY, 'hospital-admin');
    this.author = await this.staff('doctor');
    this.sanitizer = await this.staff('sanitizer');
    this.verifier = await this.staff('verifier');
    await this.extractKey();
  }

  private async staff(role: StaffRole): Promise<LedgerIdentity> {
    const person = await this.person(CITY, role);
    const businessId = newDigest();
    const entry = canonicalJson({
      staffId: person.subject,
      mspId: CITY,
      role,
      status: 'active',
      version: 1,
    });
    await this.submitHere(this.admin, 'registry:putStaffPrivate', [businessId], {
      entry: utf8(entry),
      details: utf8(canonicalJson({ name: `Test ${role}` })),
    });
    await this.submit(this.admin, 'registry:putStaff', [businessId, entry]);
    return person;
  }

  private async extractKey(): Promise<void> {
    const engine = await mclEngine();
    const receiving = newX25519SecretKey();
    await this.submit(this.author, 'registry:registerReceivingKey', [x25519PublicKey(receiving), '1']);
    await this.submit(this.author, 'integrity:enrollIdentityKey', ['1']);
    const ledger = this.ledger(CITY);
    const set = await ledger.evaluate(this.author, 'integrity:getAuditParameters', ['']);
    const { parameters } = JSON.parse(set.toString()) as AuditParametersEntry;
    this.parameters = decodeAuditParameters(engine, fromBase64(parameters));
    this.signsAs = { channel: CHANNEL, mspId: CITY, userId: this.author.subject, keyEpoch: 1 };
    const common = { parameters: this.parameters, identity: this.signsAs };
    const shares = [];
    for (const mspId of [CITY, MINISTRY]) {
      const answer = await ledger.evaluate(this.author, 'integrity:extract', ['1'], {
        endorsingOrganizations: [mspId],
      });
      const { sealed } = JSON.parse(answer.toString()) as ExtractedShare;
      const share = await openIdentityShare(receiving, fromBase64(sealed), { ...common, mspId });
      shares.push({ mspId, share });
    }
    this.key = combineIdentityShares(engine, { ...common, shares });
  }

  private async seal(
    { recordId, version, hospital, author }: RecordEntry,
    sealed: Uint8Array,
  ): Promise<void> {
    const header = randomBytes(200);
    for (const object of [sealed, header]) await this.objects.put(object);
    const entry = canonicalJson({
      recordId,
      version,
      author,
      sealed: {
        sealedBy: 'hospital',
        sealedDigest: sha256Hex(sealed),
        sealedBytes: sealed.length,
        headerDigest: sha256Hex(header),
        headerBytes: header.length,
        dekCommitment: newDigest(),
        commitments: { selector: newDigest(), titleLine: newDigest(), document: newDigest() },
        recipients: [author, `custodian:${hospital}`, this.verifier.subject],
      },
    });
    const businessId = newDigest();
    const values = [privateKeys.selector(recordId, version), privateKeys.titleLine(recordId, version)].map(
      (key) => ({ key, value: toBase64(randomBytes(40)) }),
    );
    await this.submitHere(this.author, 'records:sealPrivate', [businessId, recordId, String(version)], {
      entry: utf8(entry),
      private: utf8(canonicalJson(values)),
    });
    await this.submit(this.author, 'records:seal', [businessId, hospital, entry]);
  }

  private submitHere(
    by: LedgerIdentity,
    fn: string,
    args: string[],
    transient: Record<string, Uint8Array>,
  ): Promise<unknown> {
    return this.ledger(by.mspId).submit(by, fn, args, { transient, endorsingOrganizations: [by.mspId] });
  }

  /** By whom it says; gives the contract's answer. */
  async submit<Result = unknown>(
    by: LedgerIdentity,
    fn: string,
    args: string[],
    transient: Record<string, Uint8Array> = {},
  ): Promise<Result> {
    const { result } = await this.ledger(by.mspId).submit(by, fn, args, { transient });
    return JSON.parse(result.toString()) as Result;
  }
}
