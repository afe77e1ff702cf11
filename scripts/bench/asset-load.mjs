import { randomBytes } from 'node:crypto';
import { closedLoop } from './closed-loop.mjs';

/** The chaincode that is measured: two organisations endorse, and share a collection. */
export function assetDefinition([first, second]) {
  const both = { signaturePolicy: `AND('${first}.peer', '${second}.peer')` };
  return {
    name: 'asset',
    version: '1',
    sequence: 1,
    endorsementPolicy: both,
    collections: [
      {
        name: 'shared',
        policy: `OR('${first}.member', '${second}.member')`,
        requiredPeerCount: 0,
        maxPeerCount: 1,
        endorsementPolicy: both,
      },
    ],
  };
}

const PAYLOAD = 'x'.repeat(100);

/** Operations on the asset chaincode; values are 100 bytes. */
export async function assetOperations(contract, endorsers) {
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
        endorsingOrganizations: [...endorsers],
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
