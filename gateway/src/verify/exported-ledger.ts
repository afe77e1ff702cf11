import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type {
  AuditEntry,
  AuditParametersEntry,
  ErasureAttestationEntry,
  ErasureEntry,
  OrganizationEntry,
  PatientEntry,
  ReceiptEntry,
  RecordEntry,
} from '@medseal/chaincode';
import { headerHash, MalformedBytesError, parseBlock } from '../blockchain/verifier/block-bytes.js';
import type { ChannelTrust } from '../blockchain/verifier/channel-trust.js';
import { LedgerWalk, validChanges } from '../blockchain/verifier/ledger-walk.js';
import { type LedgerTransaction, serializedIdentity } from '../blockchain/verifier/transaction-bytes.js';
import type { InvalidPart } from '../blockchain/verdict.js';
import type { WorldChange } from '../projection/block-changes.js';
import type { Fact, LedgerFacts } from './ledger-facts.js';

/** The exported blocks cannot be used; the sentence names file and remedy. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

/** A transaction that wrote an audit: what its submitter signed, and the entry that it left. */
export interface AuditAct {
  readonly functionName: string;
  readonly args: readonly string[];
  /** MSP id. */
  readonly submitter: string;
  /** RFC 3339; null when the transaction has no time. */
  readonly at: string | null;
  readonly transactionId: string;
  readonly blockNumber: number;
  readonly entry: AuditEntry;
}

/**
 * A channel as a folder of block files, one marshalled `common.Block` each, as `GET /blockchain/blocks/{number}/bytes`
 * or `peer channel fetch` gives them; file names do not matter. Read and checked from block 0 to the last one.
 */
export class ExportedLedger implements LedgerFacts {
  /** Header hash of block 0, hex: whoever trusts the export compares it with the ministry's printed one. */
  readonly genesisHash: string;
  readonly height: number;
  /** Everything that does not hold, first things first. */
  readonly invalid: readonly InvalidPart[];
  readonly #entries = new Map<string, Fact<unknown>>();
  readonly #audits = new Map<string, AuditAct[]>();
  readonly #trust: ChannelTrust | undefined;

  /**
   * @param genesisHash expected header hash of block 0, hex
   * @throws ExportError for a folder that is no complete export
   */
  constructor(folder: string, genesisHash?: string) {
    const blocks = readBlocks(folder);
    this.genesisHash = headerHash(parseBlock(blocks[0]!)).toString('hex');
    const walk = new LedgerWalk(
      genesisHash === undefined ? {} : { genesisHash: Buffer.from(genesisHash, 'hex') },
    );
    let trust: ChannelTrust | undefined;
    for (const bytes of blocks) {
      const examination = walk.accept(bytes);
      trust = examination.trust ?? trust;
      for (const change of validChanges(examination)) {
        const { type, parts, entry, transactionId, blockNumber } = change;
        if (!entry) continue;
        const { reason: blockReason, transactions } = examination;
        this.#entries.set([type, ...parts].join('/'), { entry, transactionId, blockNumber, blockReason });
        if (type === 'audit') this.#takeAct(parts.join('/'), change, transactions[change.position]);
      }
    }
    this.height = blocks.length;
    this.invalid = walk.findings.parts;
    this.#trust = trust;
  }

  get channel(): string {
    return this.#trust?.channelId ?? '';
  }

  async receipt(receiptId: string): Promise<Fact<ReceiptEntry> | undefined> {
    return this.#fact(`receipt/${receiptId}`);
  }

  async recordVersion(recordId: string, version: number): Promise<Fact<RecordEntry> | undefined> {
    return this.#fact(`recordVersion/${recordId}/${version}`);
  }

  async latestVersion(recordId: string): Promise<number> {
    // A version that a verifier gave back stays unchained, and the next one follows it.
    for (let version = 1, latest = 0; ; version += 1) {
      const fact = this.#fact<RecordEntry>(`recordVersion/${recordId}/${version}`);
      if (fact === undefined) return latest;
      if (fact.entry.status === 'chained') latest = version;
    }
  }

  async patient(ledgerId: string): Promise<Fact<PatientEntry> | undefined> {
    return this.#fact(`patient/${ledgerId}`);
  }

  async erasure(ledgerId: string): Promise<Fact<ErasureEntry> | undefined> {
    return this.#fact(`erasure/${ledgerId}`);
  }

  async erasureAttestation(
    ledgerId: string,
    mspId: string,
  ): Promise<Fact<ErasureAttestationEntry> | undefined> {
    return this.#fact(`erasureAttestation/${ledgerId}/${mspId}`);
  }

  async organizationName(mspId: string): Promise<string | undefined> {
    return (await this.organization(mspId))?.entry.name;
  }

  async organization(mspId: string): Promise<Fact<OrganizationEntry> | undefined> {
    return this.#fact(`organization/${mspId}`);
  }

  async auditParameters(version: number): Promise<Fact<AuditParametersEntry> | undefined> {
    return this.#fact(`auditParameters/${version}`);
  }

  /** Everything that was done in an audit, in order; empty for an unknown one. */
  auditActs(auditId: string): readonly AuditAct[] {
    return this.#audits.get(auditId) ?? [];
  }

  /** Whether a certificate is one of an organisation's, by the channel's configuration. */
  isMember(mspId: string, certificatePem: string): boolean {
    return this.#trust?.member(serializedIdentity(mspId, certificatePem)) !== undefined;
  }

  #takeAct(
    auditId: string,
    { entry, transactionId, blockNumber, committedAt }: WorldChange,
    transaction: LedgerTransaction | undefined,
  ): void {
    const { functionName = '', args = [] } = transaction?.action ?? {};
    const act = {
      functionName,
      args: args.map((arg) => arg.toString('utf8')),
      submitter: transaction?.creator.mspId ?? '',
      at: committedAt,
      transactionId,
      blockNumber,
      entry: entry as unknown as AuditEntry,
    };
    this.#audits.set(auditId, [...(this.#audits.get(auditId) ?? []), act]);
  }

  #fact<Entry>(key: string): Fact<Entry> | undefined {
    return this.#entries.get(key) as Fact<Entry> | undefined;
  }
}

/** Blocks by number; a gap would hide what happened in it. */
function readBlocks(folder: string): Buffer[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch (error) {
    throw new ExportError(
      `${folder} cannot be read (${(error as Error).message}): name the folder of the blocks.`,
    );
  }
  const blocks: Buffer[] = [];
  for (const name of names) {
    const bytes = readFileSync(path.join(folder, name));
    let number: number;
    try {
      ({ number } = parseBlock(bytes));
    } catch (error) {
      if (!(error instanceof MalformedBytesError)) throw error;
      throw new ExportError(`${path.join(folder, name)} is no block: fetch it again or take it away.`);
    }
    if (blocks[number] !== undefined)
      throw new ExportError(
        `${path.join(folder, name)} is block ${number} once more: take one of them away.`,
      );
    blocks[number] = bytes;
  }
  if (blocks.length === 0)
    throw new ExportError(`${folder} has no block: export them from a gateway or a peer.`);
  const missing = Array.from(blocks).findIndex((block) => block === undefined);
  if (missing >= 0) throw new ExportError(`Block ${missing} is missing in ${folder}: export it too.`);
  return blocks;
}
