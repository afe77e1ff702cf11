import { constants, accessSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import { readTable, tableFiles } from './level-tables.js';

export type Database = ClassicLevel<Buffer, Buffer>;

/** The disk refused: full, read-only, failing. `cause` is the system's error. */
export class StorageError extends Error {
  constructor(action: string, cause: unknown) {
    super(`${action}: ${reason(cause)}`, { cause });
    this.name = 'StorageError';
  }
}

/** The folder belongs to a running network. */
export class LedgerInUseError extends Error {
  constructor(directory: string) {
    super(`the ledger in ${directory} is in use by another process; stop that one first`);
    this.name = 'LedgerInUseError';
  }
}

/** LevelDB's files are not what LevelDB wrote. */
export class CorruptDatabaseError extends Error {
  constructor(location: string, cause: unknown) {
    super(`the database in ${location} cannot be read: ${reason(cause)}`, { cause });
    this.name = 'CorruptDatabaseError';
  }
}

/** @throws LedgerInUseError, StorageError, CorruptDatabaseError */
export async function openDatabase(location: string): Promise<Database> {
  makeDirectory(location);
  const unsound = tableFiles(location).find((file) => !readTable(file).sound);
  if (unsound !== undefined) throw new CorruptDatabaseError(location, new Error(`${unsound} is malformed`));
  const database: Database = new ClassicLevel<Buffer, Buffer>(location, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    compression: false,
    cacheSize: 4 * 1024 * 1024,
    writeBufferSize: 2 * 1024 * 1024,
  });
  try {
    await database.open();
    return database;
  } catch (error) {
    await database.close().catch(() => undefined);
    const cause = (error as Error).cause ?? error;
    if ((cause as { code?: string }).code === 'LEVEL_LOCKED') throw new LedgerInUseError(location);
    if (isSystemFailure(cause)) throw new StorageError(`the database in ${location} cannot be opened`, cause);
    throw new CorruptDatabaseError(location, cause);
  }
}

/** @throws StorageError when the folder cannot be made or written */
export function makeDirectory(location: string): void {
  try {
    mkdirSync(location, { recursive: true, mode: 0o700 });
    accessSync(location, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new StorageError(`the folder ${location} cannot be written`, error);
  }
}

export async function removeDirectory(location: string): Promise<void> {
  await rm(location, { recursive: true, force: true });
}

/** Errors of the disk or of permissions, as against contents that are damaged. */
function isSystemFailure(error: unknown): boolean {
  const text = reason(error);
  return /no space left|read-only file system|permission denied|too many open files|disk quota|ENOSPC|EROFS|EACCES|EDQUOT|EMFILE/i.test(
    text,
  );
}

function reason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  const code = (cause as { code?: string } | undefined)?.code;
  if (code === 'ENOSPC' || /no space left/i.test(text))
    return 'no space left on the disk; free some and start again';
  if (code === 'EROFS' || /read-only file system/i.test(text))
    return 'the disk is read-only; mount it writable and start again';
  return text;
}
