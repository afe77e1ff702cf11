import type { PatientEntry, RecordEntry } from '@medseal/chaincode';
import type { Database } from '../database/database.js';
import type { ObjectStore } from '../storage/object-store.js';
import { examineBlocks } from './block-examiner.js';
import { checkObjects } from './object-check.js';
import type { BlockReader } from './served-blocks.js';
import { Findings, type Verdict } from './verdict.js';
import type { BlockExamination } from './verifier/block-verifier.js';
import {
  CHAIN_START,
  examineEntry,
  examineHead,
  positionAfter,
  type ChainPosition,
} from './verifier/entry-chain.js';
import { isSealed, storedObjects, validChanges, type StoredObjects } from './verifier/ledger-walk.js';

/** A row of the report, named by its entry. */
export interface EntryReference {
  readonly recordId: string;
  readonly version: number;
  readonly ledgerId: string;
}

export interface VerifiedEntry {
  readonly hash: string;
  readonly prevHash: string;
  readonly prevHashValid: boolean;
  /** Of a row shown: whether its stored objects are as they were written; of an erased one there need be none. */
  readonly objectsValid: boolean;
  /** The patient is being erased, or was. */
  readonly erased: boolean;
}

export interface VerifiedRows {
  readonly verdict: Verdict;
  /** By `<recordId>/<version>`. */
  readonly entries: ReadonlyMap<string, VerifiedEntry>;
}

interface ChainedRow {
  record_id: string;
  version: number;
  ledger_id: string;
  entry: RecordEntry;
  last_block: number;
  last_position: number;
}

/**
 * Recomputes what stands behind some rows: all blocks that wrote their patients' entries, the patients' whole chains,
 * and the rows' stored objects.
 *
 * @throws LedgerError LEDGER_UNAVAILABLE
 */
export async function verifyRows(
  parts: {
    ledger: BlockReader & { readonly channel: string };
    database: Database;
    objects: ObjectStore;
    now(): Date;
  },
  rows: readonly EntryReference[],
): Promise<VerifiedRows> {
  const { ledger, database, objects } = parts;
  const checkedAt = parts.now();
  const findings = new Findings();
  const ledgerIds = [...new Set(rows.map(({ ledgerId }) => ledgerId))];
  const chained = await database.query<ChainedRow>(
    `SELECT record_id, version, ledger_id, entry, last_block, last_position FROM record_versions
     WHERE ledger_id = ANY($1) AND status = 'chained' ORDER BY ledger_id, chain_index, record_id, version`,
    [ledgerIds],
  );
  const writes = await database.query<{ block_number: number }>(
    `SELECT DISTINCT w.block_number FROM record_writes w JOIN record_versions v USING (record_id, version)
     WHERE v.ledger_id = ANY($1) AND v.status = 'chained'`,
    [ledgerIds],
  );
  const erasures = await database.query<{ ledger_id: string; block_number: number }>(
    `SELECT ledger_id, block_number FROM patients WHERE ledger_id = ANY($1) AND status IN ('erasing', 'erased')`,
    [ledgerIds],
  );
  const blocks = await examineBlocks(
    ledger,
    database,
    [...writes, ...erasures].map(({ block_number }) => block_number),
  );
  for (const { number, reason } of blocks.values()) {
    if (reason !== undefined) findings.add({ kind: 'block', id: String(number), reason });
  }

  const shown = new Set(rows.map(keyOf));
  const entries = new Map<string, VerifiedEntry>();
  for (const ledgerId of ledgerIds) {
    const erased = erasures.some((row) => row.ledger_id === ledgerId && isErasedIn(blocks, row));
    let position: ChainPosition | undefined = CHAIN_START;
    for (const row of chained.filter(({ ledger_id }) => ledger_id === ledgerId)) {
      const key = `${row.record_id}/${row.version}`;
      const block = blocks.get(row.last_block);
      const served = block && entryIn(block, row);
      const blockValid = block !== undefined && block.reason === undefined;
      const entry = served ?? row.entry;
      const { hashValid, prevHashValid, reason } = examineEntry(ledger.channel, entry, position);
      const trusted = served !== undefined && blockValid;
      if (blockValid && !served) {
        findings.add({ kind: 'entry', id: key, reason: 'the block does not hold the entry' });
      } else if (trusted && reason) {
        findings.add({ kind: 'entry', id: key, reason });
      }
      let objectsValid = true;
      if (shown.has(key) && isSealed(entry) && !erased) {
        const earlier = earlierStates(blocks, row)
          .filter(isSealed)
          .reduce<StoredObjects | undefined>((before, state) => storedObjects(state, before), undefined);
        objectsValid = await checkObjects(objects, storedObjects(entry, earlier), findings);
      }
      entries.set(key, {
        hash: entry.chain?.contentHash ?? '',
        prevHash: entry.chain?.prevHash ?? '',
        prevHashValid: trusted && position !== undefined && hashValid && prevHashValid,
        objectsValid,
        erased,
      });
      // What cannot be trusted proves nothing about the next entry's link.
      position = trusted ? positionAfter(entry) : undefined;
    }
    await checkHead(database, ledgerId, position, findings);
  }
  return { verdict: findings.verdict(checkedAt), entries };
}

export const keyOf = ({ recordId, version }: { recordId: string; version: number }): string =>
  `${recordId}/${version}`;

/** An entry missing at the end of a chain leaves no gap in it; the head tells. */
async function checkHead(
  database: Database,
  ledgerId: string,
  position: ChainPosition | undefined,
  findings: Findings,
): Promise<void> {
  const [row] = await database.query<{ content_hash: string; count: number }>(
    'SELECT content_hash, count FROM chain_heads WHERE ledger_id = $1',
    [ledgerId],
  );
  if (!row || !position) return;
  const reason = examineHead({ contentHash: row.content_hash, count: row.count }, position);
  if (reason) findings.add({ kind: 'entry', id: `chain/${ledgerId}`, reason });
}

/** Not the read model's word: missing objects are only right where a sound block says that they were erased. */
const isErasedIn = (
  blocks: ReadonlyMap<number, BlockExamination>,
  { ledger_id, block_number }: { ledger_id: string; block_number: number },
): boolean => {
  const block = blocks.get(block_number);
  if (block === undefined || block.reason !== undefined) return false;
  return validChanges(block).some(({ type, parts, entry }) => {
    const status = (entry as PatientEntry | undefined)?.status;
    return type === 'patient' && parts[0] === ledger_id && (status === 'erasing' || status === 'erased');
  });
};

/** The entry as the write that the read model names last left it. */
function entryIn(block: BlockExamination, row: ChainedRow): RecordEntry | undefined {
  const entry = entriesIn(block, row).find(({ position }) => position === row.last_position)?.entry;
  return entry?.ledgerId === row.ledger_id ? entry : undefined;
}

/** What earlier blocks say of the same record version, in order. */
const earlierStates = (blocks: ReadonlyMap<number, BlockExamination>, row: ChainedRow): RecordEntry[] =>
  [...blocks.values()]
    .filter(({ number }) => number < row.last_block)
    .sort((a, b) => a.number - b.number)
    .flatMap((block) => entriesIn(block, row).map(({ entry }) => entry));

const entriesIn = (block: BlockExamination, row: ChainedRow): { position: number; entry: RecordEntry }[] =>
  validChanges(block).flatMap(({ type, parts, position, entry }) =>
    type === 'recordVersion' && parts[0] === row.record_id && parts[1] === String(row.version) && entry
      ? [{ position, entry: entry as unknown as RecordEntry }]
      : [],
  );
