import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromiumForTests } from './lib/chromium.mjs';
import { fail } from './lib/fail.mjs';
import { prepare, ROOT } from './lib/prepare.mjs';

// `npm run drill [-- name …]`: the acceptance tests with an issue's full counts; each writes docs/results/<name>.json.

const DRILLS = {
  tampering: { project: 'acceptance', file: 'tampering.test.ts', environment: { MEDSEAL_FLIPS: '1000' } },
  storage: {
    project: 'embedded-fabric',
    file: 'ledger-durability.test.ts',
    environment: { MEDSEAL_FLIPS: '1000' },
  },
  kill: { project: 'acceptance', file: 'kill.test.ts', environment: { MEDSEAL_KILLS: '500' } },
  consent: { project: 'chaincode', file: 'consent-matrix.test.ts', environment: { MEDSEAL_CELLS: '5000' } },
  revoke: {
    project: 'chaincode',
    file: 'revoke-race.test.ts',
    environment: { MEDSEAL_REVOCATIONS: '1000' },
  },
  'hostile-client': {
    project: 'chaincode',
    file: 'hostile-client.test.ts',
    environment: { MEDSEAL_QUESTIONS: '5000', MEDSEAL_READS: '200' },
  },
  reencryption: {
    project: 'crypto',
    file: 'crypto/test/(reencryption|streams)',
    environment: { MEDSEAL_REENCRYPTION_RUNS: '20' },
  },
  auditing: {
    project: 'crypto',
    file: 'crypto/test/audit',
    environment: { MEDSEAL_AUDIT_RUNS: '60', MEDSEAL_AUDIT_BYTES: '5000000' },
  },
  documents: {
    project: 'crypto',
    file: 'crypto/test/document-(properties|samples)',
    environment: {
      MEDSEAL_DOCUMENT_RUNS: '40',
      MEDSEAL_DOCUMENT_BYTES: '5000000',
      MEDSEAL_SAMPLE_PATIENTS: '12',
    },
  },
  'free-text': { project: 'crypto', file: 'crypto/test/free-text', environment: {} },
  objects: {
    project: 'gateway',
    file: 'gateway/test/storage-',
    environment: { MEDSEAL_STORE_MIB: '100', MEDSEAL_PROVER_RUNS: '60' },
  },
  faults: {
    project: 'gateway',
    file: 'gateway/test/audits.test.ts',
    environment: { MEDSEAL_FAULTS: '1000' },
  },
  erasure: { project: 'acceptance', file: 'erasure.test.ts', environment: { MEDSEAL_ERASURES: '10' } },
  upgrade: { project: 'acceptance', file: 'upgrade.test.ts', environment: { MEDSEAL_FIXTURES: 'all' } },
  pages: {
    project: 'browser',
    file: 'browser/console.test.ts',
    environment: { MEDSEAL_PAGES: 'every role' },
  },
  secrecy: { project: 'acceptance', file: 'secrecy.test.ts', environment: { MEDSEAL_NUMBERS: '1000000000' } },
};

/** Needs a network of several processes. */
if (process.env.NETWORK === 'fabric') {
  DRILLS.nodes = { project: 'acceptance', file: 'nodes.test.ts', environment: { MEDSEAL_NODE_KILLS: '3' } };
}

const wanted = process.argv.slice(2);
for (const name of wanted)
  if (!(name in DRILLS)) fail(`there is no drill "${name}"; there are ${Object.keys(DRILLS).join(', ')}.`);
await prepare();
process.env.CHROMIUM_BIN ??= (await chromiumForTests()).path ?? '';

const seed = Number(process.env.MEDSEAL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
let failed = 0;
for (const [name, { project, file, environment }] of Object.entries(DRILLS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-drill-'));
  const output = path.join(folder, 'results.json');
  const figures = path.join(folder, 'figures.jsonl');
  const args = ['--selectProjects', project, '--runInBand', '--json', `--outputFile=${output}`, file];
  const began = Date.now();
  spawnSync(process.execPath, [path.join(ROOT, 'node_modules/jest/bin/jest.js'), ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...overridden(environment), MEDSEAL_SEED: String(seed), MEDSEAL_FIGURES: figures },
  });
  const results = JSON.parse(readFileSync(output, 'utf8'));
  const measured = existsSync(figures) ? readFileSync(figures, 'utf8').trimEnd().split('\n') : [];
  rmSync(folder, { recursive: true, force: true });
  const report = {
    drill: name,
    commit,
    seed,
    date: new Date().toISOString(),
    counts: overridden(environment),
    seconds: Math.round((Date.now() - began) / 1000),
    passed: results.numPassedTests,
    failed: results.numFailedTests,
    ...(measured.length > 0 && { figures: measured.map((line) => JSON.parse(line)) }),
    tests: results.testResults.flatMap(({ assertionResults }) =>
      assertionResults.map(({ title, status }) => ({ title, status })),
    ),
  };
  mkdirSync(path.join(ROOT, 'docs/results'), { recursive: true });
  writeFileSync(path.join(ROOT, 'docs/results', `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  failed += results.numFailedTests;
}
process.exit(failed === 0 ? 0 : 1);

/** A count set by hand wins, for a shorter drill; the result file says which was run. */
function overridden(environment) {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, process.env[name] ?? value]),
  );
}
