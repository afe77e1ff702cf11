import 'reflect-metadata';
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  webcrypto,
  type KeyObject,
} from 'node:crypto';
import { common, ledger, msp, orderer, peer } from '@hyperledger/fabric-protos';
import * as x509 from '@peculiar/x509';
import { Timestamp } from 'google-protobuf/google/protobuf/timestamp_pb';
import { contentHash, type RecordEntry } from '@medseal/chaincode';
import {
  dataHash,
  headerBytes,
  headerHash,
  METADATA_SLOTS,
  parseBlock,
} from '../src/blockchain/verifier/block-bytes';
import { commitHash } from '../src/blockchain/verifier/commit-hash';
import { parseTransaction } from '../src/blockchain/verifier/transaction-bytes';
import { signLowS } from '../src/fabric/identity';
import { UnreadableBlockError, type DeliveredBlock } from '../src/fabric/ledger-client';

/**
 * A channel whose every block is real: its own certificate authorities, configuration, endorsements, orderer's
 * signatures and commit hashes. It stands where a peer stands, so that its bytes can be damaged at will.
 */
export class SignedLedger {
  readonly channel = 'health';
  /** As the peer has them now; tests may alter, swap or remove them. */
  blocks: (Buffer | undefined)[] = [];
  readonly privateData = new Map<string, Map<number, Map<number, Uint8Array>>>();
  readonly #organizations = new Map<string, TestOrganization>();
  readonly #ordering: TestOrganization;
  #commitHash: Buffer = Buffer.alloc(0);
  readonly #listeners = new Set<() => void>();
  #time = Date.parse('2026-01-05T08:00:00Z');

  private constructor(organizations: TestOrganization[], ordering: TestOrganization) {
    for (const organization of organizations) this.#organizations.set(organization.mspId, organization);
    this.#ordering = ordering;
  }

  static async create(mspIds: readonly string[]): Promise<SignedLedger> {
    const organizations = await Promise.all(mspIds.map((mspId) => TestOrganization.create(mspId)));
    const created = new SignedLedger(organizations, await TestOrganization.create('OrdererMSP'));
    created.#append([created.#configuration()], [0]);
    return created;
  }

  /** One block with one transaction of a client of `mspId`. @returns its id and block */
  submit(
    mspId: string,
    functionName: string,
    change: Change,
  ): { transactionId: string; blockNumber: number } {
    const { envelope, transactionId, privateWrites } = this.#transaction(mspId, functionName, change);
    const blockNumber = this.#append([envelope], [change.validationCode ?? 0]);
    for (const [collection, writes] of Object.entries(change.private ?? {})) {
      for (const holder of collection === 'hospitals'
        ? [...this.#organizations.keys()]
        : [collection.slice('_implicit_org_'.length)]) {
        if (writes && privateWrites) this.#hold(holder, blockNumber, privateWrites);
      }
    }
    for (const listener of this.#listeners) listener();
    return { transactionId, blockNumber };
  }

  /** What the peer of `mspId` offers. */
  peerOf(mspId: string): TestPeer {
    return new TestPeer(this, mspId);
  }

  onBlock(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #hold(mspId: string, blockNumber: number, bytes: Uint8Array): void {
    const blocks = this.privateData.get(mspId) ?? new Map<number, Map<number, Uint8Array>>();
    blocks.set(blockNumber, new Map([[0, bytes]]));
    this.privateData.set(mspId, blocks);
  }

  #append(envelopes: Uint8Array[], codes: number[]): number {
    const number = this.blocks.length;
    const previous = this.blocks[number - 1];
    const header = {
      number,
      previousHash: previous ? headerHash(parseBlock(previous)) : Buffer.alloc(0),
      dataHash: dataHash(envelopes),
    };
    const slots: Uint8Array[] = Array.from({ length: 5 }, () => new Uint8Array());
    const lastConfig = new common.LastConfig();
    lastConfig.setIndex(0);
    const orderers = new common.OrdererBlockMetadata();
    orderers.setLastConfig(lastConfig);
    const signatures = new common.Metadata();
    signatures.setValue(orderers.serializeBinary());
    if (number > 0) {
      const signatureHeader = new common.SignatureHeader();
      signatureHeader.setCreator(this.#ordering.orderer.serialized);
      signatureHeader.setNonce(randomBytes(24));
      const signature = new common.MetadataSignature();
      signature.setSignatureHeader(signatureHeader.serializeBinary());
      signature.setSignature(
        this.#ordering.orderer.sign(
          Buffer.concat([orderers.serializeBinary(), signatureHeader.serializeBinary(), headerBytes(header)]),
        ),
      );
      signatures.addSignatures(signature);
    }
    slots[METADATA_SLOTS.signatures] = signatures.serializeBinary();
    slots[METADATA_SLOTS.transactionsFilter] = Buffer.from(codes);
    if (number > 0) {
      const hash = commitHash(
        number,
        envelopes.map((envelope) => parseTransaction(envelope)),
        Buffer.from(codes),
        this.#commitHash,
      )!;
      this.#commitHash = hash;
      const metadata = new common.Metadata();
      metadata.setValue(hash);
      slots[METADATA_SLOTS.commitHash] = metadata.serializeBinary();
    }
    const block = new common.Block();
    const blockHeader = new common.BlockHeader();
    blockHeader.setNumber(number);
    blockHeader.setPreviousHash(header.previousHash);
    blockHeader.setDataHash(header.dataHash);
    block.setHeader(blockHeader);
    const data = new common.BlockData();
    data.setDataList(envelopes);
    block.setData(data);
    const metadata = new common.BlockMetadata();
    metadata.setMetadataList(slots);
    block.setMetadata(metadata);
    this.blocks.push(Buffer.from(block.serializeBinary()));
    return number;
  }

  #configuration(): Uint8Array {
    const config = new common.Config();
    const channel = new common.ConfigGroup();
    const application = new common.ConfigGroup();
    for (const organization of this.#organizations.values()) {
      application.getGroupsMap().set(organization.mspId, organization.configGroup());
    }
    const ordering = new common.ConfigGroup();
    ordering.getGroupsMap().set(this.#ordering.mspId, this.#ordering.configGroup());
    const consensus = new orderer.ConsensusType();
    consensus.setType('etcdraft');
    const value = new common.ConfigValue();
    value.setValue(consensus.serializeBinary());
    ordering.getValuesMap().set('ConsensusType', value);
    channel.getGroupsMap().set('Application', application);
    channel.getGroupsMap().set('Orderer', ordering);
    config.setChannelGroup(channel);
    const envelope = new common.ConfigEnvelope();
    envelope.setConfig(config);
    return this.#envelope(common.HeaderType.CONFIG, '', undefined, envelope.serializeBinary()).bytes;
  }

  #transaction(
    mspId: string,
    functionName: string,
    change: Change,
  ): { envelope: Uint8Array; transactionId: string; privateWrites: Uint8Array | undefined } {
    const client = this.#organizations.get(mspId)!.client;
    const nonce = randomBytes(24);
    const transactionId = sha256(nonce, client.serialized).toString('hex');

    const input = new peer.ChaincodeInput();
    input.setArgsList([Buffer.from(functionName)]);
    const spec = new peer.ChaincodeSpec();
    const chaincodeId = new peer.ChaincodeID();
    chaincodeId.setName('ehr');
    spec.setChaincodeId(chaincodeId);
    spec.setInput(input);
    const invocation = new peer.ChaincodeInvocationSpec();
    invocation.setChaincodeSpec(spec);
    const proposal = new peer.ChaincodeProposalPayload();
    proposal.setInput(invocation.serializeBinary());

    const { publicBytes, privateBytes } = readWriteSets(change, transactionId);
    const action = new peer.ChaincodeAction();
    action.setResults(publicBytes);
    const { headers, channelHeader, signatureHeader } = this.#headers(
      common.HeaderType.ENDORSER_TRANSACTION,
      transactionId,
      { client, nonce },
      change.claimed,
    );
    const response = new peer.ProposalResponsePayload();
    response.setProposalHash(sha256(channelHeader, signatureHeader, proposal.serializeBinary()));
    response.setExtension$(action.serializeBinary());
    const responseBytes = response.serializeBinary();

    const endorsed = new peer.ChaincodeEndorsedAction();
    endorsed.setProposalResponsePayload(responseBytes);
    for (const { peer: endorser } of this.#organizations.values()) {
      const endorsement = new peer.Endorsement();
      endorsement.setEndorser(endorser.serialized);
      endorsement.setSignature(endorser.sign(Buffer.concat([responseBytes, endorser.serialized])));
      endorsed.addEndorsements(endorsement);
    }
    const actionPayload = new peer.ChaincodeActionPayload();
    actionPayload.setChaincodeProposalPayload(proposal.serializeBinary());
    actionPayload.setAction(endorsed);
    const transactionAction = new peer.TransactionAction();
    transactionAction.setHeader(signatureHeader);
    transactionAction.setPayload(actionPayload.serializeBinary());
    const transaction = new peer.Transaction();
    transaction.addActions(transactionAction);
    return {
      envelope: signedEnvelope(headers, transaction.serializeBinary(), client),
      transactionId,
      privateWrites: privateBytes,
    };
  }

  #envelope(type: number, transactionId: string, by: undefined, data: Uint8Array): { bytes: Uint8Array } {
    const { headers } = this.#headers(type, transactionId, by);
    return { bytes: signedEnvelope(headers, data, by) };
  }

  #headers(
    type: number,
    transactionId: string,
    by: { client: TestSigner; nonce: Uint8Array } | undefined,
    claimed: Change['claimed'] = {},
  ): { headers: common.Header; channelHeader: Uint8Array; signatureHeader: Uint8Array } {
    const channelHeader = new common.ChannelHeader();
    channelHeader.setType(claimed.type ?? type);
    channelHeader.setChannelId(this.channel);
    channelHeader.setTxId(claimed.transactionId ?? transactionId);
    const time = Timestamp.fromDate(new Date((this.#time += 60_000)));
    if (claimed.seconds !== undefined) time.setSeconds(claimed.seconds);
    channelHeader.setTimestamp(time);
    const signatureHeader = new common.SignatureHeader();
    if (by) {
      signatureHeader.setCreator(by.client.serialized);
      signatureHeader.setNonce(by.nonce);
    }
    const headers = new common.Header();
    headers.setChannelHeader(channelHeader.serializeBinary());
    headers.setSignatureHeader(signatureHeader.serializeBinary());
    return {
      headers,
      channelHeader: channelHeader.serializeBinary(),
      signatureHeader: signatureHeader.serializeBinary(),
    };
  }
}

export interface Change {
  /** Composite key parts → entry; null deletes. */
  readonly world?: readonly (readonly [key: readonly string[], entry: object | null])[];
  /** Collection → key → value; null deletes. */
  readonly private?: Readonly<Record<string, Readonly<Record<string, Uint8Array | null>>>>;
  readonly validationCode?: number;
  /** What a hostile client writes into the channel header instead. */
  readonly claimed?: { readonly transactionId?: string; readonly seconds?: number; readonly type?: number };
}

/** Serves a ledger's blocks as a peer does: one it has lost ends the stream. */
export class TestPeer {
  constructor(
    private readonly source: SignedLedger,
    private readonly mspId: string,
  ) {}

  get channel(): string {
    return this.source.channel;
  }

  height(): Promise<number> {
    return Promise.resolve(this.source.blocks.length);
  }

  async *readBlocks(from: number, to: number): AsyncGenerator<DeliveredBlock> {
    for (let number = from; number <= to; number += 1) yield await Promise.resolve(this.#block(number));
  }

  async *blocks(from: number, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<DeliveredBlock> {
    for (let number = from; !signal?.aborted; number += 1) {
      while (number >= this.source.blocks.length) {
        await new Promise<void>((resolve) => {
          const off = this.source.onBlock(() => (off(), resolve()));
          signal?.addEventListener('abort', () => (off(), resolve()));
        });
        if (signal?.aborted) return;
      }
      yield this.#block(number);
    }
  }

  #block(number: number): DeliveredBlock {
    const block = this.source.blocks[number];
    if (!block) throw new UnreadableBlockError(number);
    return { number, block, privateData: this.source.privateData.get(this.mspId)?.get(number) ?? new Map() };
  }
}

interface TestSigner {
  readonly serialized: Buffer;
  sign(message: Uint8Array): Uint8Array;
}

x509.cryptoProvider.set(webcrypto as unknown as Crypto);
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

class TestOrganization {
  private constructor(
    readonly mspId: string,
    private readonly root: string,
    readonly client: TestSigner,
    readonly peer: TestSigner,
    readonly orderer: TestSigner,
  ) {}

  static async create(mspId: string): Promise<TestOrganization> {
    const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair;
    const root = await x509.X509CertificateGenerator.createSelfSigned({
      name: `CN=ca.${mspId}`,
      keys,
      signingAlgorithm: ALGORITHM,
      notAfter: new Date('2040-01-01'),
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    });
    const signer = async (unit: string): Promise<TestSigner> => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const certificate = await x509.X509CertificateGenerator.create({
        subject: `CN=u-${randomBytes(6).toString('hex')}, OU=${unit}`,
        issuer: root.subject,
        publicKey: await webcrypto.subtle.importKey(
          'spki',
          publicKey.export({ type: 'spki', format: 'der' }),
          ALGORITHM,
          true,
          ['verify'],
        ),
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        notAfter: new Date('2040-01-01'),
      });
      return testSigner(
        mspId,
        certificate.toString('pem'),
        createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })),
      );
    };
    return new TestOrganization(
      mspId,
      root.toString('pem'),
      await signer('client'),
      await signer('peer'),
      await signer('orderer'),
    );
  }

  configGroup(): common.ConfigGroup {
    const config = new msp.FabricMSPConfig();
    config.setName(this.mspId);
    config.setRootCertsList([Buffer.from(this.root)]);
    const units = new msp.FabricNodeOUs();
    units.setEnable(true);
    const unit = (name: string): msp.FabricOUIdentifier => {
      const identifier = new msp.FabricOUIdentifier();
      identifier.setOrganizationalUnitIdentifier(name);
      return identifier;
    };
    units.setClientOuIdentifier(unit('client'));
    units.setPeerOuIdentifier(unit('peer'));
    units.setAdminOuIdentifier(unit('admin'));
    units.setOrdererOuIdentifier(unit('orderer'));
    config.setFabricNodeOus(units);
    const wrapped = new msp.MSPConfig();
    wrapped.setConfig(config.serializeBinary());
    const value = new common.ConfigValue();
    value.setValue(wrapped.serializeBinary());
    const group = new common.ConfigGroup();
    group.getValuesMap().set('MSP', value);
    return group;
  }
}

function testSigner(mspId: string, certificatePem: string, key: KeyObject): TestSigner {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(certificatePem));
  return { serialized: Buffer.from(identity.serializeBinary()), sign: (message) => signLowS(key, message) };
}

function signedEnvelope(headers: common.Header, data: Uint8Array, by: TestSigner | undefined): Uint8Array {
  const payload = new common.Payload();
  payload.setHeader(headers);
  payload.setData(data);
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  if (by) envelope.setSignature(by.sign(payload.serializeBinary()));
  return envelope.serializeBinary();
}

function readWriteSets(
  { world = [], private: collections = {} }: Change,
  transactionId: string,
): { publicBytes: Uint8Array; privateBytes: Uint8Array | undefined } {
  const set = new ledger.rwset.kvrwset.KVRWSet();
  const rows = world
    .map(
      ([parts, entry]) =>
        [
          `\u0000${parts.map((part) => `${part.replace('$tx', transactionId)}\u0000`).join('')}`,
          entry,
        ] as const,
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, entry] of rows) {
    const write = new ledger.rwset.kvrwset.KVWrite();
    write.setKey(key);
    write.setIsDelete(entry === null);
    if (entry) write.setValue(Buffer.from(JSON.stringify(entry).replaceAll('$tx', transactionId)));
    set.addWrites(write);
  }
  const namespace = new ledger.rwset.NsReadWriteSet();
  namespace.setNamespace('ehr');
  namespace.setRwset(set.serializeBinary());
  const plain = new ledger.rwset.NsPvtReadWriteSet();
  plain.setNamespace('ehr');
  for (const [collection, values] of Object.entries(collections).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const hashed = new ledger.rwset.kvrwset.HashedRWSet();
    const own = new ledger.rwset.kvrwset.KVRWSet();
    for (const [key, value] of Object.entries(values)) {
      const hash = new ledger.rwset.kvrwset.KVWriteHash();
      hash.setKeyHash(sha256(Buffer.from(key)));
      hash.setIsDelete(value === null);
      if (value) hash.setValueHash(sha256(value));
      hashed.addHashedWrites(hash);
      const write = new ledger.rwset.kvrwset.KVWrite();
      write.setKey(key);
      write.setIsDelete(value === null);
      if (value) write.setValue(value);
      own.addWrites(write);
    }
    const hashedCollection = new ledger.rwset.CollectionHashedReadWriteSet();
    hashedCollection.setCollectionName(collection);
    hashedCollection.setHashedRwset(hashed.serializeBinary());
    hashedCollection.setPvtRwsetHash(sha256(own.serializeBinary()));
    namespace.addCollectionHashedRwset(hashedCollection);
    const plainCollection = new ledger.rwset.CollectionPvtReadWriteSet();
    plainCollection.setCollectionName(collection);
    plainCollection.setRwset(own.serializeBinary());
    plain.addCollectionPvtRwset(plainCollection);
  }
  const publicSet = new ledger.rwset.TxReadWriteSet();
  publicSet.addNsRwset(namespace);
  const privateSet = new ledger.rwset.TxPvtReadWriteSet();
  privateSet.addNsPvtRwset(plain);
  const hasPrivate = Object.keys(collections).length > 0;
  return {
    publicBytes: publicSet.serializeBinary(),
    privateBytes: hasPrivate ? privateSet.serializeBinary() : undefined,
  };
}

const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** A chained entry as `records:chain` writes it. */
export function chainedEntry(
  fields: { recordId: string; ledgerId: string; hospital: string; author: string; version?: number },
  objects: { sealedDigest: string; headerDigest: string },
  before: { contentHash: string; count: number },
): RecordEntry & { sealed: NonNullable<RecordEntry['sealed']>; chain: NonNullable<RecordEntry['chain']> } {
  const entry = {
    schema: 1,
    version: 1,
    ...fields,
    scopeId: '0'.repeat(32),
    epoch: 0,
    policyVersion: 1,
    steps: ['chain' as const],
    status: 'chained' as const,
    sealed: {
      sealedBy: 'hospital' as const,
      ...objects,
      sealedBytes: 10,
      headerBytes: 10,
      dekCommitment: 'd'.repeat(64),
      commitments: { selector: 'a'.repeat(64), titleLine: 'b'.repeat(64), document: 'c'.repeat(64) },
      recipients: [fields.author],
    },
    ownerSlots: [],
  };
  const hash = contentHash('health', entry, before.count, before.contentHash);
  return { ...entry, chain: { contentHash: hash, prevHash: before.contentHash, index: before.count } };
}
