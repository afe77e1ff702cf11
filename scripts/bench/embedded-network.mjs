import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { ROOT } from '../lib/prepare.mjs';
import { assetDefinition, ORGANIZATIONS } from './asset-load.mjs';
import { readProfile } from './gateway-client.mjs';

const CHAINCODE = path.join(ROOT, 'scripts/bench/asset-chaincode.mjs');
const MAIN = path.join(ROOT, 'network/embedded/dist/main.js');

/** Starts an asset chaincode process and resolves when it listens. */
async function startAssetChaincode(mspId, port) {
  const address = `127.0.0.1:${port}`;
  const child = spawn(process.execPath, [CHAINCODE], {
    env: {
      ...process.env,
      CORE_PEER_LOCALMSPID: mspId,
      CHAINCODE_SERVER_ADDRESS: address,
      CHAINCODE_ID: 'asset_1:bench',
    },
    stdio: 'ignore',
  });
  while (!(await listens(port))) {
    if (child.exitCode !== null)
      throw new Error(`the asset chaincode of ${mspId} ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return child;
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Starts the network process; `startMs` is the time from its start until clients can connect. */
async function startNetwork(configFile) {
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [...(process.env.BENCH_NODE_ARGS?.split(' ') ?? []), MAIN, configFile],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the embedded network ended with ${code}`);
    }),
  ]);
  return { child, startMs: Math.round(performance.now() - began), ...JSON.parse(line) };
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/**
 * The embedded network with three organisations, each with the asset chaincode. `starts` are ms from process
 * start to ready: of a new folder without chaincode, and of the same folder again with it.
 */
export async function embeddedNetwork(folder) {
  const mspIds = ORGANIZATIONS.map(({ mspId }) => mspId);
  mkdirSync(folder, { recursive: true });
  const configFile = path.join(folder, 'network.json');
  const config = { directory: path.join(folder, 'data'), channel: 'health', organizations: ORGANIZATIONS };
  writeFileSync(configFile, JSON.stringify(config));
  const cold = await startNetwork(configFile);
  await end(cold.child);

  const { reservePorts } = await import('@medseal/embedded-fabric/free-ports');
  const ports = await reservePorts(mspIds.length);
  const chaincodes = await Promise.all(mspIds.map((mspId, i) => startAssetChaincode(mspId, ports[i])));
  const addresses = Object.fromEntries(mspIds.map((mspId, i) => [mspId, `127.0.0.1:${ports[i]}`]));
  writeFileSync(
    configFile,
    JSON.stringify({ ...config, chaincodes: [{ definition: assetDefinition(), addresses }] }),
  );
  const network = await startNetwork(configFile);
  return {
    name: 'embedded',
    profile: readProfile(network.profile),
    starts: { 'network, cold': cold.startMs, 'network, warm': network.startMs },
    pids: {
      network: network.child.pid,
      ...Object.fromEntries(chaincodes.map(({ pid }, i) => [`chaincode ${mspIds[i]}`, pid])),
    },
    networkProcesses: ['network'],
    async stop() {
      await end(network.child);
      await Promise.all(chaincodes.map(end));
    },
  };
}
