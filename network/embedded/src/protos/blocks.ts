import { MalformedMessageError, Reader, Writer, encodeVarint } from './wire.js';
import { sha256 } from './hashes.js';

/** Positions in `BlockMetadata.metadata` (common.BlockMetadataIndex). */
export const MetadataSlot = {
  signatures: 0,
  lastConfig: 1,
  transactionsFilter: 2,
  orderer: 3,
  commitHash: 4,
} as const;

export interface BlockHeader {
  readonly number: number;
  readonly previousHash: Buffer;
  readonly dataHash: Buffer;
}

/** A decoded `common.Block`; `data` and `metadata` are slices of the stored bytes. */
export interface Block {
  readonly header: BlockHeader;
  readonly data: readonly Buffer[];
  readonly metadata: readonly Buffer[];
}

export interface MetadataSignature {
  /** Marshalled `common.SignatureHeader`. */
  readonly signatureHeader: Buffer;
  readonly signature: Buffer;
}

/** `common.Metadata` of the signatures slot. */
export interface BlockSignatures {
  /** Marshalled `common.OrdererBlockMetadata`. */
  readonly value: Buffer;
  readonly signatures: readonly MetadataSignature[];
}

/** @throws MalformedMessageError */
export function decodeBlock(bytes: Buffer): Block {
  let header: BlockHeader | undefined;
  const data: Buffer[] = [];
  const metadata: Buffer[] = [];
  const reader = new Reader(bytes, 'common.Block');
  while (reader.next()) {
    if (reader.field === 1) header = decodeHeader(reader.slice());
    else if (reader.field === 2) collectElements(reader.slice(), 'common.BlockData', data);
    else if (reader.field === 3) collectElements(reader.slice(), 'common.BlockMetadata', metadata);
  }
  if (header === undefined) throw new MalformedMessageError('common.Block', 'the header is missing');
  return { header, data, metadata };
}

export function encodeBlock(block: Block): Buffer {
  return new Writer()
    .message(1, encodeHeader(block.header))
    .message(2, encodeElements(block.data))
    .message(3, encodeElements(block.metadata))
    .finish();
}

/** Hash that names a block: SHA-256 of the ASN.1 header (Fabric protoutil/blockutils.go). */
export function headerHash(header: BlockHeader): Buffer {
  return sha256(headerDer(header));
}

/** `SEQUENCE { INTEGER number, OCTET STRING previous, OCTET STRING data }`. */
export function headerDer(header: BlockHeader): Buffer {
  return der(
    0x30,
    Buffer.concat([
      der(0x02, derInteger(header.number)),
      der(0x04, header.previousHash),
      der(0x04, header.dataHash),
    ]),
  );
}

export function dataHash(data: readonly Buffer[]): Buffer {
  return sha256(...data);
}

/** Validation codes of a committed block, one byte a transaction. */
export function transactionsFilter(block: Pick<Block, 'metadata'>): Buffer {
  return block.metadata[MetadataSlot.transactionsFilter] ?? Buffer.alloc(0);
}

/** Commit hash as a peer stores it; undefined in the genesis block and in an orderer's copy. */
export function commitHash(block: Pick<Block, 'metadata'>): Buffer | undefined {
  const slot = block.metadata[MetadataSlot.commitHash];
  if (slot === undefined || slot.length === 0) return undefined;
  return decodeSignatures(slot).value;
}

/** `common.Metadata` with a value only. */
export function encodeMetadataValue(value: Buffer): Buffer {
  return new Writer().bytes(1, value).finish();
}

export function decodeSignatures(slot: Buffer): BlockSignatures {
  let value: Buffer = Buffer.alloc(0);
  const signatures: MetadataSignature[] = [];
  const reader = new Reader(slot, 'common.Metadata');
  while (reader.next()) {
    if (reader.field === 1) value = reader.slice();
    else if (reader.field === 2) signatures.push(decodeMetadataSignature(reader.slice()));
  }
  return { value, signatures };
}

export function encodeSignatures(metadata: BlockSignatures): Buffer {
  const writer = new Writer().bytes(1, metadata.value);
  for (const { signatureHeader, signature } of metadata.signatures) {
    writer.message(2, new Writer().bytes(1, signatureHeader).bytes(2, signature).finish());
  }
  return writer.finish();
}

/** Number of the last configuration block, as the block's signed metadata has it. */
export function lastConfigIndex(block: Block): number {
  const slot = block.metadata[MetadataSlot.signatures];
  if (slot === undefined || slot.length === 0) return 0;
  const reader = new Reader(decodeSignatures(slot).value, 'common.OrdererBlockMetadata');
  while (reader.next()) if (reader.field === 1) return decodeLastConfig(reader.slice());
  return 0;
}

/** `common.LastConfig`. */
export function encodeLastConfig(index: number): Buffer {
  return new Writer().number(1, index).finish();
}

/** `common.OrdererBlockMetadata`; the consenter's own bytes are opaque. */
export function encodeOrdererMetadata(lastConfig: number, consenterMetadata: Buffer): Buffer {
  return new Writer().message(1, encodeLastConfig(lastConfig)).bytes(2, consenterMetadata).finish();
}

function decodeLastConfig(bytes: Buffer): number {
  const reader = new Reader(bytes, 'common.LastConfig');
  let index = 0;
  while (reader.next()) if (reader.field === 1) index = reader.number();
  return index;
}

function decodeMetadataSignature(bytes: Buffer): MetadataSignature {
  let signatureHeader: Buffer = Buffer.alloc(0);
  let signature: Buffer = Buffer.alloc(0);
  const reader = new Reader(bytes, 'common.MetadataSignature');
  while (reader.next()) {
    if (reader.field === 1) signatureHeader = reader.slice();
    else if (reader.field === 2) signature = reader.slice();
  }
  return { signatureHeader, signature };
}

function decodeHeader(bytes: Buffer): BlockHeader {
  let number = 0;
  let previousHash: Buffer = Buffer.alloc(0);
  let data: Buffer = Buffer.alloc(0);
  const reader = new Reader(bytes, 'common.BlockHeader');
  while (reader.next()) {
    if (reader.field === 1) number = reader.number();
    else if (reader.field === 2) previousHash = reader.slice();
    else if (reader.field === 3) data = reader.slice();
  }
  return { number, previousHash, dataHash: data };
}

function encodeHeader(header: BlockHeader): Buffer {
  return new Writer()
    .number(1, header.number)
    .bytes(2, header.previousHash)
    .bytes(3, header.dataHash)
    .finish();
}

function collectElements(bytes: Buffer, message: string, into: Buffer[]): void {
  const reader = new Reader(bytes, message);
  while (reader.next()) if (reader.field === 1) into.push(reader.slice());
}

function encodeElements(elements: readonly Buffer[]): Buffer {
  const writer = new Writer();
  for (const element of elements) writer.message(1, element);
  return writer.finish();
}

function der(tag: number, content: Buffer): Buffer {
  const length =
    content.length < 0x80
      ? Buffer.from([content.length])
      : Buffer.from([0x81 + (content.length > 0xff ? 1 : 0), ...bigEndian(content.length)]);
  return Buffer.concat([Buffer.from([tag]), length, content]);
}

function derInteger(value: number): Buffer {
  const bytes = bigEndian(value);
  return Buffer.from((bytes[0] as number) >= 0x80 ? [0, ...bytes] : bytes);
}

function bigEndian(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return bytes.length === 0 ? [0] : bytes;
}

/** SHA-256 over length-prefixed filter, updates and the previous commit hash (kvledger addBlockCommitHash). */
export function nextCommitHash(filter: Buffer, updates: Buffer, previous: Buffer): Buffer {
  return sha256(encodeVarint(filter.length), filter, updates, previous);
}
