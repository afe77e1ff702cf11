import type { ObjectStore } from '../storage/object-store.js';
import { LedgerError } from '../fabric/ledger-client.js';
import type { Database } from '../database/database.js';
import { checkObjects } from './object-check.js';
import { rememberedBlocks, rememberedHeight } from './remembered-blocks.js';
import { servedBlocks, type BlockReader } from './served-blocks.js';
import type { InvalidPart, Verdict } from './verdict.js';
import { LedgerWalk } from './verifier/ledger-walk.js';

const PROGRESS_INTERVAL_MS = 200;

export interface VerificationProgress {
  readonly phase: 'blocks' | 'objects';
  readonly done: number;
  readonly total: number;
}

export interface FullVerdict extends Verdict {
  /** Everything that is wrong, first things first; at most 100. */
  readonly invalid: readonly InvalidPart[];
  readonly invalidCount: number;
  readonly checked: { blocks: number; transactions: number; entries: number; objects: number };
}

export interface VerifiedParts {
  readonly ledger: BlockReader;
  readonly database: Database;
  readonly objects: ObjectStore;
  now(): Date;
}

/**
 * Walks every block, every chained entry and every stored object, all read now.
 *
 * @param signal ends the walk early
 * @throws LedgerError LEDGER_UNAVAILABLE; the signal's reason
 */
export async function verifyEverything(
  { ledger, database, objects, now }: VerifiedParts,
  progress: (at: VerificationProgress) => void = () => undefined,
  signal?: AbortSignal,
): Promise<FullVerdict> {
  const checkedAt = now();
  // A peer that lost its newest blocks has fewer than were seen here.
  const height = Math.max(await heightOf(ledger), await rememberedHeight(database));
  const remembered = await rememberedBlocks(database);
  const walk = new LedgerWalk({ fingerprint: (number) => remembered.get(number)?.fingerprint });
  const tell = throttled(progress);
  for await (const { bytes } of servedBlocks(ledger, 0, height - 1)) {
    signal?.throwIfAborted();
    walk.accept(bytes);
    tell({ phase: 'blocks', done: walk.blocks, total: height });
  }
  let done = 0;
  let checkedObjects = 0;
  for (const stored of walk.objects.values()) {
    signal?.throwIfAborted();
    if (!walk.isErased(stored.recordId)) await checkObjects(objects, stored, walk.findings);
    checkedObjects += stored.digests.length;
    done += 1;
    tell({ phase: 'objects', done, total: walk.objects.size });
  }
  const { blocks, transactions, entries } = walk;
  return {
    ...walk.findings.verdict(checkedAt),
    invalid: walk.findings.parts,
    invalidCount: walk.findings.count,
    checked: { blocks, transactions, entries, objects: checkedObjects },
  };
}

/** A peer that cannot tell has what was seen here at least. */
export async function heightOf(ledger: BlockReader): Promise<number> {
  try {
    return await ledger.height();
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'LEDGER_UNAVAILABLE') throw error;
    return 0;
  }
}

/** Passes on the last of each phase and otherwise at most one an interval. */
function throttled(progress: (at: VerificationProgress) => void): (at: VerificationProgress) => void {
  let last = 0;
  return (at) => {
    const now = performance.now();
    if (at.done < at.total && now - last < PROGRESS_INTERVAL_MS) return;
    last = now;
    progress(at);
  };
}
