import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import https from 'node:https';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import {
  connect,
  type Contract,
  type Gateway,
  hash,
  type Identity,
  type Signer,
  signers,
} from '@hyperledger/fabric-gateway';
import FabricCAServices from 'fabric-ca-client';
import { User } from 'fabric-common';
import { createCertificateRequest, generateKey } from '../src/ca/issuance';
import { reservePorts } from '../src/free-ports';
import { createNetwork, type EmbeddedNetwork, type NetworkOptions } from '../src/index';

// On a connection that is kept, each request of the unmodified CA client leaves a listener behind.
https.globalAgent = new https.Agent({ keepAlive: false });

export const CHANNEL = 'health';
export const MINISTRY = 'MinistryMSP';
export const CITY = 'CityMSP';
export const LAKESIDE = 'LakesideMSP';

export const ORGANIZATIONS = [
  { mspId: MINISTRY, name: 'Ministry of Health', domain: 'ministry.example', orderer: true },
  { mspId: CITY, name: 'City Hospital', domain: 'city.example', parentCa: MINISTRY },
  { mspId: LAKESIDE, name: 'Lakeside Hospital', domain: 'lakeside.example', parentCa: MINISTRY },
];

const SHIM = require.resolve('fabric-shim/cli.js');

/** One organisation's chaincode server, the ordinary `fabric-chaincode-node server`. */
export class ChaincodeProcess {
  private process: ChildProcess | undefined;

  constructor(
    readonly mspId: string,
    readonly port: number,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.process = spawn(
      process.execPath,
      [SHIM, 'server', '--chaincode-address', this.address, '--chaincode-id', 'asset_1:test'],
      {
        cwd: join(__dirname, 'chaincode'),
        env: { ...process.env, CORE_PEER_LOCALMSPID: this.mspId, CORE_CHAINCODE_LOGGING_LEVEL: 'FATAL' },
        stdio: ['ignore', 'ignore', process.env['CHAINCODE_LOG'] ? 'inherit' : 'ignore'],
      },
    );
    await listening(this.port);
  }

  async kill(): Promise<void> {
    const running = this.process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  }
}

async function listening(port: number): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connectTcp(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  throw new Error(`nothing listens on port ${port}`);
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'embedded-network-'));
}

export async function startChaincodes(mspIds: readonly string[]): Promise<Map<string, ChaincodeProcess>> {
  const processes = new Map<string, ChaincodeProcess>();
  const ports = await reservePorts(mspIds.length);
  mspIds.forEach((mspId, i) => processes.set(mspId, new ChaincodeProcess(mspId, ports[i]!)));
  await Promise.all([...processes.values()].map((chaincode) => chaincode.start()));
  return processes;
}

/** A client's connection through one organisation's peer. */
export class TestClient {
  constructor(
    readonly gateway: Gateway,
    private readonly grpc: Client,
  ) {}

  contract(name = 'asset', channel = CHANNEL): Contract {
    return this.gateway.getNetwork(channel).getContract(name);
  }

  close(): void {
    this.gateway.close();
    this.grpc.close();
  }
}

export interface Credentials {
  readonly identity: Identity;
  readonly signer: Signer;
  /** fabric-gateway hashes for signers that want a digest. */
  readonly hash?: typeof hash.none;
}

/** A running network with chaincode processes. */
export class TestNetwork {
  private readonly clients: TestClient[] = [];

  private constructor(
    readonly network: EmbeddedNetwork,
    readonly chaincodes: ReadonlyMap<string, ChaincodeProcess>,
    readonly directory: string,
  ) {}

  static async start(
    options: Partial<NetworkOptions> = {},
    definitions: NonNullable<NetworkOptions['chaincodes']>[number]['definition'][] = [
      { name: 'asset', version: '1', sequence: 1 },
    ],
    mspIds: readonly string[] = [MINISTRY, CITY, LAKESIDE],
  ): Promise<TestNetwork> {
    const directory = options.directory ?? temporaryDirectory();
    const chaincodes = await startChaincodes(mspIds);
    const addresses = Object.fromEntries([...chaincodes].map(([mspId, { address }]) => [mspId, address]));
    try {
      const network = await createNetwork({
        channel: CHANNEL,
        organizations: ORGANIZATIONS,
        chaincodes: definitions.map((definition) => ({ definition, addresses })),
        ...options,
        directory,
      });
      return new TestNetwork(network, chaincodes, directory);
    } catch (error) {
      await Promise.all([...chaincodes.values()].map((chaincode) => chaincode.kill()));
      throw error;
    }
  }

  /** An organisation administrator's credentials, signed for natively. */
  admin(mspId: string): Credentials {
    const { admin } = this.organization(mspId);
    return {
      identity: { mspId, credentials: Buffer.from(admin.certificatePem) },
      signer: (message) => Promise.resolve(admin.sign(Buffer.from(message))),
      hash: hash.none,
    };
  }

  /** Registers and enrols a client with Fabric's own CA client. */
  async enrol(mspId: string, enrollmentId: string): Promise<Credentials> {
    const { ca } = this.profile(mspId);
    const { caAdmin } = this.organization(mspId);
    const service = new FabricCAServices(
      ca.url,
      { trustedRoots: [ca.tlsCaCert] as never, verify: true },
      ca.name,
    );
    // the client's own key generation takes a second under Jest
    const enrolAs = async (id: string, secret: string) => {
      const key = generateKey();
      const csr = createCertificateRequest({ commonName: id }, key);
      const { certificate } = await service.enroll({ enrollmentID: id, enrollmentSecret: secret, csr });
      return { certificate, keyPem: key.privateKeyPem };
    };
    const first = await enrolAs(caAdmin.enrollmentId, caAdmin.enrollmentSecret);
    const registrar = new User(caAdmin.enrollmentId);
    const suite = cryptoSuiteOf(service);
    await registrar.setEnrollment(suite.createKeyFromRaw(first.keyPem), first.certificate, mspId);
    const secret = await service.register(
      { enrollmentID: enrollmentId, affiliation: '', role: 'client' },
      registrar,
    );
    const { certificate, keyPem } = await enrolAs(enrollmentId, secret);
    return {
      identity: { mspId, credentials: Buffer.from(certificate) },
      signer: signers.newPrivateKeySigner(createPrivateKey(keyPem)),
    };
  }

  /** `through` is the organisation whose peer is the gateway. */
  client(credentialsOf: Credentials, through = credentialsOf.identity.mspId): TestClient {
    const { peer } = this.profile(through);
    const grpc = new Client(peer.endpoint, credentials.createSsl(Buffer.from(peer.tlsCaCert)), {
      'grpc.ssl_target_name_override': peer.hostname,
      'grpc.default_authority': peer.hostname,
      'grpc.use_local_subchannel_pool': 1,
    });
    const client = new TestClient(connect({ client: grpc, ...credentialsOf }), grpc);
    this.clients.push(client);
    return client;
  }

  organization(mspId: string) {
    const found = this.network.organizations.find((organization) => organization.mspId === mspId);
    if (!found) throw new Error(`no organisation ${mspId}`);
    return found;
  }

  profile(mspId: string) {
    const found = this.network.connectionProfile.organizations.find(
      (organization) => organization.mspId === mspId,
    );
    if (!found) throw new Error(`no organisation ${mspId}`);
    return found;
  }

  peerAddress(mspId: string): string {
    return this.profile(mspId).peer.endpoint;
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.close();
    await this.network.close();
    await Promise.all([...this.chaincodes.values()].map((chaincode) => chaincode.kill()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** What the client library has and its types leave out. */
export const cryptoSuiteOf = (service: FabricCAServices): { createKeyFromRaw(pem: string): never } =>
  (service as unknown as { getCryptoSuite(): { createKeyFromRaw(pem: string): never } }).getCryptoSuite();
