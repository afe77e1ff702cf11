import type { Database } from '../database/database.js';
import { configurationBlocks, rememberedBlocks } from './remembered-blocks.js';
import { servedBlockSet, type BlockReader } from './served-blocks.js';
import { examineBlock, type BlockExamination } from './verifier/block-verifier.js';
import { unreadable } from './verifier/chain-verifier.js';
import type { ChannelTrust } from './verifier/channel-trust.js';

/**
 * Examines any set of blocks, read from the peer now. Each stands on its own signatures; what links it to its
 * neighbours is compared with what the read model saw when they were committed.
 *
 * @returns by number, configuration blocks included: without them nobody could be trusted
 * @throws LedgerError LEDGER_UNAVAILABLE
 */
export async function examineBlocks(
  ledger: BlockReader,
  database: Database,
  numbers: Iterable<number>,
): Promise<Map<number, BlockExamination>> {
  const configurations = await configurationBlocks(database);
  const wanted = [...new Set([...configurations, ...numbers])].sort((a, b) => a - b);
  const remembered = await rememberedBlocks(database, [...new Set(wanted.flatMap((n) => [n - 1, n]))]);
  const examinations = new Map<number, BlockExamination>();
  let trust: ChannelTrust | undefined;
  for await (const { number, bytes } of servedBlockSet(ledger, wanted)) {
    const before = examinations.get(number - 1);
    const examination = bytes
      ? examineBlock(bytes, {
          number,
          trust,
          previousHash: before?.headerHash ?? remembered.get(number - 1)?.headerHash,
          previousCommitHash: before?.commitHash ?? remembered.get(number - 1)?.commitHash,
          fingerprint: remembered.get(number)?.fingerprint,
        })
      : unreadable(number);
    examinations.set(number, examination);
    trust = examination.trust ?? trust;
  }
  return examinations;
}
