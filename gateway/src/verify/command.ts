import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseLossless } from '../records/document/lossless-json.js';
import {
  CommandError,
  damageOf,
  type ExitStatus,
  LEDGER_OPTIONS,
  ledgerValues,
  printAnswer,
  runCommand,
} from './command-line.js';
import { ExportedLedger } from './exported-ledger.js';
import { judge, type Judgement } from './judge.js';
import { parseStatement, type Statement, StatementError } from './statement.js';

/**
 * `npm run verify -- …`: verifies a receipt, a document or a certificate of erasure from exported blocks, offline. One JSON line on standard output;
 * status 0 when valid, 1 when not, 2 when it cannot be told.
 */

const USAGE = `usage: npm run verify -- --blocks <folder> [--genesis <hash of block 0>] <statement.json>
       npm run verify -- --export <folder> --url <gateway> (the session token is read from MEDSEAL_TOKEN)`;

async function main(): Promise<ExitStatus> {
  const { values, positionals } = arguments_();
  if (values.export !== undefined) {
    if (values.url === undefined) throw new CommandError(`--url is missing\n${USAGE}`);
    const count = await exportBlocks(values.url, values.export);
    process.stdout.write(`${JSON.stringify({ exported: count, folder: values.export })}\n`);
    return 0;
  }
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw new CommandError(USAGE);
  const { blocks, genesis } = ledgerValues(values, USAGE);
  const ledger = new ExportedLedger(blocks, genesis);
  const judged = await judge(readStatement(file), ledger);
  const damage = damageOf(ledger);
  const judgement: Judgement =
    damage === undefined ? judged : { ...judged, verdict: 'unknown', reason: damage };
  printAnswer(judgement, ledger, genesis);
  return judgement.verdict === 'valid' ? 0 : judgement.verdict === 'unknown' ? 2 : 1;
}

function arguments_() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        ...LEDGER_OPTIONS,
        export: { type: 'string' },
        url: { type: 'string' },
      },
    });
  } catch (error) {
    throw new CommandError(`${(error as Error).message}\n${USAGE}`);
  }
}

function readStatement(file: string): Statement {
  let value: unknown;
  try {
    value = parseLossless(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CommandError(`${file} cannot be read as JSON: ${(error as Error).message}`);
  }
  try {
    return parseStatement(value);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    throw new CommandError(`${file}: ${error.message}`);
  }
}

/** @returns the number of blocks written, one file each */
async function exportBlocks(url: string, folder: string): Promise<number> {
  const token = process.env['MEDSEAL_TOKEN'];
  if (token === undefined) throw new CommandError('MEDSEAL_TOKEN is not set: sign in and give its token');
  const get = async (route: string): Promise<Response> => {
    const response = await fetch(`${url}/api/v1/blockchain/blocks${route}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (!response.ok) throw new CommandError(`${url} answered ${response.status} for blocks${route}`);
    return response;
  };
  const { total } = (await (await get('?limit=1')).json()) as { total: number };
  mkdirSync(folder, { recursive: true });
  for (let number = 0; number < total; number += 1) {
    const bytes = Buffer.from(await (await get(`/${number}/bytes`)).arrayBuffer());
    writeFileSync(path.join(folder, `${String(number).padStart(9, '0')}.block`), bytes);
  }
  return total;
}

runCommand('verify', main);
