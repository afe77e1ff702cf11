import { decodeBlock } from '../protos/blocks.js';
import { decodeChaincodeEvent, encodeChaincodeEvent, HeaderType } from '../protos/envelopes.js';
import { Writer } from '../protos/wire.js';
import { blockTransactions } from './transactions.js';

/** A marshalled `protos.FilteredBlock`: ids, types, codes, and events without their payload. */
export function filteredBlock(bytes: Buffer): Buffer {
  const transactions = blockTransactions(bytes);
  const writer = new Writer()
    .string(1, transactions.at(-1)?.header.channelId ?? '')
    .number(2, decodeBlock(bytes).header.number);
  for (const { header, code, events } of transactions) {
    const filtered = new Writer().string(1, header.txId).number(2, header.type).number(3, code);
    if (header.type === HeaderType.endorserTransaction) filtered.message(4, filteredActions(events));
    writer.message(4, filtered.finish());
  }
  return writer.finish();
}

function filteredActions(events: readonly Buffer[]): Buffer {
  const writer = new Writer();
  for (const bytes of events) {
    const event = decodeChaincodeEvent(bytes);
    if (!event.chaincodeId) continue;
    const visible = encodeChaincodeEvent({ ...event, payload: Buffer.alloc(0) });
    writer.message(1, new Writer().message(1, visible).finish());
  }
  return writer.finish();
}
