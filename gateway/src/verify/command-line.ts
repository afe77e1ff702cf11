import { ExportedLedger, ExportError } from './exported-ledger.js';

/** A question that cannot be answered; the sentence is all that is printed. */
export class CommandError extends Error {}

/** Status of the process: 0 when valid, 1 when not, 2 when it cannot be told. */
export type ExitStatus = 0 | 1 | 2;

/** Options of every command that reads exported blocks. */
export const LEDGER_OPTIONS = { blocks: { type: 'string' }, genesis: { type: 'string' } } as const;

/** Values of LEDGER_OPTIONS as they were given. @throws CommandError */
export function ledgerValues(
  { blocks, genesis }: { blocks?: string | undefined; genesis?: string | undefined },
  usage: string,
): { blocks: string; genesis: string | undefined } {
  if (blocks === undefined)
    throw new CommandError(`--blocks is missing: name the folder of the blocks\n${usage}`);
  if (genesis !== undefined && !/^[0-9a-f]{64}$/.test(genesis))
    throw new CommandError('--genesis must be 64 lower-case hex characters');
  return { blocks, genesis };
}

/** One bad block is enough to distrust the copy: what came before it is chained to what came after. */
export const damageOf = ({ invalid: [first] }: ExportedLedger): string | undefined =>
  first && `These blocks do not verify: ${first.kind} ${first.id}: ${first.reason}.`;

/** One JSON line on standard output; without an anchor a word on standard error about what the answer rests on. */
export function printAnswer(answer: object, ledger: ExportedLedger, genesis: string | undefined): void {
  const { genesisHash, height, invalid } = ledger;
  process.stdout.write(
    `${JSON.stringify({ ...answer, asOfBlock: height - 1, genesisHash, firstInvalid: invalid[0] ?? null })}\n`,
  );
  if (genesis === undefined)
    process.stderr.write(`Trust in this answer is trust in block 0: compare its hash ${genesisHash}.\n`);
}

/** Runs a command to its exit status; what cannot be answered is one sentence on standard error. */
export function runCommand(name: string, command: () => Promise<ExitStatus>): void {
  command().then(
    (status) => (process.exitCode = status),
    (error: unknown) => {
      const known = error instanceof CommandError || error instanceof ExportError;
      const reason = error instanceof Error ? error.message : String(error);
      process.stderr.write(`${name}: ${known ? reason : `failed: ${reason}`}\n`);
      process.exitCode = 2;
    },
  );
}
