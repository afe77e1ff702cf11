/**
 * The seams inside the embedded network. Three sides meet here and nowhere else: identities and configuration
 * (`msp/`, `policy/`, `config/`, `ca/`), the ledger (`ledger/`, `rwset/`, `validation/`, `ordering/`) and the
 * running peers (`endorser/`, `chaincode/`, `gateway/`, `deliver/`). Bytes that were signed or hashed cross as
 * `Buffer` and are never serialised again.
 */

/** Height of a write: block number and position in the block (Fabric core/ledger/internal/version). */
export interface Version {
  readonly blockNum: number;
  readonly txNum: number;
}

// ---------------------------------------------------------------- identities, policies, configuration

/** A deserialised `msp.SerializedIdentity`, cached by its bytes. */
export interface Identity {
  readonly mspId: string;
  readonly serialized: Buffer;
  readonly certificatePem: string;
  readonly notAfter: Date;
  /** MSP id and SHA-256 of the certificate with a low-S signature: the same for every spelling of one identity. */
  readonly id: string;
  /** Why it is no valid member (revoked, wrong organizational units); undefined when valid. Expiry does not count. */
  invalidity(): string | undefined;
  /** SHA-256 based ECDSA; a high-S signature is refused (fabric-lib-go bccsp/sw/ecdsa.go). */
  verify(message: Buffer, signature: Buffer): boolean;
  /** {@link Identity.verify} on the thread pool. */
  verifyAsync(message: Buffer, signature: Buffer): Promise<boolean>;
  /** `principal` is a marshalled `common.MSPPrincipal`. */
  satisfies(principal: Buffer): boolean;
}

export interface SigningIdentity {
  readonly mspId: string;
  readonly serialized: Buffer;
  readonly certificatePem: string;
  /** DER, low-S. */
  sign(message: Buffer): Buffer;
}

/** One signature with the bytes it covers; `identity` is a marshalled SerializedIdentity. */
export interface SignedData {
  readonly data: Buffer;
  readonly identity: Buffer;
  readonly signature: Buffer;
}

export interface Policy {
  /** Fabric's message of refusal, or undefined when satisfied. Invalid or duplicate identities count for nothing. */
  refusal(signatures: readonly SignedData[]): string | undefined;
  /** Same for identities whose signatures were already verified. */
  refusalOfIdentities(identities: readonly Identity[]): string | undefined;
  /** All minimal sets of organisations whose peers can satisfy it, each sorted; [] when none can. */
  organizationSets(): string[][];
}

/** Everything read from the channel's last configuration block. */
export interface ChannelConfig {
  readonly channelId: string;
  readonly sequence: number;
  readonly applicationMspIds: readonly string[];
  readonly ordererMspIds: readonly string[];
  readonly ordererEndpoints: readonly string[];
  readonly batch: {
    readonly maxMessageCount: number;
    readonly absoluteMaxBytes: number;
    readonly preferredMaxBytes: number;
    readonly timeoutMs: number;
  };
  /** @throws Error with Fabric's text ("creator org unknown, creator is malformed" cases included). */
  deserializeIdentity(serialized: Buffer): Identity;
  /** Absolute path, e.g. `/Channel/Application/Writers`. @throws when there is none. */
  policy(path: string): Policy;
  /** From a marshalled `common.SignaturePolicyEnvelope`. */
  signaturePolicy(envelope: Buffer): Policy;
  /** From a marshalled `common.ApplicationPolicy` (signature policy or channel reference). */
  applicationPolicy(bytes: Buffer): Policy;
}

// ---------------------------------------------------------------- chaincode definitions

export interface CollectionDefinition {
  readonly name: string;
  /** Fabric's policy language, e.g. `OR('CityMSP.member','LakesideMSP.member')`. */
  readonly policy: string;
  readonly requiredPeerCount?: number;
  readonly maxPeerCount?: number;
  readonly blockToLive?: number;
  readonly memberOnlyRead?: boolean;
  readonly memberOnlyWrite?: boolean;
  readonly endorsementPolicy?: { signaturePolicy?: string; channelConfigPolicy?: string };
}

/** What an administrator defines; becomes `_lifecycle` state exactly as Fabric lays it out. */
export interface ChaincodeDefinition {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  /** Policy language or a channel policy path; default `/Channel/Application/Endorsement`. */
  readonly endorsementPolicy?: { signaturePolicy?: string; channelConfigPolicy?: string };
  readonly collections?: readonly CollectionDefinition[];
}

/** A collection as committed state has it, implicit ones (`_implicit_org_<MSPID>`) included. */
export interface CommittedCollection {
  readonly name: string;
  readonly memberPolicy: Policy;
  readonly memberOrgs: readonly string[];
  readonly requiredPeerCount: number;
  readonly blockToLive: number;
  readonly memberOnlyRead: boolean;
  readonly memberOnlyWrite: boolean;
  readonly endorsementPolicy?: Policy;
}

export interface CommittedDefinition {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly endorsementPolicy: Policy;
  /** Explicit ones only. */
  readonly collections: readonly CommittedCollection[];
  /** Explicit or implicit; undefined when there is none of that name. */
  collection(name: string): CommittedCollection | undefined;
}

// ---------------------------------------------------------------- ledger

export interface StateValue {
  readonly value: Buffer;
  readonly version: Version;
  /** Marshalled `kvrwset.KVMetadataWrite` entries by name, e.g. VALIDATION_PARAMETER. */
  readonly metadata?: ReadonlyMap<string, Buffer>;
}

export interface HistoryEntry {
  readonly txId: string;
  readonly value: Buffer;
  readonly timestamp: { seconds: number; nanos: number };
  readonly isDelete: boolean;
}

/** Committed state. Reads are synchronous, so that one chaincode message is answered without interleaving. */
export interface StateReader {
  get(namespace: string, key: string): StateValue | undefined;
  /** Byte order, `start` inclusive, `end` exclusive; '' means open. Ends when the iterator is returned. */
  range(namespace: string, start: string, end: string): IterableIterator<{ key: string } & StateValue>;
  getPrivateHash(
    namespace: string,
    collection: string,
    keyHash: Buffer,
  ): { valueHash: Buffer; version: Version; metadata?: ReadonlyMap<string, Buffer> } | undefined;
  /** Plain private value as organisation `mspId` holds it. */
  getPrivate(
    mspId: string,
    namespace: string,
    collection: string,
    key: string,
  ): { value: Buffer; version: Version } | undefined;
  rangePrivate(
    mspId: string,
    namespace: string,
    collection: string,
    start: string,
    end: string,
  ): IterableIterator<{ key: string; value: Buffer; version: Version }>;
}

/** What a simulation produced (Fabric core/ledger TxSimulationResults). */
export interface SimulationResults {
  /** Marshalled `rwset.TxReadWriteSet`. */
  readonly publicBytes: Buffer;
  /** Marshalled `rwset.TxPvtReadWriteSet`; undefined when nothing private was written. */
  readonly privateBytes?: Buffer;
  /** Collections touched, by namespace; `reads` false when only hashes were read. */
  readonly collections: ReadonlyMap<string, ReadonlyMap<string, { reads: boolean; writes: boolean }>>;
}

export interface CommittedBlock {
  readonly number: number;
  /** Marshalled `common.Block`, metadata complete. */
  readonly bytes: Buffer;
  readonly transactions: readonly { readonly txId: string; readonly code: number; readonly type: number }[];
}

/** A stored block that cannot be trusted; `blockNumber` names it. */
export class DamagedBlockError extends Error {
  constructor(
    readonly blockNumber: number,
    detail: string,
  ) {
    super(`block ${blockNumber} on disk is damaged: ${detail}`);
    this.name = 'DamagedBlockError';
  }
}

/** The one channel's ledger: blocks and state shared by all logical peers, private values kept per organisation. */
export interface Ledger extends StateReader {
  readonly channelId: string;
  /** Number of the next block. */
  readonly height: number;
  readonly config: ChannelConfig;
  /** Header hash of the last block. */
  readonly lastHeaderHash: Buffer;
  /** Bytes as they are on disk now. @throws DamagedBlockError; RangeError at or above height. */
  readBlock(number: number): Buffer;
  transaction(txId: string): { blockNum: number; txNum: number; code: number } | undefined;
  history(namespace: string, key: string): HistoryEntry[];
  definition(chaincode: string): CommittedDefinition | undefined;
  /**
   * Keeps a simulation's private writes for `mspIds` until the transaction commits. Await it before the endorsement
   * leaves the process: only then does a killed process still have the values.
   */
  storeTransient(txId: string, privateBytes: Buffer, mspIds: readonly string[]): Promise<void>;
  /** Private write sets of a block that `mspId` holds: position → marshalled `rwset.TxPvtReadWriteSet` (purged values left out). */
  privateWrites(mspId: string, blockNumber: number): Map<number, Buffer>;
  /** Orders an envelope; resolves when accepted (not committed). @throws OrderError. */
  order(envelope: Buffer): Promise<void>;
  /** Called after a block is durable, in order. Returns the way to stop. */
  onBlock(listener: (block: CommittedBlock) => void): () => void;
  /** Why nothing can be ordered any more (disk full, read-only, failing); undefined while all is well. */
  readonly fault: Error | undefined;
  /** What the last start or scrub, or a read since, found lost, altered or rebuilt. */
  readonly damage: readonly DamageReport[];
  close(): Promise<void>;
}

export interface DamageReport {
  readonly where: 'block' | 'index' | 'state' | 'private';
  /** e.g. `block 12`, `state ehr/record…`, `private CityMSP ehr/_implicit_org_CityMSP/<key hash>`. */
  readonly what: string;
  readonly remedy: 'rebuilt' | 'lost' | 'restore the file from a copy';
}

/** The ordering service's refusal, with the status Fabric's broadcast gives (`common.Status`). */
export class OrderError extends Error {
  constructor(
    readonly status: 'BAD_REQUEST' | 'FORBIDDEN' | 'NOT_FOUND' | 'SERVICE_UNAVAILABLE',
    readonly info: string,
  ) {
    super(info);
    this.name = 'OrderError';
  }
}

/** Time source; `advanceTime` moves it. Milliseconds since the epoch. */
export interface Clock {
  now(): number;
}
