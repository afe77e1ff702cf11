import type { Database, Queries } from '../database/database.js';
import type { BlockChanges, PrivateChange } from './block-changes.js';
import { PROJECTION_TABLES } from './projection.migrations.js';
import { PendingRows, type Statement, together, type Upsert } from './rows.js';
import { ENTRY_TABLES } from './world-rows.js';

/** Writes the changes of consecutive blocks and the checkpoint, all or nothing. */
export async function writeBlocks(database: Database, blocks: readonly BlockChanges[]): Promise<void> {
  const last = blocks.at(-1);
  if (!last) return;
  const pending = new Map<Upsert, PendingRows>();
  const rowsOf = (target: Upsert): PendingRows => {
    const rows = pending.get(target) ?? new PendingRows(target);
    pending.set(target, rows);
    return rows;
  };
  for (const block of blocks) {
    rowsOf(BLOCKS).put({
      number: block.number,
      header_hash: block.headerHash,
      commit_hash: block.commitHash ?? null,
      fingerprint: block.fingerprint,
      transactions: block.transactions.length,
      is_config: block.isConfig,
    });
    for (const transaction of block.transactions) {
      rowsOf(TRANSACTIONS).put({
        block_number: transaction.blockNumber,
        position: transaction.position,
        transaction_id: transaction.transactionId,
        validation_code: transaction.validationCode,
        type: transaction.type,
        chaincode: transaction.chaincode,
        fn: transaction.functionName,
        creator_msp: transaction.creatorMsp,
        endorsers: [...transaction.endorsers],
        committed_at: transaction.committedAt,
      });
    }
    for (const change of block.world) {
      for (const { target, keyOf, rowOf } of ENTRY_TABLES[change.type] ?? []) {
        const row = change.entry ? rowOf(change) : undefined;
        const key = change.entry ? undefined : keyOf(change.parts);
        if (row) rowsOf(target).put(row);
        else if (key) rowsOf(target).remove(key);
      }
    }
  }
  rowsOf(CHECKPOINT).put({ one: 1, height: last.number + 1 });
  const deletions = [...pending.values()].flatMap((rows) => rows.deletions());
  const statements = [...deletions, ...together([...pending.values()].flatMap((rows) => rows.upserts()))];
  const privateValues = blocks.flatMap((block) => block.privateValues);
  // One statement is a transaction of its own.
  if (statements.length === 1 && privateValues.length === 0) return run(database, statements);
  await database.transaction(async (queries) => {
    await run(queries, statements);
    await writePrivateValues(queries, privateValues);
  });
}

const run = async (queries: Queries, statements: readonly Statement[]): Promise<void> => {
  for (const { sql, parameters } of statements) await queries.query(sql, parameters);
};

/** Forgets everything, so that the next start reads from block 0. */
export async function emptyTables(queries: Queries): Promise<void> {
  for (const table of PROJECTION_TABLES) await queries.query(`DELETE FROM ${table}`);
}

const CHECKPOINT: Upsert = { table: 'projection_checkpoint', key: ['one'] };
const BLOCKS: Upsert = { table: 'ledger_blocks', key: ['number'] };
const TRANSACTIONS: Upsert = { table: 'ledger_transactions', key: ['block_number', 'position'] };
const PRIVATE_VALUES: Upsert = { table: 'private_values', key: ['collection', 'key_hash'] };

async function writePrivateValues(queries: Queries, changes: readonly PrivateChange[]): Promise<void> {
  if (changes.length === 0) return;
  const patientOf = await patientsOfRecords(queries, changes);
  const rows = new PendingRows(PRIVATE_VALUES);
  for (const { collection, keyHash, valueHash, key, value, ledgerId, blockNumber } of changes) {
    if (valueHash === undefined) {
      rows.remove({ collection, key_hash: keyHash });
      continue;
    }
    const [kind = null, subject = ''] = key?.split('/') ?? [];
    const record = kind === 'selector' || kind === 'titleLine';
    rows.put({
      collection,
      key_hash: keyHash,
      key: key ?? null,
      kind,
      ledger_id:
        (record ? patientOf.get(subject) : kind === 'staff' || kind === 'pending' ? undefined : ledgerId) ??
        null,
      value: value ?? null,
      value_hash: valueHash,
      block_number: blockNumber,
    });
  }
  await run(queries, [...rows.deletions(), ...rows.upserts()]);
}

/** A record's private values name the record; whose it is stands in its public entry. */
async function patientsOfRecords(
  queries: Queries,
  changes: readonly PrivateChange[],
): Promise<Map<string, string>> {
  const recordIds = changes.flatMap(({ key }) => {
    const [kind, recordId] = key?.split('/') ?? [];
    return (kind === 'selector' || kind === 'titleLine') && recordId ? [recordId] : [];
  });
  if (recordIds.length === 0) return new Map();
  const rows = await queries.query<{ record_id: string; ledger_id: string }>(
    'SELECT record_id, ledger_id FROM records WHERE record_id = ANY($1)',
    [[...new Set(recordIds)]],
  );
  return new Map(rows.map(({ record_id, ledger_id }) => [record_id, ledger_id]));
}
