import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { fail } from './fail.mjs';
import { ROOT } from './prepare.mjs';

/** The folder of all state: `MEDSEAL_DATA`, default `.medseal/` in the checkout. */
export function dataFolder() {
  return path.resolve(ROOT, process.env.MEDSEAL_DATA ?? '.medseal');
}

export function portFromEnvironment() {
  const text = process.env.MEDSEAL_PORT ?? '9091';
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) {
    fail(`MEDSEAL_PORT must be a port number from 1 to 65535; it is "${text}".`);
  }
  return port;
}

const explain = {
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  ENOTDIR: 'part of the path is a file',
  ENOENT: 'no folder can be made there',
};

/** Where each network keeps its data below the data folder. */
const NETWORK_FOLDERS = { embedded: 'network', fabric: 'fabric' };

/** Why the folder cannot be this network's, if it is another's. */
export function refusalOfNetwork(folder, network) {
  const other = Object.entries(NETWORK_FOLDERS)
    .filter(([name]) => name !== network)
    .map(([, name]) => path.join(folder, name))
    .find((place) => existsSync(place));
  return (
    other &&
    `${folder} has the data of another network (${other}); set MEDSEAL_DATA to another folder or NETWORK as before.`
  );
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Process that has the folder's lock, if it still runs. */
export function lockOwner(folder) {
  const lock = path.join(folder, 'lock');
  const owner = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
  return owner && isRunning(owner) ? owner : undefined;
}

/** Level by level: Node's own recursive way never returns where a file system forbids folders, as /proc does. */
function makeFolder(folder) {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

/** Makes the folder and takes its lock; the lock of a killed process is taken over. */
export function claimDataFolder(folder) {
  const lock = path.join(folder, 'lock');
  try {
    makeFolder(folder);
    for (let attempt = 0; ; attempt++) {
      try {
        const handle = openSync(lock, 'wx', 0o600);
        writeSync(handle, String(process.pid));
        closeSync(handle);
        break;
      } catch (error) {
        if (error.code !== 'EEXIST' || attempt > 1) throw error;
        const owner = Number(readFileSync(lock, 'utf8'));
        if (owner && owner !== process.pid && isRunning(owner)) {
          fail(
            `${folder} is in use by another start (process ${owner}); stop it first, or set MEDSEAL_DATA to another folder.`,
          );
        }
        rmSync(lock, { force: true });
      }
    }
  } catch (error) {
    fail(
      `cannot write to ${folder}: ${explain[error.code] ?? error.message}. Free or choose another place with MEDSEAL_DATA.`,
    );
  }
  return () => {
    if (existsSync(lock) && readFileSync(lock, 'utf8') === String(process.pid)) rmSync(lock, { force: true });
  };
}

/** One clear line if nobody may listen on the port. */
export function checkPort(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error) => {
      const reason =
        error.code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${error.code})`;
      fail(`port ${port} ${reason}; stop that program or set MEDSEAL_PORT to a free port.`);
    });
    probe.listen(port, '127.0.0.1', () => probe.close(resolve));
  });
}
