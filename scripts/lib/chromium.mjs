import { execFileSync, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

// The browser tests run on the Chromium that the system has; nothing is downloaded past the system's package manager.

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const FOLDERS = ['/usr/bin', '/usr/local/bin', '/snap/bin'];
const INSTALL_DEADLINE_MS = 300_000;

const isExecutable = (file) => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Path of a Chromium: `CHROMIUM_BIN` where it is set, else the first found in `PATH` and the usual folders. */
export function findChromium(environment = process.env) {
  const { CHROMIUM_BIN: named, PATH: searched = '' } = environment;
  if (named) return isExecutable(named) ? named : undefined;
  const folders = [...searched.split(path.delimiter).filter(path.isAbsolute), ...FOLDERS];
  return NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(isExecutable);
}

const isCommand = (name) => {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
};

/** Resolves with what went wrong, or nothing. */
const apt = (args, signal) =>
  new Promise((resolve) => {
    const child = spawn('apt-get', ['-qq', '-y', '--no-install-recommends', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'pipe'],
      signal,
    });
    let output = '';
    child.stderr.on('data', (chunk) => (output = (output + chunk).slice(-2_000)));
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code) =>
      resolve(code === 0 ? undefined : output.trim().split('\n').at(-1) || `${code}`),
    );
  });

/**
 * Finds a Chromium, or installs Debian's where this process may.
 *
 * @returns `{ path }`, or `{ reason }` why there is none
 */
export async function chromiumForTests(report = console.log) {
  if (process.env.CHROMIUM_BIN && !findChromium())
    return { reason: `CHROMIUM_BIN names no program: ${process.env.CHROMIUM_BIN}` };
  const found = findChromium();
  if (found) return { path: found };
  const advice = 'install Chromium or set CHROMIUM_BIN';
  if (process.getuid?.() !== 0)
    return { reason: `no Chromium here, and only root may install it: ${advice}` };
  if (!isCommand('apt-get')) return { reason: `no Chromium here, and no apt-get to install it: ${advice}` };
  report('Installing Chromium for the browser tests …');
  const signal = AbortSignal.timeout(INSTALL_DEADLINE_MS);
  const fault = (await apt(['update'], signal)) ?? (await apt(['install', 'chromium'], signal));
  const installed = findChromium();
  return installed
    ? { path: installed }
    : { reason: `Chromium could not be installed (${fault}): ${advice}` };
}

/** For the browser tests, by their environment; without one they are skipped, and say why. */
export async function giveChromiumToTests() {
  const { path: found, reason } = await chromiumForTests();
  if (found) process.env.CHROMIUM_BIN = found;
  else {
    console.log(`The browser tests will be skipped: ${reason}.`);
    process.env.CHROMIUM_MISSING = reason;
    delete process.env.CHROMIUM_BIN;
  }
}
