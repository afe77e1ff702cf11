import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fabricFolder, fabricNetwork } from '../lib/fabric.mjs';
import { ROOT } from '../lib/prepare.mjs';
import { assetDefinition, ORGANIZATIONS } from './asset-load.mjs';
import { readProfile } from './gateway-client.mjs';

const BATCHES_MS = [100, 10];

/** Why Fabric cannot be measured here; undefined when it can. */
export function fabricProblem() {
  try {
    fabricNetwork().findBinaries();
    return undefined;
  } catch (error) {
    return error.message;
  }
}

/** Real Fabric with the same organisations and chaincode, once for each batch timeout; each is stopped after its turn. */
export async function* fabricNetworks(folder) {
  const { down, status, up } = fabricNetwork();
  for (const timeoutMs of BATCHES_MS) {
    const place = path.join(folder, String(timeoutMs));
    const directory = fabricFolder(place);
    mkdirSync(place, { recursive: true });
    const options = {
      directory,
      profileFile: path.join(place, 'connection.yaml'),
      channel: 'health',
      organizations: ORGANIZATIONS,
      chaincodes: [
        {
          definition: assetDefinition(),
          command: [process.execPath, path.join(ROOT, 'scripts/bench/asset-chaincode.mjs')],
        },
      ],
      batch: { timeoutMs },
    };
    try {
      const cold = await up(options);
      await down(directory);
      const warm = await up(options);
      const nodes = status(directory).filter(({ pid }) => pid !== undefined);
      yield {
        name: `fabric, ${timeoutMs} ms batches`,
        profile: readProfile(warm.profileFile),
        starts: { 'network, cold': Math.round(cold.startMs), 'network, warm': Math.round(warm.startMs) },
        pids: Object.fromEntries(nodes.map(({ name, pid }) => [name, pid])),
        networkProcesses: nodes.map(({ name }) => name).filter((name) => /peer|orderer/.test(name)),
        stop: () => down(directory),
      };
    } finally {
      await down(directory);
    }
  }
}
