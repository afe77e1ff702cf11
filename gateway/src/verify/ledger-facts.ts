import type {
  ErasureAttestationEntry,
  ErasureEntry,
  PatientEntry,
  ReceiptEntry,
  RecordEntry,
} from '@medseal/chaincode';
import { examineBlocks } from '../blockchain/block-examiner.js';
import { validChanges } from '../blockchain/verifier/ledger-walk.js';
import type { Organization } from '../organizations/organization.js';

/** An entry as a block's bytes have it. */
export interface Fact<Entry> {
  readonly entry: Entry;
  readonly transactionId: string;
  readonly blockNumber: number;
  /** Why the block does not verify; undefined when it does. */
  readonly blockReason: string | undefined;
}

/** What a verdict needs to know, from wherever the blocks come. */
export interface LedgerFacts {
  readonly channel: string;
  receipt(receiptId: string): Promise<Fact<ReceiptEntry> | undefined>;
  recordVersion(recordId: string, version: number): Promise<Fact<RecordEntry> | undefined>;
  /** 0 for an unknown record. */
  latestVersion(recordId: string): Promise<number>;
  patient(ledgerId: string): Promise<Fact<PatientEntry> | undefined>;
  erasure(ledgerId: string): Promise<Fact<ErasureEntry> | undefined>;
  erasureAttestation(ledgerId: string, mspId: string): Promise<Fact<ErasureAttestationEntry> | undefined>;
  organizationName(mspId: string): Promise<string | undefined>;
}

/** Facts of the organisation's own peer: the read model tells where to look, what counts is the block as served now. */
export class PeerFacts implements LedgerFacts {
  constructor(private readonly organization: Organization) {}

  get channel(): string {
    return this.organization.ledger.channel;
  }

  async receipt(receiptId: string): Promise<Fact<ReceiptEntry> | undefined> {
    const [row] = await this.organization.database.query<{ block_number: number }>(
      'SELECT block_number FROM receipts WHERE receipt_id = $1',
      [receiptId],
    );
    return row && this.#entry(row.block_number, 'receipt', [receiptId]);
  }

  async recordVersion(recordId: string, version: number): Promise<Fact<RecordEntry> | undefined> {
    const [row] = await this.organization.database.query<{ last_block: number }>(
      'SELECT last_block FROM record_versions WHERE record_id = $1 AND version = $2',
      [recordId, version],
    );
    return row && this.#entry(row.last_block, 'recordVersion', [recordId, String(version)]);
  }

  async latestVersion(recordId: string): Promise<number> {
    const [row] = await this.organization.database.query<{ version: number | null }>(
      `SELECT max(version) AS version FROM record_versions WHERE record_id = $1 AND status = 'chained'`,
      [recordId],
    );
    return row?.version ?? 0;
  }

  async patient(ledgerId: string): Promise<Fact<PatientEntry> | undefined> {
    return this.#named('SELECT block_number FROM patients WHERE ledger_id = $1', 'patient', [ledgerId]);
  }

  async erasure(ledgerId: string): Promise<Fact<ErasureEntry> | undefined> {
    return this.#named('SELECT block_number FROM erasures WHERE ledger_id = $1', 'erasure', [ledgerId]);
  }

  async erasureAttestation(
    ledgerId: string,
    mspId: string,
  ): Promise<Fact<ErasureAttestationEntry> | undefined> {
    return this.#named(
      'SELECT block_number FROM erasure_attestations WHERE ledger_id = $1 AND msp_id = $2',
      'erasureAttestation',
      [ledgerId, mspId],
    );
  }

  async organizationName(mspId: string): Promise<string | undefined> {
    const [row] = await this.organization.database.query<{ name: string }>(
      `SELECT entry->>'name' AS name FROM organizations WHERE msp_id = $1`,
      [mspId],
    );
    return row?.name;
  }

  /** @param sql tells the block from the parts of the ledger's key */
  async #named<Entry>(sql: string, type: string, parts: string[]): Promise<Fact<Entry> | undefined> {
    const [row] = await this.organization.database.query<{ block_number: number }>(sql, parts);
    return row && this.#entry<Entry>(row.block_number, type, parts);
  }

  async #entry<Entry>(
    blockNumber: number,
    type: string,
    parts: readonly string[],
  ): Promise<Fact<Entry> | undefined> {
    const { ledger, database } = this.organization;
    const examination = (await examineBlocks(ledger, database, [blockNumber])).get(blockNumber);
    if (examination === undefined) return undefined;
    const change = validChanges(examination).findLast(
      (each) => each.type === type && each.parts.join('/') === parts.join('/'),
    );
    if (!change?.entry) return undefined;
    return {
      entry: change.entry as unknown as Entry,
      transactionId: change.transactionId,
      blockNumber,
      blockReason: examination.reason,
    };
  }
}
