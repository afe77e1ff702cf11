import { decodeChaincodeEvent, encodeChaincodeEvent } from '../protos/envelopes.js';
import type { Ledger } from '../types.js';
import { type ChaincodeAddress, ChaincodeConnection } from './connection.js';
import {
  type ChaincodeMessage,
  type ChaincodeResponse,
  decodeInput,
  decodeResponse,
  decodeSpec,
  MessageType,
} from './protocol.js';
import type { Invocation } from './transaction-context.js';
import { wrap } from './wrap.js';

/** Result of one chaincode execution as the endorser needs it. */
export interface ExecutionResult extends ChaincodeResponse {
  /** Marshalled `protos.ChaincodeEvent`, chaincode and transaction id filled in by the peer. */
  readonly event?: Buffer;
}

const NOTHING: Buffer = Buffer.alloc(0);

/** What a peer must know of a chaincode to run it. */
export interface EndorsementInfo {
  readonly version: string;
  readonly packageId: string;
}

/**
 * The chaincodes installed on one organisation's peer: finds the definition, the process, runs it
 * (Fabric core/chaincode/chaincode_support.go).
 */
export class ChaincodeSupport {
  private readonly connections = new Map<string, ChaincodeConnection>();

  constructor(
    private readonly ledger: Ledger,
    private readonly executionTimeoutMs: number,
  ) {}

  install(name: string, packageId: string, target: ChaincodeAddress): Promise<void> {
    const previous = this.connections.get(name);
    this.connections.set(
      name,
      new ChaincodeConnection(
        packageId,
        target,
        (spec, invocation) => this.callFromChaincode(spec, invocation),
        this.executionTimeoutMs,
      ),
    );
    return previous?.close() ?? Promise.resolve();
  }

  isInstalled(name: string): boolean {
    return this.connections.has(name);
  }

  /** @throws Error when the chaincode is not defined on the channel or not installed on this peer. */
  endorsementInfo(name: string, invocation: Pick<Invocation, 'simulator'>): EndorsementInfo {
    invocation.simulator.readSequence(name);
    const definition = this.ledger.definition(name);
    if (!definition) throw new Error(`chaincode ${name} not found`);
    const connection = this.connections.get(name);
    if (!connection)
      throw new Error(`chaincode definition for '${name}' exists, but chaincode is not installed`);
    return { version: definition.version, packageId: connection.packageId };
  }

  /** @throws Error `failed to execute transaction <txid>: …` */
  async execute(name: string, input: Buffer, invocation: Invocation): Promise<ExecutionResult> {
    const { txId } = invocation;
    let reply: ChaincodeMessage;
    try {
      reply = await this.invoke(name, input, invocation);
    } catch (error) {
      throw wrap(`failed to execute transaction ${txId}`, error);
    }
    const payload = reply.payload ?? NOTHING;
    if (reply.type === MessageType.ERROR) {
      throw new Error(`transaction returned with failure: ${payload.toString()}`);
    }
    const event =
      reply.event && encodeChaincodeEvent({ ...decodeChaincodeEvent(reply.event), chaincodeId: name, txId });
    return { ...decodeResponse(payload), event };
  }

  async close(): Promise<void> {
    await Promise.all([...this.connections.values()].map((connection) => connection.close()));
  }

  private async invoke(name: string, input: Buffer, invocation: Invocation): Promise<ChaincodeMessage> {
    try {
      this.endorsementInfo(name, invocation);
    } catch (error) {
      const { channelId } = invocation;
      throw wrap(
        `invalid invocation: [channel ${channelId}] failed to get chaincode container info for ${name}`,
        error,
      );
    }
    if (decodeInput(input).isInit) {
      throw new Error(
        `invalid invocation: chaincode '${name}' does not require initialization but called as init`,
      );
    }
    return (this.connections.get(name) as ChaincodeConnection).execute(invocation, name, input);
  }

  /** Chaincode calling chaincode: same channel means same simulator, another namespace. */
  private async callFromChaincode(spec: Buffer, invocation: Invocation): Promise<ChaincodeMessage> {
    const { name: target = '', input = NOTHING } = decodeSpec(spec);
    const [nameAndVersion = '', ...channel] = target.split('/');
    const channelId = channel.join('/');
    const [name = ''] = nameAndVersion.split(':', 1);
    if (channelId && channelId !== invocation.channelId) {
      throw new Error(`failed to find ledger for channel: ${channelId}`);
    }
    try {
      return await this.invoke(name, input, invocation);
    } catch (error) {
      throw wrap('execute failed', error);
    }
  }
}
