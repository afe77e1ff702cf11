/** One organisation of the network. */
export interface FabricOrganization {
  readonly mspId: string;
  /** For people, e.g. `City Hospital`. */
  readonly name: string;
  /** DNS domain, e.g. `city.example`; stands in the certificates. */
  readonly domain: string;
  /** MSP id of the organisation whose root CA certifies this one's intermediate CA; absent: a root CA of its own. */
  readonly parentCa?: string;
  /** Runs the ordering service; one organisation does. */
  readonly orderer?: boolean;
}

/** As `peer lifecycle chaincode` takes it; endorsement is the channel's default (majority). */
export interface ChaincodeDefinition {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  /** Collections in the layout of `--collections-config`. */
  readonly collections: readonly object[];
}

export interface ChaincodeOptions {
  readonly definition: ChaincodeDefinition;
  /** Program and arguments of one organisation's chaincode process. */
  readonly command: readonly [string, ...string[]];
  /** Settings of an organisation's process beside those of its connection, by MSP id. */
  readonly environment?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface FabricOptions {
  /** Folder of all keys, configurations and ledgers. */
  readonly directory: string;
  /** Connection profile to write. */
  readonly profileFile: string;
  readonly channel: string;
  readonly organizations: readonly FabricOrganization[];
  /** The first is the one that clients call if they name none. */
  readonly chaincodes: readonly [ChaincodeOptions, ...ChaincodeOptions[]];
  /** Of a new channel. */
  readonly batch?: { readonly timeoutMs?: number; readonly maxMessageCount?: number };
  /** Ends the bring-up: no further node is started, and what was started is for `down` to stop. */
  readonly signal?: AbortSignal;
  /** Told of each step. */
  readonly report?: (text: string) => void;
}
