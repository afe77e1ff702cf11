import { createHash } from 'node:crypto';
import { ObjectAlteredError } from './object-store.js';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Passes pieces on and holds the last one back until all of them are known to have the digest. */
export async function* checkedPieces(
  digest: string,
  pieces: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  const hash = createHash('sha256');
  let held: Buffer | undefined;
  for await (const piece of pieces) {
    hash.update(piece);
    if (held !== undefined) yield held;
    held = piece;
  }
  if (hash.digest('hex') !== digest) throw new ObjectAlteredError(digest);
  if (held !== undefined) yield held;
}

export const collected = async (pieces: AsyncIterable<Buffer>): Promise<Buffer> => {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
};

/** Reads to the end for the check alone. */
export const drained = async (pieces: AsyncIterable<unknown>): Promise<void> => {
  for await (const piece of pieces) void piece;
};
