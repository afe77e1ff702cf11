import type { Version } from '../types.js';
import { sha256 } from '../protos/hashes.js';

/** What is stored under a key of the state and private databases. */
export interface Record {
  readonly version: Version;
  /** Marshalled `kvrwset.KVMetadataWrite` without its key; empty without metadata. */
  readonly metadata: Buffer;
  readonly value: Buffer;
}

const CHECK_BYTES = 32;
const HEAD_BYTES = CHECK_BYTES + 8 + 4 + 4;

/**
 * Stored form of a record: check (32 bytes), block number (8), transaction number (4), length of the metadata (4; all big
 * endian), metadata, value.
 */
export function encodeRecord(check: Buffer, record: Record): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  check.copy(head);
  head.writeBigUInt64BE(BigInt(record.version.blockNum), CHECK_BYTES);
  head.writeUInt32BE(record.version.txNum, CHECK_BYTES + 8);
  head.writeUInt32BE(record.metadata.length, CHECK_BYTES + 12);
  return Buffer.concat([head, record.metadata, record.value]);
}

/**
 * SHA-256 over the length of the key (4), the key, block (8), transaction (4), length of the metadata (4), metadata and
 * the value's SHA-256: a value under another key, or of another version, fails it.
 */
export function recordCheck(key: Buffer, record: Record): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt32BE(key.length, 0);
  head.writeBigUInt64BE(BigInt(record.version.blockNum), 4);
  head.writeUInt32BE(record.version.txNum, 12);
  head.writeUInt32BE(record.metadata.length, 16);
  return sha256(Buffer.concat([head, key, record.metadata, sha256(record.value)]));
}

/** The record and its check when they agree with each other and with the key; undefined when anything was altered. */
export function decodeRecord(key: Buffer, stored: Buffer): (Record & { check: Buffer }) | undefined {
  if (stored.length < HEAD_BYTES) return undefined;
  const check = stored.subarray(0, CHECK_BYTES);
  const metadataLength = stored.readUInt32BE(CHECK_BYTES + 12);
  if (HEAD_BYTES + metadataLength > stored.length) return undefined;
  const blockNum = stored.readBigUInt64BE(CHECK_BYTES);
  if (blockNum > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const record = {
    version: { blockNum: Number(blockNum), txNum: stored.readUInt32BE(CHECK_BYTES + 8) },
    metadata: stored.subarray(HEAD_BYTES, HEAD_BYTES + metadataLength),
    value: stored.subarray(HEAD_BYTES + metadataLength),
  };
  return recordCheck(key, record).equals(check) ? { ...record, check } : undefined;
}

/**
 * Digest of a set of records: the sum of their checks modulo 2^256. It follows additions and removals in any order and
 * shows a record that the database lost without a word.
 */
export class SetDigest {
  private static readonly MODULUS = 1n << 256n;

  constructor(private sum = 0n) {}

  static from(bytes: Buffer): SetDigest {
    return new SetDigest(BigInt(`0x${bytes.toString('hex')}`));
  }

  add(check: Buffer): void {
    this.sum = (this.sum + BigInt(`0x${check.toString('hex')}`)) % SetDigest.MODULUS;
  }

  remove(check: Buffer): void {
    this.sum = (this.sum - BigInt(`0x${check.toString('hex')}`) + SetDigest.MODULUS) % SetDigest.MODULUS;
  }

  bytes(): Buffer {
    return Buffer.from(this.sum.toString(16).padStart(64, '0'), 'hex');
  }
}

/** State of a database after a block; itself a record under the key `m`. */
export interface Savepoint {
  /** Number of the first block that the database does not have. */
  readonly height: number;
  readonly headerHash: Buffer;
  readonly commitHash: Buffer;
  readonly digest: Buffer;
}

const NOTHING: Buffer = Buffer.alloc(0);
export const SAVEPOINT_KEY = Buffer.from('m');

export function encodeSavepoint(savepoint: Savepoint): Buffer {
  const record: Record = {
    version: { blockNum: savepoint.height, txNum: 0 },
    metadata: NOTHING,
    value: Buffer.concat([savepoint.digest, savepoint.headerHash, savepoint.commitHash]),
  };
  return encodeRecord(recordCheck(SAVEPOINT_KEY, record), record);
}

export function decodeSavepoint(stored: Buffer | undefined): Savepoint | undefined {
  const record = stored === undefined ? undefined : decodeRecord(SAVEPOINT_KEY, stored);
  if (record === undefined || record.value.length < 64) return undefined;
  return {
    height: record.version.blockNum,
    digest: record.value.subarray(0, 32),
    headerHash: record.value.subarray(32, 64),
    commitHash: record.value.subarray(64),
  };
}
