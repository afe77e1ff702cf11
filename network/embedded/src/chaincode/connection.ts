import { Client, credentials, type ClientDuplexStream } from '@grpc/grpc-js';
import { Writer } from '../protos/wire.js';
import {
  type ChaincodeMessage,
  decodeMessage,
  decodeName,
  encodeMessage,
  MessageType,
  messageTypeName,
} from './protocol.js';
import { handleRequest, UnknownRequestError } from './request-handler.js';
import { type Invocation, TransactionContext } from './transaction-context.js';

export const EXECUTION_TIMEOUT_TEXT = 'timeout expired while executing transaction';
export const STREAM_TERMINATED_TEXT = 'chaincode stream terminated';

const NOTHING: Buffer = Buffer.alloc(0);
const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;

/** Where a chaincode process listens and how it is reached. */
export interface ChaincodeAddress {
  /** `host:port` of `fabric-chaincode-node server`. */
  readonly address: string;
  /** PEM of the root that signed the chaincode server's TLS certificate; plain text without it. */
  readonly tlsRootPem?: string;
}

/** Runs the chaincode that a marshalled `protos.ChaincodeSpec` names, in the caller's simulation. */
export type ChaincodeToChaincode = (spec: Buffer, invocation: Invocation) => Promise<ChaincodeMessage>;

interface Execution {
  readonly context: TransactionContext;
  /** A request is being answered; Fabric drops a second one. */
  busy: boolean;
  finish(outcome: ChaincodeMessage | Error): void;
}

/**
 * The peer's side of one chaincode process ("chaincode as a service"): dials it, registers it, sends transactions
 * and answers its requests. One stream carries all transactions; a broken stream is dialled again by the next one.
 */
export class ChaincodeConnection {
  private link: Promise<Link> | undefined;

  /** `packageId` names the chaincode in error texts, `label:hash` as Fabric has it. */
  constructor(
    readonly packageId: string,
    private readonly target: ChaincodeAddress,
    private readonly callChaincode: ChaincodeToChaincode,
    private readonly timeoutMs: number,
  ) {}

  /**
   * Runs one transaction and resolves with COMPLETED or ERROR from the chaincode.
   * @throws Error with Fabric's text: not reachable, stream ended, timeout, or the transaction already runs here.
   */
  async execute(invocation: Invocation, namespace: string, input: Buffer): Promise<ChaincodeMessage> {
    const link = await this.connect();
    return link.execute(new TransactionContext(invocation, namespace, false), input, this.timeoutMs);
  }

  async close(): Promise<void> {
    const link = this.link;
    this.link = undefined;
    await link?.then(
      (opened) => opened.close(),
      () => undefined,
    );
  }

  private connect(): Promise<Link> {
    if (this.link) return this.link;
    const link = Link.open(this.target, this.callChaincode, () => {
      if (this.link === link) this.link = undefined;
    });
    this.link = link;
    return link.catch((error: unknown) => {
      if (this.link === link) this.link = undefined;
      const id = this.packageId;
      throw new Error(
        `could not launch chaincode ${id}: connection to ${id} failed: error cannot create connection for ${id}: ` +
          `error creating grpc connection to ${this.target.address}: ${dialError(error, this.target.address)}`,
      );
    });
  }
}

/** Fabric's words for why dialling failed. */
function dialError(error: unknown, address: string): string {
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes('ECONNREFUSED')) {
    return `failed to create new connection: connection error: desc = "transport: error while dialing: dial tcp ${address}: connect: connection refused"`;
  }
  return `failed to create new connection: ${text}`;
}

/** One open stream to a chaincode. */
class Link {
  private readonly executions = new Map<string, Execution>();
  private ended = false;

  private constructor(
    private readonly client: Client,
    private readonly stream: ClientDuplexStream<ChaincodeMessage, ChaincodeMessage>,
    private readonly callChaincode: ChaincodeToChaincode,
    private readonly onEnd: () => void,
  ) {}

  static open(
    target: ChaincodeAddress,
    callChaincode: ChaincodeToChaincode,
    onEnd: () => void,
  ): Promise<Link> {
    const client = new Client(
      target.address,
      target.tlsRootPem
        ? credentials.createSsl(Buffer.from(target.tlsRootPem))
        : credentials.createInsecure(),
      {
        'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
        'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
        // a shared pool would keep the back-off of an earlier failed dial
        'grpc.use_local_subchannel_pool': 1,
      },
    );
    const stream = client.makeBidiStreamRequest('/protos.Chaincode/Connect', encodeMessage, decodeMessage);
    const link = new Link(client, stream, callChaincode, onEnd);
    return link.register();
  }

  execute(context: TransactionContext, payload: Buffer, timeoutMs: number): Promise<ChaincodeMessage> {
    const { channelId, txId, signedProposal } = context.invocation;
    const key = channelId + txId;
    return new Promise((resolve, reject) => {
      if (this.ended) return reject(new Error(`error sending: ${STREAM_TERMINATED_TEXT}`));
      if (this.executions.has(key))
        return reject(new Error(`error sending: txid: ${txId}(${channelId}) exists`));
      const timer = setTimeout(
        () => execution.finish(new Error(`error sending: ${EXECUTION_TIMEOUT_TEXT}`)),
        timeoutMs,
      );
      const execution: Execution = {
        context,
        busy: false,
        finish: (outcome) => {
          clearTimeout(timer);
          this.executions.delete(key);
          context.queries.closeAll();
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        },
      };
      this.executions.set(key, execution);
      const type = context.isInit ? MessageType.INIT : MessageType.TRANSACTION;
      this.stream.write({ type, payload, txId, channelId, signedProposal });
    });
  }

  close(): void {
    this.end();
  }

  /** REGISTER from the chaincode, then REGISTERED and READY from the peer. */
  private register(): Promise<Link> {
    return new Promise((resolve, reject) => {
      let ready = false;
      const fail = (error: Error) => {
        this.end();
        if (!ready) reject(error);
      };
      this.stream.on('data', (message: ChaincodeMessage) => {
        if (ready) return this.receive(message);
        if (message.type !== MessageType.REGISTER) {
          return fail(
            new Error(
              `[${message.txId}] Fabric side handler cannot handle message (${messageTypeName(message.type)}) while in created state`,
            ),
          );
        }
        if (!decodeName(message.payload ?? NOTHING)) {
          return fail(new Error('error in handling register chaincode, chaincodeID name is empty'));
        }
        this.stream.write({ type: MessageType.REGISTERED });
        this.stream.write({ type: MessageType.READY, payload: additionalParameters() });
        ready = true;
        resolve(this);
      });
      this.stream.on('error', fail);
      this.stream.on('end', () => fail(new Error(STREAM_TERMINATED_TEXT)));
    });
  }

  private receive(message: ChaincodeMessage): void {
    if (message.type === MessageType.KEEPALIVE) return;
    const execution = this.executions.get(`${message.channelId}${message.txId}`);
    if (message.type === MessageType.COMPLETED || message.type === MessageType.ERROR) {
      execution?.finish(message);
      return;
    }
    if (!execution) {
      this.refuse(message, 'no ledger context');
      return;
    }
    if (execution.busy) return;
    execution.busy = true;
    if (message.type === MessageType.INVOKE_CHAINCODE) {
      this.callChaincode(message.payload ?? NOTHING, execution.context.invocation)
        .then(
          (reply) => this.respond(message, encodeMessage(reply)),
          (error: Error) => this.refuse(message, error.message),
        )
        .finally(() => (execution.busy = false));
      return;
    }
    try {
      this.respond(message, handleRequest(message.type, message.payload ?? NOTHING, execution.context));
    } catch (error) {
      if (error instanceof UnknownRequestError) this.end();
      else this.refuse(message, (error as Error).message);
    } finally {
      execution.busy = false;
    }
  }

  private respond({ txId, channelId }: ChaincodeMessage, payload: Buffer): void {
    if (!this.ended) this.stream.write({ type: MessageType.RESPONSE, payload, txId, channelId });
  }

  private refuse({ type, txId, channelId }: ChaincodeMessage, cause: string): void {
    if (this.ended) return;
    const payload = Buffer.from(`${messageTypeName(type)} failed: transaction ID: ${txId}: ${cause}`);
    this.stream.write({ type: MessageType.ERROR, payload, txId, channelId });
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.onEnd();
    for (const execution of [...this.executions.values()]) {
      execution.finish(new Error(`error sending: ${STREAM_TERMINATED_TEXT}`));
    }
    this.stream.cancel();
    this.client.close();
  }
}

/** `protos.ChaincodeAdditionalParams`: write batches and multi-key reads of up to 1000 records, Fabric's defaults. */
function additionalParameters(): Buffer {
  return new Writer().bool(1, true).number(2, 1000).bool(3, true).number(4, 1000).finish();
}
