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

/** What a chaincode process is told of its organisation: the gateway makes the key at its first start. */
export const chaincodeSettings = (folder, mspId) => ({
  MEDSEAL_AGENT_KEY_FILE: path.join(folder, 'gateway', mspId, 'keystore', 'agent.key'),
});

/** The chaincode of the product as the organisations define it on the channel. */
export function chaincodeDefinition(organizations) {
  const { collectionsFor } = require('@medseal/chaincode');
  const hospitals = organizations.filter(({ kind }) => kind === 'hospital').map(({ mspId }) => mspId);
  return { name: 'ehr', version: '1', sequence: 1, collections: collectionsFor(hospitals) };
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
    chaincode: {
      definition: chaincodeDefinition(organizations),
      command: [process.execPath, path.join(ROOT, 'chaincode/dist/main.js')],
      environment: Object.fromEntries(
        organizations.map(({ mspId }) => [mspId, chaincodeSettings(folder, mspId)]),
      ),
    },
    batch: { timeoutMs },
    report,
    signal,
  };
}
