#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { createNetwork, type EmbeddedNetwork, type NetworkOptions } from './network.js';

const USAGE = `usage: main.js <configuration.json>
       main.js scrub <data folder>
       main.js rebuild <data folder>`;

/** One line for people: what is wrong and what to do. */
function fail(error: unknown): never {
  const { code, message, path } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOSPC: `no space left on the disk (${path ?? message}); free some and start again`,
    EROFS: `the disk is read-only (${path ?? message}); mount it writable and start again`,
    EACCES: `no permission for ${path ?? message}; correct the owner or mode and start again`,
  };
  process.stderr.write(`embedded network: ${(code && reasons[code]) ?? message.split('\n')[0]}\n`);
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
  const network = await createNetwork(readOptions(file));
  let closing = false;
  const stop = () => {
    if (closing) return;
    closing = true;
    network.close().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`${JSON.stringify(readyLine(network, performance.now() - started))}\n`);
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

const [command, argument] = process.argv.slice(2);
if (!command || (['scrub', 'rebuild'].includes(command) && !argument)) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}
run(command).catch(fail);
