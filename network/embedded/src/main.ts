#!/usr/bin/env node
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { channelConfigFromBlock } from './config/channel-config.js';
import { rebuildLedger, scrubLedger } from './ledger/maintenance.js';
import { createNetwork, type EmbeddedNetwork, type NetworkOptions } from './network.js';

const USAGE = `usage: main.js <configuration.json>
       main.js scrub <data folder>
       main.js rebuild <data folder>`;

function usage(): never {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}

function warn(line: string): void {
  process.stderr.write(`embedded network: ${line}\n`);
}

/** One line for people: what is wrong and what to do. */
function fail(error: unknown): never {
  const { code, message, path } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOSPC: `no space left on the disk (${path ?? message}); free some and start again`,
    EROFS: `the disk is read-only (${path ?? message}); mount it writable and start again`,
    EACCES: `no permission for ${path ?? message}; correct the owner or mode and start again`,
  };
  warn((code && reasons[code]) || (message.split('\n')[0] ?? message));
  process.exit(1);
}

/** @throws Error naming the file and the missing field. */
function readOptions(file: string): NetworkOptions {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`configuration ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const options = parsed as Partial<NetworkOptions>;
  for (const field of ['directory', 'channel'] as const) {
    if (typeof options[field] !== 'string' || !options[field]) {
      throw new Error(`configuration ${file}: ${field} must be a text`);
    }
  }
  if (!Array.isArray(options.organizations) || options.organizations.length === 0) {
    throw new Error(`configuration ${file}: organizations must name at least one organisation`);
  }
  return options as NetworkOptions;
}

async function run(file: string): Promise<void> {
  const started = performance.now();
  const network = await createNetwork({ ...readOptions(file), onFault: (error) => warn(error.message) });
  let closing = false;
  const stop = () => {
    if (closing) return;
    closing = true;
    network.close().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  print(readyLine(network, performance.now() - started));
}

function readyLine(network: EmbeddedNetwork, startMs: number) {
  return {
    ready: true,
    profile: network.profileFile,
    clock: network.clockFile,
    height: network.ledger.height,
    damage: network.damage(),
    startMs: Math.round(startMs),
  };
}

/** Checks or rebuilds a stopped network's ledger; exit code 3 when something is lost or needs a copy. */
async function maintain(command: 'scrub' | 'rebuild', folder: string): Promise<void> {
  const directory = join(folder, 'ledger');
  if (!existsSync(directory))
    throw new Error(`${folder} holds no network; name the data folder that has ledger/ in it`);
  const organizations = join(folder, 'organizations');
  const genesis = existsSync(organizations)
    ? readdirSync(organizations).find((name) => name.endsWith('.block'))
    : undefined;
  const run = command === 'scrub' ? scrubLedger : rebuildLedger;
  const report = await run({
    directory,
    loadConfig: channelConfigFromBlock,
    genesisBlock: genesis ? readFileSync(join(organizations, genesis)) : undefined,
  });
  print(report);
  process.exit(report.damage.some(({ remedy }) => remedy !== 'rebuilt') ? 3 : 0);
}

function print(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const [first, second] = process.argv.slice(2);
if (first === 'scrub' || first === 'rebuild') {
  if (!second) usage();
  maintain(first, second).catch(fail);
} else {
  if (!first || second) usage();
  run(first).catch(fail);
}
