import {
  canonicalJson,
  commit,
  fromHex,
  type KeyPair,
  makeGrant,
  mclEngine,
  newReaderKeyPair,
  proveReaderKey,
  scopeKeyPair,
  sha256Hex,
  toBase64,
  toHex,
} from '@medseal/crypto';
import { certificateBytes } from '../../src/ledger/certificates';
import type {
  CareTeamKind,
  ConsentEntry,
  ConsentTerms,
  Grantee,
  ReencryptedElement,
  SelectorOpening,
  ShareVerdict,
} from '../../src/model/consent-entries';
import { type ReceiptEntry, type RecordEntry, ZERO_HASH } from '../../src/model/entries';
import type { GrantArgument } from '../../src/model/consent-arguments';
import { Clinic, type Patient } from './clinic';
import {
  type CallOptions,
  CHANNEL,
  type HealthNetwork,
  newDigest,
  newId,
  type Person,
} from './health-network';

export const MINUTE = 60_000;

/** A patient with keys, and the certificate of the device. */
export interface Owner {
  patient: Patient;
  person: Person;
}

/** A grantee as the ledger has it, with the secret key that opens. */
export interface Reader {
  grantee: Grantee;
  proof: string;
  keys: KeyPair;
}

/** A record under an owner's scope with all that a reader is told to ask for it. */
export interface SealedRecord {
  entry: RecordEntry;
  capsule: Uint8Array;
  selector: SelectorOpening;
}

export interface RecordWish {
  /** Which of the owner's scopes. */
  scope?: number;
  date?: string;
  recordType?: string;
  /** The chained version that this follows. */
  of?: RecordEntry;
  isChained?: boolean;
  /** Of the owner's key; 1 if not given. */
  epoch?: number;
}

export interface MadeConsent {
  argument: GrantArgument;
  terms: ConsentTerms;
  /** Transient `share` of each agent, by MSP id. */
  shares: Record<string, string>;
}

export interface ConsentWish {
  owner: Owner;
  reader: Reader;
  agents: readonly string[];
  /** Which of the owner's scopes; the general one if not given. */
  scopes?: readonly number[];
  terms?: Partial<ConsentTerms>;
  /** Of the owner's keys; 1 if not given. */
  epoch?: number;
  /** In milliseconds from now. */
  lasts?: number;
  requestId?: string | null;
  /** A fresh one if not given. */
  consentId?: string;
}

/** Consents as devices and services make them, each step a real transaction. */
export class Consents {
  private readonly agentKeys: Record<string, Uint8Array> = {};
  /** As somebody has them who broke into the agents. */
  readonly agentSecrets: Record<string, Uint8Array> = {};

  constructor(
    readonly ledger: HealthNetwork,
    readonly clinic: Clinic,
  ) {}

  /** Every organisation's agent key, on the ledger and in its process. */
  async registerAgents(): Promise<void> {
    for (const mspId of Object.keys(this.clinic.services)) {
      const { publicKey, secretKey } = this.ledger.newAgentKey(mspId);
      this.agentSecrets[mspId] = secretKey;
      await this.ledger.putOrganizationKey(this.clinic.service(mspId), 'agent', publicKey);
      this.agentKeys[mspId] = publicKey;
    }
  }

  async owner(homeMsp: string): Promise<Owner> {
    const patient = await this.clinic.registerPatient(homeMsp);
    return { patient, person: await this.clinic.activate(patient) };
  }

  async registerKey(person: Person, epoch = 1): Promise<Reader> {
    const made = await this.newKey(person);
    await this.ledger.submit(person, 'consent:registerKey', [made.grantee.publicKey, made.proof, epoch]);
    return { ...made, grantee: { ...made.grantee, epoch } };
  }

  async team(
    admin: Person,
    kind: CareTeamKind,
    members: string[] = [],
    teamId = newId(),
    epoch = 1,
  ): Promise<Reader> {
    const made = await this.newKey(admin);
    const { publicKey } = made.grantee;
    await this.ledger.submit(admin, 'consent:putCareTeam', [
      { teamId, kind, publicKey, proof: made.proof, epoch, members },
    ]);
    return { ...made, grantee: { ...made.grantee, kind: 'careTeam', id: teamId, epoch } };
  }

  /** A key with its proof, not registered yet. */
  async newKey(person: Person): Promise<Reader> {
    const engine = await mclEngine();
    const keys = newReaderKeyPair(engine);
    const { mspId, subject } = person;
    const certificateHash = sha256Hex(certificateBytes(person.certificate));
    const { proof } = proveReaderKey(engine, keys.secretKey, { mspId, certificateHash });
    const publicKey = toHex(keys.publicKey);
    return {
      grantee: { kind: 'person', id: subject, mspId, publicKey, certificateHash, epoch: 1 },
      proof: toHex(proof),
      keys,
    };
  }

  /**
   * A record in one of the owner's scopes, or one more version of it. Chaining takes turns, a patient has one chain: a
   * record that is not chained can be made beside others.
   */
  async record(author: Person, { patient }: Owner, wish: RecordWish = {}): Promise<SealedRecord> {
    const { scope = 0, date = '2026-05-01', recordType = 'OPConsultation', of, isChained = true } = wish;
    const { epoch = 1 } = wish;
    const scopeId = patient.scopeIds[scope]!;
    const next = of === undefined ? {} : { recordId: of.recordId, version: of.version + 1 };
    const entry = await this.clinic.create(author, patient.ledgerId, { scopeId, epoch, ...next });
    const selector = {
      date,
      recordType,
      scope: scope === 0 ? 'general' : 'sensitive',
      salt: newDigest(),
    };
    const { salt, ...committed } = selector;
    const seal = this.clinic.sealOf(entry);
    seal.sealed.commitments.selector = commit(committed, fromHex(salt));
    const businessId = await this.clinic.announceSeal(author, seal);
    const capsule = await this.clinic.capsule(patient, entry, seal.sealed.sealedDigest, entry);
    const sealed = await this.ledger.submit<RecordEntry>(
      author,
      'records:seal',
      [businessId, entry.hospital, seal],
      { transient: { capsule } },
    );
    if (isChained) await this.ledger.submit(author, 'records:chain', [entry.recordId, entry.version]);
    return { entry: sealed, capsule, selector };
  }

  /** What the owner's device makes; nothing is on the ledger yet. */
  async make(wish: ConsentWish): Promise<MadeConsent> {
    const { owner, reader, agents, scopes = [0], lasts = 24 * 60 * MINUTE } = wish;
    const engine = await mclEngine();
    const { patient } = owner;
    const consentId = wish.consentId ?? newId();
    const { mspId, certificateHash } = reader.grantee;
    const made = await Promise.all(
      scopes.map((scope) =>
        makeGrant(engine, {
          grantId: consentId,
          channel: CHANNEL,
          owner: patient.ledgerId,
          scopeKey: scopeKeyPair(engine, patient.seed, patient.scopeIds[scope]!, wish.epoch ?? 1),
          reader: { mspId, certificateHash, publicKey: reader.keys.publicKey, proof: fromHex(reader.proof) },
          agents: agents.map((agent) => ({ mspId: agent, publicKey: this.agentKeys[agent]! })),
          threshold: 2,
        }),
      ),
    );
    const terms: ConsentTerms = {
      purpose: 'CAREMGT',
      recordTypes: ['OPConsultation'],
      dateRange: { from: '2026-01-01', to: '2026-12-31' },
      dataEraseAt: this.at(48 * 60 * MINUTE),
      salt: newDigest(),
      ...wish.terms,
    };
    const { salt, ...committed } = terms;
    const argument: GrantArgument = {
      consentId,
      requestId: wish.requestId ?? null,
      grantee: reader.grantee,
      scopes: made.map(({ grant }) => ({
        scopeId: grant.scopeId,
        epoch: grant.epoch,
        publicKey: toHex(grant.ownerPublicKey),
        points: grant.agents.map(({ check }) => toHex(check)),
        shareDigests: grant.agents.map(({ shareDigest }) => shareDigest),
      })),
      agents: agents.map((agent) => ({ mspId: agent, publicKey: toHex(this.agentKeys[agent]!) })),
      threshold: 2,
      expiresAt: this.at(lasts),
      termsCommitment: reader.grantee.kind === 'emergency' ? ZERO_HASH : commit(committed, fromHex(salt)),
      ...(reader.grantee.kind === 'emergency' ? {} : { termsId: newId() }),
    };
    const shares = Object.fromEntries(
      agents.map((agent, at) => [
        agent,
        canonicalJson({
          scopes: made.map(({ grant, sealedShares }) => ({
            scopeId: grant.scopeId,
            epoch: grant.epoch,
            sealedShare: toBase64(sealedShares[at]!.sealed),
          })),
        }),
      ]),
    );
    return { argument, terms, shares };
  }

  grant(owner: Owner, { argument }: MadeConsent, businessId = newDigest()): Promise<ConsentEntry> {
    return this.ledger.submit<ConsentEntry>(owner.person, 'consent:grant', [businessId, argument]);
  }

  deposit(owner: Owner, { argument, shares }: MadeConsent, mspId: string, share = shares[mspId]!) {
    return this.ledger.submit(owner.person, 'consent:depositShare', [argument.consentId], {
      transient: { share },
      endorsers: [mspId],
    });
  }

  check(mspId: string, consentId: string): Promise<ShareVerdict> {
    return this.ledger.evaluate<ShareVerdict>(this.clinic.service(mspId), 'consent:checkShare', [consentId]);
  }

  answer(mspId: string, consentId: string, { answer, code }: Pick<ShareVerdict, 'answer' | 'code'>) {
    return this.ledger.submit(this.clinic.service(mspId), 'consent:answerShare', [
      consentId,
      answer,
      code ?? '',
    ]);
  }

  /** Granted, deposited with all agents and accepted by those named, all of them if none are. */
  async activate(wish: ConsentWish, accepting = wish.agents): Promise<MadeConsent> {
    const made = await this.make(wish);
    await this.grant(wish.owner, made);
    await Promise.all(wish.agents.map((agent) => this.deposit(wish.owner, made, agent)));
    await Promise.all(
      accepting.map(async (agent) => {
        await this.answer(agent, made.argument.consentId, await this.check(agent, made.argument.consentId));
      }),
    );
    return made;
  }

  async receipt(
    by: Person,
    consentId: string,
    recordIds: string[],
    transient: CallOptions['transient'] = {},
  ): Promise<ReceiptEntry> {
    return this.ledger.submit<ReceiptEntry>(
      by,
      'access:receipt',
      [newDigest(), { basis: 'consent', consentId, recordIds }],
      { transient },
    );
  }

  /** One agent's answer. */
  ask(by: Person, agent: string, asking: Asking): Promise<ReencryptedElement> {
    const { args, options } = this.question(agent, asking);
    return this.ledger.evaluate<ReencryptedElement>(by, 'consent:reencrypt', args, options);
  }

  /** The same question straight to that organisation's peer. */
  askPeer(by: Person, at: string, asking: Asking): Promise<ReencryptedElement> {
    const { args, options } = this.question(at, asking);
    return this.ledger.propose<ReencryptedElement>(by, 'consent:reencrypt', args, options);
  }

  private question(at: string, { receiptId, record, terms, ...changed }: Asking) {
    const transient: Record<string, Uint8Array | string> = {
      capsule: changed.capsule ?? record.capsule,
      selector: canonicalJson(changed.selector ?? record.selector),
      terms: canonicalJson(terms),
      ...(changed.encounter === undefined ? {} : { encounter: changed.encounter }),
      ...(changed.withProof === true ? { withProof: '1' } : {}),
    };
    return {
      args: [receiptId, record.entry.recordId, record.entry.version],
      options: { at, transient, ...(changed.age === undefined ? {} : { age: changed.age }) },
    };
  }

  /** An instant so many milliseconds from the network's now. */
  at(milliseconds: number): string {
    return new Date(this.ledger.network.now() + milliseconds).toISOString();
  }
}

export interface Asking {
  receiptId: string;
  record: SealedRecord;
  terms: ConsentTerms;
  capsule?: Uint8Array;
  selector?: SelectorOpening;
  encounter?: string;
  withProof?: boolean;
  age?: number;
}
