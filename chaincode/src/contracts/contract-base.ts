import { canonicalJson } from '@medseal/crypto';
import { Context, Contract } from 'fabric-contract-api';
import { ContractError } from '../errors.js';

/** Refusals of the peer itself reach the client in its own words. */
const PEER_REFUSAL = /^[A-Z_]+ failed: transaction ID/;

/**
 * What all contracts share: unknown functions are refused, answers are canonical JSON, and an error that nobody foresaw
 * leaves as a code without its text, which could repeat an argument. Only the methods of the concrete class can be called.
 */
export abstract class LedgerContract extends Contract {
  override async unknownTransaction(_ctx: Context): Promise<void> {
    throw new ContractError('UNKNOWN_FUNCTION', `contract ${this.getName()} has no such function`);
  }

  // Declared with a Function and without an answer; in truth the function's name comes in and its answer goes out.
  override async aroundTransaction(ctx: Context, fn: unknown, parameters: unknown): Promise<void> {
    try {
      return canonicalJson(await super.aroundTransaction(ctx, fn as never, parameters)) as unknown as void;
    } catch (error) {
      throw presentable(error, `${this.getName()}:${String(fn)}`, ctx.stub.getTxID());
    }
  }
}

const presentable = (error: unknown, called: string, transactionId: string): Error => {
  if (error instanceof ContractError) return error;
  if (error instanceof Error && PEER_REFUSAL.test(error.message)) return error;
  const where =
    error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  process.stderr.write(
    `${JSON.stringify({ level: 'error', called, transactionId, error: error instanceof Error ? error.name : typeof error, at: where.slice(0, 6).map((line) => line.trim()) })}\n`,
  );
  return new ContractError('INTERNAL', `${called} failed unexpectedly: see the chaincode's log`);
};
