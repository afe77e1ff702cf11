import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { assetOperations, measure, MEMBERS } from './bench/asset-load.mjs';
import { auditing, auditingLines } from './bench/auditing.mjs';
import { consoleLines, consolePages } from './bench/console-pages.mjs';
import { consenting, consentingLines } from './bench/consenting.mjs';
import { embeddedNetwork } from './bench/embedded-network.mjs';
import { fabricNetworks, fabricProblem } from './bench/fabric-network.mjs';
import { openContract } from './bench/gateway-client.mjs';
import { product } from './bench/product.mjs';
import { processLines, tableHead, tableRow } from './bench/table.mjs';
import { fail } from './lib/fail.mjs';
import { prepare, ROOT } from './lib/prepare.mjs';

// `npm run bench [-- --networks embedded,fabric] [--only <part>] [--quick]`: one table from one run, and
// docs/results/bench.json; a part alone goes to docs/results/bench-<part>.json.

const USAGE = 'usage: npm run bench [-- --networks embedded,fabric] [--only audit|consent|console] [--quick]';
const KNOWN = ['embedded', 'fabric'];
/** Parts that run alone: what measures one, and its lines of the table. */
const PARTS = {
  audit: { measure: auditing, lines: auditingLines },
  consent: { measure: consenting, lines: consentingLines },
  console: { measure: consolePages, lines: consoleLines },
};

const { networks, only, quick } = readArguments();
const timing = quick ? { seconds: 2, warmUpSeconds: 1 } : { seconds: 8, warmUpSeconds: 3 };
const levels = quick ? [1, 64] : [1, 16, 64];
const folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-bench-'));
const starts = [];
const rows = [];
const notes = [];
let consent;
let audit;

try {
  await prepare();
  if (only === undefined) await measureAll();
  else await measureOnly(only);
} catch (error) {
  fail(`the measurement ended: ${error.message}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @returns the networks to measure; ends the process with one line when the arguments are not understood */
function readArguments() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        networks: { type: 'string', default: 'embedded' },
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    fail(`${error.message}; ${USAGE}`);
  }
  const wanted = values.networks.split(',');
  const unknown = wanted.find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) fail(`--networks knows ${KNOWN.join(' and ')}, not "${unknown}"; ${USAGE}`);
  if (values.only !== undefined && !(values.only in PARTS))
    fail(`--only knows ${Object.keys(PARTS).join(', ')}, not "${values.only}"; ${USAGE}`);
  return { networks: wanted, only: values.only, quick: values.quick };
}

async function measureAll() {
  consent = await consenting({ quick, networks, report: (line) => console.error(line) });
  audit = await auditing({ quick, report: (line) => console.error(line) });
  if (networks.includes('embedded')) {
    const network = await embeddedNetwork(path.join(folder, 'embedded'));
    await measureNetwork(network);
    await measureProduct();
  }
  if (networks.includes('fabric')) {
    const problem = fabricProblem();
    if (problem !== undefined) note(`Fabric was not measured: ${problem}`);
    else
      for await (const network of fabricNetworks(path.join(folder, 'fabric'))) await measureNetwork(network);
  }
  print();
  save();
}

async function measureOnly(part) {
  const { measure: measurePart, lines } = PARTS[part];
  const measured = await measurePart({ quick, networks, report: (line) => console.error(line) });
  console.log(lines(measured).join('\n'));
  write(`bench-${part}.json`, { [part]: measured });
}

async function measureNetwork(network) {
  starting(network.name, network.starts);
  try {
    const { contract, close } = await openContract(network.profile, MEMBERS[0], 'asset');
    try {
      const operations = await assetOperations(contract);
      await measureRows(network.name, operations, network.pids, network.networkProcesses);
    } finally {
      close();
    }
  } finally {
    await network.stop();
  }
}

async function measureProduct() {
  const { operations, pids, starts: times, stop } = await product(path.join(folder, 'product'));
  starting('product on embedded', times);
  try {
    await measureRows('product on embedded', operations, pids, ['network']);
  } finally {
    await stop();
  }
}

async function measureRows(name, operations, pids, networkProcesses) {
  const report = (row) => console.error(tableRow({ network: name, networkProcesses, ...row }));
  for (const row of await measure(operations, { ...timing, levels, pids, report }))
    rows.push({ network: name, networkProcesses, ...row });
}

function starting(network, times) {
  for (const [what, milliseconds] of Object.entries(times)) {
    starts.push({ network, what, milliseconds });
    console.error(`${network}: ${what}: ${(milliseconds / 1000).toFixed(1)} s`);
  }
}

function note(text) {
  notes.push(text);
  console.error(text);
}

function print() {
  const heads = starts.map(
    ({ network, what, milliseconds }) =>
      `${`${network}: ${what}`.padEnd(52)} ${(milliseconds / 1000).toFixed(2)} s`,
  );
  const processes = rows.filter(({ error, inFlight }) => error === undefined && inFlight === levels.at(-1));
  console.log(
    [
      'From process start until clients are served:',
      ...heads,
      '',
      'Two endorsers, TLS, synced writes; CPU ms an operation. "other" is CPU that other programs used (100 = one core):',
      'compare CPU ms rather than rates and latencies when it is not near 0.',
      'embedded: no consensus, one process.',
      '',
      tableHead(),
      ...rows.map(tableRow),
      '',
      'By process, CPU an operation and resident memory:',
      ...processes.map(processLines),
      '',
      ...consentingLines(consent),
      '',
      ...auditingLines(audit),
      ...notes,
    ].join('\n'),
  );
}

function save() {
  write('bench.json', {
    starts,
    rows,
    consent,
    audit,
    notes: ['embedded: no consensus, one process', ...notes],
  });
}

/** A quick run is for a look only and leaves the files alone. */
function write(name, measured) {
  if (quick) return;
  const file = path.join(ROOT, 'docs/results', name);
  const git = (...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  const [{ model = 'unknown' } = {}] = os.cpus();
  const report = {
    commit: git('rev-parse', 'HEAD'),
    date: new Date().toISOString(),
    machine: {
      cpu: model,
      cores: os.cpus().length,
      memoryGb: Math.round(os.totalmem() / 2 ** 30),
      platform: `${os.type()} ${os.release()}`,
      node: process.version,
    },
    ...measured,
  };
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}
