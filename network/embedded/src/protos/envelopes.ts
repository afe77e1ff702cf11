import { sha256 } from './hashes.js';
import { Reader, Writer } from './wire.js';

/** `common.HeaderType` values that reach a block. */
export const HeaderType = { config: 1, configUpdate: 2, endorserTransaction: 3 } as const;

/** A decoded `common.Envelope`; both fields are slices of its bytes. */
export interface Envelope {
  readonly payload: Buffer;
  readonly signature: Buffer;
}

/** A decoded `common.Payload`; `header` is undefined when the message has none. */
export interface Payload {
  readonly header?: Header;
  readonly data: Buffer;
}

export interface Header {
  readonly channelHeader: Buffer;
  readonly signatureHeader: Buffer;
}

export interface ChannelHeader {
  readonly type: number;
  readonly version: number;
  readonly timestamp?: { readonly seconds: number; readonly nanos: number };
  readonly channelId: string;
  readonly txId: string;
  readonly epoch: number;
  /** Marshalled `protos.ChaincodeHeaderExtension` of a proposal. */
  readonly extension: Buffer;
}

export interface SignatureHeader {
  /** Marshalled `msp.SerializedIdentity`. */
  readonly creator: Buffer;
  readonly nonce: Buffer;
}

export interface Endorsement {
  readonly endorser: Buffer;
  readonly signature: Buffer;
}

/** One `protos.TransactionAction`, opened down to the endorsed payload. */
export interface TransactionAction {
  /** Marshalled `common.SignatureHeader` of the action. */
  readonly header: Buffer;
  readonly chaincodeProposalPayload: Buffer;
  /** Marshalled `protos.ProposalResponsePayload`: what the endorsers signed. */
  readonly responsePayload: Buffer;
  readonly endorsements: readonly Endorsement[];
}

export interface ProposalResponsePayload {
  readonly proposalHash: Buffer;
  /** Marshalled `protos.ChaincodeAction`. */
  readonly extension: Buffer;
}

export interface ChaincodeId {
  readonly path: string;
  readonly name: string;
  readonly version: string;
}

/** A decoded `protos.ChaincodeAction`. */
export interface ChaincodeAction {
  /** Marshalled `rwset.TxReadWriteSet`. */
  readonly results: Buffer;
  /** Marshalled `protos.ChaincodeEvent`; empty without an event. */
  readonly events: Buffer;
  /** Marshalled `protos.Response`. */
  readonly response: Buffer;
  readonly chaincodeId?: ChaincodeId;
}

export interface ChaincodeEvent {
  readonly chaincodeId: string;
  readonly txId: string;
  readonly eventName: string;
  readonly payload: Buffer;
}

const NOTHING: Buffer = Buffer.alloc(0);

/** @throws MalformedMessageError, like all decoders here. */
export function decodeEnvelope(bytes: Buffer): Envelope {
  let payload = NOTHING;
  let signature = NOTHING;
  const reader = new Reader(bytes, 'common.Envelope');
  while (reader.next()) {
    if (reader.field === 1) payload = reader.slice();
    else if (reader.field === 2) signature = reader.slice();
  }
  return { payload, signature };
}

export function encodeEnvelope(envelope: Envelope): Buffer {
  return new Writer().bytes(1, envelope.payload).bytes(2, envelope.signature).finish();
}

export function decodePayload(bytes: Buffer): Payload {
  let header: Header | undefined;
  let data = NOTHING;
  const reader = new Reader(bytes, 'common.Payload');
  while (reader.next()) {
    if (reader.field === 1) header = decodeHeader(reader.slice());
    else if (reader.field === 2) data = reader.slice();
  }
  return { header, data };
}

export function encodePayload(channelHeader: Buffer, signatureHeader: Buffer, data: Buffer): Buffer {
  return new Writer().message(1, encodeHeader({ channelHeader, signatureHeader })).bytes(2, data).finish();
}

export function decodeHeader(bytes: Buffer): Header {
  let channelHeader = NOTHING;
  let signatureHeader = NOTHING;
  const reader = new Reader(bytes, 'common.Header');
  while (reader.next()) {
    if (reader.field === 1) channelHeader = reader.slice();
    else if (reader.field === 2) signatureHeader = reader.slice();
  }
  return { channelHeader, signatureHeader };
}

export function encodeHeader(header: Header): Buffer {
  return new Writer().bytes(1, header.channelHeader).bytes(2, header.signatureHeader).finish();
}

export function decodeChannelHeader(bytes: Buffer): ChannelHeader {
  let type = 0;
  let version = 0;
  let timestamp: ChannelHeader['timestamp'];
  let channelId = '';
  let txId = '';
  let epoch = 0;
  let extension = NOTHING;
  const reader = new Reader(bytes, 'common.ChannelHeader');
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        type = reader.number();
        break;
      case 2:
        version = reader.number();
        break;
      case 3:
        timestamp = decodeTimestamp(reader.slice());
        break;
      case 4:
        channelId = reader.string();
        break;
      case 5:
        txId = reader.string();
        break;
      case 6:
        epoch = reader.number();
        break;
      case 7:
        extension = reader.slice();
        break;
    }
  }
  return { type, version, timestamp, channelId, txId, epoch, extension };
}

export function encodeChannelHeader(header: ChannelHeader): Buffer {
  const writer = new Writer().number(1, header.type).number(2, header.version);
  if (header.timestamp !== undefined) {
    writer.message(
      3,
      new Writer().number(1, header.timestamp.seconds).number(2, header.timestamp.nanos).finish(),
    );
  }
  return writer
    .string(4, header.channelId)
    .string(5, header.txId)
    .number(6, header.epoch)
    .bytes(7, header.extension)
    .finish();
}

export function decodeSignatureHeader(bytes: Buffer): SignatureHeader {
  let creator = NOTHING;
  let nonce = NOTHING;
  const reader = new Reader(bytes, 'common.SignatureHeader');
  while (reader.next()) {
    if (reader.field === 1) creator = reader.slice();
    else if (reader.field === 2) nonce = reader.slice();
  }
  return { creator, nonce };
}

export function encodeSignatureHeader(header: SignatureHeader): Buffer {
  return new Writer().bytes(1, header.creator).bytes(2, header.nonce).finish();
}

/** Transaction id: hex SHA-256 of nonce and creator. */
export function transactionId(header: SignatureHeader): string {
  return sha256(header.nonce, header.creator).toString('hex');
}

/** Actions of a `protos.Transaction`, as marshalled `TransactionAction`s. */
export function decodeTransaction(bytes: Buffer): Buffer[] {
  const actions: Buffer[] = [];
  const reader = new Reader(bytes, 'protos.Transaction');
  while (reader.next()) if (reader.field === 1) actions.push(reader.slice());
  return actions;
}

export function decodeTransactionAction(bytes: Buffer): TransactionAction {
  let header = NOTHING;
  let payload = NOTHING;
  const reader = new Reader(bytes, 'protos.TransactionAction');
  while (reader.next()) {
    if (reader.field === 1) header = reader.slice();
    else if (reader.field === 2) payload = reader.slice();
  }
  let chaincodeProposalPayload = NOTHING;
  let responsePayload = NOTHING;
  const endorsements: Endorsement[] = [];
  const outer = new Reader(payload, 'protos.ChaincodeActionPayload');
  while (outer.next()) {
    if (outer.field === 1) chaincodeProposalPayload = outer.slice();
    else if (outer.field === 2) {
      const inner = new Reader(outer.slice(), 'protos.ChaincodeEndorsedAction');
      while (inner.next()) {
        if (inner.field === 1) responsePayload = inner.slice();
        else if (inner.field === 2) endorsements.push(decodeEndorsement(inner.slice()));
      }
    }
  }
  return { header, chaincodeProposalPayload, responsePayload, endorsements };
}

/** A `protos.Transaction` with one action; its payload carries no transient data. */
export function encodeTransaction(action: TransactionAction): Buffer {
  const endorsed = new Writer().bytes(1, action.responsePayload);
  for (const { endorser, signature } of action.endorsements) {
    endorsed.message(2, new Writer().bytes(1, endorser).bytes(2, signature).finish());
  }
  const payload = new Writer()
    .bytes(1, action.chaincodeProposalPayload)
    .message(2, endorsed.finish())
    .finish();
  return new Writer().message(1, new Writer().bytes(1, action.header).bytes(2, payload).finish()).finish();
}

export function decodeProposalResponsePayload(bytes: Buffer): ProposalResponsePayload {
  let proposalHash = NOTHING;
  let extension = NOTHING;
  const reader = new Reader(bytes, 'protos.ProposalResponsePayload');
  while (reader.next()) {
    if (reader.field === 1) proposalHash = reader.slice();
    else if (reader.field === 2) extension = reader.slice();
  }
  return { proposalHash, extension };
}

export function encodeProposalResponsePayload(payload: ProposalResponsePayload): Buffer {
  return new Writer().bytes(1, payload.proposalHash).bytes(2, payload.extension).finish();
}

export function decodeChaincodeAction(bytes: Buffer): ChaincodeAction {
  let results = NOTHING;
  let events = NOTHING;
  let response = NOTHING;
  let chaincodeId: ChaincodeId | undefined;
  const reader = new Reader(bytes, 'protos.ChaincodeAction');
  while (reader.next()) {
    if (reader.field === 1) results = reader.slice();
    else if (reader.field === 2) events = reader.slice();
    else if (reader.field === 3) response = reader.slice();
    else if (reader.field === 4) chaincodeId = decodeChaincodeId(reader.slice());
  }
  return { results, events, response, chaincodeId };
}

export function encodeChaincodeAction(action: ChaincodeAction): Buffer {
  const writer = new Writer().bytes(1, action.results).bytes(2, action.events).message(3, action.response);
  if (action.chaincodeId !== undefined) writer.message(4, encodeChaincodeId(action.chaincodeId));
  return writer.finish();
}

export function decodeChaincodeId(bytes: Buffer): ChaincodeId {
  let path = '';
  let name = '';
  let version = '';
  const reader = new Reader(bytes, 'protos.ChaincodeID');
  while (reader.next()) {
    if (reader.field === 1) path = reader.string();
    else if (reader.field === 2) name = reader.string();
    else if (reader.field === 3) version = reader.string();
  }
  return { path, name, version };
}

export function encodeChaincodeId(id: ChaincodeId): Buffer {
  return new Writer().string(1, id.path).string(2, id.name).string(3, id.version).finish();
}

/** `chaincode_id` of a marshalled `protos.ChaincodeHeaderExtension`; undefined when it has none. */
export function decodeHeaderExtension(bytes: Buffer): ChaincodeId | undefined {
  let id: ChaincodeId | undefined;
  const reader = new Reader(bytes, 'protos.ChaincodeHeaderExtension');
  while (reader.next()) if (reader.field === 2) id = decodeChaincodeId(reader.slice());
  return id;
}

export function decodeChaincodeEvent(bytes: Buffer): ChaincodeEvent {
  let chaincodeId = '';
  let txId = '';
  let eventName = '';
  let payload = NOTHING;
  const reader = new Reader(bytes, 'protos.ChaincodeEvent');
  while (reader.next()) {
    if (reader.field === 1) chaincodeId = reader.string();
    else if (reader.field === 2) txId = reader.string();
    else if (reader.field === 3) eventName = reader.string();
    else if (reader.field === 4) payload = reader.slice();
  }
  return { chaincodeId, txId, eventName, payload };
}

export function encodeChaincodeEvent(event: ChaincodeEvent): Buffer {
  return new Writer()
    .string(1, event.chaincodeId)
    .string(2, event.txId)
    .string(3, event.eventName)
    .bytes(4, event.payload)
    .finish();
}

/**
 * SHA-256 over channel header, signature header and the proposal payload without its transient map
 * (Fabric protoutil GetProposalHash1 and GetProposalHash2 agree on these bytes).
 */
export function proposalHash(header: Header, chaincodeProposalPayload: Buffer): Buffer {
  return sha256(header.channelHeader, header.signatureHeader, chaincodeProposalPayload);
}

/** A marshalled `protos.ChaincodeProposalPayload` without the transient map: what is hashed and what a block may carry. */
export function withoutTransient(chaincodeProposalPayload: Buffer): Buffer {
  let input = NOTHING;
  const reader = new Reader(chaincodeProposalPayload, 'protos.ChaincodeProposalPayload');
  while (reader.next()) if (reader.field === 1) input = reader.slice();
  return new Writer().bytes(1, input).finish();
}

function decodeEndorsement(bytes: Buffer): Endorsement {
  let endorser = NOTHING;
  let signature = NOTHING;
  const reader = new Reader(bytes, 'protos.Endorsement');
  while (reader.next()) {
    if (reader.field === 1) endorser = reader.slice();
    else if (reader.field === 2) signature = reader.slice();
  }
  return { endorser, signature };
}

function decodeTimestamp(bytes: Buffer): { seconds: number; nanos: number } {
  let seconds = 0;
  let nanos = 0;
  const reader = new Reader(bytes, 'google.protobuf.Timestamp');
  while (reader.next()) {
    if (reader.field === 1) seconds = reader.number();
    else if (reader.field === 2) nanos = reader.number();
  }
  return { seconds, nanos };
}
