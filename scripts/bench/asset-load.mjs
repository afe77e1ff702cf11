import { randomBytes } from 'node:crypto';
import { closedLoop } from './closed-loop.mjs';

/** The organisations of every network that is measured; the last two share a collection. */
export const ORGANIZATIONS = [
  { mspId: 'MinistryMSP', name: 'Ministry of Health', domain: 'ministry.example', orderer: true },
  { mspId: 'CityMSP', name: 'City Hospital', domain: 'city.example', parentCa: 'MinistryMSP' },
  { mspId: 'LakesideMSP', name: 'Lakeside Hospital', domain: 'lakeside.example', parentCa: 'MinistryMSP' },
];
export const MEMBERS = ['CityMSP', 'LakesideMSP'];

/** The chaincode that is measured: two of the three organisations endorse, the channel's own rule. */
export function assetDefinition() {
  const [first, second] = MEMBERS;
  const both = { signaturePolicy: `AND('${first}.peer', '${second}.peer')` };
  return {
    name: 'asset',
    version: '1',
    sequence: 1,
    collections: [
      {
        name: 'shared',
        policy: `OR('${first}.member', '${second}.member')`,
        requiredPeerCount: 0,
        maxPeerCount: 1,
        blockToLive: 0,
        memberOnlyRead: true,
        memberOnlyWrite: false,
        endorsementPolicy: both,
      },
    ],
  };
}

const PAYLOAD = 'x'.repeat(100);

/** Operations on the asset chaincode; values are 100 bytes. */
export async function assetOperations(contract) {
  const run = randomBytes(6).toString('hex');
  let next = 0;
  const fresh = () => `${run}-${next++}`;
  const known = fresh();
  await contract.submitTransaction('Create', known, PAYLOAD);
  return {
    evaluate: () => contract.evaluateTransaction('Read', known),
    submit: () => contract.submitTransaction('Create', fresh(), PAYLOAD),
    'submit private': () =>
      contract.submit('PutPrivate', {
        arguments: ['shared', fresh()],
        transientData: { value: PAYLOAD },
        endorsingOrganizations: MEMBERS,
      }),
  };
}

/** One row for each operation and number in flight. */
export async function measure(operations, { levels, report, ...options }) {
  const rows = [];
  for (const [operation, run] of Object.entries(operations)) {
    for (const inFlight of levels) {
      const row = { operation, ...(await closedLoop(run, { inFlight, ...options })) };
      rows.push(row);
      report(row);
    }
  }
  return rows;
}
