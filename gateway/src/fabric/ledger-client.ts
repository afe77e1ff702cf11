import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import {
  connect,
  hash,
  StatusCode,
  type Gateway,
  type Proposal,
  type Transaction,
} from '@hyperledger/fabric-gateway';
import { common, gateway as gatewayProtos, msp, peer } from '@hyperledger/fabric-protos';
import { Timestamp } from 'google-protobuf/google/protobuf/timestamp_pb';
import type { Clock } from '../clock.js';
import { deliverBlocks, DeliverStatusError, type DeliveredBlock } from './block-stream.js';
import type { LedgerIdentity } from './identity.js';
import { classifyFailure, isDeadline, type Failure } from './failures.js';
import { LedgerError, UnreadableBlockError } from './ledger-error.js';

export { LedgerError, UnreadableBlockError, type LedgerFailureCode } from './ledger-error.js';
export type { LedgerIdentity } from './identity.js';
export type { DeliveredBlock } from './block-stream.js';

export interface Committed {
  transactionId: string;
  blockNumber: number;
  validationCode: 'VALID';
  /** What the contract returned; empty when the transaction was only looked up. */
  result: Buffer;
}

export interface CallOptions {
  /** Reaches every endorser: private values only together with `endorsingOrganizations`. */
  transient?: Record<string, Uint8Array>;
  /** MSP ids; without it the peer chooses by the endorsement policy. */
  endorsingOrganizations?: string[];
  /** Another one than the connection profile's. */
  chaincode?: string;
}

export interface LedgerClientOptions {
  mspId: string;
  /** `host:port` of the organisation's own peer. */
  peerEndpoint: string;
  /** PEM of the peer's TLS root. */
  peerTlsRoot: string;
  /** Name in the peer's TLS certificate when it differs from the endpoint's host. */
  peerHostnameOverride?: string;
  channel: string;
  chaincode: string;
  clock: Clock;
  /** Told of every VALID transaction of this process before `submit` returns. */
  onCommitted?: (committed: Committed) => void;
}

/** A signable thing on its way to a device. */
export interface UnsignedBytes {
  /** Opaque: comes back with the signature. */
  bytes: Uint8Array;
  /** What the signature covers: marshalled `protos.Proposal`, or `common.Payload` of the transaction's envelope. */
  signedBytes: Uint8Array;
  /** SHA-256 of `signedBytes`. */
  digest: Uint8Array;
  transactionId: string;
}

const ATTEMPTS_MAX = 6;
/** Where peers have to catch up or come back: about eight seconds. */
const PATIENT_ATTEMPTS_MAX = 14;
const BACKOFF_MS = 40;
const BACKOFF_MAX_MS = 1_000;
const EVALUATE_DEADLINE_MS = 15_000;
const ENDORSE_DEADLINE_MS = 30_000;
const SUBMIT_DEADLINE_MS = 10_000;
const COMMIT_DEADLINE_MS = 30_000;
const LOOKUP_DEADLINE_MS = 2_000;
const MESSAGE_BYTES_MAX = 100 * 1024 * 1024;

/** An organisation's way to the channel, through its own peer's Fabric Gateway service. */
export class LedgerClient {
  readonly mspId: string;
  private readonly client: Client;
  private readonly gateways = new WeakMap<LedgerIdentity, Gateway>();
  private service: LedgerIdentity | undefined;

  constructor(private readonly options: LedgerClientOptions) {
    this.mspId = options.mspId;
    this.client = new Client(options.peerEndpoint, credentials.createSsl(Buffer.from(options.peerTlsRoot)), {
      ...(options.peerHostnameOverride === undefined
        ? {}
        : { 'grpc.ssl_target_name_override': options.peerHostnameOverride }),
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
      'grpc.keepalive_time_ms': 60_000,
    });
  }

  get channel(): string {
    return this.options.channel;
  }

  /** The identity that reads blocks and asks for commit statuses. */
  useService(service: LedgerIdentity): void {
    this.service = service;
  }

  /**
   * Endorses, orders and waits for VALID. Conflicts, endorsers behind one another and stale proposals are tried again
   * with fresh transactions a bounded number of times; a contract's refusal is final.
   *
   * @param fn `contract:function`
   * @throws LedgerError with the contract's code, or COMMIT_UNKNOWN, LEDGER_UNAVAILABLE, LEDGER_CONFLICT, LEDGER_REFUSED
   */
  async submit(
    identity: LedgerIdentity,
    fn: string,
    args: string[],
    options: CallOptions = {},
  ): Promise<Committed> {
    if (identity.device !== undefined) return identity.device.submit(fn, args, options);
    for (let attempt = 1; ; attempt++) {
      try {
        const proposal = this.proposal(this.gatewayOf(identity), fn, args, options);
        const transaction = await this.endorse(proposal);
        return await this.order(transaction);
      } catch (error) {
        const failure = classifyFailure(error, this.firstAsked(options));
        if (!mayRepeat(failure, attempt)) throw failure.error;
        await backOff(attempt);
      }
    }
  }

  /**
   * One peer's answer, nothing written. Asked of the own organisation's peer unless `endorsingOrganizations` names
   * another.
   */
  async evaluate(
    identity: LedgerIdentity,
    fn: string,
    args: string[],
    options: CallOptions = {},
  ): Promise<Buffer> {
    const target = { endorsingOrganizations: [this.mspId], ...options };
    if (identity.device !== undefined) return identity.device.evaluate(fn, args, target);
    for (let attempt = 1; ; attempt++) {
      try {
        const proposal = this.proposal(this.gatewayOf(identity), fn, args, target);
        return Buffer.from(await proposal.evaluate({ deadline: Date.now() + EVALUATE_DEADLINE_MS }));
      } catch (error) {
        const failure = classifyFailure(error);
        if (!mayRepeat(failure, attempt)) throw failure.error;
        await backOff(attempt);
      }
    }
  }

  /** A proposal whose key this process does not hold. */
  newProposal(
    creator: { mspId: string; certificate: string },
    fn: string,
    args: string[],
    options: CallOptions = {},
  ): UnsignedBytes {
    const gateway = connect({
      client: this.client,
      identity: { mspId: creator.mspId, credentials: Buffer.from(creator.certificate) },
    });
    const proposal = this.proposal(gateway, fn, args, options);
    const bytes = proposal.getBytes();
    const signedBytes =
      gatewayProtos.ProposedTransaction.deserializeBinary(bytes).getProposal()?.getProposalBytes_asU8() ??
      new Uint8Array();
    return { bytes, signedBytes, digest: sha256(signedBytes), transactionId: proposal.getTransactionId() };
  }

  /**
   * @param proposalBytes `bytes` of `newProposal`
   * @param signature DER, low-S
   * @throws LedgerError as `submit`; SIGN_AGAIN where a fresh proposal may succeed
   */
  async endorseSigned(proposalBytes: Uint8Array, signature: Uint8Array): Promise<UnsignedBytes> {
    for (let attempt = 1; ; attempt++) {
      try {
        const proposal = this.offlineGateway().newSignedProposal(proposalBytes, signature);
        const transaction = await this.endorse(proposal);
        const bytes = transaction.getBytes();
        const signedBytes =
          gatewayProtos.PreparedTransaction.deserializeBinary(bytes).getEnvelope()?.getPayload_asU8() ??
          new Uint8Array();
        return {
          bytes,
          signedBytes,
          digest: sha256(signedBytes),
          transactionId: transaction.getTransactionId(),
        };
      } catch (error) {
        const failure = classifyFailure(error, this.mspId);
        // Nothing was ordered, so the same signed proposal may be endorsed again.
        if (failure.patient !== true || !mayRepeat(failure, attempt)) throw signAgain(error);
        await backOff(attempt);
      }
    }
  }

  /**
   * Asks what a device has signed.
   *
   * @param proposalBytes `bytes` of `newProposal`
   * @param signature DER, low-S
   * @throws LedgerError
   */
  async evaluateSigned(proposalBytes: Uint8Array, signature: Uint8Array): Promise<Buffer> {
    try {
      const proposal = this.offlineGateway().newSignedProposal(proposalBytes, signature);
      return Buffer.from(await proposal.evaluate({ deadline: Date.now() + EVALUATE_DEADLINE_MS }));
    } catch (error) {
      throw classifyFailure(error).error;
    }
  }

  /**
   * @param transactionBytes `bytes` of `endorseSigned`
   * @throws LedgerError SIGN_AGAIN when the transaction lost against another and must be prepared anew
   */
  async submitSigned(transactionBytes: Uint8Array, signature: Uint8Array): Promise<Committed> {
    try {
      return await this.order(this.offlineGateway().newSignedTransaction(transactionBytes, signature));
    } catch (error) {
      throw signAgain(error);
    }
  }

  /**
   * Where a transaction ended, without waiting for it.
   * @returns undefined when it is not (yet) on the ledger or is invalid.
   */
  async lookUp(transactionId: string): Promise<Committed | undefined> {
    const service = this.requireService();
    const request = new gatewayProtos.CommitStatusRequest();
    request.setChannelId(this.options.channel);
    request.setTransactionId(transactionId);
    request.setIdentity(serializedIdentity(service));
    const signed = new gatewayProtos.SignedCommitStatusRequest();
    signed.setRequest(request.serializeBinary());
    try {
      const commit = this.gatewayOf(service).newCommit(signed.serializeBinary());
      const status = await commit.getStatus({ deadline: Date.now() + LOOKUP_DEADLINE_MS });
      if (status.code !== StatusCode.VALID) return undefined;
      return {
        transactionId,
        blockNumber: Number(status.blockNumber),
        validationCode: 'VALID',
        result: Buffer.alloc(0),
      };
    } catch (error) {
      if (isDeadline(error)) return undefined;
      throw classifyFailure(error).error;
    }
  }

  /**
   * Blocks from `startBlock` on with the organisation's private data, without end; stops when `signal` is aborted.
   * @throws UnreadableBlockError for a damaged block; LedgerError LEDGER_UNAVAILABLE when the peer goes away
   */
  blocks(startBlock: number, options: { signal?: AbortSignal } = {}): AsyncGenerator<DeliveredBlock> {
    return this.deliver(startBlock, undefined, true, options.signal);
  }

  /** Blocks `from` to `to`, both included, without private data. @throws as `blocks`. */
  readBlocks(
    from: number,
    to: number,
    options: { signal?: AbortSignal } = {},
  ): AsyncGenerator<DeliveredBlock> {
    return this.deliver(from, to, false, options.signal);
  }

  /** Number of blocks on the own peer. */
  async height(): Promise<number> {
    const proposal = this.gatewayOf(this.requireService())
      .getNetwork(this.options.channel)
      .getContract('qscc')
      .newProposal('GetChainInfo', {
        arguments: [this.options.channel],
        endorsingOrganizations: [this.mspId],
      });
    try {
      const info = await proposal.evaluate({ deadline: Date.now() + EVALUATE_DEADLINE_MS });
      return common.BlockchainInfo.deserializeBinary(info).getHeight();
    } catch (error) {
      throw classifyFailure(error).error;
    }
  }

  close(): void {
    this.client.close();
  }

  private async *deliver(
    from: number,
    to: number | undefined,
    withPrivateData: boolean,
    signal?: AbortSignal,
  ): AsyncGenerator<DeliveredBlock> {
    let next = from;
    try {
      const stream = deliverBlocks(this.client, {
        channel: this.options.channel,
        identity: this.requireService(),
        now: this.options.clock.date(),
        withPrivateData,
        start: from,
        stop: to,
        signal,
      });
      for await (const delivered of stream) {
        next = delivered.number + 1;
        yield delivered;
        if (to !== undefined && next > to) return;
      }
    } catch (error) {
      if (error instanceof DeliverStatusError) {
        if (error.status === common.Status.SERVICE_UNAVAILABLE) {
          throw new LedgerError('LEDGER_UNAVAILABLE', 'The organisation’s peer is stopping.', undefined, {
            cause: error,
          });
        }
        throw new UnreadableBlockError(next, { cause: error });
      }
      throw isServiceError(error) ? classifyFailure(error).error : error;
    }
  }

  private proposal(gateway: Gateway, fn: string, args: string[], options: CallOptions): Proposal {
    const proposal = gateway
      .getNetwork(this.options.channel)
      .getContract(options.chaincode ?? this.options.chaincode)
      .newProposal(fn, {
        arguments: args,
        transientData: options.transient,
        endorsingOrganizations: options.endorsingOrganizations,
      });
    const now = this.options.clock.now();
    // The SDK stamps the machine's time; a trial that has moved the clock needs the moved one.
    if (Math.abs(now - Date.now()) < 1_000) return proposal;
    return gateway.newProposal(withTimestamp(proposal.getBytes(), new Date(now)));
  }

  private async endorse(proposal: Proposal): Promise<Transaction> {
    return proposal.endorse({ deadline: Date.now() + ENDORSE_DEADLINE_MS });
  }

  private async order(transaction: Transaction): Promise<Committed> {
    const transactionId = transaction.getTransactionId();
    const submitted = await transaction.submit({ deadline: Date.now() + SUBMIT_DEADLINE_MS });
    let status;
    try {
      status = await submitted.getStatus({ deadline: Date.now() + COMMIT_DEADLINE_MS });
    } catch (error) {
      throw new LedgerError(
        'COMMIT_UNKNOWN',
        `Transaction ${transactionId} was sent, but its commit was not seen: look it up before repeating.`,
        transactionId,
        { cause: error },
      );
    }
    if (status.code === StatusCode.MVCC_READ_CONFLICT || status.code === StatusCode.PHANTOM_READ_CONFLICT) {
      throw new LedgerError(
        'LEDGER_CONFLICT',
        `Transaction ${transactionId} lost against another one: repeat the request.`,
        transactionId,
      );
    }
    if (status.code !== StatusCode.VALID) {
      const name = Object.entries(StatusCode).find(([, code]) => code === status.code)?.[0] ?? status.code;
      throw new LedgerError(
        'LEDGER_REFUSED',
        `Transaction ${transactionId} is invalid: ${name}.`,
        transactionId,
      );
    }
    const committed: Committed = {
      transactionId,
      blockNumber: Number(status.blockNumber),
      validationCode: 'VALID',
      result: Buffer.from(submitted.getResult()),
    };
    this.options.onCommitted?.(committed);
    return committed;
  }

  /** The organisation whose peer endorses before others are asked. */
  private firstAsked({ endorsingOrganizations }: CallOptions): string | undefined {
    return endorsingOrganizations === undefined ? this.mspId : undefined;
  }

  /** One SDK gateway an identity; they share the connection. The signer gets messages, not digests: OpenSSL hashes. */
  private gatewayOf(identity: LedgerIdentity): Gateway {
    let gateway = this.gateways.get(identity);
    if (gateway === undefined) {
      gateway = connect({
        client: this.client,
        identity: { mspId: identity.mspId, credentials: Buffer.from(identity.certificate) },
        hash: hash.none,
        signer: (message) => Promise.resolve(identity.sign(message)),
      });
      this.gateways.set(identity, gateway);
    }
    return gateway;
  }

  /** Signs nothing but commit status requests: proposals and transactions come signed by a device. */
  private offlineGateway(): Gateway {
    return this.gatewayOf(this.requireService());
  }

  private requireService(): LedgerIdentity {
    if (this.service === undefined) throw new Error(`${this.mspId} has no service identity yet.`);
    return this.service;
  }
}

const mayRepeat = ({ retry, patient }: Failure, attempt: number): boolean =>
  retry && attempt < (patient === true ? PATIENT_ATTEMPTS_MAX : ATTEMPTS_MAX);

const backOff = (attempt: number): Promise<void> =>
  sleep(Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2));

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

const serializedIdentity = (identity: LedgerIdentity): Uint8Array => {
  const serialized = new msp.SerializedIdentity();
  serialized.setMspid(identity.mspId);
  serialized.setIdBytes(Buffer.from(identity.certificate));
  return serialized.serializeBinary();
};

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && typeof (error as Partial<ServiceError>).code === 'number';

/** The same unsigned proposal with another time in its channel header; the transaction id does not depend on it. */
const withTimestamp = (bytes: Uint8Array, time: Date): Uint8Array => {
  const proposed = gatewayProtos.ProposedTransaction.deserializeBinary(bytes);
  const signed = proposed.getProposal() ?? new peer.SignedProposal();
  const proposal = peer.Proposal.deserializeBinary(signed.getProposalBytes_asU8());
  const header = common.Header.deserializeBinary(proposal.getHeader_asU8());
  const channelHeader = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
  channelHeader.setTimestamp(Timestamp.fromDate(time));
  header.setChannelHeader(channelHeader.serializeBinary());
  proposal.setHeader(header.serializeBinary());
  signed.setProposalBytes(proposal.serializeBinary());
  proposed.setProposal(signed);
  return proposed.serializeBinary();
};

const signAgain = (error: unknown): LedgerError => {
  const failure = classifyFailure(error);
  if (
    !failure.retry ||
    failure.error.code === 'LEDGER_UNAVAILABLE' ||
    failure.error.code === 'PROPOSAL_STALE'
  ) {
    return failure.error;
  }
  return new LedgerError(
    'SIGN_AGAIN',
    'Another transaction came first: sign the fresh bytes.',
    failure.error.transactionId,
    { cause: error },
  );
};
