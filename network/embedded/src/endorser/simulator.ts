import { createHash } from 'node:crypto';
import type { ResultIterator } from '../chaincode/query-iterators.js';
import { Writer } from '../protos/wire.js';
import { RWSetBuilder } from '../rwset/builder.js';
import type { CommittedCollection, Identity, Ledger, SimulationResults, Version } from '../types.js';
import { chaincodeInterest, type ChaincodeCall } from './interest.js';

/** Metadata name of a key-level endorsement policy. */
const KEY_POLICY = 'VALIDATION_PARAMETER';
const LIFECYCLE = '_lifecycle';

/** Keys of a definition that Fabric reads when it looks a collection up. */
const definitionKeys = (chaincode: string): string[] => [
  `namespaces/metadata/${chaincode}`,
  ...['Sequence', 'EndorsementInfo', 'ValidationInfo', 'Collections'].map((field) =>
    sequenceKey(chaincode, field),
  ),
];
const sequenceKey = (chaincode: string, field = 'Sequence') => `namespaces/fields/${chaincode}/${field}`;

/** Outcome of a simulation: the read-write sets and who must endorse them. */
export interface SimulationOutcome extends SimulationResults {
  readonly interest: readonly ChaincodeCall[];
}

/**
 * One transaction's view of committed state as one organisation's peer holds it, recording every read and write
 * (Fabric txmgr/tx_simulator.go and query_executor.go). Reads never see the transaction's own writes.
 */
export class TxSimulator {
  private readonly builder = new RWSetBuilder();
  private readonly namespaces = new Set<string>();
  private readonly privateReads = new Map<string, Set<string>>();
  private readonly writtenKeys = new Map<string, Map<string, Map<string, Buffer | undefined>>>();
  private writePerformed = false;
  private pagePerformed = false;
  private privateQueryPerformed = false;

  /** `mspId` is the organisation whose private values are visible. */
  constructor(
    private readonly ledger: Ledger,
    private readonly mspId: string,
    private readonly txId: string,
  ) {}

  /** Looks a chaincode's definition up as every endorsement does; a later definition then invalidates the transaction. */
  readSequence(chaincode: string): void {
    this.readLifecycle(sequenceKey(chaincode));
  }

  getState(namespace: string, key: string): Buffer | undefined {
    return this.readState(namespace, key)?.value;
  }

  getStateMetadata(namespace: string, key: string): ReadonlyMap<string, Buffer> {
    return this.readState(namespace, key)?.metadata ?? new Map();
  }

  setState(namespace: string, key: string, value: Buffer): void {
    this.requireWritable();
    this.builder.addWrite(namespace, key, value);
    this.noteWrite(namespace, '', key, this.ledger.get(namespace, key)?.metadata);
  }

  setStateMetadata(namespace: string, key: string, metadata: ReadonlyMap<string, Buffer>): void {
    this.requireWritable();
    this.builder.addMetadataWrite(namespace, key, metadata);
    this.noteWrite(namespace, '', key, this.ledger.get(namespace, key)?.metadata);
  }

  range(namespace: string, start: string, end: string): ResultIterator {
    return this.scan(namespace, start, end, 0);
  }

  /** One page; writes are refused afterwards, as before. */
  rangePage(namespace: string, start: string, end: string, pageSize: number): ResultIterator {
    if (this.writePerformed) {
      throw this.unsupported('Paginated queries are supported only in a read-only transaction');
    }
    this.pagePerformed = true;
    return this.scan(namespace, start, end, pageSize);
  }

  /** Newest first; history is not part of the read set. */
  history(namespace: string, key: string): ResultIterator {
    const entries = this.ledger.history(namespace, key)[Symbol.iterator]();
    return {
      next: () => {
        const { value, done } = entries.next();
        if (done) return undefined;
        const timestamp = new Writer()
          .number(1, value.timestamp.seconds)
          .number(2, value.timestamp.nanos)
          .finish();
        return new Writer()
          .string(1, value.txId)
          .bytes(2, value.value)
          .message(3, timestamp)
          .bool(4, value.isDelete)
          .finish();
      },
      bookmark: () => '',
      close: () => undefined,
    };
  }

  /** Whether `creator` may read and write a collection (Fabric core/common/privdata/store.go). */
  collectionPermission(
    namespace: string,
    collection: string,
    creator: Identity,
  ): { read: boolean; write: boolean } {
    this.readDefinition(namespace);
    const config = this.ledger.definition(namespace)?.collection(collection);
    if (!config)
      throw new Error(`collection ${this.ledger.channelId}/${namespace}/${collection} could not be found`);
    if (!config.memberOnlyRead && !config.memberOnlyWrite) return { read: true, write: true };
    const member = config.memberPolicy.refusalOfIdentities([creator]) === undefined;
    return { read: member || !config.memberOnlyRead, write: member || !config.memberOnlyWrite };
  }

  getPrivateData(namespace: string, collection: string, key: string): Buffer | undefined {
    this.requireCollection(namespace, collection);
    const held = this.ledger.getPrivate(this.mspId, namespace, collection, key);
    const hashed = this.ledger.getPrivateHash(namespace, collection, keyHash(key));
    if (!sameVersion(held?.version, hashed?.version)) {
      throw new Error(
        'private data matching public hash version is not available. ' +
          `Public hash version = ${printVersion(hashed?.version)}, Private data version = ${printVersion(held?.version)}`,
      );
    }
    this.builder.addHashedRead(namespace, collection, key, held?.version, true);
    this.namespaces.add(namespace);
    this.privateReads.set(namespace, (this.privateReads.get(namespace) ?? new Set()).add(collection));
    return held?.value;
  }

  getPrivateDataHash(namespace: string, collection: string, key: string): Buffer | undefined {
    return this.readPrivateHash(namespace, collection, key)?.valueHash;
  }

  getPrivateDataMetadata(namespace: string, collection: string, key: string): ReadonlyMap<string, Buffer> {
    return this.readPrivateHash(namespace, collection, key)?.metadata ?? new Map();
  }

  setPrivateData(namespace: string, collection: string, key: string, value: Buffer): void {
    this.requireCollection(namespace, collection);
    this.requireWritable();
    this.builder.addPrivateWrite(namespace, collection, key, value);
    this.notePrivateWrite(namespace, collection, key);
  }

  purgePrivateData(namespace: string, collection: string, key: string): void {
    this.requireCollection(namespace, collection);
    this.requireWritable();
    this.builder.addPrivatePurge(namespace, collection, key);
    this.notePrivateWrite(namespace, collection, key);
  }

  setPrivateDataMetadata(
    namespace: string,
    collection: string,
    key: string,
    metadata: ReadonlyMap<string, Buffer>,
  ): void {
    this.requireCollection(namespace, collection);
    this.requireWritable();
    this.builder.addPrivateMetadataWrite(namespace, collection, key, metadata);
    this.notePrivateWrite(namespace, collection, key);
  }

  /** Not recorded in the read set; writes are refused afterwards, as before. */
  rangePrivate(namespace: string, collection: string, start: string, end: string): ResultIterator {
    if (this.writePerformed)
      throw this.unsupported('Queries on pvt data is supported only in a read-only transaction');
    this.privateQueryPerformed = true;
    this.requireCollection(namespace, collection);
    const entries = this.ledger.rangePrivate(this.mspId, namespace, collection, start, end);
    return {
      next: () => {
        const { value, done } = entries.next();
        return done ? undefined : encodeKv(namespace, value.key, value.value);
      },
      bookmark: () => '',
      close: () => void entries.return?.(),
    };
  }

  /** Collections whose plain values were written, for their distribution. */
  writtenCollections(): { namespace: string; config: CommittedCollection }[] {
    const written: { namespace: string; config: CommittedCollection }[] = [];
    for (const [namespace, collections] of this.writtenKeys) {
      for (const collection of collections.keys()) {
        const config = collection && this.ledger.definition(namespace)?.collection(collection);
        if (config) written.push({ namespace, config });
      }
    }
    return written;
  }

  results(): SimulationOutcome {
    return {
      ...this.builder.build(),
      interest: chaincodeInterest({
        namespaces: this.namespaces,
        privateReads: this.privateReads,
        writtenKeys: this.writtenKeys,
      }),
    };
  }

  private readState(namespace: string, key: string) {
    const state = this.ledger.get(namespace, key);
    this.builder.addRead(namespace, key, state?.version);
    this.namespaces.add(namespace);
    return state;
  }

  private readLifecycle(key: string): void {
    this.builder.addRead(LIFECYCLE, key, this.ledger.get(LIFECYCLE, key)?.version);
  }

  private readDefinition(chaincode: string): void {
    for (const key of definitionKeys(chaincode)) this.readLifecycle(key);
  }

  private readPrivateHash(namespace: string, collection: string, key: string) {
    this.requireCollection(namespace, collection);
    const hashed = this.ledger.getPrivateHash(namespace, collection, keyHash(key));
    this.builder.addHashedRead(namespace, collection, key, hashed?.version, false);
    this.namespaces.add(namespace);
    return hashed;
  }

  private scan(namespace: string, start: string, end: string, pageSize: number): ResultIterator {
    const entries = this.ledger.range(namespace, start, end);
    const recorder = this.builder.startRangeQuery(namespace, start, end);
    this.namespaces.add(namespace);
    let returned = 0;
    return {
      next: () => {
        const { value, done } =
          pageSize > 0 && returned === pageSize ? { value: undefined, done: true } : entries.next();
        if (done || !value) {
          recorder.exhausted();
          return undefined;
        }
        returned += 1;
        recorder.read(value.key, value.version);
        return encodeKv(namespace, value.key, value.value);
      },
      bookmark: () => {
        const { value, done } = entries.next();
        return done ? '' : value.key;
      },
      close: () => void entries.return?.(),
    };
  }

  private requireCollection(namespace: string, collection: string): void {
    this.readDefinition(namespace);
    if (!this.ledger.definition(namespace)?.collection(collection)) {
      throw new Error(
        `collection [${collection}] not defined in the collection config for chaincode [${namespace}]`,
      );
    }
  }

  private requireWritable(): void {
    if (this.privateQueryPerformed) {
      throw this.unsupported('Transaction has already performed queries on pvt data. Writes are not allowed');
    }
    if (this.pagePerformed) {
      throw this.unsupported('Transaction has already performed a paginated query. Writes are not allowed');
    }
    this.writePerformed = true;
  }

  /** The spelling is Fabric's. */
  private unsupported(reason: string): Error {
    return new Error(`txid [${this.txId}]: unsuppored transaction. ${reason}`);
  }

  private notePrivateWrite(namespace: string, collection: string, key: string): void {
    this.noteWrite(
      namespace,
      collection,
      key,
      this.ledger.getPrivateHash(namespace, collection, keyHash(key))?.metadata,
    );
  }

  private noteWrite(
    namespace: string,
    collection: string,
    key: string,
    metadata: ReadonlyMap<string, Buffer> | undefined,
  ): void {
    this.namespaces.add(namespace);
    const collections = this.writtenKeys.get(namespace) ?? new Map<string, Map<string, Buffer | undefined>>();
    this.writtenKeys.set(namespace, collections);
    const keys = collections.get(collection) ?? new Map<string, Buffer | undefined>();
    collections.set(collection, keys.set(key, metadata?.get(KEY_POLICY)));
  }
}

function keyHash(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest();
}

function sameVersion(a: Version | undefined, b: Version | undefined): boolean {
  return a?.blockNum === b?.blockNum && a?.txNum === b?.txNum;
}

function printVersion(version: Version | undefined): string {
  return version ? `{BlockNum: ${version.blockNum}, TxNum: ${version.txNum}}` : '<nil>';
}

/** A marshalled `queryresult.KV`. */
function encodeKv(namespace: string, key: string, value: Buffer): Buffer {
  return new Writer().string(1, namespace).string(2, key).bytes(3, value).finish();
}
