import type { Client } from '@grpc/grpc-js';
import { common, msp, orderer } from '@hyperledger/fabric-protos';
import { BinaryReader } from 'google-protobuf';
import { Timestamp } from 'google-protobuf/google/protobuf/timestamp_pb';
import type { LedgerIdentity } from './identity.js';

export interface DeliveredBlock {
  number: number;
  /** Marshalled `common.Block`, exactly as the peer sent it. */
  block: Uint8Array;
  /** Position of the transaction → marshalled `rwset.TxPvtReadWriteSet` of the own organisation's collections. */
  privateData: Map<number, Uint8Array>;
}

/** The peer ended the stream with a status instead of a block (`common.Status`). */
export class DeliverStatusError extends Error {
  override readonly name = 'DeliverStatusError';

  constructor(readonly status: number) {
    super(`The peer ended the block stream with status ${status}.`);
  }
}

interface SeekOptions {
  channel: string;
  identity: LedgerIdentity;
  now: Date;
  withPrivateData: boolean;
  start: number | 'newest';
  /** Inclusive; without it the stream goes on with new blocks. */
  stop?: number | 'newest';
  signal?: AbortSignal;
}

/**
 * Blocks as the peer's Deliver service sends them. The SDK hands out decoded messages only; hashes and signatures are
 * checked over bytes, so the same request is made here with the bytes kept.
 */
export async function* deliverBlocks(client: Client, options: SeekOptions): AsyncGenerator<DeliveredBlock> {
  options.signal?.throwIfAborted();
  const method = options.withPrivateData
    ? '/protos.Deliver/DeliverWithPrivateData'
    : '/protos.Deliver/Deliver';
  const stream = client.makeBidiStreamRequest<Buffer, Buffer>(
    method,
    (bytes) => bytes,
    (bytes) => bytes,
  );
  const abort = (): void => stream.cancel();
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    stream.write(seekEnvelope(options));
    for await (const bytes of stream as AsyncIterable<Buffer>) {
      const delivered = readDeliverResponse(bytes);
      if (typeof delivered === 'number') {
        if (delivered === common.Status.SUCCESS) return;
        throw new DeliverStatusError(delivered);
      }
      yield delivered;
    }
  } catch (error) {
    if (options.signal?.aborted) return;
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', abort);
    // A cancelled call reports CANCELLED as an error event after the iterator is gone.
    stream.on('error', () => undefined);
    stream.cancel();
  }
}

const seekEnvelope = ({ channel, identity, now, start, stop }: SeekOptions): Buffer => {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.DELIVER_SEEK_INFO);
  channelHeader.setChannelId(channel);
  channelHeader.setTimestamp(Timestamp.fromDate(now));

  const creator = new msp.SerializedIdentity();
  creator.setMspid(identity.mspId);
  creator.setIdBytes(Buffer.from(identity.certificate));
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(creator.serializeBinary());

  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());

  const seek = new orderer.SeekInfo();
  seek.setStart(seekPosition(start));
  seek.setStop(seekPosition(stop ?? Number.MAX_SAFE_INTEGER));

  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(seek.serializeBinary());
  const payloadBytes = payload.serializeBinary();

  const envelope = new common.Envelope();
  envelope.setPayload(payloadBytes);
  envelope.setSignature(identity.sign(payloadBytes));
  return Buffer.from(envelope.serializeBinary());
};

const seekPosition = (at: number | 'newest'): orderer.SeekPosition => {
  const position = new orderer.SeekPosition();
  if (at === 'newest') {
    position.setNewest(new orderer.SeekNewest());
  } else {
    const specified = new orderer.SeekSpecified();
    specified.setNumber(at);
    position.setSpecified(specified);
  }
  return position;
};

/** Field numbers of peer/events.proto: DeliverResponse {status 1, block 2, block_and_private_data 4}. */
const readDeliverResponse = (bytes: Uint8Array): DeliveredBlock | number => {
  const reader = new BinaryReader(bytes);
  while (reader.nextField()) {
    switch (reader.getFieldNumber()) {
      case 1:
        return reader.readEnum();
      case 2: {
        const block = reader.readBytes();
        return { number: blockNumber(block), block, privateData: new Map() };
      }
      case 4:
        return readBlockAndPrivateData(reader.readBytes());
      default:
        reader.skipField();
    }
  }
  throw new Error('The peer sent an empty deliver response.');
};

/** BlockAndPrivateData {block 1, private_data_map 2: map<uint64, TxPvtReadWriteSet>}. */
const readBlockAndPrivateData = (bytes: Uint8Array): DeliveredBlock => {
  const reader = new BinaryReader(bytes);
  const privateData = new Map<number, Uint8Array>();
  let block: Uint8Array | undefined;
  while (reader.nextField()) {
    if (reader.getFieldNumber() === 1) block = reader.readBytes();
    else if (reader.getFieldNumber() === 2) {
      const entry = new BinaryReader(reader.readBytes());
      let position = 0;
      let writes: Uint8Array = new Uint8Array();
      while (entry.nextField()) {
        if (entry.getFieldNumber() === 1) position = entry.readUint64();
        else if (entry.getFieldNumber() === 2) writes = entry.readBytes();
        else entry.skipField();
      }
      privateData.set(position, writes);
    } else reader.skipField();
  }
  if (block === undefined) throw new Error('The peer sent private data without its block.');
  return { number: blockNumber(block), block, privateData };
};

/** Number from the header (common.Block {header 1 {number 1}}), without decoding the transactions. */
const blockNumber = (block: Uint8Array): number => {
  const reader = new BinaryReader(block);
  while (reader.nextField()) {
    if (reader.getFieldNumber() === 1)
      return common.BlockHeader.deserializeBinary(reader.readBytes()).getNumber();
    reader.skipField();
  }
  return 0;
};
