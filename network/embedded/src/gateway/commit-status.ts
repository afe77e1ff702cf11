import { status as codes } from '@grpc/grpc-js';
import { checkPolicy, READERS } from '../endorser/access.js';
import { Writer } from '../protos/wire.js';
import type { Ledger } from '../types.js';
import { decodeCommitStatusRequest, decodeSignedRequest, type CommitStatusRequest } from './messages.js';
import { RpcError } from './status.js';

interface Commit {
  readonly code: number;
  readonly blockNumber: number;
}

/** Waits for transactions to commit, for all gateways. */
export class CommitNotifier {
  private readonly waiting = new Map<string, Set<(commit: Commit) => void>>();
  private readonly stop: () => void;

  constructor(private readonly ledger: Ledger) {
    this.stop = ledger.onBlock(({ number, transactions }) => {
      if (this.waiting.size === 0) return;
      for (const { txId, code } of transactions) {
        const waiters = this.waiting.get(txId);
        // a copy in the same block comes second and changes nothing
        this.waiting.delete(txId);
        for (const notify of waiters ?? []) notify({ code, blockNumber: number });
      }
    });
  }

  /** Resolves at once when committed; never for a transaction that does not come, until `signal` aborts. */
  wait(txId: string, signal: AbortSignal): Promise<Commit> {
    const found = this.ledger.transaction(txId);
    if (found) return Promise.resolve({ code: found.code, blockNumber: found.blockNum });
    return new Promise((resolve, reject) => {
      const waiters = this.waiting.get(txId) ?? new Set();
      this.waiting.set(txId, waiters.add(resolve));
      signal.addEventListener('abort', () => {
        waiters.delete(resolve);
        if (waiters.size === 0 && this.waiting.get(txId) === waiters) this.waiting.delete(txId);
        reject(new RpcError(codes.CANCELLED, 'context canceled'));
      });
    });
  }

  close(): void {
    this.stop();
  }
}

/** The validation code of a transaction, once it has one (Fabric internal/pkg/gateway/commitstatus.go). */
export async function commitStatus(
  requestBytes: Buffer,
  ledger: Ledger,
  notifier: CommitNotifier,
  signal: AbortSignal,
): Promise<Buffer> {
  const { request, signature } = decodeSignedRequest(requestBytes);
  const invalid = (message: string) => new RpcError(codes.INVALID_ARGUMENT, message);
  if (request.length === 0) throw invalid('a commit status request is required');
  let status: CommitStatusRequest;
  try {
    status = decodeCommitStatusRequest(request);
  } catch (error) {
    throw invalid(`invalid status request: ${(error as Error).message}`);
  }
  const { channelId, identity, transactionId } = status;
  if (identity.length === 0) throw invalid('no identity provided');
  if (!channelId) throw invalid('no channel ID provided');
  if (!transactionId) throw invalid('transaction ID should not be empty');
  requireReader(ledger, channelId, { data: request, identity, signature });
  const { code, blockNumber } = await notifier.wait(transactionId, signal);
  return new Writer().number(1, code).number(2, blockNumber).finish();
}

/** @throws RpcError PERMISSION_DENIED, for an unknown channel too. */
export function requireReader(
  ledger: Ledger,
  channelId: string,
  signed: { data: Buffer; identity: Buffer; signature: Buffer },
): void {
  if (channelId !== ledger.channelId) {
    throw new RpcError(codes.PERMISSION_DENIED, `Failed to get policy manager for channel [${channelId}]`);
  }
  try {
    checkPolicy(ledger.config, READERS, signed);
  } catch (error) {
    throw new RpcError(codes.PERMISSION_DENIED, (error as Error).message);
  }
}
