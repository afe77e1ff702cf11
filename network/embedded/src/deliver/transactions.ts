import { decodeBlock, transactionsFilter } from '../protos/blocks.js';
import {
  type ChannelHeader,
  decodeChaincodeAction,
  decodeChannelHeader,
  decodeEnvelope,
  decodePayload,
  decodeProposalResponsePayload,
  decodeTransaction,
  decodeTransactionAction,
  HeaderType,
} from '../protos/envelopes.js';

/** One transaction of a committed block, opened for those who listen. */
export interface BlockTransaction {
  readonly header: ChannelHeader;
  /** Validation code. */
  readonly code: number;
  /** Marshalled `protos.ChaincodeEvent` of each action that has one; none for configuration. */
  readonly events: readonly Buffer[];
}

/** Transactions of a marshalled block; what cannot be read is left out, as Fabric does. */
export function blockTransactions(bytes: Buffer): BlockTransaction[] {
  const block = decodeBlock(bytes);
  const filter = transactionsFilter(block);
  return block.data.flatMap((envelope, i) => {
    try {
      const payload = decodePayload(decodeEnvelope(envelope).payload);
      if (!payload.header) return [];
      const header = decodeChannelHeader(payload.header.channelHeader);
      const events = header.type === HeaderType.endorserTransaction ? chaincodeEvents(payload.data) : [];
      return [{ header, code: filter[i] ?? 0, events }];
    } catch {
      return [];
    }
  });
}

function chaincodeEvents(transaction: Buffer): Buffer[] {
  return decodeTransaction(transaction)
    .map((action) => decodeProposalResponsePayload(decodeTransactionAction(action).responsePayload))
    .map(({ extension }) => decodeChaincodeAction(extension).events)
    .filter((event) => event.length > 0);
}
