import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { giveChromiumToTests } from './lib/chromium.mjs';
import { DRILLS } from './lib/drills.mjs';
import { prepare, ROOT } from './lib/prepare.mjs';

// `npm test [-- <jest arguments>]`: static checks, the packages' tests, acceptance and the console on the running product, all side by side.
// Ends with one plain line: `N passed, N failed, N skipped`.

await prepare();

const PACKAGES = ['crypto', 'embedded-fabric', 'fabric-network', 'chaincode', 'client', 'gateway'];
const PRODUCT = ['acceptance', 'security', 'browser'];

/** For the two cores there are at least: a test waits for its processes and timers more than half of its time. */
const WORKERS = 5;

const { testPathIgnorePatterns } = createRequire(import.meta.url)('../jest.preset.js');
const WITHOUT_DRILLS = [
  ...testPathIgnorePatterns,
  ...Object.values(DRILLS)
    .filter(({ isOnly }) => isOnly)
    .map(({ project, file }) => `/${project}/${file}`),
].map((pattern) => `--testPathIgnorePatterns=${pattern}`);

/** The cores have enough to do: V8's helper threads would only take turns with them, for a tenth of a process's start. */
const V8_ALONE = '--v8-pool-size=0';

const total = { passed: 0, failed: 0, skipped: 0 };
const skipped = [];
/** Told once more at the end: of a long run only the last lines may be kept. */
const failures = [];
const bin = (name) => path.join(ROOT, 'node_modules', name);

const run = (script, args) =>
  new Promise((resolve) => {
    spawn(process.execPath, [script, ...args], {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, FORCE_COLOR: '0' },
    }).on('exit', resolve);
  });

async function check(title, script, args) {
  const code = await run(script, args);
  console.log(`${code === 0 ? 'PASS' : 'FAIL'} ${title}`);
  total[code === 0 ? 'passed' : 'failed']++;
  if (code !== 0) failures.push(title);
}

const ERROR_LINES = 12;

/** The first lines of an error that say something, without colours. */
const firstLines = (text = '') =>
  stripVTControlCharacters(text)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, ERROR_LINES)
    .map((line) => `    ${line}`)
    .join('\n');

async function jest(args) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-test-'));
  const file = path.join(folder, 'results.json');
  const code = await run(bin('jest/bin/jest.js'), ['--json', `--outputFile=${file}`, ...args]);
  try {
    const results = JSON.parse(readFileSync(file, 'utf8'));
    total.passed += results.numPassedTests;
    total.failed += results.numFailedTests;
    total.skipped += results.numPendingTests + results.numTodoTests;
    for (const { name, status: ofFile, message, assertionResults } of results.testResults) {
      const suite = path.relative(ROOT, name);
      for (const { fullName, status, failureMessages } of assertionResults) {
        if (status === 'pending') skipped.push(fullName);
        if (status === 'failed') failures.push(`${suite}: ${fullName}\n${firstLines(failureMessages[0])}`);
      }
      if (ofFile === 'failed' && !assertionResults.some(({ status }) => status === 'failed'))
        failures.push(`${suite}\n${firstLines(message)}`);
    }
    // A suite that did not even run has no failed test of its own.
    total.failed += results.numRuntimeErrorTestSuites;
    if (code !== 0 && results.numFailedTests + results.numRuntimeErrorTestSuites === 0) {
      total.failed++;
      failures.push(`Jest ended with ${code}`);
    }
  } catch (error) {
    total.failed++;
    failures.push(`Jest ended with ${code} and left no results: ${error.message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const own = process.argv.slice(2);
process.env.NODE_OPTIONS = [process.env.NODE_OPTIONS, V8_ALONE].filter(Boolean).join(' ');
if (own.length > 0) {
  if (own.includes('browser')) await giveChromiumToTests();
  await jest(own);
} else {
  const tsc = bin('typescript/bin/tsc');
  // Two at a time: eslint takes about as long as the others together.
  const checks = Promise.all([
    check('eslint', bin('eslint/bin/eslint.js'), ['.']),
    (async () => {
      await check('imports go one way', path.join(ROOT, 'scripts/check-imports.mjs'), []);
      await check('texts are in the catalogue', path.join(ROOT, 'scripts/check-messages.mjs'), []);
      await check('types of the tests', tsc, ['-p', path.join(ROOT, 'tsconfig.tests.json')]);
      await check('console types', tsc, ['-p', path.join(ROOT, 'gateway/console')]);
      await check('prettier', bin('prettier/bin/prettier.cjs'), ['--check', '--log-level', 'warn', '.']);
    })(),
  ]);
  await giveChromiumToTests();
  const workers = `--maxWorkers=${WORKERS}`;
  if (process.env.NETWORK === 'fabric') {
    await jest([workers, ...WITHOUT_DRILLS, '--selectProjects', ...PACKAGES]);
    // Real Fabric's ports are the machine's; an embedded network takes what is free.
    await jest(['--runInBand', ...WITHOUT_DRILLS, '--selectProjects', ...PRODUCT]);
  } else await jest([workers, ...WITHOUT_DRILLS, '--selectProjects', ...PACKAGES, ...PRODUCT]);
  await checks;
}
// A title says why, where a network lacks something; what a run of chosen tests leaves out is no news.
const told = skipped.filter((name) => own.length === 0 || name.includes('skipped: '));
if (told.length > 0) console.log(`\n${told.map((name) => `SKIP ${name}`).join('\n')}`);
if (failures.length > 0) console.log(`\n${failures.map((failure) => `FAIL ${failure}`).join('\n')}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
