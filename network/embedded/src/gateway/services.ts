import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type Server,
  type ServiceDefinition,
  status as codes,
} from '@grpc/grpc-js';
import { ProposalError, type ProposalResponse } from '../endorser/endorser.js';
import { decodeSignedProposal } from '../endorser/proposal.js';
import { encodeResponse } from '../chaincode/protocol.js';
import { drained } from '../deliver/block-stream.js';
import { Writer } from '../protos/wire.js';
import type { Ledger } from '../types.js';
import { chaincodeEvents } from './chaincode-events.js';
import { type CommitNotifier, commitStatus } from './commit-status.js';
import { endorse } from './endorse.js';
import { evaluate } from './evaluate.js';
import { decodeProposalRequest, type ProposalRequest } from './messages.js';
import type { PeerRegistry } from './peers.js';
import { RpcError } from './status.js';
import { type Orderer, submit } from './submit.js';

/** `peer.limits.concurrency.gatewayService` of Fabric's core.yaml. */
const GATEWAY_CONCURRENCY = 500;

/** A method whose messages stay marshalled. */
export function rawMethod(
  path: string,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<Buffer, Buffer> {
  const same = (bytes: Buffer) => bytes;
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

type Unary = (request: Buffer, signal: AbortSignal) => Promise<Buffer>;

function unary(run: Unary): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    const abort = new AbortController();
    call.on('cancelled', () => abort.abort());
    run(call.request, abort.signal).then(
      (reply) => callback(null, reply),
      (error: Error) => callback(asRpcError(error)),
    );
  };
}

function asRpcError(error: Error): RpcError {
  return error instanceof RpcError ? error : new RpcError(codes.INTERNAL, error.message);
}

export interface GatewayOptions {
  readonly ledger: Ledger;
  readonly registry: PeerRegistry;
  readonly notifier: CommitNotifier;
  readonly orderer: Orderer;
  /** Sees the marshalled `protos.SignedProposal` of every evaluation and endorsement that a client asks for. */
  readonly capture?: (proposal: Buffer) => void;
}

/** Adds `gateway.Gateway` of one peer; its calls are counted together, as Fabric does. */
export function addGatewayService(server: Server, options: GatewayOptions): void {
  const { ledger, notifier, orderer, registry } = options;
  let running = 0;
  const limited = async <T>(run: () => Promise<T>): Promise<T> => {
    if (running >= GATEWAY_CONCURRENCY) {
      throw new RpcError(
        codes.UNKNOWN,
        `too many requests for /gateway.Gateway, exceeding concurrency limit (${GATEWAY_CONCURRENCY})`,
      );
    }
    running += 1;
    try {
      return await run();
    } finally {
      running -= 1;
    }
  };
  const received = (bytes: Buffer): ProposalRequest => {
    const request = decodeProposalRequest(bytes);
    options.capture?.(request.proposal);
    return request;
  };
  const events: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    const abort = new AbortController();
    call.on('cancelled', () => abort.abort());
    limited(async () => {
      for await (const message of chaincodeEvents(call.request, ledger, abort.signal)) {
        if (!call.write(message)) await drained(call, abort.signal);
      }
    }).then(
      () => call.end(),
      // destroying the stream would swallow the status
      (error: Error) => call.emit('error', asRpcError(error)),
    );
  };
  const definition: ServiceDefinition = {
    evaluate: rawMethod('/gateway.Gateway/Evaluate', false, false),
    endorse: rawMethod('/gateway.Gateway/Endorse', false, false),
    submit: rawMethod('/gateway.Gateway/Submit', false, false),
    commitStatus: rawMethod('/gateway.Gateway/CommitStatus', false, false),
    chaincodeEvents: rawMethod('/gateway.Gateway/ChaincodeEvents', false, true),
  };
  server.addService(definition, {
    evaluate: unary((bytes) => limited(() => evaluate(received(bytes), registry, ledger))),
    endorse: unary((bytes) => limited(() => endorse(received(bytes), registry))),
    submit: unary((request) => limited(() => submit(request, ledger, orderer))),
    commitStatus: unary((request, signal) => limited(() => commitStatus(request, ledger, notifier, signal))),
    chaincodeEvents: events,
  });
}

/** Adds `protos.Endorser` of one peer, for clients that collect endorsements themselves. */
export function addEndorserService(server: Server, registry: PeerRegistry): void {
  server.addService(
    { processProposal: rawMethod('/protos.Endorser/ProcessProposal', false, false) },
    {
      processProposal: unary(async (request) => {
        const reply = await registry.ask(registry.local, decodeSignedProposal(request));
        if ('response' in reply) return encodeProposalResponse(reply.response);
        const code = reply.error instanceof ProposalError ? codes.UNKNOWN : codes.INTERNAL;
        throw new RpcError(code, reply.error.message);
      }),
    },
  );
}

/** A marshalled `protos.ProposalResponse`, without the gateway's interest. */
function encodeProposalResponse({ response, payload, endorsement }: ProposalResponse): Buffer {
  const writer = new Writer()
    .number(1, endorsement ? 1 : 0)
    .message(4, encodeResponse(response))
    .bytes(5, payload);
  if (endorsement) {
    const { endorser, signature } = endorsement;
    writer.message(6, new Writer().bytes(1, endorser).bytes(2, signature).finish());
  }
  return writer.finish();
}

/** Services that Fabric has and this network has not, with what to use instead. */
const UNSUPPORTED: ReadonlyMap<string, string> = new Map([
  ['/orderer.AtomicBroadcast/Broadcast', 'submit through gateway.Gateway/Submit'],
  ['/orderer.AtomicBroadcast/Deliver', 'read blocks through protos.Deliver'],
  ['/discovery.Discovery/Discover', 'the gateway chooses the endorsers'],
  ['/protos.ChaincodeSupport/Register', 'run chaincode as a service'],
  ['/protos.Snapshot/Generate', 'copy the data folder of a stopped network'],
  ['/protos.Snapshot/Cancel', 'copy the data folder of a stopped network'],
  ['/protos.Snapshot/QueryPendings', 'copy the data folder of a stopped network'],
  ['/gossip.Gossip/GossipStream', 'all peers run in one process'],
  ['/gossip.Gossip/Ping', 'all peers run in one process'],
]);

/** Answers services that do not exist here with UNIMPLEMENTED and a way out. */
export function addUnsupportedServices(server: Server): void {
  for (const [path, remedy] of UNSUPPORTED) {
    const method = path.slice(path.lastIndexOf('/') + 1);
    server.addService(
      { [method]: rawMethod(path, false, false) },
      {
        [method]: unary(async () => {
          throw new RpcError(
            codes.UNIMPLEMENTED,
            `${path.slice(1)} is not part of the embedded network: ${remedy}`,
          );
        }),
      },
    );
  }
}
