import 'reflect-metadata';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, createPrivateKey, type KeyObject, randomBytes, sign, webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, credentials } from '@grpc/grpc-js';
import {
  connect,
  type Gateway,
  GatewayError,
  hash,
  type Identity,
  type Signer,
  type Transaction,
} from '@hyperledger/fabric-gateway';
import { gateway as gatewayMessages, peer as peerMessages } from '@hyperledger/fabric-protos';
import { createNetwork, type EmbeddedNetwork } from '@medseal/embedded-fabric';
import { reservePorts } from '@medseal/embedded-fabric/free-ports';
import { canonicalJson, type KeyPair, newReceivingKeyPair, toHex, toLowS } from '@medseal/crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { collectionsFor } from '../../src/collections';
import { type ContractErrorCode, parseContractError } from '../../src/errors';
import { organizationKeyStatement } from '../../src/ledger/certificates';
import type { OrganizationKeyEntry, Role } from '../../src/model/entries';
import type { ListPage } from '../../src/model/paging';

export const CHANNEL = 'health';
const CHAINCODE = 'ehr';
const CUSTODIAN = 'custodian';
const DIST = join(__dirname, '../../dist');

export const MINISTRY = 'MinistryMSP';
export const CITY = 'CityMSP';
export const LAKESIDE = 'LakesideMSP';
/** A third hospital, for tests with three agents. */
export const VALLEY = 'ValleyMSP';
export const MSP_IDS: readonly string[] = [MINISTRY, CITY, LAKESIDE];

/** A certificate of one of the organisations with its key. */
export interface Person {
  mspId: string;
  role: string;
  subject: string;
  identity: Identity;
  signer: Signer;
  certificate: string;
  keys: webcrypto.CryptoKeyPair;
  privateKey: KeyObject;
}

export interface CallOptions {
  transient?: Record<string, Uint8Array | string>;
  /** Organisation whose peer is asked; the caller's own if not given. */
  at?: string;
  /** Organisations that endorse; the network's choice if not given. */
  endorsers?: string[];
  /** `ehr` if not given. */
  chaincode?: string;
  /** How old the proposal says it is, in milliseconds. */
  age?: number;
}

export const randomHex = (length: number): string => randomBytes(length / 2).toString('hex');
export const newId = (): string => randomHex(32);
export const newDigest = (): string => randomHex(64);
export const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');

/** The network with ministry, City and Lakeside, and one real chaincode process an organisation. */
export class HealthNetwork {
  private readonly gateways = new Map<string, Gateway>();
  private readonly clients = new Map<string, Client>();

  private constructor(
    readonly directory: string,
    readonly network: EmbeddedNetwork,
    readonly mspIds: readonly string[],
    private readonly processes: readonly Chaincode[],
    private readonly custodianProcesses: readonly Chaincode[],
  ) {}

  /** The ministry first, then hospitals; custodian services only where they are wanted. */
  static async start(mspIds = MSP_IDS, withCustodians = false): Promise<HealthNetwork> {
    const directory = mkdtempSync(join(tmpdir(), 'medseal-chaincode-'));
    const network = await createNetwork({
      directory,
      channel: CHANNEL,
      organizations: mspIds.map((mspId) => {
        const name = mspId.replace(/MSP$/, '');
        const place = mspId === MINISTRY ? { orderer: true } : { parentCa: MINISTRY };
        return { mspId, name, domain: `${name.toLowerCase()}.example`, ...place };
      }),
    });
    const startAll = (name: string): Promise<Chaincode[]> =>
      Promise.all(mspIds.map((mspId) => startChaincode(name, mspId, network.clockFile, directory)));
    const [started, custodians] = await Promise.all([
      startAll(CHAINCODE),
      withCustodians ? startAll(CUSTODIAN) : [],
    ]);
    const addresses = (processes: Chaincode[]): Record<string, string> =>
      Object.fromEntries(processes.map(({ address }, at) => [mspIds[at] ?? '', address]));
    const collections = collectionsFor(mspIds.filter((mspId) => mspId !== MINISTRY));
    await network.defineChaincode(
      { name: CHAINCODE, version: '1', sequence: 1, collections },
      addresses(started),
    );
    if (withCustodians) {
      const definition = { name: CUSTODIAN, version: '1', sequence: 1, collections: [] };
      await network.defineChaincode(definition, addresses(custodians));
    }
    return new HealthNetwork(directory, network, mspIds, started, custodians);
  }

  /** An organisation's custodian service. */
  custodian(mspId: string): Chaincode {
    return this.custodianProcesses[this.mspIds.indexOf(mspId)]!;
  }

  /** An organisation's chaincode process. */
  chaincode(mspId: string): Chaincode {
    return this.processes[this.mspIds.indexOf(mspId)]!;
  }

  /** Gives the organisation's running process a new agent key. */
  newAgentKey(mspId: string): KeyPair {
    const pair = newReceivingKeyPair();
    writeFileSync(this.chaincode(mspId).agentKeyFile, pair.secretKey, { mode: 0o600 });
    return pair;
  }

  /** The organisation's key of a kind, vouched for by its service. */
  async putOrganizationKey(service: Person, kind: string, publicKey: Uint8Array, epoch = 1): Promise<void> {
    const key = { mspId: service.mspId, kind, epoch, publicKey: toHex(publicKey) };
    const signature = signatureOf(service, organizationKeyStatement(key as OrganizationKeyEntry));
    await this.submit(service, 'registry:putOrganizationKey', [
      { ...key, certificate: service.certificate, signature },
    ]);
  }

  /** Moves the time of network, chaincode processes and proposals. */
  advanceTime(milliseconds: number): void {
    this.network.advanceTime(milliseconds);
  }

  async stop(): Promise<void> {
    for (const gateway of this.gateways.values()) gateway.close();
    for (const client of this.clients.values()) client.close();
    for (const { process } of [...this.processes, ...this.custodianProcesses]) process.kill('SIGTERM');
    await this.network.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Enrols somebody new, with a key of their own unless `keys` are given. Attributes left out stay out of the certificate. */
  async person(
    mspId: string,
    role: Role | undefined,
    subject: string | undefined = newId(),
    keys?: webcrypto.CryptoKeyPair,
  ): Promise<Person> {
    const organization = this.network.organizations.find((candidate) => candidate.mspId === mspId);
    if (organization === undefined) throw new Error(`no organisation ${mspId}`);
    const id = `u-${randomHex(16)}`;
    const attributes = [
      ...(role === undefined ? [] : [{ name: 'medseal.role', value: role, ecert: true }]),
      ...(subject === undefined || subject === ''
        ? []
        : [{ name: 'medseal.subject', value: subject, ecert: true }]),
    ];
    const secret = await organization.ca.register(organization.caAdmin.enrollmentId, {
      id,
      type: 'client',
      attributes,
    });
    keys ??= await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ]);
    const request = await Pkcs10CertificateRequestGenerator.create(
      { name: `CN=${id}`, keys: keys as never, signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' } },
      webcrypto as never,
    );
    const { certificate } = await organization.ca.enroll(id, secret, {
      certificateRequest: request.toString('pem'),
    });
    const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
    return {
      mspId,
      role: role ?? '',
      subject: subject ?? '',
      identity: { mspId, credentials: Buffer.from(certificate) },
      // OpenSSL, where the client library's own signer is JavaScript.
      signer: async (message) => toLowS(sign('sha256', message, privateKey)),
      certificate,
      keys,
      privateKey,
    };
  }

  /** Commits and gives the answer back. */
  async submit<T = unknown>(
    person: Person,
    fn: string,
    args: unknown[] = [],
    options: CallOptions = {},
  ): Promise<T> {
    return (await this.submitWithId<T>(person, fn, args, options)).answer;
  }

  async submitWithId<T = unknown>(
    person: Person,
    fn: string,
    args: unknown[] = [],
    options: CallOptions = {},
  ): Promise<{ answer: T; transactionId: string; blockNumber: number }> {
    const proposal = this.dated(options, () =>
      this.contract(person, options).newProposal(fn, {
        arguments: args.map(textOf),
        transientData: transientOf(options.transient),
        ...(options.endorsers === undefined ? {} : { endorsingOrganizations: options.endorsers }),
      }),
    );
    const transaction = await proposal.endorse();
    const { transactionId, blockNumber } = await committed(transaction);
    return {
      answer: answerOf(transaction.getResult()) as T,
      transactionId,
      blockNumber: Number(blockNumber),
    };
  }

  /** Endorsed now; whoever relays it sends it when they like. */
  async withhold(person: Person, fn: string, args: unknown[]): Promise<() => Promise<unknown>> {
    const proposal = this.dated({}, () =>
      this.contract(person, {}).newProposal(fn, { arguments: args.map(textOf) }),
    );
    const transaction = await proposal.endorse();
    return () => committed(transaction);
  }

  /** A step with private values: its transient data reaches the caller's own peer only. */
  async submitPrivately<T = unknown>(
    person: Person,
    fn: string,
    args: unknown[],
    transient: CallOptions['transient'],
  ) {
    return this.submit<T>(person, fn, args, { transient, endorsers: [person.mspId] });
  }

  /** Every item of a list, page by page. */
  async list<T = unknown>(by: Person, fn: string, args: unknown[] = [], limit = 200): Promise<T[]> {
    const items: T[] = [];
    for (let after: string | null = ''; after !== null;) {
      const page: ListPage<T> = await this.evaluate<ListPage<T>>(by, fn, [...args, limit, after]);
      items.push(...page.items);
      after = page.next;
    }
    return items;
  }

  async evaluate<T = unknown>(
    person: Person,
    fn: string,
    args: unknown[] = [],
    options: CallOptions = {},
  ): Promise<T> {
    const proposal = this.dated(options, () =>
      this.contract(person, options).newProposal(fn, {
        arguments: args.map(textOf),
        transientData: transientOf(options.transient),
        endorsingOrganizations: [options.at ?? person.mspId],
      }),
    );
    return answerOf(await proposal.evaluate()) as T;
  }

  /**
   * A proposal straight to one organisation's peer, past the service that clients use: any member may do that. Gives the
   * chaincode's answer, or fails with its refusal as `refusalOf` reads it.
   */
  async propose<T = unknown>(
    person: Person,
    fn: string,
    args: unknown[],
    options: CallOptions & { at: string },
  ): Promise<T> {
    const proposal = this.dated(options, () =>
      this.contract(person, options).newProposal(fn, {
        arguments: args.map(textOf),
        transientData: transientOf(options.transient),
      }),
    );
    const signed = gatewayMessages.ProposedTransaction.deserializeBinary(proposal.getBytes()).getProposal()!;
    signed.setSignature(await person.signer(proposal.getDigest()));
    const answer = await new Promise<peerMessages.ProposalResponse>((resolve, reject) => {
      this.client(options.at).makeUnaryRequest(
        '/protos.Endorser/ProcessProposal',
        (message: typeof signed) => Buffer.from(message.serializeBinary()),
        (bytes) => peerMessages.ProposalResponse.deserializeBinary(bytes),
        signed,
        (error, response) => (response === undefined ? reject(error!) : resolve(response)),
      );
    });
    const response = answer.getResponse()!;
    if (response.getStatus() >= 400) throw new PeerRefusal(response.getMessage());
    return answerOf(response.getPayload_asU8()) as T;
  }

  /** Blocks as the person's own peer delivers them once it has committed them. */
  async blocks(person: Person, startBlock?: number) {
    const channel = this.gateway(person, person.mspId).getNetwork(CHANNEL);
    return channel.getFilteredBlockEvents(startBlock === undefined ? {} : { startBlock: BigInt(startBlock) });
  }

  /** The client library dates a proposal by `new Date()`: meanwhile that is the network's time. */
  private dated<T>({ age = 0 }: CallOptions, make: () => T): T {
    const now = this.network.now() - age;
    const real = globalThis.Date;
    globalThis.Date = class extends real {
      constructor(...args: []) {
        super(...((args.length === 0 ? [now] : args) as []));
      }
    } as DateConstructor;
    try {
      return make();
    } finally {
      globalThis.Date = real;
    }
  }

  private contract(person: Person, { at = person.mspId, chaincode = CHAINCODE }: CallOptions) {
    // The contract is named in the function: no part of the client adds one.
    return this.gateway(person, at).getNetwork(CHANNEL).getContract(chaincode);
  }

  private gateway(person: Person, at: string): Gateway {
    const key = `${at}/${sha256(person.identity.credentials)}`;
    let gateway = this.gateways.get(key);
    if (gateway === undefined) {
      gateway = connect({
        client: this.client(at),
        identity: person.identity,
        signer: person.signer,
        hash: hash.none,
      });
      this.gateways.set(key, gateway);
    }
    return gateway;
  }

  private client(mspId: string): Client {
    const known = this.clients.get(mspId);
    if (known !== undefined) return known;
    const organization = this.network.connectionProfile.organizations.find(
      (candidate) => candidate.mspId === mspId,
    );
    if (organization === undefined) throw new Error(`no organisation ${mspId}`);
    const { endpoint, tlsCaCert, hostname } = organization.peer;
    const client = new Client(endpoint, credentials.createSsl(Buffer.from(tlsCaCert)), {
      'grpc.ssl_target_name_override': hostname,
    });
    this.clients.set(mspId, client);
    return client;
  }
}

const textOf = (argument: unknown): string =>
  typeof argument === 'string'
    ? argument
    : typeof argument === 'number'
      ? String(argument)
      : canonicalJson(argument);

const transientOf = (fields: CallOptions['transient'] = {}): Record<string, Uint8Array> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? Buffer.from(value) : value,
    ]),
  );

const answerOf = (bytes: Uint8Array): unknown =>
  JSON.parse(Buffer.from(bytes).toString() || 'null') as unknown;

export interface Chaincode {
  process: ChildProcess;
  address: string;
  agentKeyFile: string;
  /** Of a custodian service. */
  custodianFolder: string;
  /** host:port of its metrics. */
  metrics: string;
  /** Lines on standard error about refused answers of agent or custodian; other lines go on to the test's own. */
  refusals: string[];
}

const startChaincode = async (
  name: string,
  mspId: string,
  clockFile: string,
  directory: string,
): Promise<Chaincode> => {
  const agentKeyFile = join(directory, `${mspId}.agent.key`);
  const custodianFolder = join(directory, `${mspId}.custodian`);
  const ports = await reservePorts(2);
  const [address, metrics] = [`127.0.0.1:${ports[0]}`, `127.0.0.1:${ports[1]}`];
  const main = join(DIST, name === CUSTODIAN ? 'custodian-main.js' : 'main.js');
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env.PATH,
      NODE_OPTIONS: process.env.NODE_OPTIONS,
      CHAINCODE_SERVER_ADDRESS: address,
      CHAINCODE_ID: `${name}_1:test`,
      CORE_PEER_LOCALMSPID: mspId,
      MEDSEAL_CLOCK_FILE: clockFile,
      ...(name === CUSTODIAN
        ? { MEDSEAL_CUSTODIAN_FOLDER: custodianFolder }
        : { MEDSEAL_AGENT_KEY_FILE: agentKeyFile }),
      MEDSEAL_METRICS_ADDRESS: metrics,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const refusals: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.includes('"refused":')) refusals.push(line);
    else process.stderr.write(`${line}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${name} of ${mspId} ended with ${code}`)));
    child.stdout.once('data', () => resolve());
  });
  return { process: child, address, agentKeyFile, custodianFolder, metrics, refusals };
};

/** What a peer that was asked directly says instead of an answer. */
export class PeerRefusal extends Error {
  override readonly name = 'PeerRefusal';
}

/** The contract's refusal of a call; fails when the call succeeds or fails in another way. */
export const refusalOf = async (
  call: Promise<unknown>,
): Promise<{ code: ContractErrorCode; sentence: string }> => {
  try {
    await call;
  } catch (error) {
    const texts =
      error instanceof GatewayError
        ? [...error.details.map(({ message }) => message), error.message]
        : error instanceof PeerRefusal
          ? [error.message]
          : [];
    for (const text of texts) {
      const refusal = parseContractError(text);
      if (refusal !== undefined) return refusal;
    }
    throw texts.length === 0 ? error : new Error(`refused otherwise: ${texts.join(' | ')}`, { cause: error });
  }
  throw new Error('the call was not refused');
};

/** Signs a statement as a service does. */
export const signatureOf = (person: Person, statement: Uint8Array): string =>
  sign('sha256', statement, person.privateKey).toString('base64');

const committed = async (transaction: Transaction) => {
  const status = await (await transaction.submit()).getStatus();
  if (!status.successful) throw new Error(`commit status ${status.code}`);
  return status;
};
