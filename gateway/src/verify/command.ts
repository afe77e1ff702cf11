import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseLossless } from '../records/document/lossless-json.js';
import { ExportedLedger, ExportError } from './exported-ledger.js';
import { judge, type Judgement } from './judge.js';
import { parseStatement, type Statement, StatementError } from './statement.js';

/**
 * `npm run verify -- …`: verifies a receipt, a document or a certificate of erasure from exported blocks, offline. One JSON line on standard output;
 * status 0 when valid, 1 when not, 2 when it cannot be told.
 */

const USAGE = `usage: npm run verify -- --blocks <folder> [--genesis <hash of block 0>] <statement.json>
       npm run verify -- --export <folder> --url <gateway> (the session token is read from MEDSEAL_TOKEN)`;

/** A question that cannot be answered; the sentence is all that is printed. */
class CommandError extends Error {}

async function main(): Promise<number> {
  const { values, positionals } = arguments_();
  if (values.export !== undefined) {
    if (values.url === undefined) throw new CommandError(`--url is missing\n${USAGE}`);
    const count = await exportBlocks(values.url, values.export);
    process.stdout.write(`${JSON.stringify({ exported: count, folder: values.export })}\n`);
    return 0;
  }
  const [file, ...others] = positionals;
  if (values.blocks === undefined || file === undefined || others.length > 0) throw new CommandError(USAGE);
  if (values.genesis !== undefined && !/^[0-9a-f]{64}$/.test(values.genesis))
    throw new CommandError('--genesis must be 64 lower-case hex characters');
  const ledger = new ExportedLedger(values.blocks, values.genesis);
  const judgement = unlessDamaged(ledger, await judge(readStatement(file), ledger));
  const { genesisHash, height, invalid } = ledger;
  process.stdout.write(
    `${JSON.stringify({ ...judgement, asOfBlock: height - 1, genesisHash, firstInvalid: invalid[0] ?? null })}\n`,
  );
  if (values.genesis === undefined)
    process.stderr.write(`Trust in this answer is trust in block 0: compare its hash ${genesisHash}.\n`);
  return judgement.verdict === 'valid' ? 0 : judgement.verdict === 'unknown' ? 2 : 1;
}

/** One bad block is enough to distrust the copy: what came before it is chained to what came after. */
function unlessDamaged({ invalid }: ExportedLedger, judgement: Judgement): Judgement {
  const [first] = invalid;
  return first === undefined
    ? judgement
    : {
        ...judgement,
        verdict: 'unknown',
        reason: `These blocks do not verify: ${first.kind} ${first.id}: ${first.reason}.`,
      };
}

function arguments_() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        blocks: { type: 'string' },
        genesis: { type: 'string' },
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

main().then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    const known = error instanceof CommandError || error instanceof ExportError;
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`verify: ${known ? reason : `failed: ${reason}`}\n`);
    process.exitCode = 2;
  },
);
