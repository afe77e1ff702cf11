import type { Version } from '../types.js';
import { sha256, sha256Text } from '../protos/hashes.js';

/** What is stored under a key of the state and private databases. */
export interface Record {
  readonly version: Version;
  /** Marshalled `kvrwset.KVMetadataWrite` without its key; empty without metadata. */
  readonly metadata: Buffer;
  readonly value: Buffer;
}

const CHECK_BYTES = 32;
const HEAD_BYTES = CHECK_BYTES + 8 + 4 + 4;
const HASH_OF_NOTHING = sha256Text(Buffer.alloc(0));

/**
 * Stored form of a record: check (32 bytes), block number (8), transaction number (4), length of the metadata (4; all big
 * endian), metadata, value.
 */
export function encodeRecord(check: string, record: Record): Buffer {
  const { version, metadata, value } = record;
  const stored = Buffer.allocUnsafe(HEAD_BYTES + metadata.length + value.length);
  stored.write(check, 0, CHECK_BYTES, 'latin1');
  writePlace(stored, version, CHECK_BYTES);
  stored.writeUInt32BE(metadata.length, CHECK_BYTES + 12);
  metadata.copy(stored, HEAD_BYTES);
  value.copy(stored, HEAD_BYTES + metadata.length);
  return stored;
}

/**
 * SHA-256 over the length of the key (4), the key, block (8), transaction (4), length of the metadata (4), metadata and
 * the value's SHA-256: a value under another key, or of another version, fails it.
 */
export function recordCheck(key: Buffer, { version, metadata, value }: Record): string {
  const bytes = Buffer.allocUnsafe(20 + key.length + metadata.length + CHECK_BYTES);
  bytes.writeUInt32BE(key.length, 0);
  writePlace(bytes, version, 4);
  bytes.writeUInt32BE(metadata.length, 16);
  key.copy(bytes, 20);
  metadata.copy(bytes, 20 + key.length);
  const hashOfValue = value.length === 0 ? HASH_OF_NOTHING : sha256Text(value);
  bytes.write(hashOfValue, 20 + key.length + metadata.length, CHECK_BYTES, 'latin1');
  return sha256Text(bytes);
}

function writePlace(bytes: Buffer, { blockNum, txNum }: Version, offset: number): void {
  bytes.writeUInt32BE(Math.floor(blockNum / 2 ** 32), offset);
  bytes.writeUInt32BE(blockNum % 2 ** 32, offset + 4);
  bytes.writeUInt32BE(txNum, offset + 8);
}

/** The record and its check when they agree with each other and with the key; undefined when anything was altered. */
export function decodeRecord(key: Buffer, stored: Buffer): (Record & { check: string }) | undefined {
  if (stored.length < HEAD_BYTES) return undefined;
  const check = stored.toString('latin1', 0, CHECK_BYTES);
  const metadataLength = stored.readUInt32BE(CHECK_BYTES + 12);
  if (HEAD_BYTES + metadataLength > stored.length) return undefined;
  const high = stored.readUInt32BE(CHECK_BYTES);
  if (high >= 2 ** 21) return undefined;
  const record = {
    version: {
      blockNum: high * 2 ** 32 + stored.readUInt32BE(CHECK_BYTES + 4),
      txNum: stored.readUInt32BE(CHECK_BYTES + 8),
    },
    metadata: stored.subarray(HEAD_BYTES, HEAD_BYTES + metadataLength),
    value: stored.subarray(HEAD_BYTES + metadataLength),
  };
  return recordCheck(key, record) === check ? { ...record, check } : undefined;
}

/**
 * Digest of a set of records: the sum of their checks modulo 2^256. It follows additions and removals in any order and
 * shows a record that the database lost without a word.
 */
export class SetDigest {
  /** Sixteen limbs of 16 bits, least significant first. */
  private readonly limbs = new Uint32Array(16);

  add(check: string): void {
    let carry = 0;
    for (let i = 0; i < 16; i += 1) {
      const sum = (this.limbs[i] as number) + limbOf(check, i) + carry;
      this.limbs[i] = sum & 0xffff;
      carry = sum >>> 16;
    }
  }

  remove(check: string): void {
    let borrow = 0;
    for (let i = 0; i < 16; i += 1) {
      const difference = (this.limbs[i] as number) - limbOf(check, i) - borrow;
      this.limbs[i] = difference & 0xffff;
      borrow = difference < 0 ? 1 : 0;
    }
  }

  /** 32 bytes, big endian. */
  bytes(): Buffer {
    const bytes = Buffer.alloc(32);
    for (let i = 0; i < 16; i += 1) bytes.writeUInt16BE(this.limbs[i] as number, 30 - 2 * i);
    return bytes;
  }
}

function limbOf(check: string, limb: number): number {
  return check.charCodeAt(30 - 2 * limb) * 256 + check.charCodeAt(31 - 2 * limb);
}

/** State of a database after a block; itself a record under the key `m`. */
export interface Savepoint {
  /** Number of the first block that the database does not have. */
  readonly height: number;
  readonly headerHash: Buffer;
  readonly commitHash: Buffer;
  /** {@link nextBlocksHash} over all blocks below `height`. */
  readonly blocksHash: Buffer;
  readonly digest: Buffer;
  /** Whoever vouches for it: marshalled identity and signature over {@link savepointMessage}; both may be empty. */
  readonly signer: Buffer;
  readonly signature: Buffer;
}

const NOTHING: Buffer = Buffer.alloc(0);
export const SAVEPOINT_KEY = Buffer.from('m');
const SAVEPOINT_FORM = 2;
/** Digest, header hash, commit hash or none: the first version's savepoint, which names no blocks and is not signed. */
const FIRST_FORM_BYTES = [64, 96];

/** SHA-256 over the hash so far and the checksum of the next block's frame: equal for equal files only. */
export function nextBlocksHash(blocksHash: Buffer, checksum: Buffer): Buffer {
  return sha256(blocksHash, checksum);
}

/** What the signature of a savepoint covers. */
export function savepointMessage(savepoint: Omit<Savepoint, 'signer' | 'signature'>): Buffer {
  const { blocksHash, commitHash, digest, headerHash, height } = savepoint;
  const place = Buffer.alloc(12);
  writePlace(place, { blockNum: height, txNum: 0 }, 0);
  return Buffer.concat([
    Buffer.from('medseal savepoint'),
    place,
    ...[digest, headerHash, blocksHash, commitHash].map(framed),
  ]);
}

/** Form (1), then each part with its length (4): digest, header hash, hash of the blocks, commit hash, signer, signature. */
export function encodeSavepoint(savepoint: Savepoint): Buffer {
  const { blocksHash, commitHash, digest, headerHash, height, signature, signer } = savepoint;
  const record: Record = {
    version: { blockNum: height, txNum: 0 },
    metadata: NOTHING,
    value: Buffer.concat([
      Buffer.from([SAVEPOINT_FORM]),
      ...[digest, headerHash, blocksHash, commitHash, signer, signature].map(framed),
    ]),
  };
  return encodeRecord(recordCheck(SAVEPOINT_KEY, record), record);
}

export function decodeSavepoint(stored: Buffer | undefined): Savepoint | undefined {
  const record = stored === undefined ? undefined : decodeRecord(SAVEPOINT_KEY, stored);
  if (record === undefined) return undefined;
  const { blockNum: height } = record.version;
  if (FIRST_FORM_BYTES.includes(record.value.length)) {
    const value = Buffer.from(record.value);
    const [digest, headerHash, commitHash] = [
      value.subarray(0, 32),
      value.subarray(32, 64),
      value.subarray(64),
    ];
    return {
      height,
      digest,
      headerHash,
      commitHash,
      blocksHash: NOTHING,
      signer: NOTHING,
      signature: NOTHING,
    };
  }
  if (record.value[0] !== SAVEPOINT_FORM) return undefined;
  const parts: Buffer[] = [];
  for (let offset = 1; offset + 4 <= record.value.length;) {
    const end = offset + 4 + record.value.readUInt32BE(offset);
    parts.push(Buffer.from(record.value.subarray(offset + 4, end)));
    offset = end;
  }
  const [digest, headerHash, blocksHash, commitHash, signer, signature] = parts;
  if (!digest || !headerHash || !blocksHash || !commitHash || !signer || !signature) return undefined;
  return { height, digest, headerHash, blocksHash, commitHash, signer, signature };
}

function framed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
