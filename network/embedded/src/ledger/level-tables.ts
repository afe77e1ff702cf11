/**
 * LevelDB's table files, read without LevelDB. Its library checks no checksum when it reads a table and ends the whole
 * process at a key that is too short to be one, so a table is looked at before the library may open it.
 *
 * A file is blocks, each followed by a type byte and a checksum of 4 bytes, and a footer of 48 bytes with the handles
 * (varint offset, varint size) of the meta index and of the index, whose values are the data blocks' handles
 * (leveldb doc/table_format.md). A block is entries {varint shared, varint unshared, varint value length, key rest,
 * value}, then the offsets of its restart points and their number, 4 bytes each, little endian. A key ends with 8 bytes:
 * sequence number shifted left by 8, and type 0 (deletion) or 1 (value).
 */
import { readFileSync, readdirSync } from 'node:fs';
import * as path from 'node:path';

const FOOTER_BYTES = 48;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
const BLOCK_TRAILER_BYTES = 5;
const UNCOMPRESSED = 0;
/** Only LevelDB's repair makes such blocks here; it checks the form of what it expands. */
const SNAPPY = 1;
const KEY_TRAILER_BYTES = 8;

export interface TableEntry {
  readonly key: Buffer;
  /** The later of two entries for a key has the higher one. */
  readonly sequence: bigint;
  /** Undefined for a deletion. */
  readonly value: Buffer | undefined;
}

export interface Table {
  /** Whether LevelDB can walk the file; contents that were altered and kept their form do not matter here. */
  readonly sound: boolean;
  /** Of all uncompressed blocks that can be walked. */
  readonly entries: readonly TableEntry[];
}

interface Handle {
  readonly offset: number;
  readonly size: number;
}

class MalformedTableError extends Error {}

/** Paths of the tables in a database's folder; none when there is no folder. */
export function tableFiles(location: string): string[] {
  let names: string[];
  try {
    names = readdirSync(location);
  } catch {
    return [];
  }
  return names.filter((name) => /\.(ldb|sst)$/.test(name)).map((name) => path.join(location, name));
}

/** Reads a table as far as it can be read. */
export function readTable(file: string): Table {
  const bytes = readFileSync(file);
  const entries: TableEntry[] = [];
  let sound = true;
  let blocks: Handle[];
  try {
    blocks = dataBlocks(bytes);
  } catch (error) {
    if (!(error instanceof MalformedTableError)) throw error;
    return { sound: false, entries };
  }
  for (const handle of blocks) {
    try {
      entries.push(...readBlock(bytes, handle).map(tableEntry));
    } catch (error) {
      if (!(error instanceof MalformedTableError)) throw error;
      sound = false;
    }
  }
  return { sound, entries };
}

/** Data blocks follow each other from the file's first byte, without a gap. */
function dataBlocks(bytes: Buffer): Handle[] {
  const footer = bytes.subarray(-FOOTER_BYTES);
  require_(footer.length === FOOTER_BYTES && footer.subarray(-MAGIC.length).equals(MAGIC));
  const cursor = new Cursor(footer);
  const metaIndex = handle(cursor);
  const index = handle(cursor);
  readBlock(bytes, metaIndex);
  const blocks = readBlock(bytes, index).map(({ value }) => handle(new Cursor(value)));
  let expected = 0;
  for (const { offset, size } of blocks) {
    require_(offset === expected);
    expected += size + BLOCK_TRAILER_BYTES;
  }
  require_(expected <= metaIndex.offset);
  return blocks;
}

function readBlock(bytes: Buffer, { offset, size }: Handle): { key: Buffer; value: Buffer }[] {
  require_(size >= 8 && offset + size + BLOCK_TRAILER_BYTES <= bytes.length);
  if (bytes[offset + size] === SNAPPY) return [];
  require_(bytes[offset + size] === UNCOMPRESSED);
  const block = bytes.subarray(offset, offset + size);
  const restarts = block.readUInt32LE(size - 4);
  require_(restarts >= 1 && restarts <= (size - 4) / 4);
  const end = size - 4 * (restarts + 1);
  const entries: { key: Buffer; value: Buffer }[] = [];
  const wholeKeys = new Set<number>([0]);
  const cursor = new Cursor(block.subarray(0, end));
  let previous = Buffer.alloc(0);
  while (cursor.at < end) {
    const start = cursor.at;
    const shared = cursor.varint();
    const unshared = cursor.varint();
    const valueLength = cursor.varint();
    require_(shared <= previous.length);
    if (shared === 0) wholeKeys.add(start);
    const key = Buffer.concat([previous.subarray(0, shared), cursor.take(unshared)]);
    entries.push({ key, value: cursor.take(valueLength) });
    previous = key;
  }
  for (let at = end; at < size - 4; at += 4) require_(wholeKeys.has(block.readUInt32LE(at)));
  return entries;
}

function tableEntry({ key, value }: { key: Buffer; value: Buffer }): TableEntry {
  require_(key.length >= KEY_TRAILER_BYTES);
  const end = key.length - KEY_TRAILER_BYTES;
  const trailer = key.readBigUInt64LE(end);
  const type = Number(trailer & 0xffn);
  require_(type <= 1);
  return { key: key.subarray(0, end), sequence: trailer >> 8n, value: type === 1 ? value : undefined };
}

function handle(cursor: Cursor): Handle {
  return { offset: cursor.varint(), size: cursor.varint() };
}

function require_(condition: boolean): void {
  if (!condition) throw new MalformedTableError('not a table as LevelDB writes it');
}

class Cursor {
  at = 0;

  constructor(private readonly bytes: Buffer) {}

  varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 49; factor *= 128) {
      const byte = this.bytes[this.at];
      require_(byte !== undefined);
      this.at += 1;
      value += (byte! & 0x7f) * factor;
      if (byte! < 0x80) return value;
    }
    throw new MalformedTableError('a number is too long');
  }

  take(length: number): Buffer {
    require_(this.at + length <= this.bytes.length);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}
