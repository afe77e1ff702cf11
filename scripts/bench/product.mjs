import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../lib/prepare.mjs';

// The whole product as its users start it, driven through REST.

const NAMES = [
  ['network/embedded/dist/main.js', 'network'],
  ['chaincode/dist/main.js', 'chaincode'],
  ['gateway/dist/main.js', 'gateway'],
];

/** `npm start` on a folder; `startMs` is the time until it says that it is ready. */
async function start(folder, port, network, demo = 'paper') {
  const began = performance.now();
  const child = spawn(process.execPath, [path.join(ROOT, 'scripts/start.mjs')], {
    cwd: ROOT,
    env: {
      ...process.env,
      NETWORK: network,
      MEDSEAL_DATA: folder,
      MEDSEAL_PORT: String(port),
      MEDSEAL_DEMO: demo,
      MEDSEAL_RATE_LIMIT: '1000000',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = [];
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
  const output = createInterface({ input: child.stdout });
  await new Promise((resolve, reject) => {
    output.on('line', (line) => {
      if (line.includes('Ready at')) resolve();
    });
    child.once('exit', () =>
      reject(new Error(`the product did not start: ${lines.at(-1) ?? 'no reason given'}`)),
    );
  });
  return { child, startMs: Math.round(performance.now() - began) };
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Processes below `pid` by name; the gateway's own child is its database. */
function descendants(pid, found = {}, under = '') {
  for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)) {
    const command = readFileSync(`/proc/${child}/cmdline`, 'utf8');
    const known = NAMES.find(([file]) => command.includes(file))?.[1];
    const base = known ?? (under === 'gateway' ? 'database' : 'other');
    let name = base;
    for (let number = 2; name in found; number += 1) name = `${base} ${number}`;
    found[name] = Number(child);
    descendants(child, found, known ?? under);
  }
  return found;
}

/** The network's package is built only after this module was loaded. */
async function freePort() {
  const { reservePorts } = await import('@medseal/embedded-fabric/free-ports');
  const [port] = await reservePorts(1);
  return port;
}

/** Starts the product on a new folder, stops it, starts it again, and gives operations through REST. */
export async function product(folder, network = 'embedded') {
  const port = await freePort();
  const cold = await start(folder, port, network);
  await end(cold.child);
  const warm = await start(folder, port, network);
  return {
    starts: { 'product, cold': cold.startMs, 'product, warm': warm.startMs },
    pids: descendants(warm.child.pid),
    operations: await operations(folder),
    stop: () => end(warm.child),
  };
}

/** The product with the paper's demo, for what goes through its users' hands; see `consent-reading.mjs`. */
export async function productWithDemo(folder, network, demo) {
  const port = await freePort();
  const { child } = await start(folder, port, network, demo);
  return { pids: descendants(child.pid), stop: () => end(child) };
}

/** One evaluation and one submitted transaction, each as a single call of the API. */
async function operations(folder) {
  const { MedsealClient } = createRequire(import.meta.url)('@medseal/client');
  const { url, users } = JSON.parse(readFileSync(path.join(folder, 'demo.json'), 'utf8'));
  const { organization, username, password } = users.find(
    (user) => user.role === 'doctor' && user.organization === 'city',
  );
  const client = new MedsealClient(url);
  await client.login(organization, username, password);
  const list = async (route) => (await client.http.request('GET', route)).body.items;
  const [patient] = await list('/patients');
  const record = {
    registrationNo: patient.registrationNo,
    scope: 'general',
    recordType: 'OPConsultation',
    effectiveDate: '2020-02-29',
  };
  return {
    'GET /organizations': () => client.http.request('GET', '/organizations'),
    'POST /records/prepare': () => client.http.request('POST', '/records/prepare', { body: record }),
  };
}
