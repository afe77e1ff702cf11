import { Reader, Writer } from '../protos/wire.js';

/** The `gateway` package's messages, decoded as far as the gateway needs them; signed parts stay marshalled. */

const NOTHING: Buffer = Buffer.alloc(0);

/** EvaluateRequest and EndorseRequest share their fields. */
export interface ProposalRequest {
  readonly transactionId: string;
  readonly channelId: string;
  /** Marshalled `protos.SignedProposal`. */
  readonly proposal: Buffer;
  /** Target or endorsing organisations. */
  readonly organizations: readonly string[];
}

export function decodeProposalRequest(bytes: Buffer): ProposalRequest {
  let transactionId = '';
  let channelId = '';
  let proposal = NOTHING;
  const organizations: string[] = [];
  const reader = new Reader(bytes, 'gateway request');
  while (reader.next()) {
    if (reader.field === 1) transactionId = reader.string();
    else if (reader.field === 2) channelId = reader.string();
    else if (reader.field === 3) proposal = reader.slice();
    else if (reader.field === 4) organizations.push(reader.string());
  }
  return { transactionId, channelId, proposal, organizations };
}

/** `envelope` is a marshalled `common.Envelope`; undefined when the field is missing. */
export function decodeSubmitRequest(bytes: Buffer): { channelId: string; envelope?: Buffer } {
  let channelId = '';
  let envelope: Buffer | undefined;
  const reader = new Reader(bytes, 'gateway.SubmitRequest');
  while (reader.next()) {
    if (reader.field === 2) channelId = reader.string();
    else if (reader.field === 3) envelope = reader.slice();
  }
  return { channelId, envelope };
}

/** SignedCommitStatusRequest and SignedChaincodeEventsRequest share their fields. */
export function decodeSignedRequest(bytes: Buffer): { request: Buffer; signature: Buffer } {
  let request = NOTHING;
  let signature = NOTHING;
  const reader = new Reader(bytes, 'gateway signed request');
  while (reader.next()) {
    if (reader.field === 1) request = reader.slice();
    else if (reader.field === 2) signature = reader.slice();
  }
  return { request, signature };
}

export interface CommitStatusRequest {
  readonly transactionId: string;
  readonly channelId: string;
  readonly identity: Buffer;
}

export function decodeCommitStatusRequest(bytes: Buffer): CommitStatusRequest {
  let transactionId = '';
  let channelId = '';
  let identity = NOTHING;
  const reader = new Reader(bytes, 'gateway.CommitStatusRequest');
  while (reader.next()) {
    if (reader.field === 1) transactionId = reader.string();
    else if (reader.field === 2) channelId = reader.string();
    else if (reader.field === 3) identity = reader.slice();
  }
  return { transactionId, channelId, identity };
}

/** Where a stream of blocks starts or stops (`orderer.SeekPosition`). */
export type SeekPosition =
  | { readonly kind: 'newest' | 'oldest' | 'next commit' }
  | { readonly kind: 'specified'; readonly number: number };

const SEEK_KINDS = new Map<number, 'newest' | 'oldest' | 'next commit'>([
  [1, 'newest'],
  [2, 'oldest'],
  [4, 'next commit'],
]);

/** undefined when no kind is set. */
export function decodeSeekPosition(bytes: Buffer): SeekPosition | undefined {
  let position: SeekPosition | undefined;
  const reader = new Reader(bytes, 'orderer.SeekPosition');
  while (reader.next()) {
    const kind = SEEK_KINDS.get(reader.field);
    if (kind) position = { kind };
    else if (reader.field === 3) position = { kind: 'specified', number: specifiedNumber(reader.slice()) };
  }
  return position;
}

function specifiedNumber(bytes: Buffer): number {
  let number = 0;
  const reader = new Reader(bytes, 'orderer.SeekSpecified');
  while (reader.next()) if (reader.field === 1) number = reader.number();
  return number;
}

export interface ChaincodeEventsRequest {
  readonly channelId: string;
  readonly chaincodeName: string;
  readonly identity: Buffer;
  readonly start?: SeekPosition;
  readonly afterTransactionId: string;
}

export function decodeChaincodeEventsRequest(bytes: Buffer): ChaincodeEventsRequest {
  let channelId = '';
  let chaincodeName = '';
  let identity = NOTHING;
  let start: SeekPosition | undefined;
  let afterTransactionId = '';
  const reader = new Reader(bytes, 'gateway.ChaincodeEventsRequest');
  while (reader.next()) {
    if (reader.field === 1) channelId = reader.string();
    else if (reader.field === 2) chaincodeName = reader.string();
    else if (reader.field === 3) identity = reader.slice();
    else if (reader.field === 4) start = decodeSeekPosition(reader.slice());
    else if (reader.field === 5) afterTransactionId = reader.string();
  }
  return { channelId, chaincodeName, identity, start, afterTransactionId };
}

/** A `gateway.ChaincodeEventsResponse` from marshalled events. */
export function encodeChaincodeEventsResponse(blockNumber: number, events: readonly Buffer[]): Buffer {
  const writer = new Writer();
  for (const event of events) writer.message(1, event);
  return writer.number(2, blockNumber).finish();
}
