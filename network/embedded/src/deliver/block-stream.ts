import type { Ledger } from '../types.js';

/** Blocks from a number on, as they are committed; ends when `signal` aborts. @throws DamagedBlockError */
export async function* blocksFrom(
  ledger: Ledger,
  start: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for (let number = start; !signal.aborted; number += 1) {
    if (number >= ledger.height) await blockCommitted(ledger, number, signal);
    if (signal.aborted) return;
    yield ledger.readBlock(number);
  }
}

/** Resolves when block `number` is committed or `signal` aborts. */
export function blockCommitted(ledger: Ledger, number: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      stop();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const stop = ledger.onBlock((block) => {
      if (block.number >= number) finish();
    });
    signal.addEventListener('abort', finish);
    if (ledger.height > number || signal.aborted) finish();
  });
}

/** Resolves when a stream takes more, or `signal` aborts: a slow reader holds no blocks in memory. */
export function drained(stream: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      stream.removeListener('drain', finish);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    stream.once('drain', finish);
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
}
