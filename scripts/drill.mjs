import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { giveChromiumToTests } from './lib/chromium.mjs';
import { DRILLS } from './lib/drills.mjs';
import { fail } from './lib/fail.mjs';
import { prepare, ROOT } from './lib/prepare.mjs';

// `npm run drill [-- name …]`: the acceptance tests with an issue's full counts; each writes docs/results/<name>.json.

const wanted = process.argv.slice(2);
for (const name of wanted)
  if (!(name in DRILLS)) fail(`there is no drill "${name}"; there are ${Object.keys(DRILLS).join(', ')}.`);
await prepare();

const seed = Number(process.env.MEDSEAL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
let failed = 0;
for (const [name, { project, file, environment }] of Object.entries(DRILLS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (project === 'browser') await giveChromiumToTests();
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
