import { Reader, Writer } from '../protos/wire.js';
import { MessageType } from './protocol.js';
import { TOTAL_QUERY_LIMIT } from './query-iterators.js';
import type { TransactionContext } from './transaction-context.js';

const NOTHING: Buffer = Buffer.alloc(0);

/** Thrown for a message that is no chaincode request; Fabric ends the stream. */
export class UnknownRequestError extends Error {}

/**
 * Answers one request of a chaincode against its simulation: the payload of the RESPONSE message.
 * Synchronous, so that nothing commits in between. The table is Fabric's core/chaincode/handler.go.
 *
 * @throws Error whose text becomes `<TYPE> failed: transaction ID: <txid>: <text>`; UnknownRequestError.
 */
export function handleRequest(type: number, payload: Buffer, context: TransactionContext): Buffer {
  const handler = HANDLERS.get(type);
  if (!handler) throw new UnknownRequestError(`no chaincode request has type ${type}`);
  return handler(payload, context);
}

type RequestHandler = (payload: Buffer, context: TransactionContext) => Buffer;

const HANDLERS: ReadonlyMap<number, RequestHandler> = new Map<number, RequestHandler>([
  [MessageType.GET_STATE, getState],
  [MessageType.GET_STATE_MULTIPLE, getStateMultiple],
  [MessageType.GET_PRIVATE_DATA_HASH, getPrivateDataHash],
  [MessageType.GET_STATE_METADATA, getStateMetadata],
  [MessageType.GET_STATE_BY_RANGE, getStateByRange],
  [MessageType.GET_QUERY_RESULT, getQueryResult],
  [MessageType.GET_HISTORY_FOR_KEY, getHistoryForKey],
  [MessageType.QUERY_STATE_NEXT, (payload, context) => context.queries.next(texts(payload)[0])],
  [MessageType.QUERY_STATE_CLOSE, (payload, context) => context.queries.close(texts(payload)[0])],
  [MessageType.PUT_STATE, (payload, context) => put(write(payload), context)],
  [MessageType.DEL_STATE, (payload, context) => remove(keyed(payload), context)],
  [MessageType.PURGE_PRIVATE_DATA, (payload, context) => purge(keyed(payload), context)],
  [MessageType.PUT_STATE_METADATA, (payload, context) => putMetadata(write(payload), context)],
  [MessageType.WRITE_BATCH_STATE, writeBatch],
]);

interface KeyRequest {
  readonly key: string;
  readonly collection: string;
}

interface WriteRequest extends KeyRequest {
  readonly value: Buffer;
  /** Marshalled `protos.StateMetadata`. */
  readonly metadata: Buffer;
  readonly type: number;
}

/** Fields 1 and 2 as text: GetState, GetStateMetadata, DelState, PurgePrivateState, QueryStateNext, … */
function texts(payload: Buffer): [string, string] {
  const found: [string, string] = ['', ''];
  const reader = new Reader(payload, 'chaincode request');
  while (reader.next()) {
    if (reader.field === 1) found[0] = reader.string();
    else if (reader.field === 2) found[1] = reader.string();
  }
  return found;
}

function keyed(payload: Buffer): KeyRequest {
  const [key, collection] = texts(payload);
  return { key, collection };
}

/** PutState, PutStateMetadata and WriteRecord share their field numbers. */
function write(payload: Buffer): WriteRequest {
  let key = '';
  let value = NOTHING;
  let collection = '';
  let metadata = NOTHING;
  let type = 0;
  const reader = new Reader(payload, 'protos.WriteRecord');
  while (reader.next()) {
    if (reader.field === 1) key = reader.string();
    else if (reader.field === 2) value = reader.slice();
    else if (reader.field === 3) collection = reader.string();
    else if (reader.field === 4) metadata = reader.slice();
    else if (reader.field === 5) type = reader.number();
  }
  return { key, value, collection, metadata, type };
}

function getState(payload: Buffer, context: TransactionContext): Buffer {
  const { key, collection } = keyed(payload);
  return read(collection, key, context) ?? NOTHING;
}

function read(collection: string, key: string, context: TransactionContext): Buffer | undefined {
  const { simulator } = context.invocation;
  if (!collection) return simulator.getState(context.namespace, key);
  context.requireRead(collection);
  return simulator.getPrivateData(context.namespace, collection, key);
}

function getStateMultiple(payload: Buffer, context: TransactionContext): Buffer {
  const keys: string[] = [];
  let collection = '';
  const reader = new Reader(payload, 'protos.GetStateMultiple');
  while (reader.next()) {
    if (reader.field === 1) keys.push(reader.string());
    else if (reader.field === 2) collection = reader.string();
  }
  const writer = new Writer();
  for (const key of keys) writer.message(1, read(collection, key, context) ?? NOTHING);
  return writer.finish();
}

/** Anyone may read a hash: no collection permission is asked for. */
function getPrivateDataHash(payload: Buffer, context: TransactionContext): Buffer {
  const { key, collection } = keyed(payload);
  context.requireNoInit();
  return context.invocation.simulator.getPrivateDataHash(context.namespace, collection, key) ?? NOTHING;
}

function getStateMetadata(payload: Buffer, context: TransactionContext): Buffer {
  const { key, collection } = keyed(payload);
  const { simulator } = context.invocation;
  if (collection) context.requireRead(collection);
  const metadata = collection
    ? simulator.getPrivateDataMetadata(context.namespace, collection, key)
    : simulator.getStateMetadata(context.namespace, key);
  const writer = new Writer();
  for (const [name, value] of metadata)
    writer.message(1, new Writer().string(1, name).bytes(2, value).finish());
  return writer.finish();
}

function getStateByRange(payload: Buffer, context: TransactionContext): Buffer {
  let startKey = '';
  let endKey = '';
  let collection = '';
  let metadata = NOTHING;
  const reader = new Reader(payload, 'protos.GetStateByRange');
  while (reader.next()) {
    if (reader.field === 1) startKey = reader.string();
    else if (reader.field === 2) endKey = reader.string();
    else if (reader.field === 3) collection = reader.string();
    else if (reader.field === 4) metadata = reader.slice();
  }
  const { simulator } = context.invocation;
  const { pageSize, bookmark } = decodePage(metadata);
  const limit = pageSize > 0 && pageSize < TOTAL_QUERY_LIMIT ? pageSize : TOTAL_QUERY_LIMIT;
  if (collection) {
    context.requireRead(collection);
    const values = simulator.rangePrivate(context.namespace, collection, startKey, endKey);
    return context.queries.start(values, limit, false);
  }
  const paginated = pageSize !== 0 || bookmark !== '';
  const entries = paginated
    ? simulator.rangePage(context.namespace, bookmark || startKey, endKey, pageSize)
    : simulator.range(context.namespace, startKey, endKey);
  return context.queries.start(entries, limit, paginated);
}

function decodePage(metadata: Buffer): { pageSize: number; bookmark: string } {
  let pageSize = 0;
  let bookmark = '';
  const reader = new Reader(metadata, 'protos.QueryMetadata');
  while (reader.next()) {
    if (reader.field === 1) pageSize = reader.number();
    else if (reader.field === 2) bookmark = reader.string();
  }
  return { pageSize, bookmark };
}

/** State is LevelDB: rich queries are refused with the text of Fabric's own LevelDB state. */
function getQueryResult(payload: Buffer, context: TransactionContext): Buffer {
  const [, collection] = texts(payload);
  if (collection) context.requireRead(collection);
  throw new Error('ExecuteQuery not supported for leveldb');
}

function getHistoryForKey(payload: Buffer, context: TransactionContext): Buffer {
  const iterator = context.invocation.simulator.history(context.namespace, texts(payload)[0]);
  return context.queries.start(iterator, TOTAL_QUERY_LIMIT, false);
}

function put({ key, value, collection }: WriteRequest, context: TransactionContext): Buffer {
  const { simulator } = context.invocation;
  if (collection) {
    context.requireWrite(collection);
    simulator.setPrivateData(context.namespace, collection, key, value);
  } else {
    simulator.setState(context.namespace, key, value);
  }
  return NOTHING;
}

function remove({ key, collection }: KeyRequest, context: TransactionContext): Buffer {
  return put({ key, collection, value: NOTHING, metadata: NOTHING, type: 0 }, context);
}

function purge({ key, collection }: KeyRequest, context: TransactionContext): Buffer {
  if (!collection) throw new Error('only applicable for private data');
  context.requireWrite(collection);
  context.invocation.simulator.purgePrivateData(context.namespace, collection, key);
  return NOTHING;
}

function putMetadata({ key, collection, metadata }: WriteRequest, context: TransactionContext): Buffer {
  const { simulator } = context.invocation;
  let name = '';
  let value = NOTHING;
  const reader = new Reader(metadata, 'protos.StateMetadata');
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) value = reader.slice();
  }
  const entries = new Map([[name, value]]);
  if (collection) {
    context.requireWrite(collection);
    simulator.setPrivateDataMetadata(context.namespace, collection, key, entries);
  } else {
    simulator.setStateMetadata(context.namespace, key, entries);
  }
  return NOTHING;
}

function writeBatch(payload: Buffer, context: TransactionContext): Buffer {
  const reader = new Reader(payload, 'protos.WriteBatchState');
  while (reader.next()) {
    if (reader.field !== 1) continue;
    const record = write(reader.slice());
    switch (record.type) {
      case MessageType.PUT_STATE:
        put(record, context);
        break;
      case MessageType.DEL_STATE:
        remove(record, context);
        break;
      case MessageType.PURGE_PRIVATE_DATA:
        purge(record, context);
        break;
      case MessageType.PUT_STATE_METADATA:
        putMetadata(record, context);
        break;
      default:
        throw new Error('unknown operation type');
    }
  }
  return NOTHING;
}
