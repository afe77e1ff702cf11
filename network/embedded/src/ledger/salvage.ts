import { rmSync } from 'node:fs';
import { ClassicLevel } from 'classic-level';
import { readTable, type TableEntry, tableFiles } from './level-tables.js';
import { type Database, openDatabase, removeDirectory } from './storage.js';

type Entries = Map<string, TableEntry>;

/**
 * Makes a database that LevelDB refuses readable again: its own repair for what it can walk, and the entries of the
 * other tables' sound blocks put back where nothing later is left. What cannot be read at all is emptied.
 */
export async function salvage(location: string): Promise<void> {
  const { rescued, left } = removeUnsoundTables(location);
  try {
    await ClassicLevel.repair(location);
    const database = await openDatabase(location);
    try {
      await putBack(database, rescued, left);
    } finally {
      await database.close();
    }
  } catch {
    await removeDirectory(location);
  }
}

/** @returns the latest entries of the tables that were removed, and of those that stay */
function removeUnsoundTables(location: string): { rescued: Entries; left: Entries } {
  const rescued: Entries = new Map();
  const left: Entries = new Map();
  for (const file of tableFiles(location)) {
    const { sound, entries } = readTable(file);
    for (const entry of entries) keepLatest(sound ? left : rescued, entry);
    if (!sound) rmSync(file);
  }
  return { rescued, left };
}

async function putBack(database: Database, rescued: Entries, left: Entries): Promise<void> {
  const batch = database.batch();
  for (const [id, { key, sequence, value }] of rescued) {
    const other = left.get(id);
    if (other !== undefined && other.sequence > sequence) continue;
    // Where the database says something else than its tables did, the log had something later.
    const now = await database.get(key);
    const before = other?.value;
    if (now === undefined ? before !== undefined : before === undefined || !now.equals(before)) continue;
    if (value === undefined) batch.del(key);
    else batch.put(key, value);
  }
  await batch.write({ sync: true });
}

function keepLatest(latest: Entries, entry: TableEntry): void {
  const id = entry.key.toString('latin1');
  const known = latest.get(id);
  if (known === undefined || known.sequence < entry.sequence) latest.set(id, entry);
}
