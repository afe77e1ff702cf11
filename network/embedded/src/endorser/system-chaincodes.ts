import type { ExecutionResult } from '../chaincode/support.js';
import type { Invocation } from '../chaincode/transaction-context.js';
import { decodeBlock, headerHash, transactionsFilter } from '../protos/blocks.js';
import { Writer } from '../protos/wire.js';
import type { Ledger } from '../types.js';
import { checkIdentity, READERS } from './access.js';

const NOTHING: Buffer = Buffer.alloc(0);

/** A chaincode that runs inside the peer. */
export interface SystemChaincode {
  /** @throws Error whose text becomes the message of a response with status 500. */
  invoke(args: readonly Buffer[], invocation: Invocation): Buffer;
}

/** The system chaincodes of a peer by name. */
export class SystemChaincodes {
  constructor(private readonly chaincodes: ReadonlyMap<string, SystemChaincode>) {}

  has(name: string): boolean {
    return this.chaincodes.has(name);
  }

  execute(name: string, args: readonly Buffer[], invocation: Invocation): ExecutionResult {
    try {
      const payload = (this.chaincodes.get(name) as SystemChaincode).invoke(args, invocation);
      return { status: 200, message: '', payload };
    } catch (error) {
      return { status: 500, message: (error as Error).message, payload: NOTHING };
    }
  }
}

/** `qscc`: the channel's blocks and transactions (Fabric core/scc/qscc/query.go). */
export class LedgerQuerier implements SystemChaincode {
  constructor(private readonly ledger: Ledger) {}

  invoke(args: readonly Buffer[], invocation: Invocation): Buffer {
    if (args.length < 2) throw new Error(`Incorrect number of arguments, ${args.length}`);
    const [name, channelId, third] = args.map((arg) => arg.toString());
    if (name !== 'GetChainInfo' && third === undefined) throw new Error(`missing 3rd argument for ${name}`);
    const { ledger } = this;
    if (channelId !== ledger.channelId) throw new Error(`Invalid chain ID, ${channelId}`);
    try {
      checkIdentity(ledger.config, READERS, invocation.creator);
    } catch (error) {
      throw new Error(`access denied for [${name}][${channelId}]: [${(error as Error).message}]`, {
        cause: error,
      });
    }
    switch (name) {
      case 'GetChainInfo':
        return this.chainInfo();
      case 'GetBlockByNumber':
        return this.blockByNumber(third as string);
      case 'GetBlockByHash':
        return this.blockByHash(args[2] as Buffer);
      case 'GetBlockByTxID':
        return this.blockByTransaction(third as string);
      case 'GetTransactionByID':
        return this.transaction(third as string);
      default:
        throw new Error(`Requested function ${name} not found.`);
    }
  }

  /** A marshalled `common.BlockchainInfo`. */
  private chainInfo(): Buffer {
    const { height, lastHeaderHash } = this.ledger;
    const last = decodeBlock(this.ledger.readBlock(height - 1));
    return new Writer()
      .number(1, height)
      .bytes(2, lastHeaderHash)
      .bytes(3, last.header.previousHash)
      .finish();
  }

  private blockByNumber(text: string): Buffer {
    if (!/^\d+$/.test(text)) {
      throw new Error(
        `Failed to parse block number with error strconv.ParseUint: parsing "${text}": invalid syntax`,
      );
    }
    // 2^64-1 asks for the newest block
    const number = text === '18446744073709551615' ? this.ledger.height - 1 : Number(text);
    try {
      return this.ledger.readBlock(number);
    } catch (error) {
      throw new Error(`Failed to get block number ${text}, error ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** Blocks have no index by hash here: newest first until found. */
  private blockByHash(hash: Buffer): Buffer {
    for (let number = this.ledger.height - 1; number >= 0; number -= 1) {
      const bytes = this.ledger.readBlock(number);
      if (headerHash(decodeBlock(bytes).header).equals(hash)) return bytes;
    }
    throw new Error(`Failed to get block hash ${hash.toString()}, error block not found`);
  }

  private blockByTransaction(txId: string): Buffer {
    const found = this.ledger.transaction(txId);
    if (!found)
      throw new Error(
        `Failed to get block for txID ${txId}, error no such transaction ID [${txId}] in index`,
      );
    return this.ledger.readBlock(found.blockNum);
  }

  /** A marshalled `protos.ProcessedTransaction`. */
  private transaction(txId: string): Buffer {
    const found = this.ledger.transaction(txId);
    if (!found) {
      throw new Error(
        `Failed to get transaction with id ${txId}, error no such transaction ID [${txId}] in index`,
      );
    }
    const block = decodeBlock(this.ledger.readBlock(found.blockNum));
    const code = transactionsFilter(block)[found.txNum] ?? 0;
    return new Writer().bytes(1, block.data[found.txNum]).number(2, code).finish();
  }
}
