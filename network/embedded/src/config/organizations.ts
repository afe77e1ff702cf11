import { createPrivateKey } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrapAttributes } from '../ca/attributes.js';
import { CertificateAuthority, withFixedAttributes } from '../ca/certificate-authority.js';
import { generateSecret, hashGeneratedSecret } from '../ca/enrollment-secret.js';
import { IdentityRegistry, type RegistryEntry } from '../ca/identity-registry.js';
import {
  createIssuer,
  generateKey,
  issueCertificate,
  issueSelfSigned,
  type CertificateTemplate,
  type Issuer,
  type KeyMaterial,
} from '../ca/issuance.js';
import { Journal } from '../ca/journal.js';
import { splitPem } from '../msp/pem.js';
import { createSigningIdentity } from '../msp/signing-identity.js';
import type { Clock, SigningIdentity } from '../types.js';
import { channelConfigFromBlock } from './channel-config.js';
import { buildGenesisBlock, type GenesisOptions } from './genesis-block.js';
import { removeIncomplete, writeFileAtomically, writeFolder } from './material-store.js';
import { buildMspConfig, type MspDescription } from './msp-config.js';

const minute = 60_000;
const year = 365 * 24 * 60 * minute;

export interface OrganizationOptions {
  readonly mspId: string;
  /** For people, e.g. `City Hospital`; stands in the names of the CAs. */
  readonly name: string;
  /** DNS domain, e.g. `city.example`. */
  readonly domain: string;
  /** MSP id of the organisation whose root CA certifies this one's intermediate CA; absent: a root CA of its own. */
  readonly parentCa?: string;
  /** Runs the ordering service; the first organisation when nobody says so. */
  readonly orderer?: boolean;
}

export interface PrepareOptions {
  readonly channelId: string;
  readonly ordererEndpoints?: readonly string[];
  readonly batch?: GenesisOptions['batch'];
  readonly clock?: Clock;
}

export interface PreparedOrganization {
  readonly mspId: string;
  readonly name: string;
  readonly domain: string;
  readonly peer: SigningIdentity;
  /** Organisation administrator (organizational unit admin): defines chaincode. */
  readonly admin: SigningIdentity;
  /** TLS server of peer and CA, PEM; valid for `localhost`, 127.0.0.1, ::1 and the hosts of the domain. */
  readonly tls: { readonly key: string; readonly cert: string; readonly ca: string };
  readonly ca: CertificateAuthority;
  readonly caAdmin: { readonly enrollmentId: string; readonly enrollmentSecret: string };
  /** JSON file with {@link PreparedOrganization.caAdmin}. */
  readonly caAdminFile: string;
  /** Marshalled `msp.MSPConfig`. */
  readonly mspConfig: Buffer;
  /** Folder of this organisation, laid out like Fabric's test network. */
  readonly folder: string;
}

export interface PreparedNetwork {
  readonly organizations: readonly PreparedOrganization[];
  readonly ordererMspId: string;
  readonly orderer: SigningIdentity;
  /** Marshalled `common.Block`. */
  readonly genesisBlock: Buffer;
}

const caAdminId = 'admin';

const paths = (domain: string) => ({
  caCertificate: 'ca/ca-cert.pem',
  caKey: 'ca/ca-key.pem',
  caParents: 'ca/parents.pem',
  registry: 'ca/registry.log',
  caAdmin: 'ca/admin.json',
  tlsCaCertificate: 'tlsca/tlsca-cert.pem',
  tlsCaKey: 'tlsca/tlsca-key.pem',
  peerCertificate: `peers/peer0.${domain}/msp/signcerts/cert.pem`,
  peerKey: `peers/peer0.${domain}/msp/keystore/priv_sk`,
  tlsCertificate: `peers/peer0.${domain}/tls/server.crt`,
  tlsKey: `peers/peer0.${domain}/tls/server.key`,
  peerTlsCa: `peers/peer0.${domain}/tls/ca.crt`,
  adminCertificate: `users/Admin@${domain}/msp/signcerts/cert.pem`,
  adminKey: `users/Admin@${domain}/msp/keystore/priv_sk`,
  ordererCertificate: `orderers/orderer.${domain}/msp/signcerts/cert.pem`,
  ordererKey: `orderers/orderer.${domain}/msp/keystore/priv_sk`,
  mspRoot: 'msp/cacerts/ca-cert.pem',
  mspIntermediate: 'msp/intermediatecerts/ca-cert.pem',
  mspTlsRoot: 'msp/tlscacerts/tlsca-cert.pem',
  mspConfig: 'msp/config.yaml',
});

const ouConfig = (certificate: string): string =>
  [
    'NodeOUs:',
    '  Enable: true',
    ...['Client', 'Peer', 'Admin', 'Orderer'].flatMap((role) => [
      `  ${role}OUIdentifier:`,
      `    Certificate: ${certificate}`,
      `    OrganizationalUnitIdentifier: ${role.toLowerCase()}`,
    ]),
    '',
  ].join('\n');

/** Issues the certificates of a new organisation; all start together, a little before now. */
class OrganizationFounder {
  constructor(
    private readonly organization: OrganizationOptions,
    private readonly now: number,
  ) {}

  files(
    parent: { issuer: Issuer; chain: readonly string[] } | undefined,
    does: { readonly order: boolean; readonly certifyOthers: boolean },
  ) {
    const { mspId, name, domain } = this.organization;
    const at = paths(domain);
    const ca = this.authority(`${name} CA`, parent?.issuer, does.certifyOthers ? undefined : 0);
    const tlsCa = this.authority(`${name} TLS CA`, undefined, 0);
    const parents = parent?.chain ?? [];
    const peer = this.identity(`peer0.${domain}`, 'peer', ca.issuer);
    const admin = this.identity(`Admin@${domain}`, 'admin', ca.issuer);
    const hosts = [`peer0.${domain}`, `ca.${domain}`, `orderer.${domain}`, 'localhost', '127.0.0.1', '::1'];
    const tls = this.leaf({ commonName: `peer0.${domain}` }, 'tls', tlsCa.issuer, hosts);
    const secret = generateSecret();
    const root = parents.at(-1) ?? ca.certificate;
    const certifier = parent ? 'intermediatecerts/ca-cert.pem' : 'cacerts/ca-cert.pem';
    const files = new Map([
      [at.caCertificate, { content: ca.certificate }],
      [at.caKey, { content: ca.key.privateKeyPem, secret: true }],
      [at.caParents, { content: parents.join('') }],
      [at.registry, { content: firstEntries(secret), secret: true }],
      [
        at.caAdmin,
        {
          content: `${JSON.stringify({ enrollmentId: caAdminId, enrollmentSecret: secret })}\n`,
          secret: true,
        },
      ],
      [at.tlsCaCertificate, { content: tlsCa.certificate }],
      [at.tlsCaKey, { content: tlsCa.key.privateKeyPem, secret: true }],
      [at.peerCertificate, { content: peer.certificate }],
      [at.peerKey, { content: peer.key.privateKeyPem, secret: true }],
      [at.tlsCertificate, { content: tls.certificate }],
      [at.tlsKey, { content: tls.key.privateKeyPem, secret: true }],
      [at.peerTlsCa, { content: tlsCa.certificate }],
      [at.adminCertificate, { content: admin.certificate }],
      [at.adminKey, { content: admin.key.privateKeyPem, secret: true }],
      [at.mspRoot, { content: root }],
      [at.mspTlsRoot, { content: tlsCa.certificate }],
      [at.mspConfig, { content: ouConfig(certifier) }],
      ['organization.json', { content: `${JSON.stringify({ mspId, name, domain })}\n` }],
    ]);
    if (parent) files.set(at.mspIntermediate, { content: ca.certificate });
    if (does.order) {
      const orderer = this.identity(`orderer.${domain}`, 'orderer', ca.issuer);
      files.set(at.ordererCertificate, { content: orderer.certificate });
      files.set(at.ordererKey, { content: orderer.key.privateKeyPem, secret: true });
    }
    return files;
  }

  private authority(commonName: string, parent: Issuer | undefined, pathLength: number | undefined) {
    const key = generateKey();
    const template: CertificateTemplate = {
      subject: { commonName, organization: this.organization.domain },
      spki: key.spki,
      notBefore: new Date(this.now - 10 * minute),
      notAfter: new Date(this.now + (parent ? 10 : 15) * year),
      kind: 'ca',
      pathLength,
    };
    const certificate = parent
      ? issueCertificate(template, parent)
      : issueSelfSigned(template, key.privateKey);
    return { key, certificate, issuer: createIssuer(certificate, key.privateKey) };
  }

  private identity(commonName: string, unit: string, issuer: Issuer) {
    return this.leaf({ commonName, organizationalUnits: [unit] }, 'identity', issuer);
  }

  private leaf(
    subject: CertificateTemplate['subject'],
    kind: 'identity' | 'tls',
    issuer: Issuer,
    hosts?: readonly string[],
  ): { key: KeyMaterial; certificate: string } {
    const key = generateKey();
    const certificate = issueCertificate(
      {
        subject,
        spki: key.spki,
        notBefore: new Date(this.now - 5 * minute),
        notAfter: new Date(this.now + 9 * year),
        kind,
        hosts,
      },
      issuer,
    );
    return { key, certificate };
  }
}

/** The journal that a new CA starts with: its administrator. */
const firstEntries = (secret: string): string => {
  const entries: RegistryEntry[] = [
    {
      kind: 'identity',
      identity: {
        id: caAdminId,
        type: 'client',
        affiliation: '',
        attributes: withFixedAttributes(caAdminId, 'client', '', bootstrapAttributes),
        maxEnrollments: -1,
        secret: hashGeneratedSecret(secret),
        enrollments: 0,
        failedAttempts: 0,
        revoked: false,
      },
    },
  ];
  return Journal.format([entries]);
};

const parentsFirst = (organizations: readonly OrganizationOptions[]): OrganizationOptions[] => {
  const byId = new Map(organizations.map((organization) => [organization.mspId, organization]));
  if (byId.size !== organizations.length)
    throw new Error('two organisations have the same mspId; give each its own');
  const ordered: OrganizationOptions[] = [];
  const visit = (organization: OrganizationOptions, below: readonly string[]): void => {
    if (ordered.includes(organization)) return;
    const { mspId, parentCa } = organization;
    if (below.includes(mspId))
      throw new Error(`organisation ${mspId} is its own parent CA; correct parentCa`);
    if (parentCa !== undefined) {
      const parent = byId.get(parentCa);
      if (!parent)
        throw new Error(`parentCa ${parentCa} of organisation ${mspId} is not among the organisations`);
      visit(parent, [...below, mspId]);
    }
    ordered.push(organization);
  };
  for (const organization of organizations) visit(organization, []);
  return ordered;
};

const validate = (organizations: readonly OrganizationOptions[]): void => {
  if (organizations.length === 0) throw new Error('a network needs at least one organisation');
  for (const { mspId, domain } of organizations) {
    if (!/^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/.test(mspId)) {
      throw new Error(`mspId '${mspId}' may have letters, digits, '.' and '-' only`);
    }
    if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(domain)) {
      throw new Error(`domain '${domain}' of ${mspId} is no lower-case DNS name`);
    }
  }
};

const loadOrganization = (
  folder: string,
  organization: OrganizationOptions,
  clock: Clock | undefined,
): PreparedOrganization & { description: MspDescription } => {
  const at = paths(organization.domain);
  const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
  const { mspId, name, domain } = organization;
  const parents = splitPem(read(at.caParents));
  const caCertificate = read(at.caCertificate);
  const tlsRoot = read(at.tlsCaCertificate);
  const description: MspDescription = {
    mspId,
    rootCerts: [parents.at(-1) ?? caCertificate],
    intermediateCerts: parents.length > 0 ? [caCertificate, ...parents.slice(0, -1)] : [],
    tlsRootCerts: [tlsRoot],
    nodeOuCertifier: caCertificate,
  };
  return {
    mspId,
    name,
    domain,
    peer: createSigningIdentity(mspId, read(at.peerCertificate), read(at.peerKey)),
    admin: createSigningIdentity(mspId, read(at.adminCertificate), read(at.adminKey)),
    tls: { key: read(at.tlsKey), cert: read(at.tlsCertificate), ca: tlsRoot },
    ca: new CertificateAuthority({
      name: `ca.${domain}`,
      issuer: createIssuer(caCertificate, createPrivateKey(read(at.caKey))),
      parents,
      registry: new IdentityRegistry(join(folder, at.registry)),
      clock,
    }),
    caAdmin: JSON.parse(read(at.caAdmin)) as PreparedOrganization['caAdmin'],
    caAdminFile: join(folder, at.caAdmin),
    mspConfig: buildMspConfig(description),
    folder,
    description,
  };
};

/** Names of a folder's organisations cannot change once its channel exists. */
const checkGenesis = (
  block: Buffer,
  path: string,
  organizations: readonly OrganizationOptions[],
  channelId: string,
): void => {
  const config = channelConfigFromBlock(block);
  const wanted = organizations.map(({ mspId }) => mspId).sort();
  const found = [...config.applicationMspIds].sort();
  if (config.channelId !== channelId || wanted.join() !== found.join()) {
    throw new Error(
      `${path} is the first block of channel ${config.channelId} of ${found.join(', ')}, but channel ${channelId} of ` +
        `${wanted.join(', ')} was asked for; use the same organisations or another folder`,
    );
  }
};

/**
 * Keys, certificates, CAs and first block of a network: made under `<directory>/organizations` when they are missing,
 * read otherwise. A start that is cut off leaves whole organisations only; the next one goes on.
 * @throws Error naming the file or option that does not fit
 */
export const prepareOrganizations = async (
  directory: string,
  organizations: readonly OrganizationOptions[],
  options: PrepareOptions,
): Promise<PreparedNetwork> => {
  validate(organizations);
  const base = join(directory, 'organizations');
  mkdirSync(base, { recursive: true, mode: 0o700 });
  await removeIncomplete(base);
  const clock = options.clock ?? { now: () => Date.now() };
  const ordererMspId = (organizations.find(({ orderer }) => orderer) ?? organizations[0])?.mspId ?? '';
  const folderOf = (mspId: string): string => join(base, mspId);

  for (const organization of parentsFirst(organizations)) {
    const { mspId, parentCa } = organization;
    if (existsSync(folderOf(mspId))) continue;
    const parentFolder = parentCa === undefined ? undefined : folderOf(parentCa);
    const parentOf = (folder: string) => {
      const certificate = readFileSync(join(folder, 'ca/ca-cert.pem'), 'utf8');
      const key = createPrivateKey(readFileSync(join(folder, 'ca/ca-key.pem'), 'utf8'));
      const above = splitPem(readFileSync(join(folder, 'ca/parents.pem'), 'utf8'));
      return { issuer: createIssuer(certificate, key), chain: [certificate, ...above] };
    };
    const founder = new OrganizationFounder(organization, clock.now());
    const files = founder.files(parentFolder === undefined ? undefined : parentOf(parentFolder), {
      order: mspId === ordererMspId,
      certifyOthers: organizations.some((other) => other.parentCa === mspId),
    });
    await writeFolder(folderOf(mspId), files);
  }

  const prepared = organizations.map((organization) =>
    loadOrganization(folderOf(organization.mspId), organization, options.clock),
  );
  const ordererOrganization = prepared.find(({ mspId }) => mspId === ordererMspId);
  if (!ordererOrganization) throw new Error(`ordering organisation ${ordererMspId} is missing`);
  const ordererPaths = paths(ordererOrganization.domain);
  const genesisPath = join(base, `${options.channelId}.block`);
  if (!existsSync(genesisPath)) {
    const block = buildGenesisBlock({
      channelId: options.channelId,
      ordererMsp: ordererOrganization.description,
      organizations: prepared.map(({ description }) => description),
      ordererEndpoints: options.ordererEndpoints ?? [`orderer.${ordererOrganization.domain}:7050`],
      ordererTlsCerts: [ordererOrganization.tls.cert],
      batch: options.batch,
      now: clock.now(),
    });
    await writeFileAtomically(genesisPath, block);
  }
  const genesisBlock = readFileSync(genesisPath);
  checkGenesis(genesisBlock, genesisPath, organizations, options.channelId);
  const readOrderer = (path: string): string => readFileSync(join(ordererOrganization.folder, path), 'utf8');
  return {
    organizations: prepared.map(({ description: _, ...organization }) => organization),
    ordererMspId,
    orderer: createSigningIdentity(
      ordererMspId,
      readOrderer(ordererPaths.ordererCertificate),
      readOrderer(ordererPaths.ordererKey),
    ),
    genesisBlock,
  };
};
