// The acceptance tests that have an issue's full counts: where each is, and by which variables it gets them.

/** `isOnly`: minutes long whatever its counts, so that `npm test` leaves it out. */
export const DRILLS = {
  tampering: {
    project: 'acceptance',
    file: 'tampering.test.ts',
    isOnly: true,
    environment: { MEDSEAL_FLIPS: '1000' },
  },
  storage: {
    project: 'embedded-fabric',
    file: 'ledger-durability.test.ts',
    environment: { MEDSEAL_FLIPS: '1000' },
  },
  kill: { project: 'acceptance', file: 'kill.test.ts', isOnly: true, environment: { MEDSEAL_KILLS: '500' } },
  consent: { project: 'chaincode', file: 'consent-matrix.test.ts', environment: { MEDSEAL_CELLS: '5000' } },
  revoke: {
    project: 'chaincode',
    file: 'revoke-race.test.ts',
    environment: { MEDSEAL_REVOCATIONS: '1000' },
  },
  'hostile-client': {
    project: 'chaincode',
    file: 'hostile-client.test.ts',
    environment: { MEDSEAL_QUESTIONS: '5000', MEDSEAL_READS: '200' },
  },
  reencryption: {
    project: 'crypto',
    file: 'crypto/test/(reencryption|streams)',
    environment: { MEDSEAL_REENCRYPTION_RUNS: '20' },
  },
  auditing: {
    project: 'crypto',
    file: 'crypto/test/audit',
    environment: { MEDSEAL_AUDIT_RUNS: '60', MEDSEAL_AUDIT_BYTES: '5000000' },
  },
  documents: {
    project: 'crypto',
    file: 'crypto/test/document-(properties|samples)',
    environment: {
      MEDSEAL_DOCUMENT_RUNS: '40',
      MEDSEAL_DOCUMENT_BYTES: '5000000',
      MEDSEAL_SAMPLE_PATIENTS: '12',
    },
  },
  'free-text': { project: 'crypto', file: 'crypto/test/free-text', environment: {} },
  objects: {
    project: 'gateway',
    file: 'gateway/test/storage-',
    environment: { MEDSEAL_STORE_MIB: '100', MEDSEAL_PROVER_RUNS: '60' },
  },
  faults: {
    project: 'gateway',
    file: 'gateway/test/audits.test.ts',
    environment: { MEDSEAL_FAULTS: '1000' },
  },
  erasure: {
    project: 'acceptance',
    file: 'erasure.test.ts',
    isOnly: true,
    environment: { MEDSEAL_ERASURES: '10' },
  },
  upgrade: { project: 'acceptance', file: 'upgrade.test.ts', environment: { MEDSEAL_FIXTURES: 'all' } },
  pages: {
    project: 'browser',
    file: 'browser/console.test.ts',
    environment: { MEDSEAL_PAGES: 'every role' },
  },
  secrecy: { project: 'acceptance', file: 'secrecy.test.ts', environment: { MEDSEAL_NUMBERS: '1000000000' } },
};

/** Needs a network of several processes. */
if (process.env.NETWORK === 'fabric') {
  DRILLS.nodes = { project: 'acceptance', file: 'nodes.test.ts', environment: { MEDSEAL_NODE_KILLS: '3' } };
}
