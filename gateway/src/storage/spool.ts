import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from './checked-pieces.js';

/** Bytes of a known address that can be read from any place more than once, as retries need it. */
export interface Source {
  digest: string;
  length: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

export const bytesSource = (bytes: Uint8Array): Source => ({
  digest: sha256(bytes),
  length: bytes.length,
  read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
});

/**
 * Keeps a stream on the disk until its address is known, and for as long as `use` takes. The file has no name from the
 * moment it is open, so that nothing of it is left, however this process ends.
 */
export const spooled = async <T>(
  folder: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  use: (source: Source) => Promise<T>,
): Promise<T> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, randomBytes(16).toString('hex'));
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    return await use(await filled(file, pieces));
  } finally {
    await file.close();
  }
};

const filled = async (
  file: FileHandle,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Source> => {
  const hash = createHash('sha256');
  let length = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    await file.writeFile(piece);
    length += piece.length;
  }
  return { digest: hash.digest('hex'), length, read: (offset, size) => readFully(file, offset, size) };
};

const readFully = async (file: FileHandle, offset: number, length: number): Promise<Uint8Array> => {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
  if (bytesRead !== length) throw new Error('the spool ends before its length');
  return buffer;
};
