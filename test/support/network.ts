/** What the acceptance tests need of a network beyond the product itself. */
const ON_FABRIC = process.env['NETWORK'] === 'fabric';

const MISSING = {
  captureProposals: "Fabric's peers do not hand out the proposals that reach them",
  keptData: 'the kept data folders are of the embedded network',
  killNodes: "the embedded network's nodes are one process",
} as const;

export type Capability = keyof typeof MISSING;

const capabilities: Record<Capability, boolean> = {
  captureProposals: !ON_FABRIC,
  keptData: !ON_FABRIC,
  killNodes: ON_FABRIC,
};

export const can = (capability: Capability): boolean => capabilities[capability];

/** `test`, or a skipped test whose title says what the network lacks. */
export const testIf = (capability: Capability) =>
  can(capability)
    ? test
    : (title: string, _body: () => unknown, _timeout?: number): void =>
        test.skip(`${title} (skipped: ${MISSING[capability]})`, () => undefined);

/** The same of `describe`, for files that need the capability throughout. */
export const describeIf = (capability: Capability) =>
  can(capability)
    ? describe
    : (title: string, _body: () => void): void =>
        describe(title, () => test.skip(`skipped: ${MISSING[capability]}`, () => undefined));

/** Where nodes keep what they stored, below the product's folder. */
export const LEDGER_FOLDER = ON_FABRIC ? 'fabric/nodes' : 'network/ledger';

/** Files of a hospital's private values among those. */
export const OF_HOSPITALS = ON_FABRIC ? /peer-(City|Lakeside)MSP/ : /private.(City|Lakeside)MSP/;

/** Block files that an organisation's peer serves from; the embedded network's peers share theirs. */
export const blockFilesOf = (mspId: string): RegExp =>
  ON_FABRIC
    ? new RegExp(`peer-${mspId}/data/ledgersData/chains/chains/health/blockfile_\\d{6}$`)
    : /blocks-\d{6}\.dat$/;

export const blockLayout: 'fabric' | 'embedded' = ON_FABRIC ? 'fabric' : 'embedded';
