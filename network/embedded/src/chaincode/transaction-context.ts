import type { TxSimulator } from '../endorser/simulator.js';
import type { Identity } from '../types.js';
import { QueryIterators } from './query-iterators.js';

/** What every chaincode call of one proposal shares. */
export interface Invocation {
  readonly channelId: string;
  readonly txId: string;
  /** Marshalled `protos.SignedProposal`. */
  readonly signedProposal: Buffer;
  readonly creator: Identity;
  readonly simulator: TxSimulator;
}

/** One chaincode's part of a simulation: its namespace, its open queries, its collection permissions. */
export class TransactionContext {
  readonly queries = new QueryIterators();
  private readonly permissions = new Map<string, { read: boolean; write: boolean }>();

  constructor(
    readonly invocation: Invocation,
    readonly namespace: string,
    readonly isInit: boolean,
  ) {}

  /** @throws Error with Fabric's refusal (core/chaincode/handler.go). */
  requireRead(collection: string): void {
    this.requirePermission(collection, 'read');
  }

  /** @throws Error with Fabric's refusal. */
  requireWrite(collection: string): void {
    this.requirePermission(collection, 'write');
  }

  /** @throws Error with Fabric's refusal. */
  requireNoInit(): void {
    if (this.isInit) throw new Error('private data APIs are not allowed in chaincode Init()');
  }

  private requirePermission(collection: string, access: 'read' | 'write'): void {
    this.requireNoInit();
    let permission = this.permissions.get(collection);
    if (!permission) {
      permission = this.invocation.simulator.collectionPermission(
        this.namespace,
        collection,
        this.invocation.creator,
      );
      this.permissions.set(collection, permission);
    }
    if (!permission[access]) {
      throw new Error(
        `tx creator does not have ${access} access permission on privatedata in chaincodeName:${this.namespace} ` +
          `collectionName: ${collection}`,
      );
    }
  }
}
