import { createHash } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';

/** A block taken apart; every part as the exact bytes that were hashed or signed. */
export interface BlockParts {
  readonly number: number;
  readonly previousHash: Buffer;
  readonly dataHash: Buffer;
  /** Marshalled `common.Envelope`s. */
  readonly envelopes: readonly Buffer[];
  /** Five slots: signatures, last configuration, transactions filter, orderer, commit hash. */
  readonly metadata: readonly Buffer[];
}

/** Bytes that break Fabric's format; the message is a clause that names the part. */
export class MalformedBytesError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MalformedBytesError';
  }
}

export const METADATA_SLOTS = {
  signatures: 0,
  lastConfig: 1,
  transactionsFilter: 2,
  orderer: 3,
  commitHash: 4,
} as const;

interface MessageClass<T> {
  deserializeBinary(bytes: Uint8Array): T;
}

/**
 * Decodes a protobuf message and refuses bytes that would encode otherwise, so that no byte of it can change
 * without changing what was decoded.
 * @throws MalformedBytesError
 */
export function decodeCanonical<T extends { serializeBinary(): Uint8Array }>(
  messageClass: MessageClass<T>,
  bytes: Uint8Array,
  what: string,
): T {
  const message = decode(messageClass, bytes, what);
  if (!Buffer.from(message.serializeBinary()).equals(bytes)) {
    throw new MalformedBytesError(`${what}: bytes are not the encoding of their content`);
  }
  return message;
}

/** @throws MalformedBytesError */
export function decode<T>(messageClass: MessageClass<T>, bytes: Uint8Array, what: string): T {
  try {
    return messageClass.deserializeBinary(bytes);
  } catch {
    throw new MalformedBytesError(`${what}: not readable`);
  }
}

/** @throws MalformedBytesError */
export function parseBlock(bytes: Uint8Array): BlockParts {
  const block = decodeCanonical(common.Block, bytes, 'block');
  const header = block.getHeader();
  const data = block.getData();
  const metadata = block.getMetadata();
  if (!header || !data || !metadata)
    throw new MalformedBytesError('block: header, data or metadata is missing');
  return {
    number: header.getNumber(),
    previousHash: Buffer.from(header.getPreviousHash_asU8()),
    dataHash: Buffer.from(header.getDataHash_asU8()),
    envelopes: data.getDataList_asU8().map((envelope) => Buffer.from(envelope)),
    metadata: metadata.getMetadataList_asU8().map((slot) => Buffer.from(slot)),
  };
}

/**
 * What an orderer signs and the next block links to: DER SEQUENCE {INTEGER number, OCTET STRING previousHash,
 * OCTET STRING dataHash} (Fabric protoutil/blockutils.go).
 */
export function headerBytes(header: {
  number: number;
  previousHash: Uint8Array;
  dataHash: Uint8Array;
}): Buffer {
  return tlv(
    0x30,
    Buffer.concat([derInteger(header.number), tlv(0x04, header.previousHash), tlv(0x04, header.dataHash)]),
  );
}

export const headerHash = (header: {
  number: number;
  previousHash: Uint8Array;
  dataHash: Uint8Array;
}): Buffer => sha256(headerBytes(header));

/** SHA-256 of the concatenated envelopes. */
export const dataHash = (envelopes: readonly Uint8Array[]): Buffer => sha256(...envelopes);

export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function derInteger(value: number): Buffer {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  const bytes = Buffer.from(hex, 'hex');
  return tlv(0x02, bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

function tlv(tag: number, content: Uint8Array): Buffer {
  if (content.length < 0x80) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const significant = length.subarray(length.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.of(tag, 0x80 | significant.length), significant, content]);
}
