import type { Queries } from '../database/database.js';

/** What the read model wrote down when it first saw a block. */
export interface RememberedBlock {
  readonly headerHash: Buffer;
  readonly commitHash: Buffer | undefined;
  readonly fingerprint: Buffer;
}

interface BlockRow {
  number: number;
  header_hash: Buffer;
  commit_hash: Buffer | null;
  fingerprint: Buffer;
}

/** By number; of all blocks where `numbers` is left out. */
export async function rememberedBlocks(
  database: Queries,
  numbers?: readonly number[],
): Promise<Map<number, RememberedBlock>> {
  const rows = await database.query<BlockRow>(
    `SELECT number, header_hash, commit_hash, fingerprint FROM ledger_blocks ${numbers ? 'WHERE number = ANY($1)' : ''}`,
    numbers ? [[...numbers]] : [],
  );
  return new Map(
    rows.map(({ number, header_hash, commit_hash, fingerprint }) => [
      number,
      { headerHash: header_hash, commitHash: commit_hash ?? undefined, fingerprint },
    ]),
  );
}

/** Numbers of the blocks that carry a channel configuration, ascending; always block 0. */
export async function configurationBlocks(database: Queries): Promise<number[]> {
  const rows = await database.query<{ number: number }>(
    'SELECT number FROM ledger_blocks WHERE is_config ORDER BY number',
  );
  return [...new Set([0, ...rows.map(({ number }) => number)])];
}

/** Number of blocks that the read model has. */
export async function rememberedHeight(database: Queries): Promise<number> {
  const [row] = await database.query<{ height: number }>('SELECT height FROM projection_checkpoint');
  return row?.height ?? 0;
}
