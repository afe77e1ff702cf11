/**
 * Blocks on disk: files `blocks-000000.dat`, `blocks-000001.dat`, …, each a run of frames:
 *
 *     0   4  "MSBK"
 *     4   4  length L of the block (big endian)
 *     8   8  block number (big endian)
 *    16  16  first 16 bytes of SHA-256 over bytes 0..15
 *    32   L  marshalled common.Block, metadata complete
 *  32+L  32  SHA-256 over bytes 0..31+L
 *
 * A frame is written with one append and an fsync before anybody hears of its block. An incomplete frame at the very end
 * was therefore never acknowledged and is cut off; a complete frame that fails a check is damage.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DamagedBlockError } from '../types.js';
import { sha256 } from '../protos/hashes.js';

const MAGIC = Buffer.from('MSBK');
const HEAD_BYTES = 32;
const TAIL_BYTES = 32;
const FILE_NAME = /^blocks-(\d{6})\.dat$/;

interface Location {
  readonly file: number;
  readonly offset: number;
  /** Of the marshalled block. */
  readonly length: number;
}

/** Where each block is, in plain arrays: there may be very many. A length of 0 means that it was not found. */
class Locations {
  private readonly files: number[] = [];
  private readonly offsets: number[] = [];
  private readonly lengths: number[] = [];

  get(number: number): Location | undefined {
    const length = this.lengths[number] ?? 0;
    if (length === 0) return undefined;
    return { file: this.files[number] as number, offset: this.offsets[number] as number, length };
  }

  set(number: number, { file, offset, length }: Location): void {
    while (this.lengths.length < number) this.push(0, 0, 0);
    if (this.lengths.length === number) this.push(file, offset, length);
    else [this.files[number], this.offsets[number], this.lengths[number]] = [file, offset, length];
  }

  private push(file: number, offset: number, length: number): void {
    this.files.push(file);
    this.offsets.push(offset);
    this.lengths.push(length);
  }
}

/**
 * A block as a scan found it; `bytes` undefined when it cannot be trusted, `detail` then says why. `bytes` and `checksum`
 * (SHA-256 over the frame before it) are valid only during the visit.
 */
export type ScannedBlock =
  | { readonly number: number; readonly bytes: Buffer; readonly checksum: Buffer }
  | { readonly number: number; readonly bytes?: undefined; readonly detail: string };

export interface BlockFilesOptions {
  /** A new file begins when the current one has reached this size. */
  readonly maxFileBytes?: number;
}

export class BlockFiles {
  private readonly locations = new Locations();
  private readonly damaged = new Map<number, string>();
  private nextNumber = 0;
  private currentFile = 0;
  private currentSize = 0;
  private handle: fs.promises.FileHandle | undefined;

  private readonly maxFileBytes: number;

  constructor(
    private readonly directory: string,
    options: BlockFilesOptions = {},
  ) {
    this.maxFileBytes = options.maxFileBytes ?? 8 * 1024 * 1024;
  }

  /** Number after the last block that is, or was, on disk. */
  get height(): number {
    return this.nextNumber;
  }

  /** Blocks that a scan could not trust, with the reason. */
  get damagedBlocks(): ReadonlyMap<number, string> {
    return this.damaged;
  }

  /** Leaves a gap up to `height` for blocks that are known to have been committed but are no longer in the files. */
  noteLost(height: number, detail: string): void {
    for (let number = this.nextNumber; number < height; number += 1) this.damaged.set(number, detail);
    this.nextNumber = Math.max(this.nextNumber, height);
  }

  /** A stored block whose frame is sound but whose contents do not fit the chain. */
  noteDamaged(number: number, detail: string): void {
    this.damaged.set(number, detail);
  }

  /** @throws DamagedBlockError, RangeError */
  read(number: number): Buffer {
    if (!Number.isInteger(number) || number < 0 || number >= this.nextNumber) {
      throw new RangeError(`there is no block ${number}; the ledger has ${this.nextNumber} blocks`);
    }
    const location = this.locations.get(number);
    const problem = this.damaged.get(number);
    if (problem !== undefined || location === undefined) {
      throw new DamagedBlockError(number, problem ?? 'its frame cannot be found');
    }
    const frame = this.readFrame(number, location);
    const bytes = openFrame(frame, number);
    if (bytes === undefined) throw new DamagedBlockError(number, 'its checksum does not match');
    return bytes;
  }

  /**
   * Durable when it resolves. After a failure the file ends where it ended before, as far as the disk allows.
   * @returns the checksum of the frame
   */
  async append(number: number, bytes: Buffer): Promise<Buffer> {
    if (number !== this.nextNumber)
      throw new RangeError(`block ${number} cannot follow block ${this.nextNumber - 1}`);
    const frame = frameOf(number, bytes);
    const handle = await this.writableFile();
    const offset = this.currentSize;
    try {
      let written = 0;
      while (written < frame.length) {
        written += (await handle.write(frame, written, frame.length - written, offset + written))
          .bytesWritten;
      }
      await handle.datasync();
    } catch (error) {
      await handle.truncate(offset).catch(() => undefined);
      throw error;
    }
    this.currentSize += frame.length;
    this.locations.set(number, { file: this.currentFile, offset, length: bytes.length });
    this.nextNumber = number + 1;
    return frame.subarray(frame.length - TAIL_BYTES);
  }

  async close(): Promise<void> {
    const { handle } = this;
    this.handle = undefined;
    await handle?.close();
  }

  private async writableFile(): Promise<fs.promises.FileHandle> {
    if (this.handle !== undefined && this.currentSize >= this.maxFileBytes) {
      await this.close();
      this.currentFile += 1;
      this.currentSize = 0;
    }
    if (this.handle === undefined) {
      const flags = fs.constants.O_RDWR | fs.constants.O_CREAT;
      this.handle = await fs.promises.open(this.pathOf(this.currentFile), flags, 0o600);
      await syncDirectory(this.directory);
    }
    return this.handle;
  }

  private readFrame(number: number, { file, offset, length }: Location): Buffer {
    const frame = Buffer.alloc(HEAD_BYTES + length + TAIL_BYTES);
    let descriptor: number;
    try {
      descriptor = fs.openSync(this.pathOf(file), 'r');
    } catch (error) {
      throw new DamagedBlockError(
        number,
        `${this.pathOf(file)} cannot be opened: ${(error as Error).message}`,
      );
    }
    try {
      const read = fs.readSync(descriptor, frame, 0, frame.length, offset);
      if (read < frame.length) throw new DamagedBlockError(number, 'its frame is cut short');
      return frame;
    } finally {
      fs.closeSync(descriptor);
    }
  }

  private pathOf(file: number): string {
    return path.join(this.directory, `blocks-${String(file).padStart(6, '0')}.dat`);
  }

  /** Reads all frames in order and hands each block to `visit`; damaged ones are named, not thrown. Call once, first. */
  scan(visit: (block: ScannedBlock) => void): void {
    fs.mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    const files = fs
      .readdirSync(this.directory)
      .map((name) => FILE_NAME.exec(name))
      .filter((match) => match !== null)
      .map((match) => Number(match[1]))
      .sort((a, b) => a - b);
    const read = reusedBuffer();
    files.forEach((file, position) => {
      this.currentFile = file;
      this.currentSize = this.scanFile(file, position === files.length - 1, read, visit);
    });
  }

  /** Gives the offset at which the file's trusted part ends. */
  private scanFile(
    file: number,
    last: boolean,
    read: (path: string) => Buffer,
    visit: (block: ScannedBlock) => void,
  ): number {
    const contents = read(this.pathOf(file));
    let offset = 0;
    while (offset < contents.length) {
      const head = readHead(contents, offset);
      if (head !== undefined && offset + head.frameLength > contents.length && last) {
        return this.cutTornTail(file, offset);
      }
      if (
        head !== undefined &&
        head.number >= this.nextNumber &&
        offset + head.frameLength <= contents.length
      ) {
        this.skipTo(head.number, 'its frame cannot be found', visit);
        this.accept(
          contents.subarray(offset, offset + head.frameLength),
          head.number,
          { file, offset },
          visit,
        );
        offset += head.frameLength;
        continue;
      }
      const next = findFrame(contents, offset + 1, this.nextNumber);
      if (next === undefined) {
        const rest = contents.subarray(offset);
        if (last && (rest.length < HEAD_BYTES || rest.every((byte) => byte === 0)))
          return this.cutTornTail(file, offset);
        this.skipTo(this.nextNumber + 1, 'the head of its frame does not match its checksum', visit);
        return contents.length;
      }
      const following = readHead(contents, next) as { number: number };
      this.skipTo(following.number, 'the head of its frame does not match its checksum', visit);
      offset = next;
    }
    return contents.length;
  }

  private accept(
    frame: Buffer,
    number: number,
    place: { file: number; offset: number },
    visit: (block: ScannedBlock) => void,
  ): void {
    const bytes = openFrame(frame, number);
    this.locations.set(number, { ...place, length: frame.length - HEAD_BYTES - TAIL_BYTES });
    this.nextNumber = number + 1;
    if (bytes === undefined) {
      const detail = 'its checksum does not match';
      this.damaged.set(number, detail);
      visit({ number, detail });
    } else {
      visit({ number, bytes, checksum: frame.subarray(frame.length - TAIL_BYTES) });
    }
  }

  private skipTo(number: number, detail: string, visit: (block: ScannedBlock) => void): void {
    while (this.nextNumber < number) {
      this.damaged.set(this.nextNumber, detail);
      visit({ number: this.nextNumber, detail });
      this.nextNumber += 1;
    }
  }

  private cutTornTail(file: number, offset: number): number {
    fs.truncateSync(this.pathOf(file), offset);
    return offset;
  }
}

/** Reads one file after another into the same memory. */
function reusedBuffer(): (path: string) => Buffer {
  let buffer: Buffer = Buffer.alloc(0);
  return (path) => {
    const descriptor = fs.openSync(path, 'r');
    try {
      const { size } = fs.fstatSync(descriptor);
      if (size > buffer.length) buffer = Buffer.allocUnsafeSlow(size);
      let filled = 0;
      while (filled < size) {
        const read = fs.readSync(descriptor, buffer, filled, size - filled, filled);
        if (read === 0) break;
        filled += read;
      }
      return buffer.subarray(0, filled);
    } finally {
      fs.closeSync(descriptor);
    }
  };
}

function frameOf(number: number, bytes: Buffer): Buffer {
  const frame = Buffer.alloc(HEAD_BYTES + bytes.length + TAIL_BYTES);
  MAGIC.copy(frame, 0);
  frame.writeUInt32BE(bytes.length, 4);
  frame.writeBigUInt64BE(BigInt(number), 8);
  sha256(frame.subarray(0, 16)).copy(frame, 16, 0, 16);
  bytes.copy(frame, HEAD_BYTES);
  sha256(frame.subarray(0, HEAD_BYTES + bytes.length)).copy(frame, HEAD_BYTES + bytes.length);
  return frame;
}

function readHead(contents: Buffer, offset: number): { number: number; frameLength: number } | undefined {
  if (offset + HEAD_BYTES > contents.length) return undefined;
  const head = contents.subarray(offset, offset + HEAD_BYTES);
  if (!head.subarray(0, 4).equals(MAGIC)) return undefined;
  if (!sha256(head.subarray(0, 16)).subarray(0, 16).equals(head.subarray(16))) return undefined;
  const number = head.readBigUInt64BE(8);
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return { number: Number(number), frameLength: HEAD_BYTES + head.readUInt32BE(4) + TAIL_BYTES };
}

/** The block inside a frame, or undefined when the frame is not exactly the one that was written for `number`. */
function openFrame(frame: Buffer, number: number): Buffer | undefined {
  const head = readHead(frame, 0);
  if (head === undefined || head.number !== number || head.frameLength !== frame.length) return undefined;
  const body = frame.length - TAIL_BYTES;
  if (!sha256(frame.subarray(0, body)).equals(frame.subarray(body))) return undefined;
  return frame.subarray(HEAD_BYTES, body);
}

/** Offset of the next genuine frame of a block at or above `from`. */
function findFrame(contents: Buffer, start: number, from: number): number | undefined {
  for (
    let offset = contents.indexOf(MAGIC, start);
    offset >= 0;
    offset = contents.indexOf(MAGIC, offset + 1)
  ) {
    const head = readHead(contents, offset);
    if (head !== undefined && head.number >= from && offset + head.frameLength <= contents.length)
      return offset;
  }
  return undefined;
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await fs.promises.open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
