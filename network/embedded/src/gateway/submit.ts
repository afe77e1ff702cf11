import { status as codes } from '@grpc/grpc-js';
import { decodeEnvelope } from '../protos/envelopes.js';
import { type Ledger, OrderError } from '../types.js';
import { decodeSubmitRequest } from './messages.js';
import { connectionRefused, RpcError } from './status.js';

/** The ordering service as gateways see it. */
export interface Orderer {
  readonly mspId: string;
  readonly address: string;
  readonly up: boolean;
}

/** Hands a transaction to the ordering service; success means accepted, not committed (Fabric gateway/submit.go). */
export async function submit(requestBytes: Buffer, ledger: Ledger, orderer: Orderer): Promise<Buffer> {
  const { channelId, envelope } = decodeSubmitRequest(requestBytes);
  if (!envelope) throw new RpcError(codes.INVALID_ARGUMENT, 'a prepared transaction is required');
  if (decodeEnvelope(envelope).signature.length === 0) {
    throw new RpcError(codes.INVALID_ARGUMENT, 'prepared transaction must be signed');
  }
  if (channelId !== ledger.channelId) {
    throw new RpcError(
      codes.FAILED_PRECONDITION,
      `failed to get config for channel [${channelId}]: could not get last config for channel ${channelId}`,
    );
  }
  const unavailable = (details: { address: string; mspId: string; message: string }[]) =>
    new RpcError(codes.UNAVAILABLE, 'no orderers could successfully process transaction', details);
  const { address, mspId } = orderer;
  if (!orderer.up) throw unavailable([{ address, mspId, message: connectionRefused(address).message }]);
  try {
    await ledger.order(envelope);
  } catch (error) {
    if (!(error instanceof OrderError))
      throw unavailable([{ address, mspId, message: (error as Error).message }]);
    if (error.status === 'SERVICE_UNAVAILABLE') throw unavailable([{ address, mspId, message: error.info }]);
    throw new RpcError(
      codes.ABORTED,
      `received unsuccessful response from orderer: status=${error.status}, info=${error.info}`,
    );
  }
  return Buffer.alloc(0);
}
