import { contentHash, type ChainHead, type RecordEntry } from '@medseal/chaincode';

const ZERO_HASH = '0'.repeat(64);

/** Verdict on one chained entry. */
export interface EntryVerdict {
  /** Recomputed from the entry's fields. */
  readonly hashValid: boolean;
  /** The entry before it has the hash that this one names, and the place before it. */
  readonly prevHashValid: boolean;
  /** Undefined when both are. */
  readonly reason: string | undefined;
}

/** What a patient's chain has come to. */
export interface ChainPosition {
  readonly contentHash: string;
  readonly count: number;
}

export const CHAIN_START: ChainPosition = { contentHash: ZERO_HASH, count: 0 };

/**
 * Checks one chained entry against the chain so far.
 *
 * @param before undefined when the entry before cannot be read: then its link is neither right nor wrong
 */
export function examineEntry(
  channel: string,
  entry: RecordEntry,
  before: ChainPosition | undefined,
): EntryVerdict {
  const { chain, sealed } = entry;
  if (!chain || !sealed)
    return { hashValid: false, prevHashValid: false, reason: 'the entry is not chained' };
  const hashValid = recomputed(channel, entry) === chain.contentHash;
  const prevHashValid =
    before === undefined || (chain.prevHash === before.contentHash && chain.index === before.count);
  let reason: string | undefined;
  if (!hashValid) reason = 'contentHash is not the hash of the entry';
  else if (!prevHashValid) reason = 'prevHash is not the contentHash of the entry before';
  return { hashValid, prevHashValid, reason };
}

/** The chain's position after an entry, as the entry itself says. */
export const positionAfter = ({ chain }: RecordEntry): ChainPosition | undefined =>
  chain ? { contentHash: chain.contentHash, count: chain.index + 1 } : undefined;

/** @returns why the head that the ledger keeps is wrong; undefined when it is right */
export function examineHead(
  head: Pick<ChainHead, 'contentHash' | 'count'>,
  position: ChainPosition,
): string | undefined {
  return head.contentHash === position.contentHash && head.count === position.count
    ? undefined
    : 'the chain head is not the last chained entry';
}

/** Undefined for an entry whose fields cannot be hashed. */
function recomputed(channel: string, entry: RecordEntry): string | undefined {
  const { chain, sealed } = entry;
  if (!chain || !sealed) return undefined;
  try {
    return contentHash(channel, { ...entry, sealed }, chain.index, chain.prevHash);
  } catch {
    return undefined;
  }
}
