import { readAuditQuestion } from './audit-arguments.js';
import { damageOf, type ExitStatus, printAnswer, runCommand } from './command-line.js';
import { ExportedLedger } from './exported-ledger.js';

/**
 * `medseal-audit`: verifies the stored proof of an audit, or a whole file, from exported blocks, offline. One JSON line on
 * standard output; status 0 when valid, 1 when not, 2 when it cannot be told.
 */
async function main(): Promise<ExitStatus> {
  const { blocks, genesis, ask } = readAuditQuestion(process.argv.slice(2));
  const ledger = new ExportedLedger(blocks, genesis);
  const damage = damageOf(ledger);
  const judged = await ask(ledger);
  const judgement =
    damage === undefined ? judged : { ...judged, verdict: 'unknown' as const, reasons: [damage] };
  printAnswer(judgement, ledger, genesis);
  return judgement.verdict === 'valid' ? 0 : judgement.verdict === 'unknown' ? 2 : 1;
}

runCommand('medseal-audit', main);
