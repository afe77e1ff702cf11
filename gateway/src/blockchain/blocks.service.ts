import { Injectable } from '@nestjs/common';
import { peer } from '@hyperledger/fabric-protos';
import { page, type Page, type PageRequest } from '../http/paging.js';
import { invalid, notFound, problem } from '../http/problem.js';
import type { Organization } from '../organizations/organization.js';
import { examineBlocks } from './block-examiner.js';
import { heightOf } from './full-verification.js';
import { rememberedHeight } from './remembered-blocks.js';
import { servedBlocks } from './served-blocks.js';
import type { BlockExamination } from './verifier/block-verifier.js';
import { shownText } from './verifier/transaction-bytes.js';

export interface BlockSummary {
  readonly number: number;
  /** As the block says; null when it cannot be read. */
  readonly header: { number: number; previousHash: string; dataHash: string } | null;
  /** As its bytes give. */
  readonly recomputed: { headerHash: string; dataHash: string } | null;
  readonly valid: boolean;
  readonly reason: string | null;
  readonly transactionCount: number;
}

export interface TransactionSummary {
  readonly transactionId: string;
  readonly blockNumber: number;
  readonly position: number;
  readonly chaincode: string;
  readonly function: string;
  readonly validationCode: string;
  readonly creator: string;
  readonly endorsers: readonly string[];
  readonly timestamp: string | null;
}

export interface BlockDetail extends BlockSummary {
  readonly commitHash: string | null;
  readonly transactions: readonly TransactionSummary[];
}

export interface TransactionDetail extends TransactionSummary {
  readonly blockValid: boolean;
}

/** Blocks and transactions as the own peer serves them now. */
@Injectable()
export class BlocksService {
  /** Newest first. */
  async list(
    { ledger, database }: Organization,
    { limit, cursor }: PageRequest,
  ): Promise<Page<BlockSummary>> {
    const height = Math.max(await heightOf(ledger), await rememberedHeight(database));
    const from = cursor === undefined ? height - 1 : blockNumber(cursor);
    if (from === undefined || from >= height) throw invalid('cursor', 'is not one that this service gave.');
    const numbers = Array.from({ length: Math.min(limit, from + 1) }, (_, index) => from - index);
    const examinations = await examineBlocks(ledger, database, numbers);
    const items = numbers.flatMap((number) => summaries(examinations.get(number)));
    const next = from - numbers.length;
    return page(items, next >= 0 ? String(next) : null, height);
  }

  /** @throws ProblemException 404 when there is no such block */
  async block({ ledger, database }: Organization, number: string): Promise<BlockDetail> {
    const wanted = blockNumber(number);
    const height = Math.max(await heightOf(ledger), await rememberedHeight(database));
    if (wanted === undefined || wanted >= height) throw notFound();
    const examination = (await examineBlocks(ledger, database, [wanted])).get(wanted);
    if (!examination) throw notFound();
    return {
      ...summary(examination),
      commitHash: examination.commitHash?.toString('hex') ?? null,
      transactions: transactionsOf(examination),
    };
  }

  /** As the peer serves it, unexamined. @throws ProblemException 404; 503 for a block that the peer cannot read */
  async bytes({ ledger, database }: Organization, number: string): Promise<Uint8Array> {
    const wanted = blockNumber(number);
    const height = Math.max(await heightOf(ledger), await rememberedHeight(database));
    if (wanted === undefined || wanted >= height) throw notFound();
    for await (const { bytes } of servedBlocks(ledger, wanted, wanted)) if (bytes) return bytes;
    throw problem(
      503,
      'BLOCK_UNREADABLE',
      `The peer cannot read block ${wanted} now: ask another organisation for it.`,
    );
  }

  /** @throws ProblemException 404 when there is no such transaction */
  async transaction({ ledger, database }: Organization, transactionId: string): Promise<TransactionDetail> {
    if (!/^[0-9a-f]{64}$/.test(transactionId)) throw notFound();
    // An id can stand in several blocks; at most one of them is VALID, and that one counts.
    const [row] = await database.query<{ block_number: number; position: number }>(
      `SELECT block_number, position FROM ledger_transactions WHERE transaction_id = $1
       ORDER BY validation_code <> 0, block_number, position LIMIT 1`,
      [transactionId],
    );
    if (!row) throw notFound();
    const examination = (await examineBlocks(ledger, database, [row.block_number])).get(row.block_number);
    const served =
      examination && transactionsOf(examination).find((each) => each.transactionId === transactionId);
    if (examination && served) return { ...served, blockValid: examination.reason === undefined };
    return { ...(await remembered(database, row)), blockValid: false };
  }
}

const blockNumber = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined);

const summaries = (examination: BlockExamination | undefined): BlockSummary[] =>
  examination ? [summary(examination)] : [];

function summary({
  number,
  parts,
  headerHash,
  dataHash,
  reason,
  transactions,
}: BlockExamination): BlockSummary {
  return {
    number,
    header: parts
      ? {
          number: parts.number,
          previousHash: parts.previousHash.toString('hex'),
          dataHash: parts.dataHash.toString('hex'),
        }
      : null,
    recomputed:
      headerHash && dataHash
        ? { headerHash: headerHash.toString('hex'), dataHash: dataHash.toString('hex') }
        : null,
    valid: reason === undefined,
    reason: reason ?? null,
    transactionCount: parts?.envelopes.length ?? transactions.length,
  };
}

const transactionsOf = ({ number, transactions, validationCodes }: BlockExamination): TransactionSummary[] =>
  transactions.flatMap((transaction, position) =>
    transaction
      ? [
          {
            transactionId: shownText(transaction.transactionId),
            blockNumber: number,
            position,
            chaincode: shownText(transaction.action?.chaincode ?? ''),
            function: shownText(transaction.action?.functionName ?? ''),
            validationCode: validationCodeName(validationCodes[position]),
            creator: shownText(transaction.creator.mspId),
            endorsers: [
              ...new Set(transaction.action?.endorsements.map(({ endorser }) => shownText(endorser.mspId))),
            ],
            timestamp: transaction.timestamp || null,
          },
        ]
      : [],
  );

/** What the read model keeps of a transaction whose block cannot be read now. */
async function remembered(
  database: Organization['database'],
  { block_number, position }: { block_number: number; position: number },
): Promise<TransactionSummary> {
  const [row] = await database.query<{
    transaction_id: string;
    validation_code: number;
    chaincode: string;
    fn: string;
    creator_msp: string;
    endorsers: string[];
    committed_at: Date | null;
  }>('SELECT * FROM ledger_transactions WHERE block_number = $1 AND position = $2', [block_number, position]);
  if (!row) throw notFound();
  return {
    transactionId: row.transaction_id,
    blockNumber: block_number,
    position,
    chaincode: row.chaincode,
    function: row.fn,
    validationCode: validationCodeName(row.validation_code),
    creator: row.creator_msp,
    endorsers: row.endorsers,
    timestamp: row.committed_at?.toISOString() ?? null,
  };
}

const NAMES = new Map(Object.entries(peer.TxValidationCode).map(([name, code]) => [code as number, name]));

const validationCodeName = (code: number | undefined): string => NAMES.get(code ?? 254) ?? String(code);
