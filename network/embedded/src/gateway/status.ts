import { Metadata, type ServiceError, status as codes } from '@grpc/grpc-js';
import { ProposalError, type ProposalResponse } from '../endorser/endorser.js';
import { STREAM_TERMINATED_TEXT } from '../chaincode/connection.js';
import { Writer } from '../protos/wire.js';

/** One peer's or orderer's part in a failure, as `gateway.ErrorDetail`. */
export interface ErrorDetail {
  readonly address: string;
  readonly mspId: string;
  readonly message: string;
}

/** A gRPC error; its details travel as `google.rpc.Status` in the trailer `grpc-status-details-bin`. */
export class RpcError extends Error implements Partial<ServiceError> {
  readonly details: string;
  readonly metadata = new Metadata();

  constructor(
    readonly code: codes,
    message: string,
    errorDetails: readonly ErrorDetail[] = [],
  ) {
    super(message);
    this.details = message;
    if (errorDetails.length === 0) return;
    const status = new Writer().number(1, code).string(2, message);
    for (const { address, mspId, message: text } of errorDetails) {
      const detail = new Writer().string(1, address).string(2, mspId).string(3, text).finish();
      status.message(
        3,
        new Writer().string(1, 'type.googleapis.com/gateway.ErrorDetail').bytes(2, detail).finish(),
      );
    }
    this.metadata.set('grpc-status-details-bin', status.finish());
  }
}

/** What a peer made of a proposal, or why it could not be asked. */
export type PeerReply = { readonly response: ProposalResponse } | { readonly error: Error };

/** How the gateway takes a peer's reply. */
export interface ReplyStatus {
  readonly code: codes;
  readonly message: string;
  /** Another peer may say otherwise. */
  readonly retry: boolean;
  /** The connection to the peer is dropped. */
  readonly remove: boolean;
}

/** Fabric internal/pkg/gateway/apiutils.go, responseStatus. */
export function replyStatus(reply: PeerReply): ReplyStatus {
  if ('error' in reply) {
    const { error } = reply;
    if (error instanceof ProposalError && error.answered) {
      return { code: codes.FAILED_PRECONDITION, message: error.message, retry: false, remove: false };
    }
    return { code: codes.UNAVAILABLE, message: error.message, retry: true, remove: true };
  }
  const { response, payload } = reply.response;
  if (response.status >= 200 && response.status < 400) {
    return { code: codes.OK, message: '', retry: false, remove: false };
  }
  if (!payload && response.status === 500) {
    const terminated = response.message.endsWith(STREAM_TERMINATED_TEXT);
    return { code: codes.ABORTED, message: response.message, retry: true, remove: terminated };
  }
  const message = `chaincode response ${response.status}, ${response.message}`;
  return { code: codes.UNKNOWN, message, retry: false, remove: false };
}

/** What Go's gRPC says when nobody listens. */
export function connectionRefused(address: string): Error {
  return new Error(
    'rpc error: code = Unavailable desc = connection error: ' +
      `desc = "transport: Error while dialing: dial tcp ${address}: connect: connection refused"`,
  );
}
