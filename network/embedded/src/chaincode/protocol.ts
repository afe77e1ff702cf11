import { Reader, Writer } from '../protos/wire.js';

/** Kinds of `protos.ChaincodeMessage` that cross the stream between peer and chaincode. */
export const MessageType = {
  REGISTER: 1,
  REGISTERED: 2,
  INIT: 3,
  READY: 4,
  TRANSACTION: 5,
  COMPLETED: 6,
  ERROR: 7,
  GET_STATE: 8,
  PUT_STATE: 9,
  DEL_STATE: 10,
  INVOKE_CHAINCODE: 11,
  RESPONSE: 13,
  GET_STATE_BY_RANGE: 14,
  GET_QUERY_RESULT: 15,
  QUERY_STATE_NEXT: 16,
  QUERY_STATE_CLOSE: 17,
  KEEPALIVE: 18,
  GET_HISTORY_FOR_KEY: 19,
  GET_STATE_METADATA: 20,
  PUT_STATE_METADATA: 21,
  GET_PRIVATE_DATA_HASH: 22,
  PURGE_PRIVATE_DATA: 23,
  WRITE_BATCH_STATE: 24,
  GET_STATE_MULTIPLE: 25,
} as const;

const NAMES = new Map<number, string>(Object.entries(MessageType).map(([name, type]) => [type, name]));

/** Fabric's name of a message type, as its error texts print it. */
export function messageTypeName(type: number): string {
  return NAMES.get(type) ?? String(type);
}

const NOTHING: Buffer = Buffer.alloc(0);

/** One message of the chaincode stream; parts are still marshalled. */
export interface ChaincodeMessage {
  readonly type: number;
  readonly payload?: Buffer;
  readonly txId?: string;
  readonly channelId?: string;
  /** Only from peer to chaincode: the marshalled `protos.SignedProposal`. */
  readonly signedProposal?: Buffer;
  /** Only from chaincode to peer, with COMPLETED: a marshalled `protos.ChaincodeEvent`. */
  readonly event?: Buffer;
}

export function encodeMessage(message: ChaincodeMessage): Buffer {
  const writer = new Writer()
    .number(1, message.type)
    .bytes(3, message.payload)
    .string(4, message.txId ?? '')
    .bytes(5, message.signedProposal);
  if (message.event) writer.message(6, message.event);
  return writer.string(7, message.channelId ?? '').finish();
}

export function decodeMessage(
  bytes: Buffer,
): ChaincodeMessage & { payload: Buffer; txId: string; channelId: string } {
  let type = 0;
  let payload = NOTHING;
  let txId = '';
  let channelId = '';
  let event: Buffer | undefined;
  const reader = new Reader(bytes, 'protos.ChaincodeMessage');
  while (reader.next()) {
    if (reader.field === 1) type = reader.number();
    else if (reader.field === 3) payload = reader.slice();
    else if (reader.field === 4) txId = reader.string();
    else if (reader.field === 6) event = reader.slice();
    else if (reader.field === 7) channelId = reader.string();
  }
  return { type, payload, txId, channelId, event };
}

/** A decoded `protos.Response`. */
export interface ChaincodeResponse {
  readonly status: number;
  readonly message: string;
  readonly payload: Buffer;
}

export function decodeResponse(bytes: Buffer): ChaincodeResponse {
  let status = 0;
  let message = '';
  let payload = NOTHING;
  const reader = new Reader(bytes, 'protos.Response');
  while (reader.next()) {
    if (reader.field === 1) status = reader.number();
    else if (reader.field === 2) message = reader.string();
    else if (reader.field === 3) payload = reader.slice();
  }
  return { status, message, payload };
}

export function encodeResponse(response: ChaincodeResponse): Buffer {
  return new Writer()
    .number(1, response.status)
    .string(2, response.message)
    .bytes(3, response.payload)
    .finish();
}

/** Arguments of a marshalled `protos.ChaincodeInput`, and whether it asks for initialisation. */
export function decodeInput(bytes: Buffer): { args: Buffer[]; isInit: boolean } {
  const args: Buffer[] = [];
  let isInit = false;
  const reader = new Reader(bytes, 'protos.ChaincodeInput');
  while (reader.next()) {
    if (reader.field === 1) args.push(reader.slice());
    else if (reader.field === 3) isInit = reader.bool();
  }
  return { args, isInit };
}

/** Called name (`name:version/channel` allowed) and marshalled input of a `protos.ChaincodeSpec`. */
export function decodeSpec(bytes: Buffer): { name?: string; input?: Buffer } {
  let name: string | undefined;
  let input: Buffer | undefined;
  const reader = new Reader(bytes, 'protos.ChaincodeSpec');
  while (reader.next()) {
    if (reader.field === 2) name = decodeName(reader.slice());
    else if (reader.field === 3) input = reader.slice();
  }
  return { name, input };
}

/** `name` of a marshalled `protos.ChaincodeID`. */
export function decodeName(bytes: Buffer): string {
  let name = '';
  const reader = new Reader(bytes, 'protos.ChaincodeID');
  while (reader.next()) if (reader.field === 2) name = reader.string();
  return name;
}
