import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AUDITED_KINDS } from '@medseal/chaincode';
import { isHex, mclEngine, nobleEngine, type PairingEngine } from '@medseal/crypto';
import { type FileJudgement, judgeFile, judgeProof, type ProofJudgement } from './audit-judge.js';
import { CommandError, LEDGER_OPTIONS, ledgerValues } from './command-line.js';
import type { ExportedLedger } from './exported-ledger.js';

const USAGE = `usage: medseal-audit proof <auditId> --blocks <folder> [--genesis <hash of block 0>]
           [--signed-file <file>, where the file is a sanitised one] [--engine mcl|noble]
       medseal-audit file <recordId> --version <number> --kind sealed|sanitized
           --object <file> --signed-file <file> --blocks <folder> [--genesis <hash>] [--engine mcl|noble]`;

export interface AuditQuestion {
  /** Folder of the exported blocks. */
  readonly blocks: string;
  /** Header hash of block 0, hex. */
  readonly genesis: string | undefined;
  ask(ledger: ExportedLedger): Promise<ProofJudgement | FileJudgement>;
}

/**
 * What `medseal-audit` is asked by its arguments; the files that they name are read.
 *
 * @throws CommandError naming the argument and what it must be
 */
export function readAuditQuestion(args: string[]): AuditQuestion {
  const { values, positionals } = parsed(args);
  const [subject, id, ...others] = positionals;
  if ((subject !== 'proof' && subject !== 'file') || id === undefined || others.length > 0)
    throw new CommandError(USAGE);
  const engineOf = engineNamed(values.engine);
  const ask = subject === 'proof' ? proofQuestion(id, values) : fileQuestion(id, values);
  return {
    ...ledgerValues(values, USAGE),
    ask: async (ledger) => ask(ledger, await engineOf()),
  };
}

type Values = ReturnType<typeof parsed>['values'];
type Question = (ledger: ExportedLedger, engine: PairingEngine) => Promise<ProofJudgement | FileJudgement>;

function proofQuestion(auditId: string, values: Values): Question {
  if (!isHex(auditId, 32)) throw new CommandError('the audit id must be 64 lower-case hex characters');
  const file = values['signed-file'];
  const signedFile = file === undefined ? undefined : bytesOf('--signed-file', file);
  return (ledger, engine) => judgeProof(ledger, engine, { auditId, signedFile });
}

function fileQuestion(recordId: string, values: Values): Question {
  if (!isHex(recordId, 16)) throw new CommandError('the record id must be 32 lower-case hex characters');
  if (!/^[1-9]\d{0,8}$/.test(values.version ?? ''))
    throw new CommandError(
      `--version must be a whole number from 1: name the version of the record\n${USAGE}`,
    );
  const kind = AUDITED_KINDS.find((one) => one === values.kind);
  if (kind === undefined)
    throw new CommandError(`--kind must be ${AUDITED_KINDS.join(' or ')}: say which of the two files it is`);
  const question = {
    recordId,
    version: Number(values.version),
    kind,
    object: bytesOf('--object', values.object),
    signedFile: bytesOf('--signed-file', values['signed-file']),
  };
  return (ledger, engine) => judgeFile(ledger, engine, question);
}

function bytesOf(option: string, file: string | undefined): Uint8Array {
  if (file === undefined) throw new CommandError(`${option} is missing: name the file\n${USAGE}`);
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandError(`${option} ${file} cannot be read: ${(error as Error).message}`);
  }
}

/** noble is the reference implementation: slower, and not what endorsers verify with. */
function engineNamed(name: string): () => PairingEngine | Promise<PairingEngine> {
  if (name === 'mcl') return mclEngine;
  if (name === 'noble') return nobleEngine;
  throw new CommandError('--engine must be mcl or noble');
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        ...LEDGER_OPTIONS,
        version: { type: 'string' },
        kind: { type: 'string' },
        object: { type: 'string' },
        'signed-file': { type: 'string' },
        engine: { type: 'string', default: 'mcl' },
      },
    });
  } catch (error) {
    throw new CommandError(`${(error as Error).message}\n${USAGE}`);
  }
}
