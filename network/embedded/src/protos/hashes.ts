import { createHash, hash } from 'node:crypto';

/** SHA-256 of the concatenation of `parts`. */
export function sha256(...parts: readonly Buffer[]): Buffer {
  if (parts.length === 1) return hash('sha256', parts[0] as Buffer, 'buffer');
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest();
}

/** SHA-256 as a `latin1` string: the cheapest form to compare and to keep many of. */
export function sha256Text(bytes: Buffer): string {
  return hash('sha256', bytes, 'binary');
}
