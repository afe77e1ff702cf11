import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT } from './prepare.mjs';

// What the product asks of Hyperledger Fabric: organisations, chaincode and its process.

const require = createRequire(import.meta.url);

export const fabricNetwork = () => require(path.join(ROOT, 'network/fabric/dist/index.js'));

export const fabricFolder = (folder) => path.join(folder, 'fabric');

export const demoOrganizations = () =>
  JSON.parse(readFileSync(path.join(ROOT, 'scripts/demo/organizations.json'), 'utf8'));

/**
 * The product's chaincodes: what the channel's organisations define, the program, and what its process is told of its
 * organisation. The agent's key is made by the gateway at its first start, the custodian service makes its own.
 */
export function productChaincodes(folder, organizations) {
  const { collectionsFor } = require('@medseal/chaincode');
  const hospitals = organizations.filter(({ kind }) => kind === 'hospital').map(({ mspId }) => mspId);
  return [
    {
      definition: { name: 'ehr', version: '1', sequence: 1, collections: collectionsFor(hospitals) },
      script: path.join(ROOT, 'chaincode/dist/main.js'),
      settings: (mspId) => ({
        MEDSEAL_AGENT_KEY_FILE: path.join(folder, 'gateway', mspId, 'keystore', 'agent.key'),
      }),
    },
    {
      definition: { name: 'custodian', version: '1', sequence: 1, collections: [] },
      script: path.join(ROOT, 'chaincode/dist/custodian-main.js'),
      settings: (mspId) => ({ MEDSEAL_CUSTODIAN_FOLDER: path.join(folder, 'custodian', mspId) }),
    },
  ];
}

export function fabricOptions(folder, organizations, report, signal) {
  const timeoutMs =
    process.env.FABRIC_BATCH_MS === undefined ? undefined : Number(process.env.FABRIC_BATCH_MS);
  if (timeoutMs !== undefined && !(timeoutMs >= 1)) {
    throw new Error(
      `FABRIC_BATCH_MS must be a number of milliseconds; it is "${process.env.FABRIC_BATCH_MS}".`,
    );
  }
  return {
    directory: fabricFolder(folder),
    profileFile: path.join(folder, 'connection.yaml'),
    channel: 'health',
    organizations,
    chaincodes: productChaincodes(folder, organizations).map(({ definition, script, settings }) => ({
      definition,
      command: [process.execPath, script],
      environment: Object.fromEntries(organizations.map(({ mspId }) => [mspId, settings(mspId)])),
    })),
    batch: { timeoutMs },
    report,
    signal,
  };
}
