import { randomBytes } from 'node:crypto';
import { type ChannelConfig, type Clock, OrderError, type SigningIdentity } from '../types.js';
import {
  type Block,
  type BlockHeader,
  MetadataSlot,
  dataHash,
  encodeOrdererMetadata,
  encodeSignatures,
  headerDer,
} from '../protos/blocks.js';
import {
  type ChannelHeader,
  HeaderType,
  type SignatureHeader,
  decodeChannelHeader,
  decodeEnvelope,
  decodePayload,
  decodeSignatureHeader,
  encodeSignatureHeader,
} from '../protos/envelopes.js';
import { Writer } from '../protos/wire.js';
import { BlockCutter, type PendingEnvelope } from './cutter.js';

export interface OrdererOptions {
  readonly clock: Clock;
  readonly config: () => ChannelConfig;
  /** Commits a batch as the next block; batches come one at a time. */
  readonly commit: (batch: readonly PendingEnvelope[]) => Promise<void>;
  /** Cut whatever waits as soon as nothing is being committed, instead of waiting for the batch timeout. */
  readonly idleCut: boolean;
  readonly onFailure: (error: Error) => void;
}

/** The ordering service: checks envelopes as Fabric's broadcast does, cuts blocks, feeds one commit at a time. */
export class Orderer {
  private cutter: BlockCutter;
  private readonly ready: (readonly PendingEnvelope[])[] = [];
  private committing: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped: string | undefined;

  constructor(private readonly options: OrdererOptions) {
    this.cutter = new BlockCutter(options.config().batch);
  }

  /** @throws OrderError when the envelope, which its creator must have signed, is not accepted */
  order(envelope: Buffer): void {
    if (this.stopped !== undefined) throw new OrderError('SERVICE_UNAVAILABLE', this.stopped);
    const config = this.options.config();
    const { payload, signature } = checkEnvelope(envelope, config, this.options.clock);
    const batches = this.cutter.add({ envelope, size: payload.length + signature.length });
    this.ready.push(...batches);
    this.schedule(config.batch.timeoutMs);
  }

  /** Resolves when nothing is being committed. */
  async settled(): Promise<void> {
    while (this.committing !== undefined) await this.committing;
  }

  /** Nothing is accepted any more; what was accepted is still committed unless committing failed. */
  async stop(reason: string): Promise<void> {
    this.stopped ??= reason;
    clearTimeout(this.timer);
    if (this.cutter.waiting > 0) this.ready.push(this.cutter.cut());
    this.pump();
    await this.committing;
  }

  private schedule(timeoutMs: number): void {
    if (!this.options.idleCut) this.setTimer(timeoutMs);
    this.pump();
  }

  /** Runs from the first waiting envelope until it is cut. */
  private setTimer(timeoutMs: number): void {
    if (this.cutter.waiting === 0) {
      clearTimeout(this.timer);
      this.timer = undefined;
    }
    if (this.timer !== undefined || this.cutter.waiting === 0) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.cutter.waiting > 0) this.ready.push(this.cutter.cut());
      this.pump();
    }, timeoutMs);
  }

  private pump(): void {
    const hasWork = this.ready.length > 0 || (this.options.idleCut && this.cutter.waiting > 0);
    if (this.committing === undefined && hasWork) this.committing = this.drain();
  }

  private async drain(): Promise<void> {
    // Envelopes of the same turn of the event loop share the block.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      for (let batch = this.nextBatch(); batch !== undefined; batch = this.nextBatch())
        await this.options.commit(batch);
    } catch (error) {
      this.stopped = `ordering stopped: ${(error as Error).message}`;
      this.ready.length = 0;
      this.cutter.cut();
      this.options.onFailure(error as Error);
    } finally {
      this.committing = undefined;
    }
  }

  private nextBatch(): readonly PendingEnvelope[] | undefined {
    const batch = this.ready.shift();
    if (batch !== undefined) return batch;
    return this.options.idleCut && this.cutter.waiting > 0 ? this.cutter.cut() : undefined;
  }
}

/** Broadcast's filters (orderer/common/msgprocessor). @throws OrderError */
function checkEnvelope(
  bytes: Buffer,
  config: ChannelConfig,
  clock: Clock,
): { payload: Buffer; signature: Buffer } {
  const { envelope, channelHeader, signatureHeader } = readEnvelope(bytes);
  if (channelHeader.channelId !== config.channelId) {
    throw new OrderError('NOT_FOUND', `channel ${channelHeader.channelId} does not exist`);
  }
  if (channelHeader.type !== HeaderType.endorserTransaction) {
    throw new OrderError(
      'BAD_REQUEST',
      'this network takes endorser transactions only; its configuration is fixed when the network is created',
    );
  }
  const size = envelope.payload.length + envelope.signature.length;
  if (size > config.batch.absoluteMaxBytes) {
    throw new OrderError(
      'BAD_REQUEST',
      `message payload is ${size} bytes and exceeds maximum allowed ${config.batch.absoluteMaxBytes} bytes`,
    );
  }
  const signer = signerOf(envelope.payload, envelope.signature, signatureHeader.creator, config);
  if (signer !== undefined && signer.notAfter.getTime() < clock.now()) {
    throw new OrderError('BAD_REQUEST', 'broadcast client identity expired');
  }
  const refusal = config.policy('/Channel/Writers').refusalOfIdentities(signer === undefined ? [] : [signer]);
  if (refusal !== undefined || signer === undefined) {
    throw new OrderError('FORBIDDEN', `${refusal ?? 'invalid signature'}: permission denied`);
  }
  return envelope;
}

function readEnvelope(bytes: Buffer): {
  envelope: { payload: Buffer; signature: Buffer };
  channelHeader: ChannelHeader;
  signatureHeader: SignatureHeader;
} {
  let header;
  let envelope;
  try {
    envelope = decodeEnvelope(bytes);
    if (envelope.payload.length === 0) throw new OrderError('BAD_REQUEST', 'message payload is empty');
    header = decodePayload(envelope.payload).header;
    if (header === undefined) throw new OrderError('BAD_REQUEST', 'bad header: envelope has no header');
    return {
      envelope,
      channelHeader: decodeChannelHeader(header.channelHeader),
      signatureHeader: decodeSignatureHeader(header.signatureHeader),
    };
  } catch (error) {
    if (error instanceof OrderError) throw error;
    throw new OrderError('BAD_REQUEST', `bad envelope: ${(error as Error).message}`);
  }
}

function signerOf(payload: Buffer, signature: Buffer, creator: Buffer, config: ChannelConfig) {
  try {
    const identity = config.deserializeIdentity(creator);
    return identity.verify(payload, signature) ? identity : undefined;
  } catch {
    return undefined;
  }
}

/** The next block with the orderer's signature over it; a peer adds flags and commit hash. */
export function createBlock(
  number: number,
  previousHash: Buffer,
  data: readonly Buffer[],
  lastConfig: number,
  signer: SigningIdentity,
): Block {
  const header: BlockHeader = { number, previousHash, dataHash: dataHash(data) };
  const metadata: Buffer[] = Array.from({ length: 5 }, () => Buffer.alloc(0));
  const value = encodeOrdererMetadata(lastConfig, consenterMetadata(number));
  const signatureHeader = encodeSignatureHeader({ creator: signer.serialized, nonce: randomBytes(24) });
  const signature = signer.sign(Buffer.concat([value, signatureHeader, headerDer(header)]));
  metadata[MetadataSlot.signatures] = encodeSignatures({
    value,
    signatures: [{ signatureHeader, signature }],
  });
  return { header, data, metadata };
}

/** `etcdraft.BlockMetadata` of a single consenter. */
function consenterMetadata(raftIndex: number): Buffer {
  return new Writer()
    .message(1, Buffer.from([1]))
    .number(2, 2)
    .number(3, raftIndex)
    .finish();
}
