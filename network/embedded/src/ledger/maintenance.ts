import { readdirSync } from 'node:fs';
import * as path from 'node:path';
import type { ChannelConfig, DamageReport } from '../types.js';
import { BlockFiles } from './block-files.js';
import { openLedger } from './ledger.js';
import { removeDirectory } from './storage.js';

export interface MaintenanceOptions {
  /** Folder of the ledger, as given to `openLedger`; no other process may have it open. */
  readonly directory: string;
  readonly loadConfig: (configBlock: Buffer) => ChannelConfig;
  /** Only needed when block 0 on disk is damaged. */
  readonly genesisBlock?: Buffer;
}

export interface MaintenanceReport {
  readonly height: number;
  readonly damage: readonly DamageReport[];
}

/**
 * Opens the ledger, which repairs what the blocks allow, then validates every block anew: signatures, policies, read
 * conflicts, hashes, and the state that follows.
 * @throws LedgerInUseError, StorageError, DamagedBlockError when block 0 is needed and cannot be read
 */
export function scrubLedger(options: MaintenanceOptions): Promise<MaintenanceReport> {
  return maintain(options, true);
}

/** Throws index and state away and makes them again from the blocks; private values stay where they are. */
export async function rebuildLedger(options: MaintenanceOptions): Promise<MaintenanceReport> {
  const genesisBlock = options.genesisBlock ?? readGenesis(options.directory);
  // Taking the lock first: another process may be using the folder.
  await maintain({ ...options, genesisBlock }, false);
  await removeDirectory(path.join(options.directory, 'state'));
  return maintain({ ...options, genesisBlock }, false);
}

async function maintain(options: MaintenanceOptions, scrub: boolean): Promise<MaintenanceReport> {
  const genesisBlock = options.genesisBlock ?? readGenesis(options.directory);
  const { channelId } = options.loadConfig(genesisBlock);
  const ledger = await openLedger({
    directory: options.directory,
    channelId,
    genesisBlock,
    organizations: storedOrganizations(options.directory),
    orderer: undefined,
    loadConfig: options.loadConfig,
    clock: { now: () => Date.now() },
  });
  try {
    if (scrub) await ledger.scrub();
    return { height: ledger.height, damage: [...ledger.damage] };
  } finally {
    await ledger.close();
  }
}

function readGenesis(directory: string): Buffer {
  const blocks = new BlockFiles(path.join(directory, 'blocks'));
  blocks.scan(() => undefined);
  if (blocks.height === 0)
    throw new Error(`${directory} holds no ledger; name the folder that has blocks/ in it`);
  return blocks.read(0);
}

function storedOrganizations(directory: string): string[] {
  try {
    return readdirSync(path.join(directory, 'private'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
