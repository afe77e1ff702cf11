import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { FabricOptions, FabricOrganization } from './types.js';

export const HOST = '127.0.0.1';
const ORDERERS = 3;
const PORTS_FROM = 21_000;
const PORTS_TO = 31_000;

/** What never changes once the folder exists: ports stand in the channel's configuration and in certificates. */
interface Plan {
  readonly channel: string;
  readonly organizations: readonly FabricOrganization[];
  readonly firstPort: number;
  /** Names of the chaincodes, in the order of their first definition; a folder of before has one. */
  readonly chaincodes?: readonly string[];
  /** Enrolment secrets by `<authority>/<enrolment id>`. */
  readonly secrets: Record<string, string>;
}

export interface OrdererPlace {
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  readonly adminPort: number;
  readonly operationsPort: number;
}

export interface AuthorityPlace {
  readonly node: string;
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly operationsPort: number;
  /** PEM file of the CA's own certificate. */
  readonly certificate: string;
}

/** Where an organisation's process of a chaincode is. */
export interface ChaincodePlace {
  readonly chaincode: string;
  readonly name: string;
  readonly port: number;
  /** Folder of its TLS certificate, see `identity`. */
  readonly identity: string;
}

/** Where everything of one organisation is. */
export interface OrganizationPlace extends FabricOrganization {
  readonly peerName: string;
  readonly peerHostname: string;
  readonly peerPort: number;
  readonly peerChaincodePort: number;
  readonly peerOperationsPort: number;
  readonly chaincodes: readonly ChaincodePlace[];
  /** Certifies identities: a root, or an intermediate under the parent organisation's. */
  readonly ca: AuthorityPlace;
  /** Certifies TLS servers and clients; a root of its own. */
  readonly tlsCa: AuthorityPlace;
  /** MSP folder as the channel knows the organisation. */
  readonly msp: string;
  readonly orderers: readonly OrdererPlace[];
  identity(name: string): { readonly msp: string; readonly tls: string };
}

/** Names, ports and files of a network in its folder. */
export class Layout {
  readonly organizations: readonly OrganizationPlace[];

  private constructor(
    readonly directory: string,
    readonly channel: string,
    private readonly plan: Plan,
  ) {
    this.organizations = plan.organizations.map((organization, index) => this.place(organization, index));
  }

  /**
   * Reads the folder's plan, or makes one with ports that are free now.
   * @throws Error when the folder belongs to another channel or other organisations
   */
  static async open(options: FabricOptions): Promise<Layout> {
    const { directory, channel, organizations, chaincodes } = options;
    const names = chaincodes.map(({ definition }) => definition.name);
    const file = join(directory, 'network.json');
    const chosen = organizations.map(({ mspId, name, domain, parentCa, orderer }) => ({
      mspId,
      name,
      domain,
      parentCa,
      orderer,
    }));
    if (existsSync(file)) {
      const plan = JSON.parse(readFileSync(file, 'utf8')) as Plan;
      const ids = (list: readonly FabricOrganization[]): string => list.map(({ mspId }) => mspId).join(', ');
      if (plan.channel !== channel || ids(plan.organizations) !== ids(organizations)) {
        throw new Error(
          `${directory} is the network of channel ${plan.channel} of ${ids(plan.organizations)}, but channel ` +
            `${channel} of ${ids(organizations)} was asked for; use the same organisations or another folder`,
        );
      }
      return new Layout(directory, channel, plan).with(names);
    }
    if (chosen.filter(({ orderer }) => orderer).length !== 1)
      throw new Error('exactly one organisation must have orderer: true');
    const firstPort = await freeBlock(10 * (organizations.length + 1));
    const plan: Plan = { channel, organizations: chosen, firstPort, chaincodes: names, secrets: {} };
    const layout = new Layout(directory, channel, plan);
    layout.save();
    return layout;
  }

  /** The layout of a folder as it is. @returns undefined when there is no network */
  static existing(directory: string): Layout | undefined {
    const file = join(directory, 'network.json');
    if (!existsSync(file)) return undefined;
    const plan = JSON.parse(readFileSync(file, 'utf8')) as Plan;
    return new Layout(directory, plan.channel, plan);
  }

  get ordering(): OrganizationPlace {
    return this.organizations.find(({ orderer }) => orderer)!;
  }

  get orderers(): readonly OrdererPlace[] {
    return this.ordering.orderers;
  }

  get genesis(): string {
    return join(this.directory, 'channel', `${this.channel}.block`);
  }

  organization(mspId: string): OrganizationPlace {
    const found = this.organizations.find((one) => one.mspId === mspId);
    if (!found) throw new Error(`there is no organisation ${mspId}`);
    return found;
  }

  node(name: string): string {
    return join(this.directory, 'nodes', name);
  }

  /** The same secret every time; made at the first call. */
  secret(authority: string, enrollmentId: string): string {
    const key = `${authority}/${enrollmentId}`;
    if (this.plan.secrets[key] === undefined) {
      this.plan.secrets[key] = randomBytes(18).toString('base64url');
      this.save();
    }
    return this.plan.secrets[key];
  }

  /** With places for these chaincodes too; those of before keep theirs. */
  private with(names: readonly string[]): Layout {
    const known = this.plan.chaincodes ?? names.slice(0, 1);
    const chaincodes = [...known, ...names.filter((name) => !known.includes(name))];
    const layout = new Layout(this.directory, this.channel, { ...this.plan, chaincodes });
    layout.save();
    return layout;
  }

  private save(): void {
    writeFile(join(this.directory, 'network.json'), `${JSON.stringify(this.plan, null, 2)}\n`);
  }

  private chaincodePlaces(mspId: string, first: number): ChaincodePlace[] {
    const names = this.plan.chaincodes ?? ['ehr'];
    if (names.length > CHAINCODE_PORTS.length)
      throw new Error(`${names.join(', ')}: there are ports for ${CHAINCODE_PORTS.length} chaincodes only`);
    return names.map((chaincode, at) => {
      const identity = at === 0 ? 'chaincode' : chaincode;
      return { chaincode, identity, name: `${identity}-${mspId}`, port: first + CHAINCODE_PORTS[at]! };
    });
  }

  private place(organization: FabricOrganization, index: number): OrganizationPlace {
    const { mspId, domain, orderer } = organization;
    const first = this.plan.firstPort + 10 * (index + 1);
    const authority = (kind: 'ca' | 'tlsca', at: number): AuthorityPlace => {
      const folder = join(this.directory, 'authorities', mspId, kind);
      return {
        node: `${kind}-${mspId}`,
        name: `${kind}.${domain}`,
        folder,
        port: first + at,
        operationsPort: first + at + 1,
        certificate: join(folder, 'ca-cert.pem'),
      };
    };
    return {
      ...organization,
      peerName: `peer-${mspId}`,
      peerHostname: `peer0.${domain}`,
      peerPort: first,
      peerChaincodePort: first + 1,
      peerOperationsPort: first + 2,
      ca: authority('ca', 3),
      tlsCa: authority('tlsca', 6),
      chaincodes: this.chaincodePlaces(mspId, first),
      msp: join(this.directory, 'msps', mspId),
      orderers: orderer
        ? Array.from({ length: ORDERERS }, (_, at) => ({
            name: `orderer${at + 1}`,
            hostname: `orderer${at + 1}.${domain}`,
            port: this.plan.firstPort + 3 * at,
            adminPort: this.plan.firstPort + 3 * at + 1,
            operationsPort: this.plan.firstPort + 3 * at + 2,
          }))
        : [],
      identity: (name) => {
        const folder = join(this.directory, 'identities', mspId, name);
        return { msp: join(folder, 'msp'), tls: join(folder, 'tls') };
      },
    };
  }
}

/** Offsets from an organisation's first port; peer and authorities have the others. */
const CHAINCODE_PORTS = [5, 8, 9];

/** Whole or not at all, readable by the owner only. */
export const writeFile = (file: string, content: string | Uint8Array): void => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, content, { mode: 0o600 });
  chmodSync(`${file}.new`, 0o600);
  renameSync(`${file}.new`, file);
};

export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });

/** Below the range from which systems take the ports of outgoing connections. */
const freeBlock = async (count: number): Promise<number> => {
  const blocks = Math.floor((PORTS_TO - PORTS_FROM) / count);
  const start = Math.floor(Math.random() * blocks);
  for (let tried = 0; tried < blocks; tried++) {
    const first = PORTS_FROM + ((start + tried) % blocks) * count;
    const free = await Promise.all(Array.from({ length: count }, (_, at) => isFree(first + at)));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`no ${count} free ports in a row from ${PORTS_FROM} to ${PORTS_TO}`);
};
