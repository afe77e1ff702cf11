import { status as codes } from '@grpc/grpc-js';
import { blocksFrom } from '../deliver/block-stream.js';
import { blockTransactions } from '../deliver/transactions.js';
import { decodeBlock } from '../protos/blocks.js';
import { decodeChaincodeEvent } from '../protos/envelopes.js';
import type { Ledger } from '../types.js';
import { requireReader } from './commit-status.js';
import {
  type ChaincodeEventsRequest,
  decodeChaincodeEventsRequest,
  decodeSignedRequest,
  encodeChaincodeEventsResponse,
} from './messages.js';
import { RpcError } from './status.js';

const VALID = 0;

/** Events of one chaincode, a message a block that has any (Fabric internal/pkg/gateway/chaincodeevents.go). */
export async function* chaincodeEvents(
  requestBytes: Buffer,
  ledger: Ledger,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { request: signedBytes, signature } = decodeSignedRequest(requestBytes);
  const invalid = (message: string) => new RpcError(codes.INVALID_ARGUMENT, message);
  if (signedBytes.length === 0) throw invalid('a chaincode events request is required');
  let request: ChaincodeEventsRequest;
  try {
    request = decodeChaincodeEventsRequest(signedBytes);
  } catch (error) {
    throw invalid(`invalid chaincode events request: ${(error as Error).message}`);
  }
  requireReader(ledger, request.channelId, { data: signedBytes, identity: request.identity, signature });
  const matches = matcher(request);
  for await (const block of blocksFrom(ledger, startBlock(ledger, request), signal)) {
    const events = blockTransactions(block)
      .filter(({ code }) => code === VALID)
      .flatMap((transaction) => transaction.events)
      .filter(matches);
    if (events.length > 0) yield encodeChaincodeEventsResponse(decodeBlock(block).header.number, events);
  }
}

/** After a named transaction nothing is let through until its own event was seen, even when it has none. */
function matcher({ chaincodeName, afterTransactionId }: ChaincodeEventsRequest): (event: Buffer) => boolean {
  let passed = afterTransactionId === '';
  return (event) => {
    const { chaincodeId, txId } = decodeChaincodeEvent(event);
    if (passed) return chaincodeId === chaincodeName;
    passed = txId === afterTransactionId;
    return false;
  };
}

function startBlock(ledger: Ledger, { afterTransactionId, start }: ChaincodeEventsRequest): number {
  const after = afterTransactionId ? ledger.transaction(afterTransactionId) : undefined;
  if (after) return after.blockNum;
  if (!start || start.kind === 'next commit') return ledger.height;
  if (start.kind === 'specified') return start.number;
  const type = start.kind === 'oldest' ? '*orderer.SeekPosition_Oldest' : '*orderer.SeekPosition_Newest';
  throw new RpcError(codes.INVALID_ARGUMENT, `invalid start position type: ${type}`);
}
