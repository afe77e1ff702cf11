import type { handleBidiStreamingCall, Server } from '@grpc/grpc-js';
import { checkPolicy, READERS, TIME_WINDOW_MS } from '../endorser/access.js';
import { decodeSeekPosition, type SeekPosition } from '../gateway/messages.js';
import { rawMethod } from '../gateway/services.js';
import {
  decodeChannelHeader,
  decodeEnvelope,
  decodePayload,
  decodeSignatureHeader,
  type Envelope,
} from '../protos/envelopes.js';
import { Reader, Writer } from '../protos/wire.js';
import { decodePrivateRwSet, encodePrivateRwSet } from '../rwset/messages.js';
import type { Clock, Identity, Ledger } from '../types.js';
import { blockCommitted, drained } from './block-stream.js';
import { filteredBlock } from './filtered-block.js';

/** `common.Status`, which ends a stream as a message rather than as a gRPC error. */
const Status = {
  SUCCESS: 200,
  BAD_REQUEST: 400,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  INTERNAL_SERVER_ERROR: 500,
} as const;
type Status = (typeof Status)[keyof typeof Status];

const FAIL_IF_NOT_READY = 1;

interface SeekInfo {
  readonly start?: SeekPosition;
  readonly stop?: SeekPosition;
  readonly failIfNotReady: boolean;
}

interface Request {
  readonly envelope: Envelope;
  readonly creator: Buffer;
  readonly channelId: string;
  readonly seek: SeekInfo;
}

/** Renders a stored block as the part of `protos.DeliverResponse` that a method delivers. */
type Render = (block: Buffer, number: number, reader: Identity) => Buffer;

export interface DeliverOptions {
  readonly ledger: Ledger;
  /** Organisation whose private values `DeliverWithPrivateData` shows. */
  readonly mspId: string;
  readonly clock: Clock;
}

/** Adds `protos.Deliver` of one peer (Fabric common/deliver and core/peer/deliverevents.go). */
export function addDeliverService(server: Server, options: DeliverOptions): void {
  const { ledger, mspId } = options;
  const handler = (render: Render): handleBidiStreamingCall<Buffer, Buffer> => {
    return (call) => {
      const abort = new AbortController();
      call.on('cancelled', () => abort.abort());
      // requests of one stream are served one after the other
      let queue = Promise.resolve(true);
      const send = async (message: Buffer) => {
        if (!abort.signal.aborted && !call.write(message)) await drained(call, abort.signal);
      };
      call.on('data', (envelope: Buffer) => {
        queue = queue.then(async (open) => {
          if (!open || abort.signal.aborted) return false;
          const status = await deliver(envelope, options, render, send, abort.signal);
          await send(new Writer().number(1, status).finish());
          if (status !== Status.SUCCESS) call.end();
          return status === Status.SUCCESS;
        });
      });
      call.on('end', () => void queue.then(() => call.end()));
    };
  };
  server.addService(
    {
      deliver: rawMethod('/protos.Deliver/Deliver', true, true),
      deliverFiltered: rawMethod('/protos.Deliver/DeliverFiltered', true, true),
      deliverWithPrivateData: rawMethod('/protos.Deliver/DeliverWithPrivateData', true, true),
    },
    {
      deliver: handler((block) => new Writer().message(2, block).finish()),
      deliverFiltered: handler((block) => new Writer().message(3, filteredBlock(block)).finish()),
      deliverWithPrivateData: handler((block, number, reader) => {
        const both = new Writer().message(1, block);
        for (const [position, writes] of visibleWrites(ledger, mspId, number, reader)) {
          both.message(2, new Writer().number(1, position).message(2, writes).finish());
        }
        return new Writer().message(4, both.finish()).finish();
      }),
    },
  );
}

async function deliver(
  bytes: Buffer,
  { clock, ledger }: DeliverOptions,
  render: Render,
  send: (message: Buffer) => Promise<void>,
  signal: AbortSignal,
): Promise<Status> {
  let request: Request;
  try {
    request = decodeRequest(bytes, clock);
  } catch {
    return Status.BAD_REQUEST;
  }
  const { channelId, creator, envelope, seek } = request;
  if (channelId !== ledger.channelId) return Status.NOT_FOUND;
  const mayRead = () => {
    try {
      checkPolicy(ledger.config, READERS, {
        data: envelope.payload,
        identity: creator,
        signature: envelope.signature,
      });
      return ledger.config.deserializeIdentity(creator).notAfter.getTime() >= clock.now();
    } catch {
      return false;
    }
  };
  if (!mayRead()) return Status.FORBIDDEN;
  const { start, stop } = seek;
  if (!start || !stop) return Status.BAD_REQUEST;
  let number = firstBlock(start, ledger);
  const last = lastBlock(start, stop, number, ledger);
  if (last < number) return Status.BAD_REQUEST;

  const reader = ledger.config.deserializeIdentity(creator);
  let checked = ledger.config.sequence;
  for (; ; number += 1) {
    if (seek.failIfNotReady && number >= ledger.height) return Status.NOT_FOUND;
    if (number >= ledger.height) await blockCommitted(ledger, number, signal);
    if (signal.aborted) return Status.INTERNAL_SERVER_ERROR;
    if (ledger.config.sequence !== checked || reader.notAfter.getTime() < clock.now()) {
      if (!mayRead()) return Status.FORBIDDEN;
      checked = ledger.config.sequence;
    }
    let rendered: Buffer;
    try {
      rendered = render(ledger.readBlock(number), number, reader);
    } catch {
      return Status.INTERNAL_SERVER_ERROR;
    }
    await send(rendered);
    if (number === last) return Status.SUCCESS;
  }
}

function firstBlock(start: SeekPosition, ledger: Ledger): number {
  switch (start.kind) {
    case 'oldest':
      return 0;
    case 'newest':
      return ledger.height - 1;
    case 'next commit':
      return ledger.height;
    case 'specified':
      return start.number;
  }
}

function lastBlock(start: SeekPosition, stop: SeekPosition, first: number, ledger: Ledger): number {
  switch (stop.kind) {
    case 'oldest':
      return first;
    case 'newest':
      return start.kind === 'newest' ? first : ledger.height - 1;
    case 'specified':
      return stop.number;
    case 'next commit':
      return first;
  }
}

/** @throws Error when the request is malformed or its time is outside the window. */
function decodeRequest(bytes: Buffer, clock: Clock): Request {
  const envelope = decodeEnvelope(bytes);
  const { header, data } = decodePayload(envelope.payload);
  if (!header) throw new Error('envelope has no header');
  const { channelId, timestamp } = decodeChannelHeader(header.channelHeader);
  if (!timestamp) throw new Error('channel header in envelope must contain timestamp');
  const sent = timestamp.seconds * 1000 + timestamp.nanos / 1e6;
  if (Math.abs(clock.now() - sent) > TIME_WINDOW_MS && Math.abs(Date.now() - sent) > TIME_WINDOW_MS) {
    throw new Error('envelope timestamp is too far from the current server time');
  }
  return {
    envelope,
    creator: decodeSignatureHeader(header.signatureHeader).creator,
    channelId,
    seek: decodeSeek(data),
  };
}

function decodeSeek(bytes: Buffer): SeekInfo {
  let start: SeekPosition | undefined;
  let stop: SeekPosition | undefined;
  let failIfNotReady = false;
  const reader = new Reader(bytes, 'orderer.SeekInfo');
  while (reader.next()) {
    if (reader.field === 1) start = decodeSeekPosition(reader.slice());
    else if (reader.field === 2) stop = decodeSeekPosition(reader.slice());
    else if (reader.field === 3) failIfNotReady = reader.number() === FAIL_IF_NOT_READY;
  }
  return { start, stop, failIfNotReady };
}

/** Private writes of a block that the peer holds, in collections whose member policy the reader satisfies. */
function visibleWrites(ledger: Ledger, mspId: string, number: number, reader: Identity): Map<number, Buffer> {
  const visible = new Map<number, Buffer>();
  for (const [position, bytes] of ledger.privateWrites(mspId, number)) {
    const writes = decodePrivateRwSet(bytes)
      .map(({ namespace, collections }) => ({
        namespace,
        collections: collections.filter(({ collection }) => {
          const policy = ledger.definition(namespace)?.collection(collection)?.memberPolicy;
          return policy?.refusalOfIdentities([reader]) === undefined && policy !== undefined;
        }),
      }))
      .filter(({ collections }) => collections.length > 0);
    if (writes.length > 0) visible.set(position, encodePrivateRwSet(writes));
  }
  return visible;
}
