import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  checkPort,
  claimDataFolder,
  dataFolder,
  portFromEnvironment,
  refusalOfNetwork,
} from './lib/data-folder.mjs';
import { DATABASE_TEMPLATES, prepareDatabaseTemplate } from './lib/database-template.mjs';
import {
  demoOrganizations,
  fabricFolder,
  fabricNetwork,
  fabricOptions,
  productChaincodes,
} from './lib/fabric.mjs';
import { fail } from './lib/fail.mjs';
import { prepare, ROOT } from './lib/prepare.mjs';
import { Processes } from './lib/processes.mjs';

// Starts the whole product on this machine and stays its parent until Ctrl-C.

const NETWORKS = ['embedded', 'fabric'];
const DEMOS = ['paper', 'full', 'none'];
const began = Date.now();

const choice = (name, fallback, allowed) => {
  const value = process.env[name] ?? fallback;
  if (!allowed.includes(value)) fail(`${name} must be one of ${allowed.join(', ')}; it is "${value}".`);
  return value;
};
const network = choice('NETWORK', 'embedded', NETWORKS);
const demo = choice('MEDSEAL_DEMO', 'full', DEMOS);
const port = portFromEnvironment();
const folder = dataFolder();

const progress = (text) => console.log(`[${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s] ${text}`);

await prepare(progress);
if (network === 'fabric') requireFabric();
const release = claimDataFolder(folder);
const refusal = refusalOfNetwork(folder, network);
if (refusal) {
  release();
  fail(refusal);
}
await checkPort(port);

let stopping = false;
const bringUp = new AbortController();
const processes = new Processes(folder, (name, reason, lastError) => {
  if (stopping) return;
  console.error(
    `medseal: ${name} ended unexpectedly (${reason})${lastError ? `: ${lastError}` : ''}; see ${processes.logs}`,
  );
  void stop(1);
});

async function stop(code) {
  if (stopping) return;
  stopping = true;
  progress('Stopping …');
  bringUp.abort();
  await processes.stop();
  if (network === 'fabric') await fabricNetwork().down(fabricFolder(folder));
  release();
  progress('Stopped; the data stays.');
  process.exit(code);
}
process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));

function writeJson(name, value) {
  const file = path.join(folder, name);
  writeFileSync(file, JSON.stringify(value, null, 2), { mode: 0o600 });
  return file;
}

async function startEmbeddedNetwork(organizations) {
  const networkFolder = path.join(folder, 'network');
  const clockFile = path.join(networkFolder, 'clock');
  mkdirSync(networkFolder, { recursive: true, mode: 0o700 });
  const products = productChaincodes(folder, organizations);
  const { reservePorts } = await import('@medseal/embedded-fabric/free-ports');
  const ports = await reservePorts(organizations.length * products.length);
  const chaincodes = products.map(({ definition, script, settings }) => ({
    definition,
    script,
    settings,
    addresses: Object.fromEntries(organizations.map(({ mspId }) => [mspId, `127.0.0.1:${ports.pop()}`])),
  }));
  const started = chaincodes.flatMap(({ definition: { name, version }, script, settings, addresses }) =>
    organizations.map(({ mspId }) =>
      processes.start(`${name === 'ehr' ? 'chaincode' : name}-${mspId}`, script, [], {
        CORE_PEER_LOCALMSPID: mspId,
        CHAINCODE_SERVER_ADDRESS: addresses[mspId],
        CHAINCODE_ID: `${name}:${version}`,
        MEDSEAL_CLOCK_FILE: clockFile,
        ...settings(mspId),
      }),
    ),
  );
  const config = writeJson('network.json', {
    directory: networkFolder,
    channel: 'health',
    organizations,
    chaincodes: chaincodes.map(({ definition, addresses }) => ({ definition, addresses })),
    profileFile: path.join(folder, 'connection.yaml'),
    captureFile: process.env.MEDSEAL_CAPTURE,
  });
  await Promise.all([
    ...started,
    processes.start('network', path.join(ROOT, 'network/embedded/dist/main.js'), [config]),
  ]);
  return { clockFile };
}

/** Before anything is written. */
function requireFabric() {
  try {
    fabricNetwork().findBinaries();
  } catch (error) {
    fail(error.message);
  }
}

/** Fabric's time is the machine's: there is no clock file. */
async function startFabricNetwork(organizations) {
  const { version, startMs } = await fabricNetwork().up(
    fabricOptions(folder, organizations, progress, bringUp.signal),
  );
  progress(`Fabric ${version} is up after ${(startMs / 1000).toFixed(1)} s.`);
  return { clockFile: undefined };
}

try {
  const organizations = demoOrganizations();
  progress(`Starting the ${network} network …`);
  const isNew = !process.env.DATABASE_URL && !existsSync(path.join(folder, 'gateway/database'));
  const startNetwork = network === 'fabric' ? startFabricNetwork : startEmbeddedNetwork;
  const [{ clockFile }] = await Promise.all([
    startNetwork(organizations),
    isNew ? prepareDatabaseTemplate() : undefined,
  ]);
  progress('Starting the gateway …');
  const config = writeJson('gateway.json', {
    port,
    dataDirectory: path.join(folder, 'gateway'),
    objectsDirectory: path.join(folder, 'objects'),
    connectionProfile: path.join(folder, 'connection.yaml'),
    organizations,
    databaseUrl: process.env.DATABASE_URL,
    databaseTemplates: DATABASE_TEMPLATES,
    clockFile,
    // Of a new network; later the ministry decides.
    recordSteps: ['blind', 'sanitize', 'upload', 'attest', 'chain'],
    rateLimit: process.env.MEDSEAL_RATE_LIMIT ? Number(process.env.MEDSEAL_RATE_LIMIT) : undefined,
  });
  await processes.start('gateway', path.join(ROOT, 'gateway/dist/main.js'), [config]);

  const url = `http://127.0.0.1:${port}`;
  const { loadDemo, printSignIns } = await import('./demo.mjs');
  const loaded = await loadDemo({ url, folder, demo, organizations, progress });
  printSignIns(url, loaded.users);
  progress(
    `Ready at ${url}  (API documents: ${url}/api/docs; sign-ins also in ${path.join(folder, 'demo.json')})`,
  );
  await loaded.rest();
} catch (error) {
  if (!stopping) {
    console.error(`medseal: ${error.message}`);
    await stop(1);
  }
}
