import { sha256 } from '../protos/hashes.js';
import { type KvRead, type MerkleSummary, encodeQueryReads } from './messages.js';

/** Fabric's degree of the tree over a range query's results (core.yaml has no setting for it). */
export const MAX_DEGREE = 50;

/**
 * Collects what a range query returned: raw reads while at most `maxDegree`, then a Merkle summary that is built as the
 * results come (Fabric rwsetutil/query_results_helper.go).
 */
export class RangeResults {
  private pending: KvRead[] = [];
  private readonly levels = new Map<number, Buffer[]>();
  private maxLevel = 1;

  constructor(private readonly maxDegree = MAX_DEGREE) {
    if (maxDegree < 2)
      throw new RangeError(`the degree of a range query's tree is at least 2, not ${maxDegree}`);
  }

  add(read: KvRead): void {
    this.pending.push(read);
    if (this.pending.length > this.maxDegree) this.hashPending();
  }

  /** The tree so far; its hashes are final for the level they are on. */
  summary(): MerkleSummary {
    return {
      maxDegree: this.maxDegree,
      maxLevel: this.maxLevel,
      maxLevelHashes: [...(this.levels.get(this.maxLevel) ?? [])],
    };
  }

  /** Exactly one of the two is given. */
  done():
    { rawReads: readonly KvRead[]; merkle?: undefined } | { rawReads?: undefined; merkle: MerkleSummary } {
    if (this.maxLevel === 1 && (this.levels.get(1) ?? []).length === 0) return { rawReads: this.pending };
    if (this.pending.length > 0) this.hashPending();
    this.foldLowerLevels();
    return { merkle: this.summary() };
  }

  private hashPending(): void {
    const leaf = sha256(encodeQueryReads(this.pending));
    this.pending = [];
    let level = 1;
    this.append(level, leaf);
    for (;;) {
      const hashes = this.levels.get(level) as Buffer[];
      if (hashes.length <= this.maxDegree) return;
      this.levels.delete(level);
      level += 1;
      this.append(level, sha256(...hashes));
      this.maxLevel = Math.max(this.maxLevel, level);
    }
  }

  private foldLowerLevels(): void {
    for (let level = 1; level < this.maxLevel; level += 1) {
      const hashes = this.levels.get(level) ?? [];
      if (hashes.length === 0) continue;
      this.levels.delete(level);
      this.append(level + 1, hashes.length === 1 ? (hashes[0] as Buffer) : sha256(...hashes));
    }
    const top = this.levels.get(this.maxLevel) ?? [];
    if (top.length > this.maxDegree) {
      this.levels.delete(this.maxLevel);
      this.maxLevel += 1;
      this.levels.set(this.maxLevel, [sha256(...top)]);
    }
  }

  private append(level: number, hash: Buffer): void {
    const hashes = this.levels.get(level);
    if (hashes === undefined) this.levels.set(level, [hash]);
    else hashes.push(hash);
  }
}

export function sameSummary(a: MerkleSummary, b: MerkleSummary | undefined): boolean {
  return (
    b !== undefined &&
    a.maxDegree === b.maxDegree &&
    a.maxLevel === b.maxLevel &&
    a.maxLevelHashes.length === b.maxLevelHashes.length &&
    a.maxLevelHashes.every((hash, i) => hash.equals(b.maxLevelHashes[i] as Buffer))
  );
}
