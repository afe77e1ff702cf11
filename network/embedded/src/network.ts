import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { definitionTransaction, isDefined } from './chaincode/lifecycle.js';
import { ChaincodeSupport } from './chaincode/support.js';
import { startCaServer, type CaServer } from './ca/ca-server.js';
import { OffsetClock } from './clock.js';
import { channelConfigFromBlock } from './config/channel-config.js';
import { writeFileAtomically } from './config/material-store.js';
import {
  type OrganizationOptions,
  type PreparedNetwork,
  type PreparedOrganization,
  prepareOrganizations,
} from './config/organizations.js';
import { addDeliverService } from './deliver/service.js';
import { Endorser } from './endorser/endorser.js';
import { LedgerQuerier, SystemChaincodes } from './endorser/system-chaincodes.js';
import { CommitNotifier } from './gateway/commit-status.js';
import { type Membership, type Peer, PeerRegistry } from './gateway/peers.js';
import { addEndorserService, addGatewayService, addUnsupportedServices } from './gateway/services.js';
import type { Orderer } from './gateway/submit.js';
import { openLedger } from './ledger/ledger.js';
import { HOST } from './free-ports.js';
import { choosePorts, type OrganizationPorts, PortInUseError, type Ports } from './ports.js';
import { type ConnectionProfile, connectionProfileYaml } from './profile.js';
import type { ChaincodeDefinition, ChannelConfig, DamageReport, Ledger } from './types.js';

const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;
const DEFAULT_EXECUTION_TIMEOUT_MS = 30_000;
/** `peer.gossip.aliveExpirationTimeout` as a network with fast gossip sets it. */
const DEFAULT_ALIVE_EXPIRATION_MS = 5_000;
const VALID = 0;

/** A chaincode and the processes that run it. */
export interface ChaincodeOptions {
  readonly definition: ChaincodeDefinition;
  /** `host:port` of the chaincode process of each organisation that has it installed, by MSP id. */
  readonly addresses: Readonly<Record<string, string>>;
  /** PEM root of the chaincode processes' TLS certificates; plain text without it. */
  readonly tlsRootPem?: string;
}

/** A proposal as one peer received it. */
export interface CapturedProposal {
  readonly mspId: string;
  /** `host:port` of the peer. */
  readonly peer: string;
  /** `gateway` for what a client sent, `endorser` for what the peer was asked to endorse. */
  readonly role: 'gateway' | 'endorser';
  /** Marshalled `protos.SignedProposal`, transient data included. */
  readonly proposal: Buffer;
}

export interface NetworkOptions {
  /** Data folder; everything the network keeps is in it. */
  readonly directory: string;
  /** The first with `orderer` (else the first) also runs the ordering service. */
  readonly organizations: readonly OrganizationOptions[];
  readonly channel: string;
  readonly chaincodes?: readonly ChaincodeOptions[];
  /** Ports on 127.0.0.1 by MSP id; 0 or missing: those of the last start when free, else any. */
  readonly ports?: Readonly<Record<string, Partial<OrganizationPorts>>>;
  /** Batch settings of a new channel; an existing one keeps its own. */
  readonly batch?: Partial<ChannelConfig['batch']>;
  /** Cut a block as soon as nothing is being committed (default); false: wait for the batch timeout, as Fabric does. */
  readonly idleCut?: boolean;
  /** Connection profile to write; default `<directory>/connection.yaml`. */
  readonly profileFile?: string;
  /** Called for every proposal that reaches a peer. */
  readonly captureProposals?: (captured: CapturedProposal) => void;
  /** The same into a file, a JSON line each: `{mspId, peer, role, bytes: base64}`. */
  readonly captureFile?: string;
  /** How long a stopped peer still counts as alive for the others, ms. */
  readonly aliveExpirationMs?: number;
  /** Told once when the disk refuses; nothing is committed afterwards. */
  readonly onFault?: (error: Error) => void;
  /** Longest run of one chaincode call, ms; default 30 000. */
  readonly executionTimeoutMs?: number;
}

class LogicalPeer implements Peer {
  readonly address: string;
  up = false;
  stoppedAt: number | undefined = performance.now();
  registry: PeerRegistry | undefined;
  private server: Server | undefined;

  constructor(
    readonly organization: PreparedOrganization,
    readonly port: number,
    readonly chaincodes: ChaincodeSupport,
    readonly endorser: Endorser,
  ) {
    this.address = `${HOST}:${port}`;
  }

  get mspId(): string {
    return this.organization.mspId;
  }

  async start(addServices: (server: Server) => void): Promise<void> {
    if (this.up) return;
    const server = new Server({
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      'grpc.enable_channelz': 0,
    });
    addServices(server);
    const { cert, key } = this.organization.tls;
    const credentials = ServerCredentials.createSsl(null, [
      { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) },
    ]);
    await new Promise<void>((started, failed) => {
      server.bindAsync(this.address, credentials, (error) => {
        if (error) failed(new PortInUseError(this.port, `${this.mspId} peer`));
        else started();
      });
    });
    this.server = server;
    this.up = true;
    this.stoppedAt = undefined;
  }

  stop(): void {
    if (!this.up) return;
    this.up = false;
    this.stoppedAt = performance.now();
    this.server?.forceShutdown();
    this.server = undefined;
  }
}

/** A running network; made by {@link createNetwork}. */
export class EmbeddedNetwork {
  private readonly peers: readonly LogicalPeer[];
  private readonly notifier: CommitNotifier;
  private readonly orderer: Orderer & { up: boolean };
  private readonly systemChaincodes: SystemChaincodes;
  private readonly caServers: CaServer[] = [];
  private readonly chaincodeNames = new Set<string>();

  /** @internal */
  constructor(
    private readonly options: NetworkOptions,
    private readonly prepared: PreparedNetwork,
    /** Blocks, state and private values; read only. */
    readonly ledger: Ledger,
    private readonly clock: OffsetClock,
    private readonly ports: Ports,
  ) {
    this.notifier = new CommitNotifier(ledger);
    this.systemChaincodes = new SystemChaincodes(new Map([['qscc', new LedgerQuerier(ledger)]]));
    this.orderer = {
      mspId: prepared.ordererMspId,
      address: ledger.config.ordererEndpoints[0] ?? '',
      up: true,
    };
    this.peers = prepared.organizations.map((organization) => this.createPeer(organization));
    const membership: Membership = {
      ledger,
      peers: this.peers,
      systemChaincodes: this.systemChaincodes,
      aliveExpirationMs: options.aliveExpirationMs ?? DEFAULT_ALIVE_EXPIRATION_MS,
      capture: (peer, proposal) => this.capture(peer, 'endorser', proposal.bytes),
    };
    for (const peer of this.peers) peer.registry = new PeerRegistry(membership, peer);
  }

  /** What a client needs to connect. */
  get connectionProfile(): ConnectionProfile {
    return {
      channel: this.options.channel,
      chaincodes: [...this.chaincodeNames],
      organizations: this.peers.map(({ address, organization }) => ({
        mspId: organization.mspId,
        name: organization.name,
        domain: organization.domain,
        peer: { endpoint: address, hostname: `peer0.${organization.domain}`, tlsCaCert: organization.tls.ca },
        ca: {
          url: `https://${HOST}:${this.portsOf(organization.mspId).ca}`,
          name: organization.ca.name,
          tlsCaCert: organization.tls.ca,
          registrarFile: resolve(organization.caAdminFile),
        },
      })),
    };
  }

  /** File that holds {@link EmbeddedNetwork.connectionProfile} as YAML. */
  get profileFile(): string {
    return resolve(this.options.profileFile ?? join(this.options.directory, 'connection.yaml'));
  }

  /** File whose number of ms chaincode processes add to their clock. */
  get clockFile(): string {
    return resolve(this.clock.file);
  }

  /** Keys and certificates of the organisations, administrators included. */
  get organizations(): readonly PreparedOrganization[] {
    return this.prepared.organizations;
  }

  /** What the ledger found lost, altered or rebuilt. */
  damage(): readonly DamageReport[] {
    return this.ledger.damage;
  }

  /** The network's time, ms since the epoch. */
  now(): number {
    return this.clock.now();
  }

  /** Moves the network's and its chaincodes' time forward. */
  advanceTime(milliseconds: number): void {
    this.clock.advance(milliseconds);
  }

  /**
   * Installs a chaincode on the peers of the given organisations and defines it on the channel, unless it is defined so.
   * @throws Error when its sequence is not the next or a policy is malformed.
   */
  async defineChaincode(
    definition: ChaincodeDefinition,
    addresses: Readonly<Record<string, string>>,
    tlsRootPem?: string,
  ): Promise<void> {
    const unknown = Object.keys(addresses).find((mspId) => !this.peers.some((peer) => peer.mspId === mspId));
    if (unknown)
      throw new Error(
        `chaincode ${definition.name}: addresses names ${unknown}, which is no organisation here`,
      );
    const { name, version } = definition;
    const label = `${name}_${version}`;
    const packageId = `${label}:${createHash('sha256').update(label).digest('hex')}`;
    for (const peer of this.peers) {
      const address = addresses[peer.mspId];
      if (address) await peer.chaincodes.install(name, packageId, { address, tlsRootPem });
    }
    if (!isDefined(definition, this.ledger)) await this.commitDefinition(definition);
    this.chaincodeNames.add(name);
    await this.writeProfile();
  }

  /** Stops one organisation's peer: its port refuses, its private values and chaincode rest. */
  stopPeer(mspId: string): void {
    this.peer(mspId).stop();
  }

  async startPeer(mspId: string): Promise<void> {
    const peer = this.peer(mspId);
    await peer.start((server) => this.addServices(server, peer));
  }

  /** Stops or starts accepting transactions. */
  setOrdererUp(up: boolean): void {
    this.orderer.up = up;
  }

  /** Ends everything; what was committed stays in the folder. */
  async close(): Promise<void> {
    this.notifier.close();
    for (const peer of this.peers) peer.stop();
    await Promise.all([
      ...this.peers.map((peer) => peer.chaincodes.close()),
      ...this.caServers.map((server) => server.close()),
    ]);
    await Promise.all([this.ledger.close(), ...this.prepared.organizations.map(({ ca }) => ca.close())]);
  }

  /** @internal */
  async start(): Promise<void> {
    await Promise.all([
      ...this.peers.map((peer) => this.startPeer(peer.mspId)),
      ...this.prepared.organizations.map(async (organization) => {
        const { ca, mspId, tls } = organization;
        const port = this.portsOf(mspId).ca;
        const server = await startCaServer({ ca, tls, host: HOST, port });
        this.caServers.push(server);
      }),
    ]);
    for (const { addresses, definition, tlsRootPem } of this.options.chaincodes ?? []) {
      await this.defineChaincode(definition, addresses, tlsRootPem);
    }
    await this.writeProfile();
  }

  private createPeer(organization: PreparedOrganization): LogicalPeer {
    const chaincodes = new ChaincodeSupport(
      this.ledger,
      this.options.executionTimeoutMs ?? DEFAULT_EXECUTION_TIMEOUT_MS,
    );
    const endorser = new Endorser({
      identity: organization.peer,
      ledger: this.ledger,
      chaincodes,
      systemChaincodes: this.systemChaincodes,
      clock: this.clock,
      reachable: () => new Set(this.peers.filter(({ up }) => up).map(({ mspId }) => mspId)),
    });
    return new LogicalPeer(organization, this.portsOf(organization.mspId).peer, chaincodes, endorser);
  }

  private addServices(server: Server, peer: LogicalPeer): void {
    const registry = peer.registry as PeerRegistry;
    const { clock, ledger, notifier, orderer } = this;
    addGatewayService(server, {
      ledger,
      registry,
      notifier,
      orderer,
      capture: (proposal) => this.capture(peer, 'gateway', proposal),
    });
    addEndorserService(server, registry);
    addDeliverService(server, { ledger, mspId: peer.mspId, clock });
    addUnsupportedServices(server);
  }

  private async commitDefinition(definition: ChaincodeDefinition): Promise<void> {
    const [first] = this.prepared.organizations as [PreparedOrganization, ...PreparedOrganization[]];
    const peers = this.prepared.organizations.map(({ peer }) => peer);
    const { envelope, txId } = definitionTransaction(
      definition,
      this.ledger,
      first.admin,
      peers,
      this.clock.now(),
    );
    await this.ledger.order(envelope);
    const { code } = await this.notifier.wait(txId, new AbortController().signal);
    if (code !== VALID) {
      throw new Error(
        `the definition of chaincode ${definition.name} was refused by the channel with code ${code}`,
      );
    }
  }

  private capture({ address, mspId }: Peer, role: CapturedProposal['role'], proposal: Buffer): void {
    const { captureFile, captureProposals } = this.options;
    captureProposals?.({ mspId, peer: address, role, proposal });
    if (!captureFile) return;
    appendFileSync(
      captureFile,
      `${JSON.stringify({ mspId, peer: address, role, bytes: proposal.toString('base64') })}\n`,
    );
  }

  private peer(mspId: string): LogicalPeer {
    const found = this.peers.find((peer) => peer.mspId === mspId);
    if (!found) throw new Error(`${mspId} is no organisation of this network`);
    return found;
  }

  private portsOf(mspId: string): OrganizationPorts {
    return this.ports[mspId] as OrganizationPorts;
  }

  private writeProfile(): Promise<void> {
    return writeFileAtomically(this.profileFile, connectionProfileYaml(this.connectionProfile));
  }
}

/**
 * Starts a network in `directory`, new or as it was left, and resolves when clients can use it.
 * @throws Error with a remedy: folder in use, port in use, disk full or read-only, options that do not fit the folder.
 */
export async function createNetwork(options: NetworkOptions): Promise<EmbeddedNetwork> {
  const { channel, directory, organizations } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  requireChannel(directory, channel);
  const clock = new OffsetClock(join(directory, 'clock'));
  const prepared = await prepareOrganizations(directory, organizations, {
    channelId: channel,
    batch: options.batch,
    clock,
  });
  const ledger = await openLedger({
    directory: join(directory, 'ledger'),
    channelId: channel,
    genesisBlock: prepared.genesisBlock,
    organizations: organizations.map(({ mspId }) => mspId),
    orderer: prepared.orderer,
    loadConfig: channelConfigFromBlock,
    clock,
    idleCut: options.idleCut ?? true,
    onFault: options.onFault,
  });
  let network: EmbeddedNetwork | undefined;
  try {
    const mspIds = organizations.map(({ mspId }) => mspId);
    const ports = await choosePorts(join(directory, 'ports.json'), mspIds, options.ports ?? {});
    network = new EmbeddedNetwork(options, prepared, ledger, clock, ports);
    await network.start();
    return network;
  } catch (error) {
    await (network ?? ledger).close();
    throw error;
  }
}

/** A folder holds one channel. */
function requireChannel(directory: string, channel: string): void {
  const organizations = join(directory, 'organizations');
  const held = existsSync(organizations)
    ? readdirSync(organizations).find((name) => name.endsWith('.block'))
    : undefined;
  if (held && held !== `${channel}.block`) {
    throw new Error(
      `${directory} holds channel ${held.slice(0, -'.block'.length)}; ask for that channel or use another folder`,
    );
  }
}
