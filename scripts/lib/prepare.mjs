import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail } from './fail.mjs';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const SOURCES = ['crypto', 'chaincode', 'client', 'gateway', 'network/embedded', 'network/fabric'];
const CONSOLE = 'gateway/console';
const INSTALLED = path.join(ROOT, 'node_modules/.medseal-installed');
const BUILT = path.join(ROOT, 'node_modules/.medseal-built');

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(
      `Medseal needs Node 20.19 or later; this is ${process.versions.node}. Install a newer Node and start again.`,
    );
  }
}

function run(command, args, what) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk) => (output = (output + chunk).slice(-20_000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => fail(`${what} could not start: ${error.message}`));
    child.on('exit', (code) => (code === 0 ? resolve() : fail(`${what} failed (exit ${code}):\n${output}`)));
  });
}

const stamp = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

function* sourceFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(file);
    else yield file;
  }
}

/** Changes when any source file's name, size or time does; reading contents would cost a warm start its speed. */
function sourcesFingerprint() {
  const hash = createHash('sha256');
  for (const folder of [...SOURCES, CONSOLE]) {
    for (const file of [...sourceFiles(path.join(ROOT, folder, 'src'))].sort()) {
      const { size, mtimeMs } = statSync(file);
      hash.update(`${path.relative(ROOT, file)}:${size}:${mtimeMs}\n`);
    }
    hash.update(readFileSync(path.join(ROOT, folder, 'tsconfig.json')));
  }
  for (const file of [`${CONSOLE}/index.html`, `${CONSOLE}/vite.config.ts`, 'tsconfig.base.json'])
    hash.update(readFileSync(path.join(ROOT, file)));
  return hash.digest('hex');
}

/** Installs what the lock file says and builds the packages; does nothing where both are up to date. */
export async function prepare(report = console.log) {
  checkNode();
  const lock = createHash('sha256')
    .update(readFileSync(path.join(ROOT, 'package-lock.json')))
    .digest('hex');
  if (stamp(INSTALLED) !== lock) {
    // A developer's own install is taken as it is; only a missing or outdated tree is installed.
    report('Installing packages …');
    // `npm ci` refuses a lock file that lacks another platform's optional binaries; this installs the same versions.
    await run('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'], 'npm install');
    mkdirSync(path.dirname(INSTALLED), { recursive: true });
    writeFileSync(INSTALLED, lock);
  }
  const sources = sourcesFingerprint();
  const complete =
    SOURCES.every((folder) => existsSync(path.join(ROOT, folder, 'dist/index.js'))) &&
    existsSync(path.join(ROOT, CONSOLE, 'dist/index.html'));
  if (stamp(BUILT) !== sources || !complete) {
    report('Building …');
    const projects = SOURCES.map((folder) => path.join(ROOT, folder));
    const node = (script, args, what) =>
      run(process.execPath, [path.join(ROOT, 'node_modules', script), ...args], what);
    await Promise.all([
      node('typescript/bin/tsc', ['-b', ...projects], 'The build'),
      // Bundled from sources, so it need not wait for the others.
      node('vite/bin/vite.js', ['build', path.join(ROOT, CONSOLE)], "The console's build"),
    ]);
    writeFileSync(BUILT, sources);
  }
}
