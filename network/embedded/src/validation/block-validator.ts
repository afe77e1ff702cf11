import type { ChannelConfig } from '../types.js';
import { HeaderType } from '../protos/envelopes.js';
import { TxCode } from './codes.js';
import type { CommittedView } from './committed-view.js';
import { EndorsementChecker } from './endorsement.js';
import { checkReads } from './mvcc.js';
import {
  type ParsedTransaction,
  checkTransaction,
  parseValidTransaction,
  readChannelHeader,
} from './transaction.js';
import { UpdateBatch } from './updates.js';

/** Where Fabric keeps the channel's configuration in state (core/peer/configtx_processor.go). */
export const CONFIG_NAMESPACE = '';
export const CONFIG_KEY = 'CHANNEL_CONFIG_ENV_BYTES';

/** A transaction of a block with its validation code; `parsed` only for valid ones. */
export interface ValidatedTransaction {
  readonly txId: string;
  readonly type: number;
  readonly code: number;
  readonly parsed?: ParsedTransaction;
}

export interface ValidatedBlock {
  readonly transactions: readonly ValidatedTransaction[];
  /** One code a transaction, as metadata slot 2 has it. */
  readonly filter: Buffer;
  readonly updates: UpdateBatch;
}

export interface ValidationContext {
  readonly config: ChannelConfig;
  readonly view: CommittedView;
  /** Whether an earlier block has a transaction of this id. */
  readonly isCommitted: (txId: string) => boolean;
  /** Whether this very envelope's creator signature was verified on its way in. */
  readonly creatorVerified?: (envelope: Buffer) => boolean;
}

/** Validates a block's envelopes against the state before it; a pure function of its arguments. */
export function validateBlock(
  blockNumber: number,
  envelopes: readonly Buffer[],
  context: ValidationContext,
): ValidatedBlock {
  const endorsement = new EndorsementChecker(context.config, context.view);
  const outcomes = envelopes.map((envelope): { code: number; value?: ParsedTransaction } => {
    const outcome = checkTransaction(
      envelope,
      context.config,
      context.isCommitted,
      context.creatorVerified?.(envelope) ?? false,
    );
    if (!('value' in outcome) || outcome.value.type !== HeaderType.endorserTransaction) return outcome;
    return { code: endorsement.check(outcome.value), value: outcome.value };
  });
  markDuplicates(outcomes);
  const updates = new UpdateBatch();
  const transactions = outcomes.map(({ code: formal, value }, txNum): ValidatedTransaction => {
    if (formal !== TxCode.valid || value === undefined) {
      const header = readChannelHeader(envelopes[txNum] as Buffer);
      return { txId: header?.txId ?? '', type: header?.type ?? -1, code: formal };
    }
    const code = checkReads(value.rwset, context.view, updates);
    if (code === TxCode.valid) applyTransaction(value, blockNumber, txNum, context.view, updates);
    return { txId: value.txId, type: value.type, code, parsed: code === TxCode.valid ? value : undefined };
  });
  return { transactions, filter: Buffer.from(transactions.map(({ code }) => code)), updates };
}

/** The updates of a block whose flags are already known. @throws MalformedMessageError */
export function replayBlock(
  blockNumber: number,
  envelopes: readonly Buffer[],
  filter: Buffer,
  view: CommittedView,
): ValidatedBlock {
  const updates = new UpdateBatch();
  const transactions = envelopes.map((envelope, txNum): ValidatedTransaction => {
    const code = filter[txNum] ?? TxCode.notValidated;
    if (code !== TxCode.valid) {
      const header = readChannelHeader(envelope);
      return { txId: header?.txId ?? '', type: header?.type ?? -1, code };
    }
    const parsed = parseValidTransaction(envelope);
    applyTransaction(parsed, blockNumber, txNum, view, updates);
    return { txId: parsed.txId, type: parsed.type, code, parsed };
  });
  return { transactions, filter, updates };
}

function applyTransaction(
  transaction: ParsedTransaction,
  blockNum: number,
  txNum: number,
  view: CommittedView,
  updates: UpdateBatch,
): void {
  const version = { blockNum, txNum };
  if (transaction.type === HeaderType.config) {
    updates.put(CONFIG_NAMESPACE, '', CONFIG_KEY, {
      value: transaction.data,
      metadata: Buffer.alloc(0),
      version,
    });
  } else {
    updates.apply(transaction.rwset, version, view);
  }
}

/** Of valid transactions with one id the first of the block stays valid. */
function markDuplicates(outcomes: { code: number; value?: ParsedTransaction }[]): void {
  const seen = new Set<string>();
  for (const outcome of outcomes) {
    if (outcome.code !== TxCode.valid || outcome.value === undefined) continue;
    const { txId, type } = outcome.value;
    if (type !== HeaderType.endorserTransaction) continue;
    if (seen.has(txId)) outcome.code = TxCode.duplicateTxId;
    seen.add(txId);
  }
}
