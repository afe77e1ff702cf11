import type { LedgerClient } from '../fabric/ledger-client.js';
import { LedgerError } from '../fabric/ledger-client.js';

export type BlockReader = Pick<LedgerClient, 'readBlocks' | 'height'>;

/** A block as the peer serves it now; `bytes` is undefined when the peer cannot. */
export interface ServedBlock {
  readonly number: number;
  readonly bytes: Uint8Array | undefined;
}

/**
 * Blocks `from` to `to`, both included, each exactly once. A block that the peer cannot read ends its stream, so the
 * next one is asked for anew.
 *
 * @throws LedgerError LEDGER_UNAVAILABLE when the peer does not answer at all
 */
export async function* servedBlocks(
  ledger: BlockReader,
  from: number,
  to: number,
): AsyncGenerator<ServedBlock> {
  let next = from;
  while (next <= to) {
    try {
      for await (const { block } of ledger.readBlocks(next, to)) {
        yield { number: next, bytes: block };
        next += 1;
        if (next > to) return;
      }
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'LEDGER_UNAVAILABLE') throw error;
    }
    // The stream ended before `to`: this block is the one that could not be served.
    if (next <= to) {
      yield { number: next, bytes: undefined };
      next += 1;
    }
  }
}

/** Any set of blocks, ascending; neighbours are read in one request. */
export async function* servedBlockSet(
  ledger: BlockReader,
  numbers: Iterable<number>,
): AsyncGenerator<ServedBlock> {
  const ascending = [...new Set(numbers)].sort((a, b) => a - b);
  let start = 0;
  while (start < ascending.length) {
    let end = start;
    while (end + 1 < ascending.length && ascending[end + 1] === ascending[end]! + 1) end += 1;
    yield* servedBlocks(ledger, ascending[start]!, ascending[end]!);
    start = end + 1;
  }
}
